/* SPDX-License-Identifier: GPL-2.0-only */
/* The mirror port as it is now: its maps and its program. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "mirror.h"
#include "netdev.h"
#include "pins.h"

int mirror_init(struct mirror *mirror, const char *bpf_dir)
{
	memset(mirror, 0, sizeof(*mirror));
	mirror->program = PROGRAM_NONE;
	tc_hook_init(&mirror->copy, TC_SIDE_EGRESS);
	mirror->dir = path_join(bpf_dir, LC_PIN_COPY_DIR);
	return mirror->dir ? 0 : -ENOMEM;
}

void mirror_free(struct mirror *mirror)
{
	if (!mirror->dir) /* never initialised */
		return;
	tc_hook_close(&mirror->copy);
	program_close(&mirror->program);
	free(mirror->dir);
	mirror->dir = NULL;
}

static const uint32_t zero;

static void read_row(const struct maps *maps, struct lc_mirror *row)
{
	if (maps->fd[MAP_MIRROR] < 0 || bpf_map_lookup_elem(maps->fd[MAP_MIRROR], &zero, row))
		memset(row, 0, sizeof(*row));
	row->name[sizeof(row->name) - 1] = 0;
}

void mirror_adopt(struct mirror *mirror, const struct maps *maps)
{
	read_row(maps, &mirror->pub);
	tc_hook_adopt(&mirror->copy, mirror->dir, mirror->pub.ifindex);
}

void mirror_release(struct mirror *mirror)
{
	tc_hook_release(&mirror->copy, mirror->dir, mirror->pub.ifindex);
	program_close(&mirror->program);
	(void)rmdir(mirror->dir);
}

/* Only what the driver itself says it does: a frame given to one that does not is lost without a word. */
static bool proven(const struct iface *iface, const struct plan *plan, char reason[static REASON_TEXT])
{
	const struct iface *large = mirror_large_port(plan);
	uint64_t features;
	int error = netdev_xdp_features(iface->ifindex, &features);

	reason[0] = 0;
	if (error == -ENOENT)
		snprintf(reason, REASON_TEXT,
			 "this kernel does not tell which devices take XDP frames (6.3 and later do)");
	else if (error)
		snprintf(reason, REASON_TEXT, "it cannot be asked whether it takes XDP frames: %s", strerror(-error));
	else if (!(features & NETDEV_XDP_ACT_NDO_XMIT))
		snprintf(reason, REASON_TEXT, "%s takes no XDP frames now", iface->name);
	else if (large && !(features & NETDEV_XDP_ACT_NDO_XMIT_SG))
		snprintf(reason, REASON_TEXT, "%s takes no XDP frames as large as those of %s", iface->name,
			 large->name);
	else if (!iface->up)
		snprintf(reason, REASON_TEXT, "%s is down", iface->name);
	return !reason[0];
}

static void describe(struct mirror *mirror, const struct config *config, const struct plan *plan,
		     const struct iface *iface, struct lc_mirror *row)
{
	const struct config_mirror *want = &config->mirror;

	memset(row, 0, sizeof(*row));
	mirror->reason[0] = 0;
	mirror->down = iface && !iface->up;
	row->sample = want->sample;
	row->snaplen = want->snaplen;
	row->rate = want->rate;
	if (want->interface)
		memcpy(row->name, want->interface, strnlen(want->interface, sizeof(row->name) - 1));
	if (!iface)
		return;
	row->ifindex = (uint32_t)iface->ifindex;
	if (proven(iface, plan, mirror->reason))
		row->flags |= LC_MIRROR_XDP;
}

/* Its own program, where copies are cut. It is there before any copy is marked for it. */
static void sync_copy(struct mirror *mirror, const struct maps *maps, const struct lc_mirror *row, enum tc_choice tc)
{
	int error = 0;

	tc_hook_drop_dead(&mirror->copy, row->ifindex);
	if (mirror->program.fd < 0) {
		error = instance_load_copy(maps, &mirror->program);
		if (!error)
			error = tc_hook_switch(&mirror->copy, mirror->dir, row->ifindex, &mirror->program);
	}
	if (!error)
		tc_hook_attach(&mirror->copy, mirror->dir, row->ifindex, &mirror->program, tc);
	else
		snprintf(mirror->copy.reason, sizeof(mirror->copy.reason), "its program cannot be loaded: %s",
			 strerror(-error));
}

static int pin_copy(struct mirror *mirror, const char *name)
{
	unsigned again = 0;
	int error = tc_hook_pin(&mirror->copy, mirror->dir, &mirror->program, &again);

	if (again)
		log_warning("%s: a pin was gone and is there again", name);
	return error;
}

