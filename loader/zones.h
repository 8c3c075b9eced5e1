/* SPDX-License-Identifier: GPL-2.0-only */
/* The read-only data of a port's programs: which zone each VLAN is in, and what the zones want. Pure. */
#ifndef LENSCAP_LOADER_ZONES_H
#define LENSCAP_LOADER_ZONES_H

#include "../userspace/lib/config.h"
#include "notes.h"

/* Fill the zone fields of CONF, and set LC_PORT_BOTH in its flags, for the zones at the given places of the
 * configuration (at most LC_PORT_ZONES - 1). Where two claim the same VLAN the stricter one gets it, and a sentence is
 * added to ERRORS. */
void zones_build(const struct config *config, const uint16_t *zone, size_t n, const char *port,
		 struct lc_port_conf *conf, struct notes *errors);

/* Only the sentences. */
void zones_check(const struct config *config, const uint16_t *zone, size_t n, const char *port, struct notes *errors);

/* Would a hidden tag change the verdict? */
bool zones_depend_on_vlan(const struct lc_port_conf *conf);

#endif
