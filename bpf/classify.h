/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision on a frame that the filter did not clear, the same on every hook. */
#ifndef LENSCAP_CLASSIFY_H
#define LENSCAP_CLASSIFY_H

#include "account.h"

/* Frames to a device are those to its own address alone. */
static __always_inline bool is_flagged_target(__u64 mac48)
{
	return !is_group(mac48) && policy_maybe(mac48);
}

/* Fills all of VERDICT but its cpu, which the caller set, for a frame of the entry that decides. LC_STOPPED_XDP means "stop": the
 * hook says which of the two. False: the frame is to the device, and that is no concern of the zone. */
static __always_inline bool classify(const struct frame *frame, __u32 entry, struct verdict *verdict)
{
	struct zone zone = zone_of(frame->vlan);

	if (frame->to && !(zone.flags & LC_ZONE_BOTH))
		return false;
	verdict->now_ns = coarse_ns(verdict->cpu);
	verdict->entry = entry;
	verdict->zone = zone.id;
	verdict->final = zone.exists ? final_action(entry & LC_ACTION_MASK, &zone) : 0;
	verdict->reason = as_unknown(zone_judge(frame, entry & 15, verdict->final, &zone), (__u32)frame->hash);
	return true;
}

#endif
