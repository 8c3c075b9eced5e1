/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom a contained device may talk to: the zone's permitted addresses, with the ARP, neighbour discovery and DHCP that this
 * needs. Everything that is not understood to the end is refused. The other side of a frame ("peer") is its destination, or
 * its source where the frame is to the device.
 */
#ifndef LENSCAP_CONTAIN_H
#define LENSCAP_CONTAIN_H

#include "parse.h"

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58
#define BROADCAST 0xffffffffffffull
#define ND_HOP_LIMIT 255   /* RFC 4861 section 7.1: what a router forwarded is not neighbour discovery */
#define ND_MOST_OCTETS 48  /* a solicitation with its target, link-layer address and nonce (RFC 3971) */
#define MAC_OF_GROUP 0x333300000000ull /* RFC 2464 section 7: and the last four octets of the IPv6 group */

struct contain_ipv4 {
	__u8 version_ihl, tos;
	__be16 length, id, fragment;
	__u8 ttl, protocol;
	__be16 checksum;
	__be32 source, destination;
};

struct contain_ipv6 {
	__be32 flow;
	__be16 length;
	__u8 next, hops;
	union contain_address {
		__u8 octet[16];
		__be32 word[4];
		__u64 half[2];
	} source, destination;
};

struct contain_arp {
	__be16 hardware, protocol;
	__u8 hardware_size, protocol_size;
	__be16 operation;
	__u8 sender[6], sender_ip[4], target[6], target_ip[4];
};

struct contain_nd { /* RFC 4861 section 4: NS and NA name a target, RS and RA do not */
	__u8 type, code;
	__be16 checksum;
	__be32 flags;
	union contain_address target;
};
enum { ND_RS = 133, ND_RA = 134, ND_NS = 135, ND_NA = 136, ND_REDIRECT = 137 };

static __always_inline __u8 contain_look(const struct lc_permit_key *key)
{
	const __u8 *value = bpf_map_lookup_elem(&permits, key);

	return value ? *value : 0;
}

/* LC_PERMIT_PEER, LC_PERMIT_GATEWAY or both; 0 = not permitted. */
static __always_inline __u8 contain_ipv4_flags(__be32 address, __u16 zone)
{
	struct lc_permit_key key = {.bits = 32 + 32, .zone = zone, .family = LC_PERMIT_INET};

	__builtin_memcpy(key.address, &address, sizeof(address));
	return contain_look(&key);
}

static __always_inline __u8 contain_ipv6_flags(const union contain_address *address, __u16 zone)
{
	struct lc_permit_key key = {.bits = 32 + 128, .zone = zone, .family = LC_PERMIT_INET6};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return contain_look(&key);
}

/* The frame's destination address on the wire; the device's own where the frame is to it. */
static __always_inline __u64 contain_mac(const struct frame *frame)
{
	__u8 ethernet[8] = {};

	if (frame_read(frame, 0, ethernet, sizeof(ethernet)) < 0)
		return BROADCAST;
	return frame_destination(ethernet);
}

/* Offset of what the frame carries: at most one VLAN tag, besides priority tags. 0 = refused. */
static __always_inline __u32 contain_payload(const struct frame *frame, __u16 *ethertype)
{
	__u32 offset = ETH_HLEN, tags = frame->tagged;
	__be16 tag[2];

	*ethertype = frame->ethertype;
	for (int i = 0; i <= LC_MAX_TAGS; i++) {
		if (!is_vlan(*ethertype))
			return tags <= 1 ? offset : 0;
		if (frame_tag(frame, offset, tag) < 0)
			return 0;
		tags += (bpf_ntohs(tag[0]) & 0x0fff) != 0;
		*ethertype = bpf_ntohs(tag[1]);
		offset += VLAN_TAG;
	}
	return 0;
}

/* UDP ports in one word: FROM in the upper half. */
static __always_inline bool contain_is_udp(const struct frame *frame, __u32 offset, __u16 from, __u16 to)
{
	__be16 ports[2] = {};

	return frame_read(frame, offset, ports, sizeof(ports)) >= 0 && ports[0] == bpf_htons(from) &&
	       ports[1] == bpf_htons(to);
}

