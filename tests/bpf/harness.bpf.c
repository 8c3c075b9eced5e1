/* SPDX-License-Identifier: GPL-2.0-only */
/* Goes before the programs under test: another source address for each frame, tags into the metadata; then a tail call. */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/hash.h"

#define TAGS 4

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_xdp SEC(".maps"), next_tc SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* power of two, set before loading */
	__type(key, __u32);
	__type(value, __u64); /* mac48 */
} pool SEC(".maps");

const volatile __u32 pool_mask;
const volatile bool any_source; /* every address but group addresses, as macof sends, instead of the pool */
__u32 trim; /* cut the frame to so many bytes: test_run takes none of 14 for tc on newer kernels. 0 = no */
__u32 tags; /* how many of these go into the metadata, one after the other */
__u16 tag_type[TAGS], tag_tci[TAGS];

static __always_inline __u64 random_source(void)
{
	__u32 index = bpf_get_prandom_u32();
	const __u64 *mac48;

	if (any_source)
		return ((__u64)index << 16 | (bpf_get_prandom_u32() & 0xffff)) & 0xfeffffffffffull;
	index &= pool_mask;
	mac48 = bpf_map_lookup_elem(&pool, &index);
	return mac48 ? *mac48 : 0;
}

/* Another source address for each frame. */
SEC("xdp.frags")
int xdp_source(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u64 mac48 = random_source();

	if (data + ETH_HLEN > end)
		return XDP_ABORTED;
	*(__be16 *)(data + ETH_ALEN) = bpf_htons((__u16)(mac48 >> 32));
	*(__be32 *)(data + ETH_ALEN + 2) = bpf_htonl((__u32)mac48);
	bpf_tail_call(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

/* Cut, and push tags: each push puts the tag that was in the metadata into the frame. */
SEC("tc")
int tc_tags(struct __sk_buff *skb)
{
	for (__u32 i = 0; i < TAGS; i++) {
		if (i < tags)
			bpf_skb_vlan_push(skb, bpf_htons(tag_type[i]), tag_tci[i]);
	}
	if (trim)
		bpf_skb_change_tail(skb, trim, 0);
	bpf_tail_call(skb, &next_tc, 0);
	return TC_ACT_TRAP;
}

__u64 hash_key, hash_seed[2], hash_result, protect_result;
__u32 filter_result;

/* The three hashes as programs compute them. */
SEC("tc")
int tc_hash(struct __sk_buff *skb)
{
	(void)skb;
	hash_result = lc_hash(hash_key, hash_seed[0], hash_seed[1]);
	filter_result = lc_filter_index((__u32)(hash_key & 0xffffff));
	protect_result = lc_protect_bit(hash_key);
	return TC_ACT_OK;
}

SEC("xdp.frags")
int bare_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("xdp.frags")
int bare_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
