/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap check: every error of the configuration, and what of it may not mean what it seems to. Changes nothing. */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/text.h"
#include "../policy/vendor.h"
#include "bridges.h"
#include "cli.h"
#include "lines.h"
#include "permits.h"
#include "places.h"

struct check {
	struct cli *cli;
	struct places places;
	struct lines warnings;
};

/* One error a line, as config_load() gives them. */
static int show_errors(struct cli *cli, char *error)
{
	char *rest = NULL;

	out_bool(cli->out, "valid", "valid", false);
	out_list(cli->out, "errors", "Errors");
	for (char *line = strtok_r(error, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		out_item(cli->out, line);
	out_list_end(cli->out);
	return CLI_NEGATIVE;
}

static bool is_on(const struct place *place, const struct config_zone *zone)
{
	for (size_t i = 0; i < place->zones; i++)
		if (place->zone[i] == zone)
			return true;
	return false;
}

/* The ports of a zone: a list for JSON, one cell for text. */
static void show_zone_ports(struct check *c, const struct config_zone *zone)
{
	char text[512] = "";
	size_t used = 0;

	out_list(c->cli->out, "ports", NULL);
	for (size_t i = 0; i < c->places.n; i++) {
		const struct place *place = &c->places.place[i];

		if (!is_on(place, zone))
			continue;
		out_item(c->cli->out, place->port);
		if (used < sizeof(text))
			used +=
			    (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", place->port);
	}
	out_list_end(c->cli->out);
	out_string(c->cli->out, NULL, "PORTS NOW", text);
	if (!used)
		lines_add(&c->warnings, "zone %s: no interface that is there now matches it", zone->name);
}

/* What entries may ask for. */
static void show_permitted(struct out *o, const struct config_zone *zone)
{
	out_list(o, "actions", NULL);
	for (unsigned a = LC_DROP; a <= LC_ALLOW; a++)
		if (zone->permitted & 1u << a)
			out_item(o, action_name((enum lc_action)a));
	out_list_end(o);
}

/* Columns for permit and gateway are worth their room only then. */
static bool contains(const struct config *config)
{
	for (size_t i = 0; i < config->n_zones; i++)
		if (config->zones[i].n_permits)
			return true;
	return false;
}

static void show_zones(struct check *c)
{
	const struct config *config = c->cli->config;

	out_table(c->cli->out, "zones", "Zones", "none");
	for (size_t i = 0; i < config->n_zones; i++) {
		const struct config_zone *zone = &config->zones[i];
		char *vlans = config_vlans_format(&zone->vlans);

		out_row(c->cli->out);
		out_string(c->cli->out, "name", "ZONE", zone->name);
		out_string(c->cli->out, "mode", "MODE", zone->enforce ? "enforce" : "dry-run");
		out_string(c->cli->out, "action", "ACTION", action_name(zone->action));
		out_string(c->cli->out, "direction", "DIRECTION", zone->both ? "both" : "from");
		out_string(c->cli->out, "vlans", "VLANS", vlans);
		show_permitted(c->cli->out, zone);
		permits_fields(c->cli->out, zone, contains(config));
		show_zone_ports(c, zone);
		out_row_end(c->cli->out);
		free(vlans);
	}
	out_table_end(c->cli->out);
}

/* A port's PVID comes in untagged: a zone that lists its number never sees it. */
static void check_pvids(struct check *c)
{
	struct bridge_ports ports;

	bridge_ports_read(&ports);
	for (size_t i = 0; i < c->places.n; i++) {
		const struct place *place = &c->places.place[i];
		const struct bridge_port *port = bridge_ports_find(&ports, place->port);
		unsigned pvid = port ? port->pvid : 0;

		for (size_t z = 0; pvid && z < place->zones; z++)
			if (!place->zone[z]->vlans.any && config_vlans_have(&place->zone[z]->vlans, pvid))
				lines_add(&c->warnings,
					  "zone %s: VLAN %u is the PVID of %s: its frames arrive untagged; list "
					  "\"untagged\" too",
					  place->zone[z]->name, pvid, place->port);
	}
	bridge_ports_free(&ports);
}

static void show_mirror(struct check *c)
{
	const struct config_mirror *mirror = &c->cli->config->mirror;
	const struct place *place = mirror->interface ? places_find(&c->places, mirror->interface) : NULL;
	struct out *o = c->cli->out;

	if (!mirror->interface)
		return;
	out_object(o, "mirror", "Mirror port");
	out_string(o, "interface", "interface", mirror->interface);
	out_text(o, "sample", "1/%u", mirror->sample);
	out_uint(o, "sample", NULL, mirror->sample);
	out_int(o, "snaplen", "snaplen", mirror->snaplen ? (int64_t)mirror->snaplen : -1);
	out_int(o, "rate_limit", "rate-limit", mirror->rate ? (int64_t)mirror->rate : -1);
	out_object_end(o);
	if (!if_nametoindex(mirror->interface))
		lines_add(&c->warnings, "mirror port %s: is not there now; until it is nothing is copied", mirror->interface);
	for (size_t z = 0; place && z < place->zones; z++)
		lines_add(&c->warnings, "zone %s: also matches the mirror port %s; exclude it there", place->zone[z]->name,
			  mirror->interface);
}

static const struct vendor_list *find_list(const struct vendor_lists *lists, const char *name)
{
	for (size_t i = 0; i < lists->n; i++)
		if (strcmp(lists->list[i].name, name) == 0)
			return &lists->list[i];
	return NULL;
}

static void check_list(struct check *c, const struct config_list *list, const struct vendor_lists *lists)
{
	const struct vendor_list *found = strchr(list->name, '/') ? NULL : find_list(lists, list->name);

	if (strchr(list->name, '/')) {
		if (access(list->name, R_OK) != 0)
			lines_add(&c->warnings, "vendor list %s: %s", list->name, strerror(errno));
	} else if (!found) {
		lines_add(&c->warnings, "vendor list %s: not in %s; see: lenscap vendor list", list->name,
			  c->cli->config->data);
	} else if (found->error) {
		lines_add(&c->warnings, "%s", found->error);
	} else if (found->edition + VENDOR_OLD_SECONDS < (int64_t)time(NULL)) {
		lines_add(&c->warnings, "vendor list %s: older than a year; lenscap vendor compile makes it anew",
			  list->name);
	}
}

static void check_sources(struct check *c)
{
	const struct config *config = c->cli->config;
	struct vendor_lists lists = {0};
	char error[FEED_ERROR] = "";

	if (config->n_lists && vendor_lists(config->data, &lists, error) != 0)
		lines_add(&c->warnings, "%s", error);
	for (size_t i = 0; i < config->n_lists; i++)
		check_list(c, &config->lists[i], &lists);
	for (size_t i = 0; i < config->n_feeds; i++)
		if (config->feeds[i].path && access(config->feeds[i].path, R_OK) != 0)
			lines_add(&c->warnings, "feed %s: %s: %s", config->feeds[i].name, config->feeds[i].path,
				  strerror(errno));
	if (!config->n_lists && !config->n_feeds)
		lines_add(&c->warnings, "no vendor list and no feed: only local overrides flag anything");
	vendor_lists_free(&lists);
}

static void check_accounts(struct check *c)
{
	const struct config *config = c->cli->config;

	if (!getpwnam(config->user))
		lines_add(&c->warnings, "user %s does not exist; systemd-sysusers makes it", config->user);
	if (!getgrnam(config->group))
		lines_add(&c->warnings, "group %s does not exist; systemd-sysusers makes it", config->group);
	if (!getgrnam(config->policy_group))
		lines_add(&c->warnings, "group %s does not exist; systemd-sysusers makes it", config->policy_group);
}

int cmd_check(struct cli *cli)
{
	struct check c = {.cli = cli};
	char *error = NULL;
	int err = config_load(cli->config_file, &cli->config, &error), code;

	if (err) {
		code = error ? show_errors(cli, error) : cli_say(cli, CLI_FAILED, "%s", strerror(-err));
		free(error);
		return code;
	}
	out_bool(cli->out, "valid", "valid", true);
	out_string(cli->out, "sha256", "sha256", cli->config->sha256);
	out_list(cli->out, "files", "Files");
	for (size_t i = 0; i < cli->config->n_files; i++)
		out_item(cli->out, cli->config->files[i]);
	out_list_end(cli->out);
	places_present(cli->config, &c.places);
	show_zones(&c);
	show_mirror(&c);
	check_pvids(&c);
	check_sources(&c);
	check_accounts(&c);
	lines_show(&c.warnings, cli->out, "warnings", "Warnings");
	places_free(&c.places);
	lines_free(&c.warnings);
	return CLI_DONE;
}
