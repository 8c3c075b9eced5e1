/* SPDX-License-Identifier: GPL-2.0-only */
/* What was decided on a frame, and the totals it is counted in. */
#ifndef LENSCAP_VERDICT_H
#define LENSCAP_VERDICT_H

#include "maps.h"

struct verdict {
	__u64 now_ns;
	__u32 entry; /* that decided, in brief (policy.h) */
	__u32 cpu;   /* that runs this */
	__u16 zone;  /* lc_zone.id */
	__u8 reason; /* enum lc_reason */
	__u8 final;  /* enum lc_action after zone and permissions, 0 = no zone */
};

/* This port's totals on this CPU. */
static __always_inline struct lc_totals *totals_of(__u32 cpu)
{
	__u32 index = cpu * LC_PORTS + port_conf.port;

	return bpf_map_lookup_elem(&totals, &index);
}

static __always_inline void count(struct lc_totals *total, __u32 reason, __u64 frames, __u64 bytes)
{
	total->frames[reason & (LC_REASONS - 1)] += frames;
	total->bytes[reason & (LC_REASONS - 1)] += bytes;
}

#endif