/* RFC 2131: a client asks by broadcast; a server may answer to the device's address. Never a fragment. */
static __always_inline bool contain_dhcp(const struct frame *frame, __u32 offset, const struct contain_ipv4 *ip, __u64 mac)
{
	if (ip->protocol != PROTOCOL_UDP || ip->fragment & bpf_htons(0x3fff))
		return false;
	if (frame->to)
		return contain_is_udp(frame, offset + sizeof(*ip), 67, 68);
	return mac == BROADCAST && ip->destination == (__be32)-1 && contain_is_udp(frame, offset + sizeof(*ip), 68, 67);
}

static __always_inline bool contain_transport(__u8 protocol, __u8 icmp)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == icmp;
}

/* No options: a source route would lead on from the permitted address. */
static __always_inline bool contain_ipv4(const struct frame *frame, __u32 offset, __u16 zone)
{
	struct contain_ipv4 ip = {};
	__u64 mac = contain_mac(frame);

	if (frame_read(frame, offset, &ip, sizeof(ip)) < 0 || ip.version_ihl != 0x45)
		return false;
	if (contain_dhcp(frame, offset, &ip, mac))
		return true;
	if (is_group(mac) || !contain_transport(ip.protocol, PROTOCOL_ICMP))
		return false;
	return contain_ipv4_flags(frame->to ? ip.source : ip.destination, zone) & LC_PERMIT_PEER;
}

static __always_inline bool contain_is_link_local(const union contain_address *address)
{
	return address->octet[0] == 0xfe && (address->octet[1] & 0xc0) == 0x80;
}

static __always_inline bool contain_is_group(const union contain_address *address, __u32 w1, __u32 w2, __u32 w3)
{
	return address->word[0] == bpf_htonl(0xff020000) && address->word[1] == bpf_htonl(w1) &&
	       address->word[2] == bpf_htonl(w2) && address->word[3] == bpf_htonl(w3);
}

/* Is the frame sent to the IPv6 group it names, and to nobody else's address? */
static __always_inline bool contain_group_mac(const union contain_address *group, __u64 mac)
{
	return mac == (MAC_OF_GROUP | bpf_ntohl(group->word[3]));
}

static __always_inline bool contain_is_solicited(const union contain_address *group, const union contain_address *target)
{
	return contain_is_group(group, 0, 1, 0xff000000 | (bpf_ntohl(target->word[3]) & 0xffffff));
}

/* A solicitation: of a permitted address, to its group or to itself; or, from no address, of the device's own to be. */
static __always_inline bool contain_ns(const struct contain_ipv6 *ip, const union contain_address *target, __u64 mac,
				       __u16 zone)
{
	bool unspecified = (ip->source.half[0] | ip->source.half[1]) == 0;
	bool asked = contain_is_solicited(&ip->destination, target) && contain_group_mac(&ip->destination, mac);

	if (asked && unspecified)
		return true;
	if (!asked && (is_group(mac) || ip->destination.half[0] != target->half[0] ||
		       ip->destination.half[1] != target->half[1]))
		return false;
	return contain_ipv6_flags(target, zone) != 0;
}

static __always_inline bool contain_nd_from(const struct contain_ipv6 *ip, const struct contain_nd *nd, __u64 mac, __u16 zone)
{
	if (nd->type == ND_RS)
		return contain_is_group(&ip->destination, 0, 0, 2) && contain_group_mac(&ip->destination, mac);
	if (nd->type == ND_NS)
		return contain_ns(ip, &nd->target, mac, zone);
	return nd->type == ND_NA && !is_group(mac) && contain_ipv6_flags(&ip->destination, zone) != 0;
}

static __always_inline bool contain_nd_to(const struct contain_ipv6 *ip, const struct contain_nd *nd, __u16 zone)
{
	if (nd->type == ND_NA)
		return contain_ipv6_flags(&nd->target, zone) != 0;
	return (nd->type == ND_NS || nd->type == ND_RA) && contain_ipv6_flags(&ip->source, zone) != 0;
}

