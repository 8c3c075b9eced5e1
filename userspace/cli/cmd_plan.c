/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap plan: what a feed's or list's next content would change, whom it would hit, and what its guards would say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/file.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../policy/guard.h"
#include "../policy/load.h"
#include "cli.h"
#include "content.h"
#include "decision.h"
#include "meanings.h"
#include "names.h"
#include "plan_delta.h"

enum { FEED, LIST, VERBOSE };
const struct cli_option plan_options[] = {
    {'f', "feed", "NAME", "FILE is this feed's next content (default: the feed its header names)"},
    {'l', "list", "NAME", "FILE is this vendor list's next content"},
    {'v', "verbose", NULL, "every change, not the first 20"},
    {0, NULL, NULL, NULL},
};

#define SHOWN 20
#define HITS 64

struct plan {
	struct cli *cli;
	const struct content *content;
	struct policy *policy;
	size_t source;
	int64_t now;
	struct feed_header header, in_force; /* serial -1: no list with a serial is in force */
	char sha256[65]; /* of the content: a delta's own */
	char record_sha256[65];
	struct journal journal; /* of the feed */
	int64_t since; /* -1 = a whole list */
	struct entry_set set;
	struct changes changes;
	char refusal[FEED_ERROR]; /* "" = none */
	bool whole;		  /* every source could be read */
	bool held;		  /* it waits for a person, rather than being refused */
	struct live hit[HITS];
	size_t hits;
};

/* The source that the options, or the file's header, name. False, told. */
static bool find_source(struct plan *p)
{
	const char *name = p->cli->option[FEED] ? p->cli->option[FEED] : p->cli->option[LIST];
	enum source_kind kind = p->cli->option[LIST] ? SOURCE_LIST : SOURCE_FEED;
	struct source_rules any = {
	    .min_length = 24, .may_allow = true, .header = true, .delta = true, .format = FORMAT_DETECT};

	if (!name) {
		if (native_parse(p->content->name, p->content->data, p->content->size, &any, &p->header, &p->set,
				 p->refusal) != 0) {
			(void)cli_say(p->cli, CLI_NEGATIVE, "%s", p->refusal);
			return false;
		}
		entry_set_free(&p->set);
		p->set = (struct entry_set){0};
		name = p->header.list;
	}
	if (!name[0]) {
		(void)cli_say(p->cli, CLI_FAILED, "%s: this format does not say which feed it is; name it with --feed", p->content->name);
		return false;
	}
	for (p->source = 1; p->source < policy_sources(p->policy); p->source++)
		if (policy_source_kind(p->policy, p->source) == kind &&
		    strcmp(policy_source_name(p->policy, p->source), name) == 0)
			return true;
	(void)cli_say(p->cli, CLI_FAILED, "%.64s: no such %s in the configuration; name one with --feed or --list",
		      name, kind == SOURCE_LIST ? "vendor list" : "feed");
	return false;
}

static const struct config_feed *feed_of(const struct plan *p)
{
	return policy_source_kind(p->policy, p->source) == SOURCE_FEED ? &p->cli->config->feeds[p->source - 1] : NULL;
}

/* What lenscapd remembers of the feed; without a memory it is a first snapshot. */
static void read_memory(const struct plan *p, struct guard_memory *memory)
{
	char *path = path_join(p->cli->config->state, PATH_GUARD), error[FEED_ERROR];
	struct guard_source *sources = NULL;
	size_t n = 0;

	guard_memory_init(memory);
	if (path && guard_load(path, &sources, &n, error) == 0)
		for (size_t i = 0; i < n; i++)
			if (strcmp(sources[i].name, policy_source_name(p->policy, p->source)) == 0)
				*memory = sources[i].memory;
	guard_catch_up(memory, &p->journal);
	free(sources);
	free(path);
}

static bool accepted(const struct plan *p)
{
	char *folder = path_join(p->cli->config->overrides, PATH_ACCEPT), *text = NULL;
	char *path = folder ? path_join(folder, policy_source_name(p->policy, p->source)) : NULL;
	size_t size = 0;
	bool yes = path && file_read(path, 256, &text, &size) == 0 && strncmp(text, p->sha256, 64) == 0;

	free(text);
	free(path);
	free(folder);
	return yes;
}

