/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy: sources in order, who decides a key or an address, every word in force. */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources.h"

#define NO_SOURCE UINT16_MAX /* struct change's "none" bounds how many there may be */

struct policy *policy_new(void)
{
	return calloc(1, sizeof(struct policy));
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t s = 0; s < p->n; s++) {
		free(p->source[s].name);
		entry_set_free(&p->source[s].set);
	}
	free(p->source);
	free(p);
}

int policy_add_source(struct policy *p, enum source_kind kind, const char *name)
{
	struct source *more;
	char *copy;

	if (p->n == NO_SOURCE)
		return -ENOSPC;
	more = realloc(p->source, (p->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->source = more;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	p->source[p->n] = (struct source){.kind = kind, .name = copy};
	return (int)p->n++;
}

size_t policy_sources(const struct policy *p)
{
	return p->n;
}

const char *policy_source_name(const struct policy *p, size_t source)
{
	return p->source[source].name;
}

enum source_kind policy_source_kind(const struct policy *p, size_t source)
{
	return p->source[source].kind;
}

const struct entry_set *policy_source_set(const struct policy *p, size_t source)
{
	return &p->source[source].set;
}

struct entry_set *policy_source_whole(struct policy *p, size_t source)
{
	return &p->source[source].set;
}

size_t policy_count(const struct policy *p)
{
	return p->count;
}

struct winner winner_with(struct winner others, size_t source, const struct entry *e)
{
	struct winner own = {.entry = e, .source = source};

	if (!e || !others.entry)
		return e ? own : others;
	if (on_trial(e) != on_trial(others.entry))
		return on_trial(e) ? others : own;
	if (e->length != others.entry->length)
		return e->length > others.entry->length ? own : others;
	return source < others.source ? own : others;
}

struct winner winner_without(const struct policy *p, uint64_t key, int64_t now, size_t source)
{
	struct winner best = {NULL, SIZE_MAX};

	for (size_t s = 0; s < p->n; s++)
		if (s != source)
			best = winner_with(best, s, entry_set_at(&p->source[s].set, key, now));
	return best;
}

struct candidate policy_winner(const struct policy *p, uint64_t key, int64_t now)
{
	struct winner w = winner_without(p, key, now, SIZE_MAX);

	return (struct candidate){.source = w.source, .entry = w.entry};
}

/* As the programs do it (bpf/policy.h): the longest prefix, but one on trial only where no enforced one is. */
uint8_t verdict_below(const struct policy *p, uint64_t mac48, unsigned longest, int64_t now, size_t source,
		      const struct entry_set *set)
{
	uint8_t trial = LC_ABSENT;

	for (unsigned code = longest + 1; code-- > 0;) {
		uint64_t key = address_key(mac48, code);
		struct winner w = winner_without(p, key, now, set ? source : SIZE_MAX);

		if (set)
			w = winner_with(w, source, entry_set_at(set, key, now));
		if (w.entry && !on_trial(w.entry))
			return verdict_of(w.entry);
		if (trial == LC_ABSENT)
			trial = verdict_of(w.entry);
	}
	return trial;
}

uint8_t policy_verdict(const struct policy *p, uint64_t mac48, int64_t now, size_t source, const struct entry_set *set)
{
	return verdict_below(p, mac48, LC_LENGTHS - 1, now, source, set);
}

/* Take the lowest key at the cursors, step over it everywhere, and tell who decides it. False at the end. */
static bool take_key(const struct policy *p, size_t *at, int64_t now, struct winner *w)
{
	uint64_t key = UINT64_MAX;

	for (size_t s = 0; s < p->n; s++)
		if (at[s] < p->source[s].set.n && entry_key(&p->source[s].set.entries[at[s]]) < key)
			key = entry_key(&p->source[s].set.entries[at[s]]);
	*w = (struct winner){NULL, SIZE_MAX};
	for (size_t s = 0; s < p->n; s++) {
		const struct entry_set *set = &p->source[s].set;
		const struct entry *own = NULL;

		for (; at[s] < set->n && entry_key(&set->entries[at[s]]) == key; at[s]++)
			if (!own && entry_in_force(&set->entries[at[s]], now))
				own = &set->entries[at[s]];
		*w = winner_with(*w, s, own);
	}
	return key != UINT64_MAX;
}

int policy_words(const struct policy *p, int64_t now, uint64_t **words, size_t *n)
{
	size_t *at = calloc(p->n + 1, sizeof(*at));
	size_t most = 1, used = 0;
	uint64_t *out;
	struct winner w;

	for (size_t s = 0; s < p->n; s++)
		most += p->source[s].set.n;
	out = malloc(most * sizeof(*out));
	if (!at || !out) {
		free(at);
		free(out);
		return -ENOMEM;
	}
	while (take_key(p, at, now, &w))
		if (w.entry)
			out[used++] = w.entry->word;
	free(at);
	*words = out;
	*n = used;
	return 0;
}

/* Put a candidate behind all that are at least as strong: enforced, greater length, then earlier source. */
static size_t insert_candidate(struct candidate *out, size_t n, const struct candidate *c)
{
	size_t i = n;

	if (n == POLICY_CANDIDATES)
		return n;
	for (; i > 0; i--) {
		const struct entry *e = out[i - 1].entry;

		if (on_trial(e) == on_trial(c->entry) ? e->length >= c->entry->length : on_trial(c->entry))
			break;
		out[i] = out[i - 1];
	}
	out[i] = *c;
	return n + 1;
}

size_t policy_explain(const struct policy *p, uint64_t mac48, int64_t now,
		      struct candidate out[static POLICY_CANDIDATES])
{
	size_t n = 0;

	for (unsigned code = LC_LENGTHS; code-- > 0;) {
		uint64_t key = address_key(mac48, code);

		for (size_t s = 0; s < p->n; s++) {
			const struct entry_set *set = &p->source[s].set;

			for (size_t i = entry_set_find(set, key); i < set->n && entry_key(&set->entries[i]) == key; i++)
				if (entry_in_force(&set->entries[i], now))
					n = insert_candidate(out, n, &(struct candidate){s, &set->entries[i]});
		}
	}
	return n;
}
