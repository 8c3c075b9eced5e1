/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interfaces become ports, and which zones apply to each. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

#define BRIDGE_PREFIX "bridge:"

struct devices {
	const struct iface *all;
	size_t n;
};

static bool any_glob(char **globs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!fnmatch(globs[i], name, 0))
			return true;
	return false;
}

static bool match_pattern(const char *pattern, const char *name, const char *bridge)
{
	size_t prefix = strlen(BRIDGE_PREFIX);

	if (strncmp(pattern, BRIDGE_PREFIX, prefix))
		return !fnmatch(pattern, name, 0);
	return bridge && !fnmatch(pattern + prefix, bridge, 0);
}

bool match_zone(const struct config_zone *zone, const char *name, const char *bridge)
{
	if (any_glob(zone->exclude, zone->n_exclude, name))
		return false;
	for (size_t i = 0; i < zone->n_interfaces; i++)
		if (match_pattern(zone->interfaces[i], name, bridge))
			return true;
	return false;
}

static const struct iface *by_index(const struct devices *devices, int ifindex)
{
	for (size_t i = 0; i < devices->n; i++)
		if (devices->all[i].ifindex == ifindex)
			return &devices->all[i];
	return NULL;
}

static const char *bridge_of(const struct devices *devices, const struct iface *iface)
{
	const struct iface *master = iface->master ? by_index(devices, iface->master) : NULL;

	return master && !strcmp(master->kind, "bridge") ? master->name : NULL;
}

/* Zones of an interface; more than a port can have are counted but not kept. */
static size_t zones_of(const struct config *config, const struct devices *devices, const struct iface *iface,
		       uint16_t zone[LC_PORT_ZONES - 1])
{
	const char *bridge = bridge_of(devices, iface);
	size_t n = 0;

	for (size_t z = 0; z < config->n_zones; z++) {
		if (!match_zone(&config->zones[z], iface->name, bridge))
			continue;
		if (n < LC_PORT_ZONES - 1)
			zone[n] = (uint16_t)z;
		n++;
	}
	return n;
}

static bool in_any_zone(const struct config *config, const struct devices *devices, const struct iface *iface)
{
	uint16_t zone[LC_PORT_ZONES - 1];

	return zones_of(config, devices, iface, zone) > 0;
}

/* Named as it is called, not caught by a glob: then the operator means it. */
static bool named(const struct config *config, const char *name)
{
	for (size_t z = 0; z < config->n_zones; z++)
		for (size_t i = 0; i < config->zones[z].n_interfaces; i++)
			if (!strcmp(config->zones[z].interfaces[i], name))
				return true;
	return false;
}

static bool a_port_is_covered(const struct config *config, const struct devices *devices, const struct iface *bridge)
{
	for (size_t i = 0; i < devices->n; i++)
		if (devices->all[i].master == bridge->ifindex && in_any_zone(config, devices, &devices->all[i]))
			return true;
	return false;
}

static void refuse_bridge(const struct config *config, const struct devices *devices, const struct iface *iface,
			  struct notes *warnings)
{
	if (named(config, iface->name) || !a_port_is_covered(config, devices, iface))
		notes_add(
		    warnings,
		    "%s is a bridge and has no XDP of its own: write \"bridge:%s\" in place of it, for all its ports",
		    iface->name, iface->name);
}

static void refuse_vlan(const struct config *config, const struct devices *devices, const struct iface *iface,
			struct notes *warnings)
{
	const struct iface *lower = iface->lower ? by_index(devices, iface->lower) : NULL;

	if (named(config, iface->name) || !lower || !in_any_zone(config, devices, lower))
		notes_add(warnings, "%s is a VLAN device: name its port%s%s instead and list the VLAN under \"vlans:\"",
			  iface->name, lower ? " " : "", lower ? lower->name : "");
}

/* Can this interface be a port? If not, and somebody may believe it is one, say so. */
static bool usable(const struct config *config, const struct devices *devices, const struct iface *iface,
		   struct notes *warnings)
{
	const struct iface *master = iface->master ? by_index(devices, iface->master) : NULL;

