/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports of bridges, by netlink: unlike /sys it speaks of the network namespace one is in. */
#ifndef LENSCAP_CLI_BRIDGES_H
#define LENSCAP_CLI_BRIDGES_H

#include <stddef.h>

struct bridge_port {
	int ifindex, bridge;
	unsigned pvid; /* the VLAN of its untagged frames; 0 = none, or the bridge does not filter VLANs */
};
struct bridge_ports {
	struct bridge_port *port;
	size_t n;
};

/* What the kernel does not tell is left out. */
void bridge_ports_read(struct bridge_ports *out);
const struct bridge_port *bridge_ports_find(const struct bridge_ports *ports, const char *name);
void bridge_ports_free(struct bridge_ports *ports);
#endif
