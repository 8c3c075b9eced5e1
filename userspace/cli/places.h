/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a frame may come in: ports and, on each, the zones of the configuration. */
#ifndef LENSCAP_CLI_PLACES_H
#define LENSCAP_CLI_PLACES_H

#include <jansson.h>

#include "../lib/config.h"

struct place {
	char port[16];
	const struct config_zone *zone[LC_PORT_ZONES];
	size_t zones;
};
struct places {
	struct place *place;
	size_t n;
};

/* Ports as the loader has them (its state), or, without it, the interfaces present that a zone names. */
void places_read(const struct config *config, const json_t *loader, struct places *out);
/* Interfaces present that zones name, whatever the loader has; an interface without a zone is left out. */
void places_present(const struct config *config, struct places *out);
const struct place *places_find(const struct places *p, const char *port);
void places_free(struct places *p);

/* The zone of a VLAN (id, LC_VLAN_UNTAGGED): one that lists it before one for any; NULL = none. */
const struct config_zone *place_zone(const struct place *place, unsigned vlan);
/* Does a zone take what the others leave? */
bool place_covers_any(const struct place *place);
#endif
