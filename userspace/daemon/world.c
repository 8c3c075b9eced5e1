/* SPDX-License-Identifier: GPL-2.0-only */
/* The world: one configuration, its sources in order, and what their files held when it was built. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../feed/delta.h"
#include "../lib/paths.h"
#include "journaled.h"

struct source *world_find(const struct world *w, const struct source *like)
{
	for (size_t i = 0; i < w->n_sources; i++)
		if (w->sources[i].kind == like->kind && !strcmp(w->sources[i].name, like->name))
			return &w->sources[i];
	return NULL;
}

static int describe(const struct world *w, size_t i)
{
	struct source *s = &w->sources[i];

	s->kind = policy_source_kind(w->policy, i);
	s->name = policy_source_name(w->policy, i);
	s->rules = policy_rules(w->config, w->policy, i);
	s->header = (struct feed_header){.serial = -1, .since = -1};
	guard_memory_init(&s->memory);
	s->path = policy_source_path(w->config, w->policy, i);
	if (s->kind == SOURCE_FEED) {
		s->feed = &w->config->feeds[i - 1];
		s->record = s->path;
		s->path = strdup(s->feed->url ? s->feed->url : s->feed->path);
		s->pull = pull_new();
		s->delta = delta_path(s->path);
		s->journal = journal_path(s->record);
	}
	return s->path && ((s->record && s->pull && s->delta && s->journal) || s->kind != SOURCE_FEED) ? 0 : -ENOMEM;
}

static int read_source(const struct world *w, struct source *s, struct entry_set *set, char error[static FEED_ERROR])
{
	struct source_rules rules;

	if (s->kind == SOURCE_LOCAL)
		return overrides_load(w->config, set, s->sha256, error);
	if (!s->record)
		return native_parse_file(s->path, &s->rules, &s->header, set, s->sha256, error);
	rules = source_rules_of_record(&s->rules);
	return journaled_load(s, &rules, set, error);
}

static int64_t file_time(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (int64_t)st.st_mtime;
}

/* A feed whose record is gone though it was accepted once is as unknown as one whose record is damaged. */
static void load_source(const struct world *w, size_t i)
{
	struct source *s = &w->sources[i];
	struct entry_set set = {0};
	char error[FEED_ERROR] = "";
	int err = read_source(w, s, &set, error);

	s->loaded = !err || (err == -ENOENT && s->kind == SOURCE_FEED && !s->memory.sha256[0]);
	if (err) {
		s->sha256[0] = '\0';
		s->header = (struct feed_header){.serial = -1, .since = -1};
	}
	if (!s->loaded) {
		s->refused.at = time(NULL);
		(void)snprintf(s->refused.reason, sizeof(s->refused.reason), "%s", error);
	}
	if (err)
		return;
	if (s->pull && s->feed->url)
		server_load(s);
	s->entries = set.n;
	if (!s->applied) /* else its journal said */
		s->applied = file_time(s->record ? s->record : s->path);
	if (set.strings)
		(void)strings_all(set.strings, &s->texts);
	policy_replace(w->policy, i, &set);
	if (s->header.serial > s->memory.serial) { /* guard.json is damaged or older */
		s->memory.serial = s->header.serial;
		memcpy(s->memory.sha256, s->sha256, sizeof(s->memory.sha256));
	}
}

int world_build(const struct daemon *d, struct config *config, struct world *out)
{
	struct world w = {.config = config};
	int err = policy_from_config(config, &w.policy);

	if (!err) {
		w.n_sources = policy_sources(w.policy);
		w.sources = calloc(w.n_sources, sizeof(*w.sources));
		err = w.sources ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < w.n_sources && !err; i++)
		err = describe(&w, i);
	if (err) {
		w.config = NULL; /* stays the caller's */
		world_free(&w);
		return err;
	}
	for (size_t i = 0; i < w.n_sources; i++) {
		const struct guard_memory *memory = memory_of(d, w.sources[i].name);

		if (memory && w.sources[i].kind == SOURCE_FEED)
			w.sources[i].memory = *memory;
		load_source(&w, i);
	}
	*out = w;
	return 0;
}

void world_free(struct world *w)
{
	for (size_t i = 0; w->sources && i < w->n_sources; i++) {
		pull_free(w->sources[i].pull);
		free(w->sources[i].path);
		free(w->sources[i].record);
		free(w->sources[i].delta);
		free(w->sources[i].journal);
	}
	free(w->sources);
	policy_free(w->policy);
	config_free(w->config);
	*w = (struct world){0};
}