	if (!iface->ether) {
		if (named(config, iface->name))
			notes_add(warnings, "%s carries no Ethernet frames: take it out of its zone", iface->name);
		return false;
	}
	if (!strcmp(iface->kind, "bridge")) {
		refuse_bridge(config, devices, iface, warnings);
		return false;
	}
	if (!strcmp(iface->kind, "vlan")) {
		refuse_vlan(config, devices, iface, warnings);
		return false;
	}
	if (!strcmp(iface->slave_kind, "bond") && master && in_any_zone(config, devices, master)) {
		notes_add(warnings,
			  "%s is under the bond %s, which is in a zone itself: only %s is enforced on; take one of "
			  "the two out with \"exclude:\"",
			  iface->name, master->name, master->name);
		return false;
	}
	return true;
}

/* A bridge takes the PVID's tag for granted: those frames come in without one, so listing the VLAN alone misses them.
 */
static void warn_of_pvid(const struct config *config, const struct devices *devices, struct plan_port *port)
{
	const struct iface *iface = &port->iface;
	const struct iface *bridge = bridge_of(devices, iface) ? by_index(devices, iface->master) : NULL;

	if (!bridge || !bridge->filtering || !iface->pvid)
		return;
	for (size_t i = 0; i < port->n_zones; i++) {
		const struct config_zone *zone = &config->zones[port->zone[i]];

		if (!zone->vlans.any && config_vlans_have(&zone->vlans, iface->pvid) &&
		    !config_vlans_have(&zone->vlans, LC_VLAN_UNTAGGED))
			notes_add(&port->warnings,
				  "zone %s lists VLAN %u, the PVID of %s: its frames arrive untagged there; list "
				  "\"untagged\" too",
				  zone->name, iface->pvid, iface->name);
	}
}

static int add_port(struct plan *plan, const struct iface *iface, const uint16_t *zone, size_t n)
{
	struct plan_port *bigger = reallocarray(plan->port, plan->n + 1, sizeof(*bigger));
	struct plan_port *port;

	if (!bigger)
		return -ENOMEM;
	plan->port = bigger;
	port = &plan->port[plan->n++];
	*port = (struct plan_port){.iface = *iface, .n_zones = n < LC_PORT_ZONES ? n : LC_PORT_ZONES - 1};
	memcpy(port->zone, zone, port->n_zones * sizeof(*zone));
	if (n >= LC_PORT_ZONES)
		notes_add(&port->warnings, "%s is in %zu zones, only the first %d count: join some of them",
			  iface->name, n, LC_PORT_ZONES - 1);
	if (iface->switchdev)
		notes_add(&port->warnings,
			  "%s belongs to a switch chip: frames that the chip forwards itself never reach this program; "
			  "turn hardware forwarding off, or block the devices in the chip",
			  iface->name);
	return 0;
}

static bool pattern_used(const struct config_zone *zone, const char *pattern, const struct devices *devices)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct iface *iface = &devices->all[i];

		if (match_pattern(pattern, iface->name, bridge_of(devices, iface)) &&
		    !any_glob(zone->exclude, zone->n_exclude, iface->name))
			return true;
	}
	return false;
}

/* A pattern that nothing matches may be a port to come, or a typing error: say it. */
static void unused_patterns(const struct config *config, const struct devices *devices, struct notes *warnings)
{
	for (size_t z = 0; z < config->n_zones; z++) {
		const struct config_zone *zone = &config->zones[z];

		for (size_t i = 0; i < zone->n_interfaces; i++)
			if (!pattern_used(zone, zone->interfaces[i], devices))
				notes_add(warnings,
					  "zone %s: no interface matches \"%s\" now; one that appears is taken",
					  zone->name, zone->interfaces[i]);
	}
}

int plan_make(const struct config *config, const struct iface *iface, size_t n, struct plan *plan)
{
	const struct devices devices = {.all = iface, .n = n};
	uint16_t zone[LC_PORT_ZONES - 1];
	int error;

	*plan = (struct plan){0};
	for (size_t i = 0; i < n; i++) {
		size_t zones = zones_of(config, &devices, &iface[i], zone);

		if (!zones || !usable(config, &devices, &iface[i], &plan->warnings))
			continue;
		error = add_port(plan, &iface[i], zone, zones);
		if (error)
			return error;
		warn_of_pvid(config, &devices, &plan->port[plan->n - 1]);
	}
	unused_patterns(config, &devices, &plan->warnings);
	return 0;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		notes_clear(&plan->port[i].warnings);
	free(plan->port);
	notes_clear(&plan->warnings);
	*plan = (struct plan){0};
}

const struct plan_port *plan_find(const struct plan *plan, int ifindex)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->port[i].iface.ifindex == ifindex)
			return &plan->port[i];
	return NULL;
}
