/* SPDX-License-Identifier: GPL-2.0-only */
/* Every action, in either direction, on frames of every kind of tag and content, at every hook. */
#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "kernel.h"
#include "tags.h"

enum hook { XDP, INGRESS, EGRESS, HOOKS };
enum tag { UNTAGGED, INLINE, OFFLOADED, TAGS };
enum content { IPV4, IPV6, NON_IP, CONTENTS };
static const char *const hook_names[] = {"XDP", "tc ingress", "tc egress"};
static const char *const tag_names[] = {"untagged", "inline tag", "offloaded tag"};
static const char *const content_names[] = {"IPv4", "IPv6", "non-IP"};

/* What becomes of a frame, in the plainest words. */
enum fate { STOPPED, PASSES, IF_PERMITTED };
static const struct action {
	const char *name;
	enum lc_action action;
	enum fate fate;
	enum lc_reason passed; /* counted as, where it passes */
	bool copied;
} actions[] = {
	{"quarantine", LC_QUARANTINE, STOPPED, 0, false}, /* the zone's own is drop */
	{"drop", LC_DROP, STOPPED, 0, false},
	{"divert", LC_DIVERT, STOPPED, 0, true},
	{"contain", LC_CONTAIN, IF_PERMITTED, LC_CONTAINED, false},
	{"mirror", LC_MIRROR, PASSES, LC_MIRRORED, true},
	{"monitor", LC_MONITOR, PASSES, LC_MONITORED, false},
	{"allow", LC_ALLOW, PASSES, LC_ALLOWED, false},
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

struct context {
	struct kernel *kernel;
	struct kernel_port both, from; /* zones of either direction */
	struct harness *harness;
};

struct situation {
	const struct action *action;
	enum hook hook;
	enum tag tag;
	enum content content;
	bool to;    /* the camera is the destination */
	bool both;  /* and the zone minds */
	bool friend; /* the other side is permitted */
};

static struct kernel_port load(const struct context *c, unsigned flags)
{
	struct lc_port_conf conf = kernel_conf(c->kernel);

	conf_zone_everywhere(&conf, LC_DROP, flags);
	conf.zone[1].permitted = 0xfc;
	conf.flags = flags & LC_ZONE_BOTH ? LC_PORT_BOTH : 0;
	return kernel_load(c->kernel, &conf);
}

static int setup(void **state)
{
	struct context *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->kernel = kernel_new(NULL);
	c->both = load(c, LC_ZONE_BOTH);
	c->from = load(c, 0);
	c->harness = tags_before(bpf_program__fd(c->both.tc->progs.lenscap_tc));
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct context *c = *state;

	harness__destroy(c->harness);
	kernel_unload(&c->both);
	kernel_unload(&c->from);
	kernel_free(c->kernel);
	free(c);
	return 0;
}

/* Source and destination address are the same: what counts is whether the other side is permitted. */
static void put_content(struct packet *p, enum content content, bool friend)
{
	uint8_t four[20] = {0x45, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 10, 20, 0, 5, 10, 20, 0, 5};
	uint8_t six[40] = {0x60, 0, 0, 0, 0, 20, 17, 64, 0x20, 1, 0xd, 0xb8, [23] = 5, 0x20, 1, 0xd, 0xb8, [39] = 5};

	if (!friend)
		four[15] = four[19] = six[23] = six[39] = 66;
	packet_u16(p, content == IPV4 ? 0x0800 : content == IPV6 ? 0x86dd : 0x88b5);
	if (content == IPV4)
		packet_bytes(p, four, sizeof(four));
	else if (content == IPV6)
		packet_bytes(p, six, sizeof(six));
	packet_pad(p, 100);
}

static void build(struct packet *p, const struct situation *s)
{
	static const uint8_t camera[6] = {0x44, 0x19, 0xb6, 1, 2, 3};

	packet_start(p, s->to ? TEST_LAPTOP : TEST_CAMERA);
	if (s->to)
		memcpy(p->data, camera, sizeof(camera));
	if (s->tag == INLINE)
		packet_tag(p, 0x8100, 100);
	put_content(p, s->content, s->friend);
}

static int program_of(const struct kernel_port *port, enum hook hook)
{
	if (hook == XDP)
		return bpf_program__fd(port->xdp->progs.lenscap_xdp);
	return hook == INGRESS ? bpf_program__fd(port->tc->progs.lenscap_tc)
			       : bpf_program__fd(port->egress->progs.lenscap_egress);
}

static int run_tagged(const struct context *c, int program, const struct packet *p)
{
	tags_lead_to(c->harness, program);
	return tags_run(c->harness, p, 0x8100, 100);
}

static bool judged(const struct situation *s)
{
	return s->to ? s->both : s->hook != EGRESS;
}

static bool stopped(const struct situation *s)
{
	if (!judged(s) || s->action->fate == PASSES)
		return false;
	return s->action->fate == STOPPED || !s->friend || s->content == NON_IP;
}

static bool counted(const struct situation *s)
{
	if (!judged(s))
		return false;
	return stopped(s) || (s->hook != XDP && (!s->to || s->hook == EGRESS));
}

static enum lc_reason reason(const struct situation *s)
{
	if (stopped(s))
		return s->hook == XDP ? LC_STOPPED_XDP : LC_STOPPED_TC;
	return s->action->passed;
}

static void complain(const struct situation *s, const char *what)
{
	fail_msg("%s %s, %s, %s, %s, %s%s: %s", s->action->name, s->to ? "to" : "from", hook_names[s->hook],
		 tag_names[s->tag], content_names[s->content], s->friend ? "permitted" : "not permitted",
		 s->both ? ", both directions" : "", what);
}

static void check_counters(const struct context *c, const struct situation *s)
{
	struct lc_totals totals = kernel_totals(c->kernel, 0);
	const struct lc_slot *slot = s->to ? kernel_slot_to(c->kernel, TEST_CAMERA, 0) : kernel_slot(c->kernel, TEST_CAMERA, 0);
	uint64_t failed = counted(s) && s->action->copied; /* there is no mirror port here: each copy fails */

	for (size_t i = 0; i < LC_COPIED; i++)
		if (totals.frames[i] != (counted(s) && i == reason(s)))
			complain(s, "counted wrongly");
	if (totals.frames[LC_COPY_FAILED] != failed)
		complain(s, "copied, or not");
	if ((slot != NULL) != counted(s))
		complain(s, "in the wrong slot, or in none");
	if (slot && (slot->stopped_frames != stopped(s) ||
		     (slot->action >> LC_SLOT_FINAL_SHIFT & LC_ACTION_MASK) !=
			     (s->action->action == LC_QUARANTINE ? LC_DROP : s->action->action)))
		complain(s, "its slot says something else");
}

static void check(const struct context *c, const struct situation *s)
{
	int program = program_of(s->both ? &c->both : &c->from, s->hook), verdict;
	struct packet p;

	build(&p, s);
	kernel_forget(c->kernel);
	verdict = s->tag == OFFLOADED ? run_tagged(c, program, &p) : run_program(program, &p);
	if (s->hook == XDP && verdict != (stopped(s) ? XDP_DROP : XDP_PASS))
		complain(s, "wrong verdict");
	if (s->hook != XDP && verdict != (stopped(s) ? TC_ACT_SHOT : TC_ACT_UNSPEC))
		complain(s, "wrong verdict");
	check_counters(c, s);
}

static void check_kinds(const struct context *c, const struct action *action, unsigned how)
{
	for (unsigned kind = 0; kind < HOOKS * TAGS * CONTENTS; kind++) {
		struct situation s = {
			.action = action,
			.hook = kind % HOOKS,
			.tag = kind / HOOKS % TAGS,
			.content = kind / HOOKS / TAGS,
			.to = how & 1,
			.both = how & 2,
			.friend = how & 4,
		};

		if (s.hook != XDP || s.tag != OFFLOADED) /* which XDP never sees */
			check(c, &s);
	}
}

static void test_every_action_on_every_frame_at_every_hook(void **state)
{
	struct context *c = *state;

	for (size_t i = 0; i < ACTIONS; i++) {
		kernel_clear(c->kernel);
		kernel_permit(c->kernel, 7, "10.20.0.5", 32, LC_PERMIT_PEER);
		kernel_permit(c->kernel, 7, "2001:db8::5", 128, LC_PERMIT_PEER);
		kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, actions[i].action);
		for (unsigned how = 0; how < 8; how++)
			check_kinds(c, &actions[i], how);
	}
}

