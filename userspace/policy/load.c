/* SPDX-License-Identifier: GPL-2.0-only */
/* Sources as the configuration names them, and their content as files hold it. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/paths.h"

int policy_from_config(const struct config *config, struct policy **out)
{
	struct policy *p = policy_new();
	int err = p ? policy_add_source(p, SOURCE_LOCAL, "local") : -ENOMEM;

	for (size_t i = 0; err >= 0 && i < config->n_feeds; i++)
		err = policy_add_source(p, SOURCE_FEED, config->feeds[i].name);
	for (size_t i = 0; err >= 0 && i < config->n_lists; i++)
		err = policy_add_source(p, SOURCE_LIST, config->lists[i].name);
	if (err < 0) {
		policy_free(p);
		return err;
	}
	*out = p;
	return 0;
}

static struct source_rules local_rules(const struct config *config)
{
	return (struct source_rules){.max_entries = config->capacity, .min_length = 24, .may_allow = true};
}

static struct source_rules feed_rules(const struct config_feed *feed)
{
	return (struct source_rules){
	    .list = feed->name,
	    .max_entries = feed->max_entries,
	    .min_length = feed->min_length,
	    .may_allow = feed->may_allow,
	    .dry_run = !feed->enforce,
	    .header = true,
	    .delta = true,
	    .format = feed->format,
	    .columns = feed->columns,
	    .keys = feed->keys,
	    .n_keys = feed->n_keys,
	};
}

static bool is_path(const char *list)
{
	return strchr(list, '/') != NULL;
}

/* A list flags, no more: exempting is for local entries and for feeds that may. */
static struct source_rules list_rules(const struct config *config, const struct config_list *list)
{
	return (struct source_rules){
	    .list = is_path(list->name) ? NULL : list->name,
	    .max_entries = config->capacity - RESERVED_ENTRIES,
	    .min_length = 24,
	    .dry_run = !list->enforce,
	    .header = true,
	};
}

/* Sources stand in this order: local, feeds, lists. */
struct source_rules policy_rules(const struct config *config, const struct policy *p, size_t source)
{
	switch (policy_source_kind(p, source)) {
	case SOURCE_FEED:
		return feed_rules(&config->feeds[source - 1]);
	case SOURCE_LIST:
		return list_rules(config, &config->lists[source - 1 - config->n_feeds]);
	default:
		return local_rules(config);
	}
}

static char *file_below(const char *base, const char *folder, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s%s%s.jsonl", base, folder, *folder ? "/" : "", name) < 0)
		return NULL;
	return path;
}

char *policy_source_path(const struct config *config, const struct policy *p, size_t source)
{
	const char *name = policy_source_name(p, source);

	switch (policy_source_kind(p, source)) {
	case SOURCE_FEED:
		return file_below(config->state, PATH_FEEDS, name);
	case SOURCE_LIST:
		return is_path(name) ? strdup(name) : file_below(config->data, "", name);
	default:
		return strdup(config->overrides);
	}
}

/* Read one source; a feed that never was accepted has no file, and that is no error. */
static int load_source(const struct config *config, const struct policy *p, size_t source, struct entry_set *set,
		       char error[static FEED_ERROR])
{
	struct source_rules rules = policy_rules(config, p, source);
	enum source_kind kind = policy_source_kind(p, source);
	struct feed_header header;
	char sha256[65];
	char *path;
	int err;

	if (kind == SOURCE_LOCAL)
		return overrides_load(config, set, sha256, error);
	path = policy_source_path(config, p, source);
	if (!path) {
		(void)snprintf(error, FEED_ERROR, "%s: out of memory", policy_source_name(p, source));
		return -ENOMEM;
	}
	if (kind == SOURCE_FEED)
		rules = source_rules_of_record(&rules);
	err = native_parse_file(path, &rules, &header, set, sha256, error);
	free(path);
	return err == -ENOENT && kind == SOURCE_FEED ? 0 : err;
}

/* Add a line to a text; when memory is out the line is lost, not the text. */
static void add_line(char **text, const char *line)
{
	char *more = NULL;

	if (asprintf(&more, "%s%s%s", *text ? *text : "", *text ? "\n" : "", line) < 0)
		return;
	free(*text);
	*text = more;
}

int policy_load(const struct config *config, struct policy *policy, char **warnings)
{
	*warnings = NULL;
	for (size_t s = 0; s < policy_sources(policy); s++) {
		struct entry_set set = {0};
		char error[FEED_ERROR] = "";

		if (load_source(config, policy, s, &set, error))
			add_line(warnings, error);
		else
			policy_replace(policy, s, &set);
	}
	return 0;
}
