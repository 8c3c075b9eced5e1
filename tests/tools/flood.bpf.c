/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of the flood tool: make frames of known sources, count them by source where they arrive, hide a VLAN tag. */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flood.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct flood_class classes[FLOOD_CLASSES];
const volatile __u32 round_frames = 1;
const volatile __u32 out_ifindex;  /* 0: pass the frame on, as if it came in where the test run says */
const volatile __u64 destination;  /* address */
const volatile __u32 target = 0xffffffff; /* IPv4 address */
const volatile __u32 verdict = XDP_DROP; /* of the counting program */
const volatile __u16 vlan;

__u64 sequence;
__u64 frames[FLOOD_CLASSES + 1]; /* by class; several CPUs add */

static __always_inline void put_mac(unsigned char *to, __u64 mac)
{
	for (int i = 0; i < ETH_ALEN; i++)
		to[i] = mac >> (40 - 8 * i);
}

/* The class whose turn it is in this round. */
static __always_inline __u32 choose(__u64 n)
{
	__u64 left = n % round_frames;

	for (__u32 i = 0; i < FLOOD_CLASSES; i++) {
		if (left < classes[i].weight)
			return i;
		left -= classes[i].weight;
	}
	return 0;
}

/* A bridge with br_netfilter drops headers with a wrong sum. */
static __always_inline void put_ip_sum(unsigned char *ip)
{
	__u32 sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	ip[10] = sum >> 8;
	ip[11] = sum;
}

/* Frame memory is used again without being reset, so every byte is written: IPv4 UDP. */
static __always_inline void write_frame(unsigned char *frame, __u32 class, __u64 source, __u64 n)
{
	struct ethhdr *eth = (void *)frame;
	__u32 ip = classes[class].target ? classes[class].target : target;

	__builtin_memset(frame, 0, FLOOD_FRAME);
	put_mac(eth->h_dest, classes[class].destination ? classes[class].destination : destination);
	put_mac(eth->h_source, source);
	eth->h_proto = bpf_htons(ETH_P_IP);
	frame[14] = 0x45;		/* version, header length */
	frame[17] = FLOOD_FRAME - 14;	/* length */
	frame[22] = 64;			/* hops */
	frame[23] = 17;			/* UDP */
	frame[26] = 10;			/* from 10.x.y.z of the source address */
	frame[27] = source >> 16;
	frame[28] = source >> 8;
	frame[29] = source;
	frame[30] = ip >> 24;
	frame[31] = ip >> 16;
	frame[32] = ip >> 8;
	frame[33] = ip;
	put_ip_sum(frame + 14);
	frame[39] = FLOOD_FRAME - 34; /* UDP length */
	__builtin_memcpy(frame + 42, &n, sizeof(n));
}

SEC("xdp.frags")
int send(struct xdp_md *ctx)
{
	unsigned char *frame = (void *)(long)ctx->data;
	__u64 n = sequence;
	__u32 class;

	if (frame + FLOOD_FRAME > (unsigned char *)(long)ctx->data_end)
		return XDP_DROP;
	sequence = n + 1;
	class = choose(n) & (FLOOD_CLASSES - 1);
	frames[class]++;
	write_frame(frame, class, classes[class].base + (n / round_frames * 2654435761u >> 8) % classes[class].count, n);
	return out_ifindex ? bpf_redirect(out_ifindex, 0) : XDP_PASS;
}

static __always_inline bool is_of(const struct flood_class *class, __u64 source, __u32 ip)
{
	return source - class->base < class->count && (!class->target || class->target == ip);
}

SEC("xdp.frags")
int receive(struct xdp_md *ctx)
{
	unsigned char *frame = (void *)(long)ctx->data;
	__u64 source = 0;
	__u32 i, ip = 0;

	if (frame + ETH_HLEN > (unsigned char *)(long)ctx->data_end)
		return verdict;
	for (i = 0; i < ETH_ALEN; i++)
		source = source << 8 | frame[ETH_ALEN + i];
	if (frame + 34 <= (unsigned char *)(long)ctx->data_end)
		ip = (__u32)frame[30] << 24 | frame[31] << 16 | frame[32] << 8 | frame[33];
	for (i = 0; i < FLOOD_CLASSES; i++)
		if (is_of((const struct flood_class *)&classes[i], source, ip))
			break;
	__sync_fetch_and_add(&frames[i], 1);
	return verdict;
}

/* The least there can be: what every other way of stopping, or of sending elsewhere, is compared with. */
SEC("xdp.frags")
int drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp.frags")
int redirect(struct xdp_md *ctx)
{
	(void)ctx;
	return bpf_redirect(out_ifindex, 0);
}

/* On the egress of a veth the pushed tag stays in the metadata, where a receiving port's XDP does not see it. */
SEC("tc")
int tag(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), vlan) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
