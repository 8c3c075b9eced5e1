/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies to the mirror port: whether this frame is one of those copied, and the copy itself, counted either way. */
#ifndef LENSCAP_COPY_H
#define LENSCAP_COPY_H

#include "verdict.h"

#define COPY_TRIES 4

__u64 copy_turn; /* of this port's frames, for the sample: CPUs share it */

static __always_inline struct lc_mirror *copy_mirror(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mirror, &zero);
}

static __always_inline bool copy_in_turn(const struct lc_mirror *to)
{
	return to->sample <= 1 || __sync_fetch_and_add(&copy_turn, 1) % to->sample == 0;
}

/* The virtual scheduling algorithm of ITU-T I.371: each copy moves the time when the next is due, and one that is due more
 * than a burst from now is left out. A CPU that loses the race for that time over and over leaves its copy out too. */
static __always_inline bool copy_in_rate(struct lc_mirror *to)
{
	__u64 now = bpf_ktime_get_ns(), step;

	if (to->rate == 0)
		return true;
	step = 1000000000ull / to->rate;
	for (int i = 0; i < COPY_TRIES; i++) {
		__u64 due = *(volatile __u64 *)&to->due_ns, from = due > now ? due : now;

		if (from - now > LC_COPY_BURST_NS)
			return false;
		if (__sync_val_compare_and_swap(&to->due_ns, due, from + step) == due)
			return true;
	}
	return false;
}

/* Whether this frame is to be copied to TO. Counts it where not. */
static __always_inline bool copy_due(struct lc_mirror *to, struct lc_totals *total, __u64 bytes)
{
	__u32 why = 0;

	if (to->ifindex == 0)
		why = LC_COPY_FAILED;
	else if (!copy_in_turn(to))
		why = LC_COPY_SAMPLED;
	else if (to->rate && !copy_in_rate(to))
		why = LC_COPY_LIMITED;
	if (why)
		count(total, why, 1, bytes);
	return why == 0;
}

/* Is a copy part of this verdict? */
static __always_inline bool copy_wanted(const struct verdict *verdict)
{
	return verdict->reason == LC_MIRRORED || (verdict->reason <= LC_STOPPED_TC && verdict->final == LC_DIVERT);
}

#endif
