/* SPDX-License-Identifier: GPL-2.0-only */
/* What is read of a frame: source address, outer VLAN, IP source. Behind the Ethernet header everything but XDP's tags is
 * read by the hook's copying helper: only flagged frames get that far, and it does not care where a fragment ends.
 * Each program says before its first include what it is, enum { IS_XDP = … }: a helper of the other kind may not even be
 * compiled into it. */
#ifndef LENSCAP_PARSE_H
#define LENSCAP_PARSE_H

#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>

#include "maps.h"

#define FAMILY_INET 2
#define FAMILY_INET6 10
#define VLAN_TAG 4

struct frame {
	void *ctx;
	__u64 mac48;
	__u64 hash;	 /* policy_hash_of(mac48) */
	__u32 memo;	 /* as in struct lc_slot: what decides this frame */
	__u32 bytes;
	__u32 frames;	 /* segments, where GRO merged some */
	__u16 ethertype; /* host order, as in the Ethernet header */
	__u16 vlan;	 /* as in struct lc_slot */
	__u8 hook;	 /* enum lc_hook */
	bool to;	 /* mac48 is the destination */
	bool tagged;	 /* a VLAN tag with an id is in the metadata */
};

/* The source address; the caller checked that the Ethernet header is there. */
static __always_inline __u64 frame_source(const __u8 *ethernet)
{
	__u64 high = bpf_ntohs(*(const __u16 *)(ethernet + ETH_ALEN));
	__u64 low = bpf_ntohl(*(const __u32 *)(ethernet + ETH_ALEN + 2));

	return high << 32 | low;
}

static __always_inline __u64 frame_destination(const __u8 *ethernet)
{
	__u64 high = bpf_ntohl(*(const __u32 *)ethernet), low = bpf_ntohs(*(const __u16 *)(ethernet + 4));

	return high << 16 | low; /* a header copied to the stack is read aligned */
}

static __always_inline bool is_group(__u64 mac48)
{
	return mac48 >> 40 & 1;
}

static __always_inline long frame_read(const struct frame *frame, __u32 offset, void *to, __u32 size)
{
	if (IS_XDP)
		return bpf_xdp_load_bytes(frame->ctx, offset, to, size);
	return bpf_skb_load_bytes(frame->ctx, offset, to, size);
}

/* What the kernel takes for a VLAN tag (eth_type_vlan): 0x9100 and the like are not. */
static __always_inline bool is_vlan(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* A tag and the EtherType behind it: by the helper only where XDP does not see them. */
static __always_inline long frame_tag(const struct frame *frame, __u32 offset, __be16 tag[2])
{
	if (IS_XDP) {
		const struct xdp_md *xdp = frame->ctx;
		const __be16 *seen = (const __be16 *)((long)xdp->data + offset);

		if ((const void *)(seen + 2) <= (const void *)(long)xdp->data_end) {
			tag[0] = seen[0];
			tag[1] = seen[1];
			return 0;
		}
	}
	return frame_read(frame, offset, tag, VLAN_TAG);
}

/* The first VLAN id that is not 0, as the kernel delivers it. ZEROS tags with id 0 were already seen in the metadata. */
static __always_inline __u16 frame_vlan(const struct frame *frame, int zeros)
{
	__u16 ethertype = frame->ethertype;
	__u32 offset = ETH_HLEN;
	__be16 tag[2];

	for (int i = 0; i <= LC_MAX_TAGS; i++) {
		__u16 id;

		if (!is_vlan(ethertype))
			return LC_VLAN_UNTAGGED;
		if (frame_tag(frame, offset, tag) < 0)
			return LC_VLAN_ODD;
		id = bpf_ntohs(tag[0]) & 0x0fff;
		if (id != 0)
			return id;
		if (++zeros > LC_MAX_TAGS)
			return LC_VLAN_ODD;
		ethertype = bpf_ntohs(tag[1]);
		offset += VLAN_TAG;
	}
	return LC_VLAN_ODD;
}

/* Offset behind all inline tags, with the EtherType found there; 0 when they do not end. */
static __always_inline __u32 frame_skip_tags(const struct frame *frame, __u16 *ethertype)
{
	__u32 offset = ETH_HLEN;
	__be16 tag[2];

	*ethertype = frame->ethertype;
	for (int i = 0; i <= LC_MAX_TAGS; i++) {
		if (!is_vlan(*ethertype))
			return offset;
		if (frame_tag(frame, offset, tag) < 0)
			return 0;
		*ethertype = bpf_ntohs(tag[1]);
		offset += VLAN_TAG;
	}
	return is_vlan(*ethertype) ? 0 : offset;
}

static __always_inline __u8 read_ipv4(const struct frame *frame, __u32 offset, __u8 source[16])
{
	__u8 version;

	if (frame_read(frame, offset, &version, 1) < 0 || version >> 4 != 4)
		return 0;
	return frame_read(frame, offset + 12, source, 4) < 0 ? 0 : FAMILY_INET;
}

static __always_inline __u8 read_ipv6(const struct frame *frame, __u32 offset, __u8 source[16])
{
	__u8 version;

	if (frame_read(frame, offset, &version, 1) < 0 || version >> 4 != 6)
		return 0;
	return frame_read(frame, offset + 8, source, 16) < 0 ? 0 : FAMILY_INET6;
}

static __always_inline __u8 read_arp(const struct frame *frame, __u32 offset, __u8 source[16])
{
	__u8 head[6]; /* hardware type 1, protocol IPv4, 6 and 4 octets */

	if (frame_read(frame, offset, head, sizeof(head)) < 0)
		return 0;
	if (head[1] != 1 || head[2] != 8 || head[3] != 0 || head[4] != 6 || head[5] != 4)
		return 0;
	return frame_read(frame, offset + 14, source, 4) < 0 ? 0 : FAMILY_INET;
}

/* IP source (of ARP: the sender's) in network order behind every tag. The family, 0 = none. SOURCE is zeroed by the
 * caller; the copying helpers zero what they fail to read. */
static __always_inline __u8 frame_ip_source(const struct frame *frame, __u8 source[16])
{
	__u16 ethertype;
	__u32 offset = frame_skip_tags(frame, &ethertype);

	if (offset == 0)
		return 0;
	if (ethertype == ETH_P_IP)
		return read_ipv4(frame, offset, source);
	if (ethertype == ETH_P_IPV6)
		return read_ipv6(frame, offset, source);
	return ethertype == ETH_P_ARP ? read_arp(frame, offset, source) : 0;
}

#endif
