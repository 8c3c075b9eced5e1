/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces of this network namespace, as the kernel's messages describe them. */
#ifndef LENSCAP_LOADER_LINKS_H
#define LENSCAP_LOADER_LINKS_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iface {
	int ifindex;
	int master; /* ifindex of its bridge or bond, 0 = none */
	int lower;  /* ifindex of what it stands on (VLAN devices), 0 = nothing or in another namespace */
	uint32_t mtu;
	char name[IFNAMSIZ];
	char kind[16];	     /* the kernel's name for its kind, "" for hardware */
	char slave_kind[16]; /* the kind of its master */
	uint8_t mac[6];
	uint16_t pvid;	     /* of a bridge port: the VLAN that untagged frames get, 0 = none */
	bool filtering;	     /* a bridge that looks at VLANs */
	bool ether;	/* has Ethernet frames and is not the loopback */
	bool up;	/* administratively */
	bool switchdev; /* a switch may forward its frames in hardware */
	bool seen;	/* in the list being read now */
};

struct ifaces;

struct ifaces *ifaces_new(void);
void ifaces_free(struct ifaces *ifaces);

/* Take an RTM_NEWLINK or RTM_DELLINK message in; others are ignored. 0 or a negative errno. */
int ifaces_message(struct ifaces *ifaces, const struct nlmsghdr *nlh);

/* Around reading a whole list: what it does not name is gone. */
void ifaces_list_begin(struct ifaces *ifaces);
void ifaces_list_end(struct ifaces *ifaces);

/* All interfaces; valid until the next message. */
const struct iface *ifaces_all(const struct ifaces *ifaces, size_t *n);
const struct iface *ifaces_by_index(const struct ifaces *ifaces, int ifindex);
#endif
