/* SPDX-License-Identifier: GPL-2.0-only */
/* What a new set of a source, or the passing of time, changes: only keys that differ are looked at twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../feed/patch.h"
#include "sources.h"

static bool same_say(const struct entry *a, const struct entry *b)
{
	if (!a || !b)
		return a == b;
	return a->word == b->word && a->length == b->length;
}

/* Note that a key's decision goes from one to the other, when that shows in its word. */
static int note(struct change_list *l, uint64_t key, struct winner before, struct winner after)
{
	struct change c = {
	    .key = key,
	    .before = verdict_of(before.entry),
	    .after = verdict_of(after.entry),
	    .source = after.entry ? (uint16_t)after.source : UINT16_MAX,
	};

	return c.before == c.after ? 0 : change_add(l, &c);
}

/* Hand the list over, or free it. */
static int conclude(struct change_list *l, int err, struct changes *out)
{
	if (err)
		changes_free(&l->out);
	else
		*out = l->out;
	return err;
}

int policy_diff(const struct policy *p, size_t source, const struct entry_set *set, int64_t now, struct changes *out)
{
	struct pair w = pair_of(p, source, set);
	struct change_list list = {0};
	int err = 0;

	while (!err && pair_next(&w)) {
		const struct entry *old = pair_a(&w, now), *new = pair_b(&w, now);
		struct winner others;

		if (same_say(old, new))
			continue;
		others = winner_without(p, w.key, now, source);
		err = note(&list, w.key, winner_with(others, source, old), winner_with(others, source, new));
	}
	return conclude(&list, err, out);
}

static int64_t first_until(const struct entry_set *set, int64_t after)
{
	int64_t first = 0;

	for (size_t i = 0; i < set->n; i++) {
		int64_t until = set->entries[i].until;

		if (until > after && (!first || until < first))
			first = until;
	}
	return first;
}

/* A change without ends where the next one was looks at no other entry. */
static int64_t next_after_change(const struct source *s, const struct entry_set *set, int64_t clock)
{
	int64_t own = first_until(set, clock), gone = first_until(&set->part->old, clock);

	if (gone && gone == s->next_until)
		return -1;
	return own && (!s->next_until || own < s->next_until) ? own : s->next_until;
}

/* The first end after the clock, and what was there is gone. */
static void put_in_place(const struct policy *p, struct source *s, struct entry_set *set)
{
	int64_t next = set->part ? next_after_change(s, set, p->clock) : -1;

	if (set->part) {
		patch_apply(set);
	} else {
		entry_set_free(&s->set);
		s->set = *set;
		memset(set, 0, sizeof(*set));
	}
	s->next_until = next < 0 ? first_until(&s->set, p->clock) : next;
}

void policy_replace(struct policy *p, size_t source, struct entry_set *set)
{
	struct pair w = pair_of(p, source, set);

	while (pair_next(&w)) {
		bool had = pair_a(&w, p->clock), has = pair_b(&w, p->clock);

		if (had == has || winner_without(p, w.key, p->clock, source).entry)
			continue;
		p->count += has;
		p->count -= had;
	}
	put_in_place(p, &p->source[source], set);
}

void policy_move(struct policy *from, size_t source, struct policy *to, size_t as)
{
	policy_replace(to, as, &from->source[source].set);
}

void policy_drop_last(struct policy *p)
{
	struct entry_set none = {0};

	policy_replace(p, p->n - 1, &none);
	free(p->source[--p->n].name);
}

int64_t policy_next_until(const struct policy *p, int64_t after)
{
	int64_t first = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct source *s = &p->source[i];
		bool known = after >= p->clock && (!s->next_until || s->next_until > after);
		int64_t until = known ? s->next_until : first_until(&s->set, after);

		if (until && (!first || until < first))
			first = until;
	}
	return first;
}

static int compare_keys(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

struct keys {
	uint64_t *key;
	size_t n, room;
};

static int keys_add(struct keys *k, uint64_t key)
{
	if (k->n == k->room) {
		size_t room = k->room ? k->room * 2 : 16;
		uint64_t *more = realloc(k->key, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		k->key = more;
		k->room = room;
	}
	k->key[k->n++] = key;
	return 0;
}

/* Keys of a source with an end in (low, high], repeats included. */
static int gather(const struct policy *p, const struct source *s, int64_t low, int64_t high, struct keys *keys)
{
	int err = 0;

	if (low >= p->clock && (!s->next_until || s->next_until > high))
		return 0;
	for (size_t i = 0; !err && i < s->set.n; i++)
		if (s->set.entries[i].until > low && s->set.entries[i].until <= high)
			err = keys_add(keys, entry_key(&s->set.entries[i]));
	return err;
}

static int expire_keys(const struct policy *p, const struct keys *keys, int64_t from, int64_t to,
		       struct change_list *list, size_t *count)
{
	int err = 0;

	for (size_t i = 0; !err && i < keys->n; i++) {
		uint64_t key = keys->key[i];
		struct winner after = winner_without(p, key, to, SIZE_MAX);

		if (i && key == keys->key[i - 1])
			continue;
		*count -= winner_without(p, key, p->clock, SIZE_MAX).entry != NULL;
		*count += after.entry != NULL;
		err = note(list, key, winner_without(p, key, from, SIZE_MAX), after);
	}
	return err;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int policy_expire(struct policy *p, int64_t from, int64_t to, struct changes *out)
{
	int64_t low = least(p->clock, least(from, to)), high = most(p->clock, most(from, to));
	struct change_list list = {0};
	struct keys keys = {0};
	size_t count = p->count;
	int err = 0;

	for (size_t s = 0; !err && s < p->n; s++)
		err = gather(p, &p->source[s], low, high, &keys);
	if (keys.n)
		qsort(keys.key, keys.n, sizeof(*keys.key), compare_keys);
	if (!err)
		err = expire_keys(p, &keys, from, to, &list, &count);
	free(keys.key);
	err = conclude(&list, err, out);
	if (err)
		return err;
	p->count = count;
	for (size_t s = 0; s < p->n; s++)
		if (to < p->clock || (p->source[s].next_until && p->source[s].next_until <= to))
			p->source[s].next_until = first_until(&p->source[s].set, to);
	p->clock = to;
	return 0;
}