static __always_inline bool contain_nd(const struct frame *frame, __u32 offset, const struct contain_ipv6 *ip,
				       __u64 mac, __u16 zone)
{
	struct contain_nd nd = {};

	if (ip->hops != ND_HOP_LIMIT || frame_read(frame, offset, &nd, 8) < 0 || nd.code != 0)
		return false;
	if (nd.type != ND_RA && bpf_ntohs(ip->length) > ND_MOST_OCTETS)
		return false;
	if ((nd.type == ND_NS || nd.type == ND_NA) && frame_read(frame, offset, &nd, sizeof(nd)) < 0)
		return false;
	return frame->to ? contain_nd_to(ip, &nd, zone) : contain_nd_from(ip, &nd, mac, zone);
}

static __always_inline bool contain_is_nd(const struct frame *frame, __u32 offset)
{
	__u8 type = 0;

	return frame_read(frame, offset, &type, 1) < 0 || (type >= ND_RS && type <= ND_REDIRECT);
}

/* RFC 8415 section 7: asked of all servers and relays on the link, answered from a link-local address. */
static __always_inline bool contain_dhcpv6(const struct frame *frame, __u32 offset, const struct contain_ipv6 *ip, __u64 mac)
{
	if (ip->next != PROTOCOL_UDP)
		return false;
	if (frame->to)
		return contain_is_link_local(&ip->source) && contain_is_udp(frame, offset, 547, 546);
	return contain_is_group(&ip->destination, 0, 0, 0x00010002) && contain_group_mac(&ip->destination, mac) &&
	       contain_is_udp(frame, offset, 546, 547);
}

/* No extension header at all: a routing header leads on, a fragment hides what follows. */
static __always_inline bool contain_ipv6(const struct frame *frame, __u32 offset, __u16 zone)
{
	struct contain_ipv6 ip = {};
	__u64 mac = contain_mac(frame);

	if (frame_read(frame, offset, &ip, sizeof(ip)) < 0 || bpf_ntohl(ip.flow) >> 28 != 6)
		return false;
	offset += sizeof(ip);
	if (!contain_transport(ip.next, PROTOCOL_ICMPV6))
		return false;
	if (ip.next == PROTOCOL_ICMPV6 && contain_is_nd(frame, offset))
		return contain_nd(frame, offset, &ip, mac, zone);
	if (contain_dhcpv6(frame, offset, &ip, mac))
		return true;
	return !is_group(mac) && contain_ipv6_flags(frame->to ? &ip.source : &ip.destination, zone) & LC_PERMIT_PEER;
}

static __always_inline bool contain_is_own(const struct frame *frame, const __u8 mac[6])
{
	__u64 high = mac[0] << 8 | mac[1], low = (__u32)mac[2] << 24 | mac[3] << 16 | mac[4] << 8 | mac[5];

	return (high << 32 | low) == frame->mac48;
}

/* RFC 826: asks for or answers to a permitted address, in its own name. */
static __always_inline bool contain_arp(const struct frame *frame, __u32 offset, __u16 zone)
{
	struct contain_arp arp = {};
	__u64 mac = contain_mac(frame);
	__be32 peer;

	if (frame_read(frame, offset, &arp, sizeof(arp)) < 0)
		return false;
	if (arp.hardware != bpf_htons(1) || arp.protocol != bpf_htons(ETH_P_IP) || arp.hardware_size != 6 ||
	    arp.protocol_size != 4)
		return false;
	if (arp.operation != bpf_htons(1) && (arp.operation != bpf_htons(2) || is_group(mac)))
		return false;
	if (!frame->to && (!contain_is_own(frame, arp.sender) || (is_group(mac) && mac != BROADCAST)))
		return false;
	__builtin_memcpy(&peer, frame->to ? arp.sender_ip : arp.target_ip, sizeof(peer));
	return contain_ipv4_flags(peer, zone) != 0;
}

/* May this frame of (or to) a contained device pass? */
static __noinline bool contain_permits(const struct frame *frame, __u16 zone)
{
	__u16 ethertype;
	__u32 offset = contain_payload(frame, &ethertype);

	if (offset == 0)
		return false;
	if (ethertype == ETH_P_IP)
		return contain_ipv4(frame, offset, zone);
	if (ethertype == ETH_P_IPV6)
		return contain_ipv6(frame, offset, zone);
	return ethertype == ETH_P_ARP && contain_arp(frame, offset, zone);
}

#endif
