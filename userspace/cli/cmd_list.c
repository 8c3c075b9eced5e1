/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap list: the policy in force, one row for each prefix with the entry that decides it. */
#include <stdlib.h>
#include <string.h>

#include "../lib/digest.h"
#include "../lib/log.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../lib/view.h"
#include "cli.h"
#include "decision.h"
#include "meanings.h"
#include "names.h"

enum { SOURCE, ACTION };
const struct cli_option list_options[] = {
    {'s', "source", "NAME", "only what this source decides"},
    {'a', "action", "ACTION", "only this action"},
    {0, NULL, NULL, NULL},
};

struct filter {
	const char *source;
	enum lc_action action; /* LC_ABSENT = any */
	struct prefix prefix;
	bool has_prefix;
};

struct walk {
	const struct policy *p;
	int64_t now;
	size_t *next; /* by source */
};

static uint64_t key_of(const struct entry *e)
{
	return e->word >> LC_WORD_KEY_SHIFT;
}

/* The smallest key that is left, and all sources moved behind it. False at the end. */
static bool next_key(struct walk *w, uint64_t *key)
{
	*key = UINT64_MAX;
	for (size_t s = 0; s < policy_sources(w->p); s++) {
		const struct entry_set *set = policy_source_set(w->p, s);

		if (w->next[s] < set->n && key_of(&set->entries[w->next[s]]) < *key)
			*key = key_of(&set->entries[w->next[s]]);
	}
	for (size_t s = 0; *key != UINT64_MAX && s < policy_sources(w->p); s++) {
		const struct entry_set *set = policy_source_set(w->p, s);

		while (w->next[s] < set->n && key_of(&set->entries[w->next[s]]) == *key)
			w->next[s]++;
	}
	return *key != UINT64_MAX;
}

/* Do the entry and the prefix have addresses in common? */
static bool overlap(uint64_t word, const struct prefix *prefix)
{
	unsigned bits = prefix_bits(word >> LC_WORD_KEY_SHIFT & 3);
	unsigned rest = 48 - (bits < prefix->len ? bits : prefix->len);

	return word >> LC_WORD_PREFIX_SHIFT >> rest == prefix->mac48 >> rest;
}

static bool wanted(const struct filter *f, const struct policy *p, const struct candidate *c)
{
	if (!c->entry || (f->source && strcmp(policy_source_name(p, c->source), f->source) != 0))
		return false;
	if (f->action != LC_ABSENT && (c->entry->word & LC_ACTION_MASK) != f->action)
		return false;
	return !f->has_prefix || overlap(c->entry->word, &f->prefix);
}

static void show_row(struct out *o, const struct policy *p, const struct candidate *c)
{
	const struct strings *strings = policy_source_set(p, c->source)->strings;
	const char *vendor = strings_get(strings, c->entry->vendor), *reason = strings_get(strings, c->entry->reason);
	char entry[ENTRY_TEXT];

	entry_format(c->entry->word, entry);
	out_row(o);
	out_string(o, "entry", "ENTRY", entry);
	out_string(o, "action", "ACTION", verdict_name(c->entry->word & 15));
	out_string(o, "source", "SOURCE", policy_source_name(p, c->source));
	out_uint(o, "length", NULL, c->entry->length);
	out_string(o, "vendor", "VENDOR", vendor && *vendor ? vendor : NULL);
	out_time(o, "until", "UNTIL", c->entry->until);
	out_string(o, "reason", "REASON", reason && *reason ? reason : NULL);
	out_row_end(o);
}

static bool parse_filter(const struct cli *cli, struct filter *f)
{
	const char *reason = NULL;

	*f = (struct filter){.source = cli->option[SOURCE]};
	f->has_prefix = cli->arguments == 1;
	if (f->has_prefix && prefix_parse(cli->argument[0], &f->prefix, &reason) != 0) {
		(void)cli_say(cli, CLI_USAGE, "%.64s: %s", cli->argument[0], reason);
		return false;
	}
	f->action = cli->option[ACTION] ? action_parse(cli->option[ACTION]) : LC_ABSENT;
	if (cli->option[ACTION] && f->action == LC_ABSENT) {
		(void)cli_say(cli, CLI_USAGE, "--action %.64s: not an action; use " ACTION_NAMES,
			      cli->option[ACTION]);
		return false;
	}
	return true;
}

static bool has_source(const struct cli *cli, const struct policy *p, const char *name)
{
	for (size_t s = 0; s < policy_sources(p); s++)
		if (!name || strcmp(policy_source_name(p, s), name) == 0)
			return true;
	(void)cli_say(cli, CLI_FAILED, "--source %.64s: no such source; see: lenscap feed list", name);
	return false;
}

/* Is what the files say what the kernel holds? A refused override file or a list just replaced is not in force. */
static bool kernel_agrees(const struct cli *cli, const struct policy *p, int64_t now)
{
	char *dir = path_join(cli->config->run, PATH_BPF);
	struct lc_policy_head head;
	struct digest digest;
	struct view *v = NULL;
	uint64_t *words = NULL;
	uint8_t bytes[32] = {0};
	bool same = true; /* where the maps cannot be read, the files are all there is; status says so */
	size_t n = 0;

	if (dir && view_open(dir, &v) == 0 && view_head(v, &head) == 0 && policy_words(p, now, &words, &n) == 0) {
		digest = digest_of(words, n);
		digest_bytes(&digest, bytes);
		same = memcmp(bytes, head.digest, sizeof(bytes)) == 0;
	}
	if (!same)
		log_warning("this is what the files say, the kernel holds another policy; see: lenscap status");
	free(words);
	view_close(v);
	free(dir);
	return same;
}

int cmd_list(struct cli *cli)
{
	struct filter filter;
	struct walk w = {0};
	struct policy *p;
	unsigned actions = 0;
	uint64_t key;
	bool whole;

	if (!parse_filter(cli, &filter))
		return CLI_USAGE;
	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	p = decision_load(cli, &w.now, &whole);
	if (!p)
		return CLI_FAILED;
	w.p = p;
	w.next = calloc(policy_sources(p), sizeof(*w.next));
	if (!w.next || !has_source(cli, p, filter.source)) {
		free(w.next);
		policy_free(p);
		return CLI_FAILED;
	}
	out_table(cli->out, "entries", NULL, "nothing is flagged");
	while (next_key(&w, &key)) {
		struct candidate c = policy_winner(p, key, w.now);

		if (!wanted(&filter, p, &c))
			continue;
		show_row(cli->out, p, &c);
		actions |= 1u << (c.entry->word & LC_ACTION_MASK);
	}
	out_table_end(cli->out);
	meanings_show(cli->out, cli->config, actions);
	whole = kernel_agrees(cli, p, w.now) && whole;
	out_bool(cli->out, "whole", NULL, whole);
	free(w.next);
	policy_free(p);
	return whole ? CLI_DONE : CLI_NEGATIVE;
}
