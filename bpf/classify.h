/* SPDX-License-Identifier: GPL-2.0-only */
/* The decision on a frame that the filter did not clear, the same on every hook. */
#ifndef LENSCAP_CLASSIFY_H
#define LENSCAP_CLASSIFY_H

#include "account.h"

#define CLOCK_CPUS 256

/* What bpf_ktime_get_coarse_ns() said when jiffies last moved, for each CPU in a cache line of its own. That clock moves
 * with jiffies too, so asking it once a tick is enough: the call costs more than the rest of a verdict, while a look at
 * jiffies is no call. Frames between the tick's two steps may get the time of the tick before: good enough for
 * evidence, not for deadlines (zone.h). */
enum { TICK_JIFFIES, TICK_NS, TICK_WORDS = 8 };
__u64 ticks[CLOCK_CPUS][TICK_WORDS] __attribute__((aligned(64)));

static __always_inline __u64 coarse_ns(__u32 cpu)
{
	__u64 jiffies = bpf_jiffies64();
	__u64 *tick;

	asm volatile("" : "+r"(cpu)); /* or the compiler checks a copy the verifier does not know */
	if (cpu >= CLOCK_CPUS)
		return bpf_ktime_get_coarse_ns();
	tick = ticks[cpu];
	if (tick[TICK_JIFFIES] != jiffies) {
		tick[TICK_NS] = bpf_ktime_get_coarse_ns();
		tick[TICK_JIFFIES] = jiffies;
	}
	return tick[TICK_NS];
}

/* Fills VERDICT for a frame of the entry that decides. LC_STOPPED_XDP means "stop": the hook says which of the two.
 * False: the frame is to the device, and that is no concern of the zone. */
static __always_inline bool classify(const struct frame *frame, __u64 entry, struct verdict *verdict)
{
	struct zone zone = zone_of(frame->vlan);

	if (frame->to && !(zone.flags & LC_ZONE_BOTH))
		return false;
	verdict->cpu = bpf_get_smp_processor_id();
	verdict->now_ns = coarse_ns(verdict->cpu);
	verdict->entry = entry;
	verdict->zone = zone.id;
	verdict->final = zone.exists ? final_action(entry & LC_ACTION_MASK, &zone) : 0;
	verdict->reason = zone_judge(frame, entry & 15, verdict->final, &zone);
	return true;
}

#endif
