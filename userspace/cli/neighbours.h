/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's neighbour table of this network namespace: who has which IP address, as ARP and neighbour discovery told. */
#ifndef LENSCAP_CLI_NEIGHBOURS_H
#define LENSCAP_CLI_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

struct neighbour {
	uint64_t mac48;
	uint8_t family; /* LC_PERMIT_INET or LC_PERMIT_INET6 */
	uint8_t address[16]; /* network order */
};
struct neighbours {
	struct neighbour *neighbour;
	size_t n;
};

/* By netlink; what the kernel does not tell is left out. */
void neighbours_read(struct neighbours *out);
void neighbours_free(struct neighbours *neighbours);
#endif
