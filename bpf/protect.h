/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that are never stopped, whatever the policy says: root's list and the router's own. */
#ifndef LENSCAP_PROTECT_H
#define LENSCAP_PROTECT_H

#include "hash.h"
#include "maps.h"

/* False: it is not. */
static __always_inline bool may_be_protected(__u64 mac48)
{
	const volatile struct lc_protect_filter *filter = &protect_filter;
	__u32 bit = lc_protect_bit(mac48);

	return filter->bits[bit >> 6 & 7] >> (bit & 63) & 1;
}

static __always_inline bool is_protected(__u64 mac48)
{
	return may_be_protected(mac48) && bpf_map_lookup_elem(&protect, &mac48) != NULL;
}

#endif
