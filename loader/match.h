/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interfaces become ports, and which zones apply to each: pure, from the configuration and the list. */
#ifndef LENSCAP_LOADER_MATCH_H
#define LENSCAP_LOADER_MATCH_H

#include "../userspace/lib/config.h"
#include "links.h"
#include "notes.h"

struct plan_port {
	struct iface iface;
	uint16_t zone[LC_PORT_ZONES - 1]; /* places in the configuration */
	size_t n_zones;
	struct notes warnings;
};

struct plan {
	struct plan_port *port;
	size_t n;
	struct notes warnings; /* of interfaces that cannot be ports, of patterns that match nothing */
};

/* Does ZONE name this interface? BRIDGE is the bridge it is a port of, or NULL. */
bool match_zone(const struct config_zone *zone, const char *name, const char *bridge);

/* What to attach to. 0 or -ENOMEM; free with plan_free() either way. */
int plan_make(const struct config *config, const struct iface *iface, size_t n, struct plan *plan);
void plan_free(struct plan *plan);
const struct plan_port *plan_find(const struct plan *plan, int ifindex);
#endif
