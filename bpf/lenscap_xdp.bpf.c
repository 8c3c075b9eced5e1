/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP: stops what it can decide by the frame alone, before an skb is made; says nothing of the rest (tc counts it). */
#include "classify.h"

/* A flagged frame. Inlined: a call and its return cost it 5 ns and more, the registers saved for it a clean frame nothing
 * that could be measured. */
static __always_inline int flagged(struct xdp_md *ctx, __u64 mac48)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	struct frame frame = {.ctx = ctx, .mac48 = mac48, .hook = LC_HOOK_XDP, .frames = 1};
	struct verdict verdict;
	__u64 entry = policy_lookup(mac48);

	if (entry == 0 || data + ETH_HLEN > end)
		return XDP_PASS;
	frame.ethertype = bpf_ntohs(*(const __be16 *)(data + 2 * ETH_ALEN));
	frame.vlan = frame_vlan(&frame, 0);
	classify(&frame, entry, &verdict);
	if (verdict.reason != LC_STOPPED_XDP)
		return XDP_PASS;
	frame.bytes = (__u32)bpf_xdp_get_buff_len(ctx);
	account(&frame, &verdict);
	return XDP_DROP;
}

SEC("xdp.frags")
int lenscap_xdp(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	__u64 mac48;

	if (port_conf.flags & LC_PORT_XDP_BLIND || data + ETH_HLEN > end)
		return XDP_PASS;
	mac48 = frame_source(data);
	return policy_filter_bits(mac48, 0) ? flagged(ctx, mac48) : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
