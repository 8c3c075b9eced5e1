/* SPDX-License-Identifier: GPL-2.0-only */
/* Two sets of one source side by side, key by key; and lists of changes. */
#include <errno.h>
#include <stdlib.h>

#include "sources.h"

struct pair pair_of(const struct policy *p, size_t source, const struct entry_set *set)
{
	return (struct pair){.a = set->part ? &set->part->old : &p->source[source].set, .b = set};
}

static size_t run_end(const struct entry_set *set, size_t i, uint64_t key)
{
	while (i < set->n && entry_key(&set->entries[i]) == key)
		i++;
	return i;
}

bool pair_next(struct pair *w)
{
	bool more_a = w->i < w->a->n, more_b = w->j < w->b->n;
	uint64_t key_a = more_a ? entry_key(&w->a->entries[w->i]) : UINT64_MAX;
	uint64_t key_b = more_b ? entry_key(&w->b->entries[w->j]) : UINT64_MAX;

	if (!more_a && !more_b)
		return false;
	w->key = key_a < key_b ? key_a : key_b;
	w->run_a = w->i;
	w->run_b = w->j;
	w->i = run_end(w->a, w->i, w->key);
	w->j = run_end(w->b, w->j, w->key);
	return true;
}

static const struct entry *first_in_force(const struct entry *e, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++)
		if (entry_in_force(&e[i], now))
			return &e[i];
	return NULL;
}

const struct entry *pair_a(const struct pair *w, int64_t now)
{
	return w->i > w->run_a ? first_in_force(w->a->entries + w->run_a, w->i - w->run_a, now) : NULL;
}

const struct entry *pair_b(const struct pair *w, int64_t now)
{
	return w->j > w->run_b ? first_in_force(w->b->entries + w->run_b, w->j - w->run_b, now) : NULL;
}

bool pair_equal(const struct pair *w)
{
	size_t n = w->i - w->run_a;

	if (n != w->j - w->run_b)
		return false;
	for (size_t k = 0; k < n; k++) {
		const struct entry *a = &w->a->entries[w->run_a + k], *b = &w->b->entries[w->run_b + k];

		if (a->word != b->word || a->until != b->until || a->length != b->length)
			return false;
	}
	return true;
}

int change_add(struct change_list *l, const struct change *c)
{
	if (l->out.n == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		struct change *more = realloc(l->out.change, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->out.change = more;
		l->room = room;
	}
	l->out.change[l->out.n++] = *c;
	return 0;
}

void changes_free(struct changes *c)
{
	free(c->change);
	*c = (struct changes){0};
}