/* The live addresses it would newly stop; telling them needs no guard. */
static void find_hits(struct plan *p)
{
	struct live_set live = {0};

	if (live_read(&live) != 0)
		return;
	p->hits = guard_newly_stopped(p->policy, p->source, &p->set, p->now, &live, p->hit, HITS);
	live_free(&live);
}

/* As lenscapd asks its guards, in the same order. */
static void ask_guards(struct plan *p, const struct config_feed *feed)
{
	struct guard_limits limits = {feed->max_weakening, feed->max_newly_stopped};
	struct guard_content content = {feed->name, p->sha256};
	const struct entry_set *old = policy_source_set(p->policy, p->source);
	struct guard_memory memory;
	uint64_t weakened;
	int err;

	read_memory(p, &memory);
	err = guard_min_serial(&p->header, feed->min_serial, p->refusal);
	if (!err && !(p->in_force.delta[0] && p->header.serial == p->in_force.serial && entry_set_equal(old, &p->set)))
		err = guard_serial(&memory, &p->header, p->sha256, p->refusal);
	if (!err)
		err = guard_expiry(&p->header, p->now, p->refusal);
	if (err || accepted(p) || strcmp(memory.sha256, p->sha256) == 0)
		return;
	weakened = guard_weakened(p->policy, p->source, &p->set, p->now);
	err = guard_weakening(&memory, &limits, &content, old->n, weakened, (int64_t)time(NULL), p->refusal);
	if (!err && p->hits)
		err = guard_stops(&limits, &content, p->hit, p->hits, p->refusal);
	p->held = err == -EPERM;
}

static void show_counts(const struct plan *p)
{
	uint64_t added = 0, removed = 0, stronger = 0, weaker = 0;

	for (size_t i = 0; i < p->changes.n; i++) {
		const struct change *c = &p->changes.change[i];
		int before = action_strictness(c->before & LC_ACTION_MASK),
		    after = action_strictness(c->after & LC_ACTION_MASK);

		if (!c->before)
			added++;
		else if (!c->after)
			removed++;
		else if (after < before || (after == before && c->after & LC_ENTRY_DRY_RUN))
			weaker++;
		else
			stronger++;
	}
	out_uint(p->cli->out, "added", "added", added);
	out_uint(p->cli->out, "removed", "removed", removed);
	out_uint(p->cli->out, "stronger", "stronger", stronger);
	out_uint(p->cli->out, "weaker", "weaker", weaker);
}

static void show_changes(const struct plan *p)
{
	size_t most = p->cli->option[VERBOSE] ? p->changes.n : SHOWN;
	unsigned actions = 0;

	out_table(p->cli->out, "changes", "Changes", "none");
	for (size_t i = 0; i < p->changes.n && i < most; i++) {
		const struct change *c = &p->changes.change[i];
		char entry[ENTRY_TEXT];

		entry_format(c->key << LC_WORD_KEY_SHIFT, entry);
		actions |= 1u << (c->before & LC_ACTION_MASK) | 1u << (c->after & LC_ACTION_MASK);
		out_row(p->cli->out);
		out_string(p->cli->out, "entry", "ENTRY", entry);
		out_string(p->cli->out, "before", "BEFORE", c->before ? verdict_name(c->before) : NULL);
		out_string(p->cli->out, "after", "AFTER", c->after ? verdict_name(c->after) : NULL);
		out_row_end(p->cli->out);
	}
	out_table_end(p->cli->out);
	if (p->changes.n > most)
		out_line(p->cli->out, "and %zu more; -v shows all", p->changes.n - most);
	meanings_show(p->cli->out, p->cli->config, actions);
}

