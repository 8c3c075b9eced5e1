/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame: bpf/policy.h as the kernel's programs have it, over plain memory. */
#include "model.h"

/* What bpf/policy.h takes from bpf/maps.h and bpf/order.h. */
#define LENSCAP_MAPS_H
#define LENSCAP_ORDER_H
#ifndef __always_inline
#define __always_inline inline
#endif

static struct lc_port_conf port_conf;

#define policy_head maps.head
#define policy_filter maps.filter
#define policy_table maps.table
#define bpf_map_lookup_elem(map, key)                                             \
	((void *)_Generic((map), struct lc_policy_head *: &maps.head,             \
			  uint64_t(*)[LC_FILTER_WORDS]: &maps.filter[*(key)],     \
			  struct lc_bucket(*)[BUCKETS_MAX + 1]: &maps.table[*(key)]))

static inline __u64 zero_after(__u64 value)
{
	explore_ordered();
	return value & 0;
}

#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* clang's unroll */
#include "../../bpf/policy.h"

void reader_configure(const struct lc_control *control)
{
	port_conf.seed[0] = control->seed[0];
	port_conf.seed[1] = control->seed[1];
	port_conf.bucket_mask = control->buckets - 1;
}

uint64_t reader_lookup(uint64_t mac48, uint32_t *epoch)
{
	const struct policy_filter_place place = policy_filter_place(mac48);
	struct policy_view view;
	uint32_t entry = policy_lookup(mac48, policy_hash_of(mac48), &place, &view);

	*epoch = view.epoch;
	return entry ? entry_word(mac48, entry) : 0;
}
