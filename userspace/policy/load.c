/* SPDX-License-Identifier: GPL-2.0-only */
/* Sources as the configuration names them, and their content as files hold it. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../feed/kept.h"
#include "../lib/paths.h"

#define TRIES 5
#define TRY_USEC 20000

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

/* The serial that a feed's journal leads to, as lenscapd wrote down behind it; -1 = none, or nobody may know. */
static int64_t journaled(const struct config *config, const char *name)
{
	char *path = path_join(config->state, PATH_GUARD), error[FEED_ERROR];
	struct guard_source *sources = NULL;
	int64_t serial = -1;
	size_t n = 0;

	if (path && !guard_load(path, &sources, &n, error))
		for (size_t i = 0; i < n; i++)
			if (!strcmp(sources[i].name, name))
				serial = sources[i].memory.journaled;
	free(sources);
	free(path);
	return serial;
}

static int try_feed(const struct config *config, const char *name, const char *path, const struct source_rules *rules,
		    struct entry_set *set, char error[static FEED_ERROR])
{
	int64_t serial = journaled(config, name); /* before the journal, which only goes on */
	struct journal journal = {0};
	struct feed_header header;
	char sha256[65];
	int err = kept_load(path, rules, &header, set, sha256, &journal, error);

	if (!err && (journal.behind || serial > header.serial)) {
		(void)snprintf(error, FEED_ERROR, "%.200s: the journal of deltas beside it is damaged or cut off; lenscap status says what is in force",
			       path);
		entry_set_free(set);
		err = -EBADMSG;
	}
	journal_free(&journal);
	return err;
}

/* A step that lenscapd is just writing is whole a moment later. */
static int load_feed(const struct config *config, const char *name, const char *path, const struct source_rules *rules,
		     struct entry_set *set, char error[static FEED_ERROR])
{
	const struct source_rules kept = source_rules_of_record(rules);
	int err = try_feed(config, name, path, &kept, set, error);

	for (unsigned i = 0; err == -EBADMSG && i < TRIES; i++) {
		(void)usleep(TRY_USEC);
		err = try_feed(config, name, path, &kept, set, error);
	}
	return err == -ENOENT ? 0 : err;
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
		err = load_feed(config, policy_source_name(p, source), path, &rules, set, error);
	else
		err = native_parse_file(path, &rules, &header, set, sha256, error);
	free(path);
	return err;
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
