/* SPDX-License-Identifier: GPL-2.0-only */
/* What only shows when the whole configuration is read: names given twice, zones that overlap, limits that contradict. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"

#define DEFAULT_ACTIONS (1u << LC_DROP | 1u << LC_MONITOR | 1u << LC_ALLOW)
#define BRIDGE "bridge:"

/* ---- Names ---- */
struct named {
	const char *name, *noun;
	const struct config_place *place;
	size_t order;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* A missing name was complained of where it is missing. */
static void add_name(struct named *names, size_t *n, const char *name, const char *noun, const struct config_place *place)
{
	if (!name)
		return;
	names[*n] = (struct named){name, noun, place, *n};
	(*n)++;
}

static void check_names(struct reader *r, struct named *names, size_t n)
{
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++) {
		const struct named *first = &names[i - 1], *second = &names[i];

		if (!strcmp(first->name, second->name))
			complain(&r->complaints, second->place, "%s '%s' has the name of the %s at %s:%u:%u; give it another or remove it",
				 second->noun, second->name, first->noun, first->place->file, first->place->line,
				 first->place->column);
	}
}

static void check_zone_names(struct reader *r)
{
	struct named names[CONFIG_ZONES];
	const struct config *c = r->config;
	size_t n = 0;

	for (size_t i = 0; i < c->n_zones; i++)
		add_name(names, &n, c->zones[i].name, "zone", &c->zones[i].place);
	check_names(r, names, n);
}

/* Feeds and lists are both sources: state, log and `lenscap feed accept` tell them apart by name alone. */
static void check_source_names(struct reader *r)
{
	struct named names[CONFIG_FEEDS + CONFIG_LISTS];
	const struct config *c = r->config;
	size_t n = 0;

	for (size_t i = 0; i < c->n_lists; i++)
		add_name(names, &n, c->lists[i].name, "vendor list", &c->lists[i].place);
	for (size_t i = 0; i < c->n_feeds; i++)
		add_name(names, &n, c->feeds[i].name, "feed", &c->feeds[i].place);
	check_names(r, names, n);
}

/* ---- Zones ---- */
/* The name of one interface, neither a glob nor a bridge's ports. */
static bool is_literal(const char *name)
{
	return !is_glob(name) && strncmp(name, BRIDGE, strlen(BRIDGE)) != 0;
}

/* What NAME and the entry OTHER of another zone have in common, as far as the text alone tells. */
static bool names_meet(const char *name, const char *other)
{
	return !strcmp(name, other) || (is_literal(name) && is_glob(other) && !fnmatch(other, name, 0));
}

static bool is_excluded(const struct config_zone *zone, const char *name)
{
	for (size_t i = 0; i < zone->n_exclude; i++)
		if (!fnmatch(zone->exclude[i], name, 0))
			return true;
	return false;
}

/* An interface that two zones name for sure, NULL when the text alone does not tell: the loader sees the rest. Excluded
 * names may leave nothing of what a glob or a bridge holds in common. */
static const char *shared_interface(const struct config_zone *a, const struct config_zone *b)
{
	for (size_t i = 0; i < a->n_interfaces; i++) {
		const char *name = a->interfaces[i];

		if (is_literal(name) ? is_excluded(a, name) || is_excluded(b, name) : a->n_exclude || b->n_exclude)
			continue;
		for (size_t j = 0; j < b->n_interfaces; j++)
			if (names_meet(name, b->interfaces[j]))
				return name;
	}
	return NULL;
}

/* A VLAN that both list, LC_VLANS when both mean any, -1 when the more specific wins or nothing meets. */
static int shared_vlan(const struct config_vlans *a, const struct config_vlans *b)
{
	if (a->any || b->any)
		return a->any && b->any ? LC_VLANS : -1;
	for (unsigned vlan = 0; vlan < LC_VLANS; vlan++)
		if (config_vlans_have(a, vlan) && config_vlans_have(b, vlan))
			return (int)vlan;
	return -1;
}

static void check_pair(struct reader *r, const struct config_zone *first, const struct config_zone *second)
{
	int vlan = shared_vlan(&first->vlans, &second->vlans);
	const char *name;
	char text[16];

	if (vlan < 0)
		return;
	name = shared_interface(first, second);
	if (!name)
		name = shared_interface(second, first);
	if (!name)
		return;
	(void)snprintf(text, sizeof(text), vlan == LC_VLANS ? "any VLAN" : vlan == LC_VLAN_UNTAGGED ? "untagged" : "VLAN %d", vlan);
	complain(&r->complaints, &second->place, "zone '%s' overlaps zone '%s' (%s:%u:%u): both hold %s, %s; take it out of one",
		 second->name, first->name, first->place.file, first->place.line, first->place.column, name, text);
}

