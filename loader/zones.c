/* SPDX-License-Identifier: GPL-2.0-only */
/* The read-only data of a port's programs: which zone each VLAN is in. */
#include <stdio.h>
#include <string.h>

#include "zones.h"

/* Stricter is higher; dry-run stops nothing and comes below every zone that enforces. */
static int strictness(const struct lc_zone *zone)
{
	static const int rank[LC_ACTION_MASK + 1] = {
	    [LC_ABSENT] = 0,  [LC_ALLOW] = 1,  [LC_MONITOR] = 2, [LC_MIRROR] = 3,
	    [LC_CONTAIN] = 4, [LC_DIVERT] = 5, [LC_DROP] = 6,	 [LC_QUARANTINE] = 6,
	};

	return rank[zone->action & LC_ACTION_MASK] + (zone->flags & LC_ZONE_DRY_RUN ? 0 : 10);
}

static void vlan_text(unsigned vlan, char out[static 16])
{
	if (vlan == LC_VLAN_UNTAGGED)
		snprintf(out, 16, "untagged");
	else
		snprintf(out, 16, "VLAN %u", vlan);
}

struct build {
	const struct config *config;
	const uint16_t *zone;
	size_t n;
	const char *port;
	struct lc_port_conf *conf;
	struct notes *errors;
};

static void complain(const struct build *b, unsigned first, unsigned second, const char *what)
{
	const char *name1 = b->config->zones[b->zone[first - 1]].name;
	const char *name2 = b->config->zones[b->zone[second - 1]].name;

	notes_add(b->errors,
		  "zones %s and %s both claim %s %s, the stricter one has it: list it in one of them only, or take the "
		  "interface out of one with \"exclude:\"",
		  name1, name2, b->port, what);
}

/* Give VLAN to the zone at INDEX unless a stricter one has it. True when it had another owner. */
static bool claim(const struct build *b, unsigned vlan, unsigned index)
{
	uint8_t *owner = &b->conf->vlan_zone[vlan];
	unsigned before = *owner;

	if (!before || strictness(&b->conf->zone[index]) > strictness(&b->conf->zone[before]))
		*owner = (uint8_t)index;
	return before;
}

/* Zones without a VLAN list: they get what nobody lists. */
static void claim_any(const struct build *b)
{
	unsigned first = 0;

	for (unsigned i = 1; i <= b->n; i++) {
		if (!b->config->zones[b->zone[i - 1]].vlans.any)
			continue;
		if (first)
			complain(b, first, i, "for any VLAN");
		else
			first = i;
		for (unsigned vlan = 0; vlan < LC_VLAN_ODD; vlan++)
			if (!b->conf->vlan_zone[vlan] || first != i)
				(void)claim(b, vlan, i);
	}
}

/* One sentence for each pair of zones, naming the first VLAN that both list. */
static void claim_listed(const struct build *b)
{
	for (unsigned i = 1; i <= b->n; i++) {
		const struct config_vlans *vlans = &b->config->zones[b->zone[i - 1]].vlans;
		uint32_t told = 0;

		for (unsigned vlan = 0; !vlans->any && vlan < LC_VLAN_ODD; vlan++) {
			unsigned before = b->conf->vlan_zone[vlan];
			char text[16];

			if (!config_vlans_have(vlans, vlan) || !claim(b, vlan, i) || told & 1u << before)
				continue;
			told |= 1u << before;
			vlan_text(vlan, text);
			complain(b, before, i, text);
		}
	}
}

/* "any" zones come behind: build the lists first, then fill the holes. */
static void claim_all(const struct build *b)
{
	struct lc_port_conf *conf = b->conf;
	uint8_t lists[LC_VLANS];

	claim_listed(b);
	memcpy(lists, conf->vlan_zone, sizeof(lists));
	memset(conf->vlan_zone, 0, sizeof(conf->vlan_zone));
	claim_any(b);
	for (unsigned vlan = 0; vlan < LC_VLANS; vlan++)
		if (lists[vlan])
			conf->vlan_zone[vlan] = lists[vlan];
}

static uint8_t strictest(const struct lc_port_conf *conf, size_t n)
{
	uint8_t best = n ? 1 : 0;

	for (size_t i = 2; i <= n; i++)
		if (strictness(&conf->zone[i]) > strictness(&conf->zone[best]))
			best = (uint8_t)i;
	return best;
}

void zones_build(const struct config *config, const uint16_t *zone, size_t n, const char *port,
		 struct lc_port_conf *conf, struct notes *errors)
{
	const struct build b = {config, zone, n, port, conf, errors};

	memset(conf->zone, 0, sizeof(conf->zone));
	memset(conf->vlan_zone, 0, sizeof(conf->vlan_zone));
	for (size_t i = 0; i < n; i++) {
		const struct config_zone *from = &config->zones[zone[i]];

		conf->zone[i + 1] = (struct lc_zone){
		    .action = (uint8_t)from->action,
		    .flags = (uint8_t)((from->enforce ? 0 : LC_ZONE_DRY_RUN) | (from->both ? LC_ZONE_BOTH : 0)),
		    .permitted = from->permitted,
		    .id = zone[i],
		};
		if (from->both)
			conf->flags |= LC_PORT_BOTH;
	}
	claim_all(&b);
	conf->vlan_zone[0] = conf->vlan_zone[LC_VLAN_UNTAGGED]; /* a priority tag is no VLAN */
	conf->vlan_zone[LC_VLAN_ODD] = strictest(conf, n);
}

void zones_check(const struct config *config, const uint16_t *zone, size_t n, const char *port, struct notes *errors)
{
	struct lc_port_conf conf = {0};

	zones_build(config, zone, n, port, &conf, errors);
}

bool zones_depend_on_vlan(const struct lc_port_conf *conf)
{
	for (unsigned vlan = 1; vlan < LC_VLANS; vlan++)
		if (conf->vlan_zone[vlan] != conf->vlan_zone[0])
			return true;
	return false;
}
