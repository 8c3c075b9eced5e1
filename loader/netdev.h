/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device can do with XDP, asked of the kernel's "netdev" family (6.3 and later). */
#ifndef LENSCAP_LOADER_NETDEV_H
#define LENSCAP_LOADER_NETDEV_H

#include <stdint.h>

/* include/uapi/linux/netdev.h of Linux 6.3, which Debian 12's headers are too old for. */
#define NETDEV_XDP_ACT_NDO_XMIT 4u     /* takes frames that others redirect to it, */
#define NETDEV_XDP_ACT_NDO_XMIT_SG 64u /* also those of more than one buffer */

/* The features of an interface of this namespace. 0, -ENOENT when the kernel has no such family, or a negative errno.
 */
int netdev_xdp_features(int ifindex, uint64_t *features);
#endif