static void show_hits(const struct plan *p)
{
	out_uint(p->cli->out, "newly_stopped", NULL, p->hits);
	out_table(p->cli->out, "hits", "Devices on the network now that it would newly stop", "none");
	for (size_t i = 0; i < p->hits && i < HITS; i++) {
		uint8_t nibble = policy_verdict(p->policy, p->hit[i].mac48, p->now, p->source, &p->set);
		char mac[MAC_TEXT];

		mac_format(p->hit[i].mac48, mac);
		out_row(p->cli->out);
		out_string(p->cli->out, "mac", "MAC", mac);
		out_string(p->cli->out, "port", "PORT", p->hit[i].port);
		out_string(p->cli->out, "action", "ACTION", verdict_name(nibble));
		out_bool(p->cli->out, "gateway", "GATEWAY", p->hit[i].gateway);
		out_row_end(p->cli->out);
	}
	out_table_end(p->cli->out);
	if (p->hits > HITS)
		out_line(p->cli->out, "and %zu more", p->hits - HITS);
}

static int show(const struct plan *p)
{
	struct out *o = p->cli->out;
	const char *answer = p->held ? "held back" : p->refusal[0] ? "refused" : "applied";

	out_string(o, "source", "source", policy_source_name(p->policy, p->source));
	out_string(o, "sha256", "sha256", p->sha256);
	if (p->since >= 0)
		out_int(o, "since", "a delta from serial", p->since);
	out_int(o, "serial", "serial", p->header.serial);
	out_uint(o, "entries", "entries", p->set.n);
	out_string(o, "answer", "it would be", answer);
	out_string(o, "why", p->refusal[0] ? "why" : NULL, p->refusal[0] ? p->refusal : NULL);
	show_counts(p);
	show_changes(p);
	show_hits(p);
	out_bool(o, "whole", NULL, p->whole);
	return p->refusal[0] || !p->whole ? CLI_NEGATIVE : CLI_DONE;
}

/* The content as a whole list. */
static int read_content(struct plan *p)
{
	struct source_rules rules = policy_rules(p->cli->config, p->policy, p->source);
	int err = native_parse(p->content->name, p->content->data, p->content->size, &rules, &p->header, &p->set, p->refusal);

	memcpy(p->sha256, p->content->sha256, sizeof(p->sha256));
	p->since = err ? -1 : p->header.since;
	p->in_force = (struct feed_header){.serial = -1, .since = -1};
	if (err || !feed_of(p))
		return err;
	plan_in_force(p->cli->config, p->policy, p->source, &p->in_force, p->record_sha256, &p->journal);
	if (p->since < 0)
		return 0;
	return plan_delta(&(struct plan_delta){p->cli->config, p->policy, p->source, p->content, &p->in_force, p->record_sha256}, &p->header,
			  &p->set, p->refusal);
}

static int make_plan(struct plan *p)
{
	int err = read_content(p);

	if (err > 0)
		return cli_say(p->cli, CLI_NEGATIVE, "serial %lld is in force already: it would change nothing", (long long)p->header.serial);
	if (err)
		return cli_say(p->cli, CLI_NEGATIVE, "it would be refused: %s", p->refusal);
	if (policy_diff(p->policy, p->source, &p->set, p->now, &p->changes) != 0)
		return cli_say(p->cli, CLI_FAILED, "out of memory");
	find_hits(p);
	if (feed_of(p))
		ask_guards(p, feed_of(p));
	return show(p);
}

int cmd_plan(struct cli *cli)
{
	struct content content = {0};
	struct plan p = {.cli = cli, .content = &content};
	struct changes expired = {0};
	int code;

	if (cli->option[FEED] && cli->option[LIST])
		return cli_say(cli, CLI_USAGE, "--feed and --list: give one of them");
	if (!cli_config(cli))
		return CLI_FAILED;
	code = content_read(cli, cli->argument[0], &content);
	if (code)
		return code;
	p.policy = decision_load(cli, &p.now, &p.whole);
	code = CLI_FAILED;
	if (p.policy && policy_expire(p.policy, 0, p.now, &expired) == 0) {
		changes_free(&expired);
		if (find_source(&p))
			code = make_plan(&p);
		else
			code = p.refusal[0] ? CLI_NEGATIVE : CLI_FAILED;
	}
	changes_free(&p.changes);
	journal_free(&p.journal);
	entry_set_free(&p.set);
	policy_free(p.policy);
	content_free(&content);
	return code;
}