/* A group address may have a flagged OUI in it; nobody's device has that address. */
static void test_group_frames_are_to_nobody(void **state)
{
	static const uint8_t group[6] = {0x45, 0x19, 0xb6, 1, 2, 3}, everybody[6] = {255, 255, 255, 255, 255, 255};
	struct context *c = *state;
	struct situation s = {.action = &actions[1], .to = true, .both = true};
	struct packet p;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
	build(&p, &s);
	assert_int_equal(run_program(program_of(&c->both, EGRESS), &p), TC_ACT_SHOT);
	memcpy(p.data, group, sizeof(group));
	assert_int_equal(run_program(program_of(&c->both, EGRESS), &p), TC_ACT_UNSPEC);
	assert_int_equal(run_xdp(&c->both, &p), XDP_PASS);
	memcpy(p.data, everybody, sizeof(everybody));
	assert_int_equal(run_program(program_of(&c->both, EGRESS), &p), TC_ACT_UNSPEC);
	assert_int_equal(run_xdp(&c->both, &p), XDP_PASS);
}

/* From one flagged device to another: the sender's verdict comes first, and one stop is counted. */
static void test_both_sides_flagged(void **state)
{
	static const uint8_t other[6] = {0x44, 0x19, 0xb6, 1, 2, 4};
	struct context *c = *state;
	struct situation s = {.action = &actions[1], .both = true};
	struct packet p;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_MONITOR);
	kernel_flag(c->kernel, TEST_CAMERA + 1, LC_LEN_48, LC_DROP);
	build(&p, &s);
	memcpy(p.data, other, sizeof(other));
	assert_int_equal(run_xdp(&c->both, &p), XDP_DROP);
	assert_int_equal(kernel_slot_to(c->kernel, TEST_CAMERA + 1, 0)->stopped_frames, 1);
	assert_null(kernel_slot(c->kernel, TEST_CAMERA, 0));
	kernel_forget(c->kernel);
	assert_int_equal(run_tc(&c->both, &p), TC_ACT_SHOT);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, 0)->passed_frames, 1);
	assert_int_equal(kernel_slot_to(c->kernel, TEST_CAMERA + 1, 0)->stopped_frames, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_action_on_every_frame_at_every_hook),
		cmocka_unit_test(test_group_frames_are_to_nobody),
		cmocka_unit_test(test_both_sides_flagged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
