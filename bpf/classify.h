/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision on a frame that the filter did not clear, the same on every hook. */
#ifndef LENSCAP_CLASSIFY_H
#define LENSCAP_CLASSIFY_H

#include "account.h"

/* Fills VERDICT for a frame of the entry that decides. LC_STOPPED_XDP means "stop": the hook says which of the two. */
static __always_inline void classify(const struct frame *frame, __u64 entry, struct verdict *verdict)
{
	struct zone zone = zone_of(frame->vlan);

	verdict->now_ns = bpf_ktime_get_coarse_ns();
	verdict->entry = entry;
	verdict->zone = zone.id;
	verdict->reason = zone_judge(frame->mac48, entry & 15, &zone, verdict->now_ns);
}

#endif
