/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration as a whole: defaults, reading, what callers ask of it, and its end. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "paths.h"

static void set_defaults(struct reader *r)
{
	struct config *c = r->config;

	c->capacity = 262144;
	c->devices = 16384;
	c->mirror.sample = 1;
	replace_text(r, &c->run, "/run/lenscap");
	replace_text(r, &c->state, "/var/lib/lenscap");
	replace_text(r, &c->log, "/var/log/lenscap");
	replace_text(r, &c->overrides, "/etc/lenscap/overrides.d");
	replace_text(r, &c->data, LENSCAP_DATADIR);
	replace_text(r, &c->user, "lenscap");
	replace_text(r, &c->group, "lenscap");
	replace_text(r, &c->policy_group, "lenscap-policy");
}

/* The names of the files become the configuration's: places point at them. */
static int take_names(struct config *c, const char *file, const struct config_sources *sources)
{
	c->file = strdup(file);
	c->files = calloc(sources->n, sizeof(*c->files));
	if (!c->file || !c->files)
		return -ENOMEM;
	for (; c->n_files < sources->n; c->n_files++) {
		c->files[c->n_files] = strdup(sources->source[c->n_files].path);
		if (!c->files[c->n_files])
			return -ENOMEM;
	}
	return 0;
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

static int walk_all(struct reader *r, const char *file, const struct config_sources *sources)
{
	if (take_names(r->config, file, sources))
		return -ENOMEM;
	set_defaults(r);
	for (size_t i = 0; i < sources->n; i++) {
		r->file = r->config->files[i];
		yaml_walk(r, sources->source[i].data, sources->source[i].size, config_fields, r->config);
	}
	if (!r->out_of_memory)
		config_check(r);
	if (r->out_of_memory)
		return -ENOMEM;
	r->config->devices = power_of_two(r->config->devices);
	config_sources_digest(sources, r->config->sha256);
	return r->complaints.n ? -EINVAL : 0;
}

static int read_config(struct reader *r, const char *file)
{
	struct config_sources sources;
	int err = config_sources_read(file, &sources, &r->complaints);

	if (!err)
		err = walk_all(r, file, &sources);
	config_sources_free(&sources);
	return err;
}

int config_load(const char *file, struct config **out, char **error)
{
	struct reader r = {.config = calloc(1, sizeof(*r.config))};
	char *text;
	int err;

	if (!r.config || complaints_open(&r.complaints)) {
		config_free(r.config);
		*error = NULL;
		return -ENOMEM;
	}
	err = read_config(&r, file ? file : CONFIG_PATH);
	text = complaints_close(&r.complaints);
	if (err) {
		config_free(r.config);
		*error = text ? text : strdup(strerror(-err));
		return err;
	}
	*out = r.config;
	return 0;
}

int config_sha256(const char *file, char sha256[static 65])
{
	struct complaints complaints;
	struct config_sources sources;
	int err = complaints_open(&complaints);

	if (err)
		return err;
	err = config_sources_read(file ? file : CONFIG_PATH, &sources, &complaints);
	if (!err)
		config_sources_digest(&sources, sha256);
	config_sources_free(&sources);
	free(complaints_close(&complaints));
	return err;
}

bool config_vlans_have(const struct config_vlans *vlans, unsigned vlan)
{
	return vlans->any || (vlan < LC_VLANS && vlans->bits[vlan / 8] >> vlan % 8 & 1);
}

static void print_range(FILE *out, unsigned first, unsigned last)
{
	(void)fprintf(out, "%s%u", ftell(out) > 0 ? "," : "", first);
	if (last > first)
		(void)fprintf(out, "-%u", last);
}

static void print_vlans(FILE *out, const struct config_vlans *vlans)
{
	unsigned first = 0;

	if (config_vlans_have(vlans, LC_VLAN_UNTAGGED))
		(void)fputs("untagged", out);
	for (unsigned vlan = 1; vlan < LC_VLAN_UNTAGGED; vlan++) {
		bool here = config_vlans_have(vlans, vlan), next = vlan + 1 < LC_VLAN_UNTAGGED && config_vlans_have(vlans, vlan + 1);

		first = here && !first ? vlan : first;
		if (here && !next) {
			print_range(out, first, vlan);
			first = 0;
		}
	}
}

char *config_vlans_format(const struct config_vlans *vlans)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (vlans->any)
		return strdup("any");
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	print_vlans(out, vlans);
	return fclose(out) ? NULL : text;
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void free_zones(struct config *c)
{
	for (size_t i = 0; i < c->n_zones; i++) {
		free(c->zones[i].name);
		free_texts(c->zones[i].interfaces, c->zones[i].n_interfaces);
		free_texts(c->zones[i].exclude, c->zones[i].n_exclude);
		free(c->zones[i].permits);
		free(c->zones[i].gateways);
	}
	free(c->zones);
}

static void free_feed(struct config_feed *feed)
{
	char *const texts[] = {feed->name,	  feed->path,	    feed->url,	     feed->ca_file,
			       feed->client_cert, feed->client_key, feed->token_file, feed->proxy};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (unsigned k = 0; k < FEED_COLUMNS; k++)
		free(feed->columns[k]);
	free(feed->keys);
}

static void free_sources(struct config *c)
{
	for (size_t i = 0; i < c->n_feeds; i++)
		free_feed(&c->feeds[i]);
	for (size_t i = 0; i < c->n_lists; i++)
		free(c->lists[i].name);
	free(c->feeds);
	free(c->lists);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	free_zones(config);
	free_sources(config);
	free_texts(config->files, config->n_files);
	free(config->protect);
	free(config->mirror.interface);
	char *const texts[] = {config->file, config->run,	 config->state, config->log,	      config->overrides,
			       config->data, config->user, config->group, config->policy_group, config->error};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	free(config);
}
