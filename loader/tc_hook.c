/* SPDX-License-Identifier: GPL-2.0-only */
/* One place in tc: attached, renewed by update, pinned, found again, taken off. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folders.h"
#include "pins.h"
#include "tc_hook.h"

/* A filter is found again by the program it runs; while that changes, both are pinned. */
static const struct names {
	const char *link, *prog, *next;
} names[] = {
    [TC_SIDE_INGRESS] = {LC_PIN_TC_LINK, LC_PIN_TC_PROG, "tc_prog_next"},
    [TC_SIDE_EGRESS] = {LC_PIN_EGRESS_LINK, LC_PIN_EGRESS_PROG, "egress_prog_next"},
};

void tc_hook_init(struct tc_hook *hook, enum tc_side side)
{
	*hook = (struct tc_hook){.side = side, .link = -1};
}

void tc_hook_close(struct tc_hook *hook)
{
	if (hook->link >= 0)
		close(hook->link);
	hook->link = -1;
	hook->pinned = false; /* a pin still there is of this one */
}

static int pin_program(const char *dir, const char *name, int fd)
{
	(void)folders_port(dir);
	return pin_place(dir, name, fd, 0600, (gid_t)-1);
}

/* Is the program pinned as NAME the one that runs, PRESENT? It is then pinned as KEEP, too. */
static bool runs(const char *dir, const char *name, uint32_t present, const char *keep)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = pin_open(dir, name);
	bool same;

	if (fd < 0)
		return false;
	same = !bpf_obj_get_info_by_fd(fd, &info, &size) && info.id == present;
	if (same && keep)
		(void)pin_program(dir, keep, fd);
	close(fd);
	return same;
}

void tc_hook_adopt(struct tc_hook *hook, const char *dir, uint32_t ifindex)
{
	const struct names *n = &names[hook->side];
	uint32_t present = ifindex ? clsact_present((int)ifindex, hook->side) : 0;

	hook->link = pin_open(dir, n->link);
	hook->pinned = hook->link >= 0;
	/* The filter runs the program of one of two pins, or it is not ours. The second pin is written over by the next
	 * change. */
	if (present && (runs(dir, n->prog, present, NULL) || runs(dir, n->next, present, n->prog)))
		hook->filter = present;
}

uint32_t tc_hook_ifindex(const struct tc_hook *hook)
{
	struct link_state state;

	return hook->link >= 0 && !link_state(hook->link, &state) ? state.ifindex : 0;
}

enum lc_tc_mode tc_hook_mode(const struct tc_hook *hook)
{
	if (hook->link >= 0)
		return LC_TC_TCX;
	return hook->filter ? LC_TC_CLSACT : LC_TC_NONE;
}

void tc_hook_drop_dead(struct tc_hook *hook, uint32_t ifindex)
{
	if (hook->link >= 0 && (!ifindex || tc_hook_ifindex(hook) != ifindex))
		tc_hook_close(hook);
	if (hook->filter && (!ifindex || clsact_surely_not((int)ifindex, hook->side, hook->filter)))
		hook->filter = 0;
}

/* Both programs are pinned while the filter changes, so that a loader that dies here finds its filter again. */
static int put_filter(struct tc_hook *hook, const char *dir, uint32_t ifindex, const struct program *program)
{
	const struct names *n = &names[hook->side];
	int error = pin_program(dir, n->next, program->fd);

	if (!error)
		error = clsact_attach((int)ifindex, hook->side, program->fd, hook->filter);
	if (!error) {
		hook->filter = program->id;
		error = pin_program(dir, n->prog, program->fd);
		if (error)
			return error;
	}
	(void)pin_remove(dir, n->next);
	return error;
}

int tc_hook_switch(struct tc_hook *hook, const char *dir, uint32_t ifindex, const struct program *program)
{
	/* ENOLINK: a dead link, tc_hook_drop_dead() finds it. */
	if (hook->link >= 0 && bpf_link_update(hook->link, program->fd, NULL) && errno != ENOLINK)
		return -errno;
	return hook->filter && ifindex ? put_filter(hook, dir, ifindex, program) : 0;
}

bool tc_hook_hand_over(struct tc_hook *from, struct tc_hook *to)
{
	if (!from->filter || to->filter || to->link >= 0)
		return false;
	to->filter = from->filter;
	from->filter = 0;
	return true;
}

void tc_hook_attach(struct tc_hook *hook, const char *dir, uint32_t ifindex, const struct program *program,
		    enum tc_choice choice)
{
	int result = -EOPNOTSUPP;

	if (tc_hook_mode(hook) != LC_TC_NONE)
		return;
	hook->reason[0] = 0;
	if (choice != TC_CLSACT) {
		result = tcx_attach((int)ifindex, hook->side, program->fd);
		if (result >= 0) {
			hook->link = result;
			return;
		}
		snprintf(hook->reason, sizeof(hook->reason), "no tcx (kernel 6.6 and later have it): %s",
			 strerror(-result));
	}
	if (choice != TC_TCX)
		result = put_filter(hook, dir, ifindex, program);
	if (result)
		snprintf(hook->reason, sizeof(hook->reason), "tc: %s", strerror(-result));
}

static int pin_link(struct tc_hook *hook, const char *dir, unsigned *again)
{
	const char *name = names[hook->side].link;
	int error;

	if (hook->link < 0)
		return pin_remove(dir, name);
	if (hook->pinned && pin_exists(dir, name))
		return 0;
	error = folders_port(dir);
	if (!error)
		error = pin_place(dir, name, hook->link, 0600, (gid_t)-1);
	*again += !error && hook->pinned;
	hook->pinned = !error;
	return error;
}

int tc_hook_pin(struct tc_hook *hook, const char *dir, const struct program *program, unsigned *again)
{
	const struct names *n = &names[hook->side];
	int error = pin_link(hook, dir, again);

	if (error)
		return error;
	if (hook->filter && !pin_exists(dir, n->prog)) {
		*again += 1;
		return pin_program(dir, n->prog, program->fd);
	}
	/* Left over when a change could not be pinned. */
	error = pin_remove(dir, n->next);
	return hook->filter || error ? error : pin_remove(dir, n->prog);
}

void tc_hook_release(struct tc_hook *hook, const char *dir, uint32_t ifindex)
{
	const struct names *n = &names[hook->side];

	if (hook->link >= 0)
		(void)bpf_link_detach(hook->link); /* it may be held open elsewhere too */
	if (hook->filter && ifindex)
		(void)clsact_detach((int)ifindex, hook->side, hook->filter);
	tc_hook_drop_dead(hook, 0);
	hook->reason[0] = 0;
	(void)pin_remove(dir, n->link);
	(void)pin_remove(dir, n->prog);
	(void)pin_remove(dir, n->next);
}