static int write_device(const struct maps *maps, uint32_t ifindex)
{
	uint32_t now = 0;

	if (ifindex) {
		if (!bpf_map_lookup_elem(maps->fd[MAP_MIRROR_DEVICE], &zero, &now) && now == ifindex)
			return 0;
		return bpf_map_update_elem(maps->fd[MAP_MIRROR_DEVICE], &zero, &ifindex, BPF_ANY) ? -errno : 0;
	}
	if (bpf_map_delete_elem(maps->fd[MAP_MIRROR_DEVICE], &zero) && errno != ENOENT)
		return -errno;
	return 0;
}

static int write_row(const struct maps *maps, const struct lc_mirror *row)
{
	struct lc_mirror now, fresh = *row;

	read_row(maps, &now);
	fresh.due_ns = now.due_ns; /* the programs' */
	if (!memcmp(&now, &fresh, sizeof(now)))
		return 0;
	return bpf_map_update_elem(maps->fd[MAP_MIRROR], &zero, &fresh, BPF_ANY) ? -errno : 0;
}

/* Who reads the row finds the device: it is put there before, and taken away after. */
static int tell_programs(const struct maps *maps, const struct lc_mirror *row)
{
	int error = row->ifindex ? write_device(maps, row->ifindex) : 0;

	if (!error)
		error = write_row(maps, row);
	if (!error && !row->ifindex)
		error = write_device(maps, 0);
	return error;
}

static void log_change(const struct lc_mirror *before, const struct lc_mirror *row, const char *reason)
{
	bool xdp = row->flags & LC_MIRROR_XDP;

	if (before->ifindex == row->ifindex && before->flags == row->flags)
		return;
	if (row->ifindex)
		log_info("%s is the mirror port; frames are diverted to it by %s%s%s", row->name, xdp ? "XDP" : "tc",
			 xdp ? "" : ": ", reason);
	else if (before->name[0])
		log_info("%s is the mirror port no more", before->name);
}

static void warn(const struct mirror *mirror, const struct lc_mirror *row, struct notes *warnings)
{
	if (mirror->down)
		notes_add(warnings, "mirror port %s is down: copies are lost; ip link set %s up", row->name, row->name);
	if (row->ifindex && row->snaplen && tc_hook_mode(&mirror->copy) == LC_TC_NONE)
		notes_add(warnings, "mirror port %s: %s; copies are not cut to %u octets", row->name,
			  mirror->copy.reason, row->snaplen);
}

/* Its program goes off a device that is the mirror port no more (perhaps in another namespace now), or where nothing is
 * cut any more. No copy is marked for it by then. */
static void leave(struct mirror *mirror, const struct maps *maps, const struct lc_mirror *row)
{
	struct lc_mirror interim = *row;

	if (mirror->program.fd < 0 && tc_hook_mode(&mirror->copy) == LC_TC_NONE)
		return;
	if (row->ifindex && row->snaplen && (!mirror->pub.ifindex || mirror->pub.ifindex == row->ifindex))
		return;
	if (row->snaplen)
		interim.ifindex = interim.flags = 0;
	(void)tell_programs(maps, &interim);
	mirror_release(mirror);
}

void mirror_sync(struct mirror *mirror, const struct maps *maps, const struct config *config, const struct plan *plan,
		 const struct ifaces *ifaces, enum tc_choice tc, struct notes *warnings)
{
	const struct iface *all, *iface;
	struct lc_mirror row;
	const char *why;
	size_t n;
	int error;

	all = ifaces_all(ifaces, &n);
	iface = mirror_choose(config, plan, all, n, warnings, &why);
	describe(mirror, config, plan, iface, &row);
	if (!iface)
		snprintf(mirror->reason, sizeof(mirror->reason), "%s", why);
	leave(mirror, maps, &row);
	if (row.ifindex && row.snaplen)
		sync_copy(mirror, maps, &row, tc);
	warn(mirror, &row, warnings);
	error = mirror->program.fd >= 0 ? pin_copy(mirror, row.name) : 0;
	if (tc_hook_mode(&mirror->copy) == LC_TC_NONE)
		row.snaplen = 0; /* nobody would take the mark off */
	if (!error)
		error = tell_programs(maps, &row);
	log_change(&mirror->pub, &row, mirror->reason);
	mirror->pub = row;
	if (error)
		notes_add(warnings, "cannot tell the programs of mirror port %s: %s", row.name, strerror(-error));
}
