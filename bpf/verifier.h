/* SPDX-License-Identifier: GPL-2.0-only */
/* What only the verifier notices. */
#ifndef LENSCAP_VERIFIER_H
#define LENSCAP_VERIFIER_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* The same number, of which the verifier knows nothing any more. Where ways meet on which it knew different things of it, it would go
 * through all that follows once for each: loading takes many times as long. SALT must be unknown to it. */
static __always_inline __u32 as_unknown(__u32 number, __u32 salt)
{
	number += salt;
	asm volatile("" : "+r"(number));
	return number - salt;
}

#endif
