/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy: the filter that clears clean frames, then the longest prefix in the flat table. */
#ifndef LENSCAP_POLICY_H
#define LENSCAP_POLICY_H

#include "hash.h"
#include "maps.h"
#include "order.h"

/* A word of a map that was found before, loaded behind what ZERO came of (order.h). */
static __always_inline __u64 load_after(const volatile __u64 *word, __u64 zero)
{
	return *(const volatile __u64 *)((const volatile char *)word + zero);
}

/* The filter's part for an address. */
struct policy_filter_place {
	const volatile __u64 *word; /* NULL: never, but the verifier cannot know */
	__u32 shift;
};

static __always_inline struct policy_filter_place policy_filter_place(__u64 mac48)
{
	__u32 place = lc_filter_index((__u32)(mac48 >> 24)), index = place >> 4;

	return (struct policy_filter_place){bpf_map_lookup_elem(&policy_filter, &index), (place & 15) * 4};
}

/* Which lengths may exist under the address' OUI: bit n = length code n. 0 for nearly every frame. */
static __always_inline __u32 policy_filter_bits(const struct policy_filter_place *place, __u64 zero)
{
	return place->word ? load_after(place->word, zero) >> place->shift & 15 : 0;
}

/* Is it worth a look into the table? Not for nearly every frame. */
static __always_inline bool policy_maybe(__u64 mac48)
{
	struct policy_filter_place place = policy_filter_place(mac48);

	return policy_filter_bits(&place, 0) != 0;
}

/* The word of KEY that has a verdict in the field at SHIFT, in one bucket. 0 = none. (An empty word has key 0, as
 * 00:00:00/24 has, but never a verdict.) */
static __always_inline __u64 bucket_find(__u32 index, __u64 key, __u32 shift)
{
	const volatile struct lc_bucket *bucket = bpf_map_lookup_elem(&policy_table, &index);

	if (!bucket)
		return 0;
#pragma unroll
	for (int i = 0; i < LC_BUCKET_WORDS; i++) {
		__u64 word = bucket->word[i];

		if (word >> LC_WORD_KEY_SHIFT == key && (word >> shift & LC_ACTION_MASK) != LC_ABSENT)
			return word;
	}
	return 0;
}

struct policy_view { /* what one frame sees: read once */
	__u32 epoch;	 /* its low half */
	__u32 shift;	 /* of the field in force */
	bool stash;
	__u64 zero;
};

/* An address' first bits by a length code. */
static __always_inline __u64 prefix_of(__u64 mac48, __u32 code)
{
	__u32 low_bits = 0x000c1418u >> code * 8 & 31; /* 48 less 24, 28, 36, 48 */

	return mac48 >> low_bits << low_bits;
}

/* The entry that decides for an address, in brief: its length code above its verdict nibble. 0 = none: no entry's nibble is. */
#define ENTRY_CODE_SHIFT 4

/* The same in full, as in struct lc_event. */
static __always_inline __u64 entry_word(__u64 mac48, __u32 entry)
{
	__u32 code = entry >> ENTRY_CODE_SHIFT & 3;

	return prefix_of(mac48, code) << LC_WORD_PREFIX_SHIFT | code << LC_WORD_KEY_SHIFT | (entry & 15);
}

static __always_inline void policy_view(struct policy_view *view)
{
	const volatile struct lc_policy_head *head = &policy_head;
	__u64 epoch;

	epoch = head->epoch;
	view->zero = zero_after(epoch);
	view->epoch = (__u32)epoch;
	view->shift = epoch & 1 ? 4 : 0;
	view->stash = load_after(&head->stash_used, view->zero) != 0; /* it is counted before the flip */
}

static __always_inline __u64 policy_hash(__u64 key)
{
	return lc_hash(key, port_conf.seed[0], port_conf.seed[1]);
}

/* Of an address as a key of full length. The device's slot lies by it too (recall.h). */
static __always_inline __u64 policy_hash_of(__u64 mac48)
{
	return policy_hash(mac48 << 8 | LC_LEN_48);
}

static __always_inline __u64 policy_find(__u64 key, __u64 hash, const struct policy_view *view)
{
	__u32 mask = port_conf.bucket_mask;
	__u64 word;

	hash += view->zero;
	word = bucket_find((__u32)hash & mask, key, view->shift);
	if (word == 0)
		word = bucket_find((__u32)(hash >> 32) & mask, key, view->shift);
	if (word == 0 && view->stash)
		word = bucket_find(mask + 1 + (__u32)view->zero, key, view->shift);
	return word;
}

/* The entry that decides for an address, in brief. 0 = the address is clean. HASH is policy_hash_of() it; VIEW is filled.
 * The longest prefix, but an entry on trial (its source is in dry-run) decides only where no enforced one does: trying
 * a list out must not lift what another list enforces.
 * The filter is read again behind the epoch: a policy's bits are set before its epoch, so this frame cannot combine
 * the old policy's filter with the new one's words. */
static __always_inline __u32 policy_lookup(__u64 mac48, __u64 hash, const struct policy_filter_place *place, struct policy_view *view)
{
	__u32 bits, trial = 0;

	policy_view(view);
	if (mac48 == 0 || mac48 >> 40 & 1)
		return 0;
	bits = policy_filter_bits(place, view->zero);
#pragma unroll
	for (int code = LC_LENGTHS - 1; code >= 0; code--) {
		__u64 key = prefix_of(mac48, (__u32)code) << 8 | (__u64)code;
		__u64 word = 0;
		__u32 entry;

		if (bits >> code & 1)
			word = policy_find(key, code == LC_LEN_48 ? hash : policy_hash(key), view);

		if (word == 0)
			continue;
		entry = (__u32)code << ENTRY_CODE_SHIFT | (word >> view->shift & 15);
		if (!(entry & LC_ENTRY_DRY_RUN))
			return entry;
		if (trial == 0)
			trial = entry;
	}
	return trial;
}

#endif
