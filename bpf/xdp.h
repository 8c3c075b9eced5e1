/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP: stops what it can decide by the frame alone, before an skb is made; says nothing of the rest (tc counts it). */
#ifndef LENSCAP_XDP_H
#define LENSCAP_XDP_H

#include "classify.h"
#include "copy.h"
#include "quick.h"

/* Can a frame be diverted here? Not where its tag may be in the metadata, which a redirect loses, nor to a port that does not
 * take frames from XDP. With no mirror port at all it is just stopped. */
static __always_inline bool can_divert(void)
{
	const struct lc_mirror *to = copy_mirror();

	if (!to || to->ifindex == 0)
		return true;
	return !(port_conf.flags & LC_PORT_TAGS_HIDDEN) && to->flags & LC_MIRROR_XDP;
}

static __noinline int divert(struct xdp_md *ctx, const struct frame *frame, const struct verdict *verdict)
{
	struct lc_totals *total = totals_of(verdict->cpu);
	struct lc_mirror *to = copy_mirror();
	__u32 snaplen;

	if (!total || !to || !copy_due(to, total, frame->bytes))
		return XDP_DROP;
	snaplen = to->snaplen;
	if (snaplen && frame->bytes > snaplen)
		(void)bpf_xdp_adjust_tail(ctx, (int)snaplen - (int)frame->bytes);
	if (bpf_redirect_map(&mirror_device, 0, XDP_DROP) != XDP_REDIRECT) {
		count(total, LC_COPY_FAILED, 1, frame->bytes);
		return XDP_DROP;
	}
	count(total, LC_COPIED, 1, frame->bytes);
	return XDP_REDIRECT;
}

/* HASH is policy_hash_of(mac48). */
static __always_inline int judge(struct xdp_md *ctx, __u64 mac48, __u64 hash, bool to)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	struct frame frame = {.ctx = ctx, .mac48 = mac48, .hash = hash, .hook = LC_HOOK_XDP, .frames = 1, .to = to};
	struct verdict verdict = {.cpu = bpf_get_smp_processor_id()};
	struct policy_filter_place place = policy_filter_place(mac48);
	__u32 entry;

	entry = frame_entry(&frame, &place, verdict.cpu);
	if (entry == 0 || data + ETH_HLEN > end)
		return XDP_PASS;
	frame.ethertype = bpf_ntohs(*(const __be16 *)(data + 2 * ETH_ALEN));
	frame.vlan = frame_vlan(&frame, 0);
	if (!classify(&frame, entry, &verdict) || verdict.reason != LC_STOPPED_XDP)
		return XDP_PASS;
	if (verdict.final == LC_DIVERT && !can_divert())
		return XDP_PASS;
	frame.bytes = frame_length(ctx);
	account(&frame, &verdict);
	return verdict.final == LC_DIVERT ? divert(ctx, &frame, &verdict) : XDP_DROP;
}

static __noinline int from_device(struct xdp_md *ctx, __u64 mac48, __u64 hash)
{
	return judge(ctx, mac48, hash, false);
}

static __noinline int to_device(struct xdp_md *ctx, __u64 mac48)
{
	return judge(ctx, mac48, policy_hash_of(mac48), true);
}

/* A call and its return cost a flagged frame 5 ns and more: the shortcut is none. */
static __always_inline int from_maybe_flagged(struct xdp_md *ctx, __u64 source)
{
	const struct frame frame = {.mac48 = source, .hash = policy_hash_of(source)};

	return quick_stop(ctx, &frame) ? XDP_DROP : from_device(ctx, source, frame.hash);
}

static __always_inline int to_maybe_flagged(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	__u64 destination;

	if (data + ETH_HLEN > end)
		return XDP_PASS;
	destination = frame_destination(data);
	return is_flagged_target(destination) ? to_device(ctx, destination) : XDP_PASS;
}

SEC("xdp.frags")
int lenscap_xdp(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	__u64 source;
	int verdict = XDP_PASS;

	if (port_conf.flags & LC_PORT_XDP_BLIND || data + ETH_HLEN > end)
		return XDP_PASS;
	source = frame_source(data);
	if (policy_maybe(source))
		verdict = from_maybe_flagged(ctx, source);
	if (verdict == XDP_PASS && port_conf.flags & LC_PORT_BOTH)
		verdict = to_maybe_flagged(ctx);
	return verdict;
}

char _license[] SEC("license") = "GPL";

#endif
