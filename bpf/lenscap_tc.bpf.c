/* SPDX-License-Identifier: GPL-2.0-only */
/* tc ingress: decides what XDP cannot (tags in metadata), stops what XDP missed, counts all that is flagged and got here. */
#include <linux/pkt_cls.h>

#include "classify.h"

/* The tag in the metadata is the outer one; one with id 0 counts as a skipped tag. */
static __always_inline __u16 skb_vlan(const struct __sk_buff *skb, const struct frame *frame)
{
	__u16 id = skb->vlan_tci & 0x0fff;

	if (!skb->vlan_present)
		return frame_vlan(frame, 0);
	return id ? id : frame_vlan(frame, 1);
}

static __noinline int flagged(struct __sk_buff *skb, __u64 mac48)
{
	struct frame frame = {.ctx = skb, .mac48 = mac48, .hook = LC_HOOK_TC_INGRESS};
	struct verdict verdict;
	__u64 entry = policy_lookup(mac48);
	__be16 ethertype = 0;

	if (entry == 0 || bpf_skb_load_bytes(skb, 2 * ETH_ALEN, &ethertype, sizeof(ethertype)) < 0)
		return TC_ACT_UNSPEC;
	frame.ethertype = bpf_ntohs(ethertype);
	frame.vlan = skb_vlan(skb, &frame);
	classify(&frame, entry, &verdict);
	if (verdict.reason == LC_STOPPED_XDP)
		verdict.reason = LC_STOPPED_TC;
	frame.bytes = skb->len;
	frame.frames = skb->gso_segs ? skb->gso_segs : 1;
	account(&frame, &verdict);
	return verdict.reason == LC_STOPPED_TC ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* The address of a frame whose header is not in the linear part: rare, and short frames end here. 0 = none. */
static __noinline __u64 source_by_copy(struct __sk_buff *skb)
{
	__u8 header[ETH_HLEN + 2] = {};

	return bpf_skb_load_bytes(skb, 0, header, ETH_HLEN) < 0 ? 0 : frame_source(header);
}

SEC("tc")
int lenscap_tc(struct __sk_buff *skb)
{
	const __u8 *data = (const __u8 *)(long)skb->data, *end = (const __u8 *)(long)skb->data_end;
	__u64 mac48 = data + ETH_HLEN > end ? source_by_copy(skb) : frame_source(data);

	/* TC_ACT_UNSPEC, the same as TCX_NEXT: the next program goes on. */
	return policy_filter_bits(mac48, 0) ? flagged(skb, mac48) : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
