/* SPDX-License-Identifier: GPL-2.0-only */
/* Order of loads. */
#ifndef LENSCAP_ORDER_H
#define LENSCAP_ORDER_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* Zero that the CPU can know only once VALUE has been loaded, while the verifier knows it at once and lets it be added to a
 * pointer. Added to an address it keeps the loads in order on machines (arm64) that would reorder them; BPF has no acquire
 * load before kernel 6.16. */
static __always_inline __u64 zero_after(__u64 value)
{
	asm volatile("%0 &= 0" : "+r"(value));
	return value;
}

#endif
