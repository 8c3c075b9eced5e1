/* SPDX-License-Identifier: GPL-2.0-only */
/* The route netlink socket: the list of interfaces, and every change of it. */
#ifndef LENSCAP_LOADER_NETLINK_H
#define LENSCAP_LOADER_NETLINK_H

#include <stdint.h>

#include "links.h"

struct netlink;

/* Open, subscribed to changes of interfaces. */
int netlink_open(struct netlink **out);
void netlink_close(struct netlink *nl);
int netlink_fd(const struct netlink *nl);

/* Read the whole list; what is not in it is taken out of IFACES. */
int netlink_list(struct netlink *nl, struct ifaces *ifaces);

/* Take in what the kernel has sent, without waiting. When it lost messages (ENOBUFS) the whole list is read again.
 * 1 = something may have changed, 0 = nothing, else a negative errno. */
int netlink_read(struct netlink *nl, struct ifaces *ifaces);

/* Ask the driver for XDP in FLAGS mode (XDP_FLAGS_...) by netlink, which unlike a link tells its reason for a no.
 * 0 = it took the program; else a negative errno with the reason, if it gave one, in REASON. */
int netlink_xdp(int ifindex, int prog_fd, uint32_t flags, char *reason, size_t size);
#endif
