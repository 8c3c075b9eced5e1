/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a frame may come in: ports and, on each, the zones of the configuration. */
#include "places.h"

#include <fnmatch.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridges.h"
#include "state.h"

#define BRIDGE "bridge:"

static struct place *add_place(struct places *p, const char *port)
{
	struct place *grown = reallocarray(p->place, p->n + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	p->place = grown;
	grown[p->n] = (struct place){0};
	(void)snprintf(grown[p->n].port, sizeof(grown->port), "%s", port);
	return &grown[p->n++];
}

static void add_zone(struct place *place, const struct config_zone *zone)
{
	if (place->zones < LC_PORT_ZONES)
		place->zone[place->zones++] = zone;
}

static const struct config_zone *zone_named(const struct config *config, const char *name)
{
	for (size_t i = 0; name && i < config->n_zones; i++)
		if (strcmp(config->zones[i].name, name) == 0)
			return &config->zones[i];
	return NULL;
}

static void from_loader(const struct config *config, const json_t *ports, struct places *out)
{
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i), *zones = state_get(port, "zones");
		const char *name = state_string(port, "name");
		struct place *place = name ? add_place(out, name) : NULL;

		for (size_t z = 0; place && z < json_array_size(zones); z++) {
			const struct config_zone *zone =
			    zone_named(config, state_string(json_array_get(zones, z), "name"));

			if (zone)
				add_zone(place, zone);
		}
	}
}

/* The bridge an interface is a port of, "" = none. */
static void bridge_of(const struct bridge_ports *ports, const char *name, char bridge[static IFNAMSIZ])
{
	const struct bridge_port *port = bridge_ports_find(ports, name);

	if (!port || !if_indextoname((unsigned)port->bridge, bridge))
		bridge[0] = '\0';
}

static bool pattern_matches(const char *pattern, const char *name, const char *bridge)
{
	if (strncmp(pattern, BRIDGE, strlen(BRIDGE)) == 0)
		return *bridge && fnmatch(pattern + strlen(BRIDGE), bridge, 0) == 0;
	return fnmatch(pattern, name, 0) == 0;
}

static bool zone_has(const struct config_zone *zone, const char *name, const char *bridge)
{
	for (size_t i = 0; i < zone->n_exclude; i++)
		if (fnmatch(zone->exclude[i], name, 0) == 0)
			return false;
	for (size_t i = 0; i < zone->n_interfaces; i++)
		if (pattern_matches(zone->interfaces[i], name, bridge))
			return true;
	return false;
}

void places_present(const struct config *config, struct places *out)
{
	struct if_nameindex *all = if_nameindex();
	struct bridge_ports ports;

	*out = (struct places){0};
	bridge_ports_read(&ports);
	for (struct if_nameindex *i = all; i && i->if_name; i++) {
		struct place *place = NULL;
		char bridge[IFNAMSIZ];

		bridge_of(&ports, i->if_name, bridge);
		for (size_t z = 0; z < config->n_zones; z++) {
			if (!zone_has(&config->zones[z], i->if_name, bridge))
				continue;
			if (!place)
				place = add_place(out, i->if_name);
			if (place)
				add_zone(place, &config->zones[z]);
		}
	}
	bridge_ports_free(&ports);
	if (all)
		if_freenameindex(all);
}

void places_read(const struct config *config, const json_t *loader, struct places *out)
{
	const json_t *ports = state_get(loader, "ports");

	*out = (struct places){0};
	if (json_array_size(ports) > 0)
		from_loader(config, ports, out);
	else
		places_present(config, out);
}

const struct place *places_find(const struct places *p, const char *port)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->place[i].port, port) == 0)
			return &p->place[i];
	return NULL;
}

void places_free(struct places *p)
{
	free(p->place);
	*p = (struct places){0};
}

const struct config_zone *place_zone(const struct place *place, unsigned vlan)
{
	const struct config_zone *any = NULL;

	for (size_t i = 0; i < place->zones; i++) {
		if (place->zone[i]->vlans.any)
			any = any ? any : place->zone[i];
		else if (config_vlans_have(&place->zone[i]->vlans, vlan))
			return place->zone[i];
	}
	return any;
}

bool place_covers_any(const struct place *place)
{
	for (size_t i = 0; i < place->zones; i++)
		if (place->zone[i]->vlans.any)
			return true;
	return false;
}
