/* SPDX-License-Identifier: GPL-2.0-only */
/* What both tc programs do with a frame whose address the filter did not clear. */
#ifndef LENSCAP_SKB_H
#define LENSCAP_SKB_H

#include <linux/pkt_cls.h>

#include "classify.h"
#include "copy.h"

/* The tag in the metadata is the outer one; one with id 0 counts as a skipped tag. */
static __always_inline __u16 skb_vlan(const struct __sk_buff *skb, struct frame *frame)
{
	__u16 id = skb->vlan_tci & 0x0fff;

	if (!skb->vlan_present)
		return frame_vlan(frame, 0);
	frame->tagged = id != 0;
	return id ? id : frame_vlan(frame, 1);
}

/* A clone to the mirror port, tag and all. Too long ones carry a mark on the way: the mirror port's own program cuts them,
 * since cutting here would cut the frame itself. */
static __always_inline void skb_copy(struct __sk_buff *skb, const struct verdict *verdict)
{
	struct lc_totals *total = totals_of(verdict->cpu);
	struct lc_mirror *to = copy_mirror();
	__u32 mark = skb->mark, bytes = skb->len;
	long error;

	if (!total || !to || !copy_due(to, total, bytes))
		return;
	if (to->snaplen && bytes > to->snaplen)
		skb->mark = LC_COPY_MARK;
	error = bpf_clone_redirect(skb, to->ifindex, 0);
	skb->mark = mark;
	count(total, error ? LC_COPY_FAILED : LC_COPIED, 1, bytes);
}

/* A verdict on a frame to a device counts where it leaves; where it comes in, only a stop does. */
static __always_inline bool skb_counts(const struct frame *frame, const struct verdict *verdict)
{
	return !frame->to || frame->hook == LC_HOOK_TC_EGRESS || verdict->reason == LC_STOPPED_TC;
}

/* TC_ACT_UNSPEC, the same as TCX_NEXT: the next program goes on. */
static __always_inline int skb_judge(struct __sk_buff *skb, __u64 mac48, __u8 hook, bool to)
{
	struct frame frame = {.ctx = skb, .mac48 = mac48, .hook = hook, .to = to};
	struct policy_filter_place place = policy_filter_place(mac48);
	struct verdict verdict = {.cpu = bpf_get_smp_processor_id()};
	__be16 ethertype = 0;
	__u32 entry;

	frame.hash = policy_hash_of(mac48);
	entry = frame_entry(&frame, &place, verdict.cpu);
	if (entry == 0 || bpf_skb_load_bytes(skb, 2 * ETH_ALEN, &ethertype, sizeof(ethertype)) < 0)
		return TC_ACT_UNSPEC;
	frame.ethertype = bpf_ntohs(ethertype);
	frame.vlan = skb_vlan(skb, &frame);
	frame.bytes = skb->len;
	frame.frames = skb->gso_segs ? skb->gso_segs : 1;
	if (!classify(&frame, entry, &verdict))
		return TC_ACT_UNSPEC;
	if (verdict.reason == LC_STOPPED_XDP)
		verdict.reason = LC_STOPPED_TC;
	if (!skb_counts(&frame, &verdict))
		return TC_ACT_UNSPEC;
	account(&frame, &verdict);
	if (copy_wanted(&verdict))
		skb_copy(skb, &verdict);
	return verdict.reason == LC_STOPPED_TC ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

struct addresses {
	__u64 source, destination; /* 0 = the frame is shorter than its header */
};

/* Of a frame whose header is not in the linear part: rare, and short frames end here. */
static __noinline void skb_copy_addresses(struct __sk_buff *skb, struct addresses *out)
{
	__u8 header[ETH_HLEN + 2] = {};

	if (bpf_skb_load_bytes(skb, 0, header, ETH_HLEN) < 0)
		return;
	out->source = frame_source(header);
	out->destination = frame_destination(header);
}

static __always_inline void skb_addresses(struct __sk_buff *skb, struct addresses *out)
{
	const __u8 *data = (const __u8 *)(long)skb->data, *end = (const __u8 *)(long)skb->data_end;

	if (data + ETH_HLEN > end) {
		skb_copy_addresses(skb, out);
		return;
	}
	out->source = frame_source(data);
	out->destination = frame_destination(data);
}

#endif
