/* SPDX-License-Identifier: GPL-2.0-only */
/* The coarse clock, asked once a tick. */
#ifndef LENSCAP_CLOCK_H
#define LENSCAP_CLOCK_H

#include "maps.h"

#define MS 1000000ull /* nanoseconds */
#define CLOCK_CPUS 256

/* What bpf_ktime_get_coarse_ns() said when jiffies last moved, for each CPU in a cache line of its own. That clock moves
 * with jiffies too, so asking it once a tick is enough: the call costs more than the rest of a verdict, while a look at
 * jiffies is no call. Frames between the tick's two steps may get the time of the tick before: good enough for
 * evidence, not for deadlines (zone.h). */
enum { TICK_JIFFIES, TICK_NS, TICK_MS, TICK_WORDS = 8 };
__u64 ticks[CLOCK_CPUS][TICK_WORDS] __attribute__((aligned(64)));

/* What this CPU has of the tick that is now; NULL when it has not asked since, or is one too many. No call. */
static __always_inline const __u64 *fresh_tick(__u32 cpu)
{
	const __u64 *tick;

	asm volatile("" : "+r"(cpu)); /* or the compiler checks a copy the verifier does not know */
	if (cpu >= CLOCK_CPUS)
		return NULL;
	tick = ticks[cpu];
	return tick[TICK_JIFFIES] == bpf_jiffies64() ? tick : NULL;
}

static __always_inline __u64 coarse_ns(__u32 cpu)
{
	__u64 jiffies = bpf_jiffies64();
	__u64 *tick;

	asm volatile("" : "+r"(cpu)); /* or the compiler checks a copy the verifier does not know */
	if (cpu >= CLOCK_CPUS)
		return bpf_ktime_get_coarse_ns();
	tick = ticks[cpu];
	if (tick[TICK_JIFFIES] != jiffies) {
		__u64 now_ns = bpf_ktime_get_coarse_ns();

		tick[TICK_NS] = now_ns;
		tick[TICK_MS] = now_ns / MS;
		tick[TICK_JIFFIES] = jiffies;
	}
	return tick[TICK_NS];
}

/* The same in milliseconds, after coarse_ns() gave NOW_NS: no division for each frame. */
static __always_inline __u32 coarse_ms(__u32 cpu, __u64 now_ns)
{
	asm volatile("" : "+r"(cpu));
	return (__u32)(cpu < CLOCK_CPUS ? ticks[cpu][TICK_MS] : now_ns / MS);
}

#endif
