/* SPDX-License-Identifier: GPL-2.0-only */
/* From an entry and a zone to what happens to the frame, with root's limits. */
#ifndef LENSCAP_ZONE_H
#define LENSCAP_ZONE_H

#include "contain.h"
#include "protect.h"

#define NO_ZONE_ID 0xff

struct zone { /* a copy: the read-only data is volatile */
	__u8 action;
	__u8 flags;
	__u16 permitted;
	__u16 id; /* NO_ZONE_ID when there is none */
	bool exists;
};

static __always_inline struct zone zone_of(__u16 vlan)
{
	struct zone zone = {.id = NO_ZONE_ID};
	__u32 place = vlan, index;

	asm volatile("" : "+r"(place)); /* the compiler knows the range below, the verifier may not */
	if (place >= LC_VLANS)
		place = LC_VLAN_ODD;
	index = port_conf.vlan_zone[place] & (LC_PORT_ZONES - 1);
	if (index == 0)
		return zone;
	zone.action = port_conf.zone[index].action;
	zone.flags = port_conf.zone[index].flags;
	zone.permitted = port_conf.zone[index].permitted;
	zone.id = port_conf.zone[index].id;
	zone.exists = true;
	return zone;
}

/* Quarantine and what the zone does not permit is the zone's action. */
static __always_inline __u8 final_action(__u8 action, const struct zone *zone)
{
	const __u32 known = (1u << (LC_ACTION_MASK + 1)) - (1u << LC_DROP);

	return known & zone->permitted & 1u << action ? action : zone->action;
}

static __always_inline __u64 switch_ns(enum lc_switch which)
{
	const volatile struct lc_switches *all = &switches;

	return all->ns[which];
}

/* Whether a deadline is set and still ahead, or behind. The clock itself is asked, not what a tick left of it (clock.h):
 * that one may be late, and deadlines are off in nearly every frame. */
static __always_inline bool deadline_ahead(__u64 ns)
{
	return ns != 0 && bpf_ktime_get_coarse_ns() < ns;
}

static __always_inline bool deadline_passed(__u64 ns)
{
	return ns != 0 && bpf_ktime_get_coarse_ns() >= ns;
}

/* What holds back a stop now: the reason, or LC_STOPPED_XDP when nothing does. */
static __always_inline __u8 stop_reason(__u64 mac48, bool dry_run)
{
	if (deadline_ahead(switch_ns(LC_SWITCH_BYPASS_UNTIL)))
		return LC_BYPASSED;
	if (dry_run)
		return LC_DRY_RUN;
	if (deadline_passed(switch_ns(LC_SWITCH_DRY_RUN_AFTER)))
		return LC_UNCONFIRMED;
	return is_protected(mac48) ? LC_PROTECTED : LC_STOPPED_XDP;
}

/* A mirrored frame passes whatever else holds; but nothing is copied where nothing is enforced. */
static __always_inline __u8 mirror_reason(bool dry_run)
{
	if (dry_run)
		return LC_DRY_RUN;
	return deadline_passed(switch_ns(LC_SWITCH_DRY_RUN_AFTER)) ? LC_UNCONFIRMED : LC_MIRRORED;
}

/* The verdict on a flagged frame under its final ACTION: enum lc_reason, with LC_STOPPED_XDP for "stop" on every hook. */
static __always_inline __u8 zone_judge(const struct frame *frame, __u8 nibble, __u8 action, const struct zone *zone)
{
	bool dry_run = nibble & LC_ENTRY_DRY_RUN || zone->flags & LC_ZONE_DRY_RUN;

	if (!zone->exists)
		return LC_NO_ZONE;
	if (action == LC_ALLOW)
		return LC_ALLOWED;
	if (action == LC_MONITOR)
		return LC_MONITORED;
	if (action == LC_MIRROR)
		return mirror_reason(dry_run);
	if (action == LC_CONTAIN && contain_permits(frame, zone->id))
		return LC_CONTAINED;
	return stop_reason(frame->mac48, dry_run);
}

#endif