static void check_zone(struct reader *r, struct config_zone *zone)
{
	zone->permitted |= (uint16_t)((zone->permitted ? 0 : DEFAULT_ACTIONS) | 1u << zone->action);
	for (size_t i = 0; i < zone->n_interfaces; i++)
		if (is_literal(zone->interfaces[i]) && is_excluded(zone, zone->interfaces[i]))
			complain(&r->complaints, &zone->place, "zone '%s' names '%s' and excludes it; keep one of both", zone->name,
				 zone->interfaces[i]);
}

static void check_zones(struct reader *r)
{
	struct config *c = r->config;

	for (size_t i = 0; i < c->n_zones; i++) {
		if (!c->zones[i].name) /* complained of where it is missing */
			continue;
		check_zone(r, &c->zones[i]);
		for (size_t j = 0; j < i; j++)
			if (c->zones[j].name)
				check_pair(r, &c->zones[j], &c->zones[i]);
	}
}

/* ---- Feeds ---- */
static bool has_columns(const struct config_feed *feed)
{
	for (unsigned c = 0; c < FEED_COLUMNS; c++)
		if (feed->columns[c])
			return true;
	return false;
}

/* What contradicts itself, or would refuse every content. */
static void check_format(struct reader *r, const struct config_feed *feed)
{
	bool columns = has_columns(feed), csv = feed->format == FORMAT_CSV;
	const char *wrong = NULL;

	if (feed->n_keys && feed->format != FORMAT_NATIVE && feed->format != FORMAT_DETECT)
		wrong = "has 'public-keys', but only the native format has the serial and expires that a signed feed needs; "
			"take out one of 'format' and 'public-keys'";
	else if (feed->n_keys && columns)
		wrong = "has 'public-keys', which CSV cannot have; take out one of 'columns' and 'public-keys'";
	else if (csv && !columns)
		wrong = "is CSV without 'columns'; write columns: {mac: NAME} with the name of the address column";
	else if (columns && !csv && feed->format != FORMAT_DETECT)
		wrong = "has 'columns', which only CSV has; write format: csv or take them out";
	else if (columns && !feed->columns[COLUMN_MAC])
		wrong = "has 'columns' without 'mac'; name the column of the addresses";
	else if (feed->min_serial && feed->format != FORMAT_NATIVE && feed->format != FORMAT_DETECT)
		wrong = "has 'min-serial', but only the native format has serials; take it out";
	if (wrong)
		complain(&r->complaints, &feed->place, "feed '%s' %s", feed->name ? feed->name : "", wrong);
}

static void check_feeds(struct reader *r)
{
	const uint64_t share = r->config->capacity - CONFIG_RESERVED;

	for (size_t i = 0; i < r->config->n_feeds; i++) {
		struct config_feed *feed = &r->config->feeds[i];

		if (!feed->path && !feed->url && feed->name)
			complain(&r->complaints, &feed->place, "feed '%s' has no 'path' and no 'url'; add one", feed->name);
		check_format(r, feed);
		if (feed->max_entries > share)
			complain(&r->complaints, &feed->place,
				 "feed '%s' may have %lu entries, but capacity %u less %d for overrides leaves %lu; raise 'capacity' or lower 'max-entries'",
				 feed->name ? feed->name : "", (unsigned long)feed->max_entries, r->config->capacity, CONFIG_RESERVED,
				 (unsigned long)share);
		if (!feed->max_entries)
			feed->max_entries = share;
		config_check_transport(r, feed);
	}
}

/* ---- Addresses and paths ---- */
static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort_protected(struct config *c)
{
	size_t kept = 0;

	qsort(c->protect, c->n_protect, sizeof(*c->protect), by_address);
	for (size_t i = 0; i < c->n_protect; i++)
		if (!kept || c->protect[kept - 1] != c->protect[i])
			c->protect[kept++] = c->protect[i];
	c->n_protect = kept;
}

static void check_paths(struct reader *r)
{
	const struct config *c = r->config;
	const struct {
		const char *key, *path;
	} paths[] = {{"run", c->run}, {"state", c->state}, {"log", c->log}, {"overrides", c->overrides}, {"data", c->data}};
	const struct config_place at = {.file = c->file};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (size_t j = 0; j < i; j++)
			if (paths[i].path && paths[j].path && !strcmp(paths[i].path, paths[j].path))
				complain(&r->complaints, &at, "paths '%s' and '%s' are both %s; give each a folder of its own",
					 paths[j].key, paths[i].key, paths[i].path);
}

void config_check(struct reader *r)
{
	check_zone_names(r);
	check_source_names(r);
	check_zones(r);
	config_check_actions(r);
	check_feeds(r);
	check_paths(r);
	if (r->config->n_protect)
		sort_protected(r->config);
}
