/* SPDX-License-Identifier: GPL-2.0-only */
/* Goes through the registries once and keeps the rows that matter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "../lib/text.h"
#include "vendor_fold.h"
#include "vendor_hits.h"

#define GROUP_BIT (1ull << 40)
#define LOCAL_BIT (1ull << 41)
#define MAX_ROWS 2000000
#define MAX_ALIKES 1000

_Static_assert(REGISTRY_ERROR <= FEED_ERROR, "a registry's complaint fits");

struct scan {
	struct vendor_match *match;
	vendor_say_fn *say;
	void *arg;
	struct vendor_hits *hits;
	char name[TEXT_MAX + 1]; /* the row's organisation, cleaned */
};

/* Room for element N of an array that doubles; NULL when out of memory. */
static void *room(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? n * 2 : 1, size);
}

static int keep_key(struct vendor_hits *h, const struct registry_row *row)
{
	uint64_t *keys = room(h->keys, h->n_keys, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	h->keys = keys;
	if (h->n_keys >= MAX_ROWS)
		return -EFBIG;
	h->keys[h->n_keys++] = row->mac48 | (uint64_t)row->kind->length << 48;
	return 0;
}

static int keep_hit(struct scan *s, const struct registry_row *row, const struct vendor *vendor)
{
	struct vendor_hits *h = s->hits;
	struct vendor_hit *hits = room(h->hits, h->n, sizeof(*hits));

	if (!hits)
		return -ENOMEM;
	h->hits = hits;
	h->hits[h->n] = (struct vendor_hit){
	    .mac48 = row->mac48, .kind = row->kind, .vendor = vendor, .organisation = strdup(s->name)};
	if (!h->hits[h->n].organisation)
		return -ENOMEM;
	h->n++;
	return 0;
}

static struct vendor_alike *find_alike(struct vendor_hits *h, const char *folded)
{
	for (size_t i = 0; i < h->n_alikes; i++) {
		if (!strcmp(h->alikes[i].folded, folded))
			return &h->alikes[i];
	}
	return NULL;
}

static int keep_alike(struct scan *s, const struct registry_row *row, const char *folded, const char *why)
{
	struct vendor_hits *h = s->hits;
	struct vendor_alike *known = find_alike(h, folded);
	const struct vendor *like = known ? known->like : vendor_match_mark(s->match, folded);
	struct vendor_alike *alikes;

	if (known)
		known->rows++;
	if (known || !like || h->n_alikes >= MAX_ALIKES)
		return 0;
	alikes = room(h->alikes, h->n_alikes, sizeof(*alikes));
	if (!alikes)
		return -ENOMEM;
	h->alikes = alikes;
	h->alikes[h->n_alikes] = (struct vendor_alike){.organisation = strdup(s->name),
						       .folded = strdup(folded),
						       .like = like,
						       .why = why,
						       .mac48 = row->mac48,
						       .length = row->kind->length,
						       .rows = 1};
	h->n_alikes++;
	return alikes[h->n_alikes - 1].organisation && alikes[h->n_alikes - 1].folded ? 0 : -ENOMEM;
}

/* Bits that no maker's block should have: a group address is no source address, so nothing may be made of it. */
static void say_odd(struct scan *s, const struct registry_row *row, bool ours)
{
	struct prefix p = {.mac48 = row->mac48, .len = row->kind->length};
	char prefix[PREFIX_TEXT], text[FEED_ERROR];
	bool group = row->mac48 & GROUP_BIT;

	prefix_format(&p, prefix);
	snprintf(text, sizeof(text), "%s:%zu: %s (%s) %s", row->kind->file, row->line, prefix, s->name,
		 group ? "has the group bit: skipped, since no device sends from a group address"
		       : "has the locally-administered bit: kept, but others may use the same addresses");
	s->say(s->arg, ours ? VENDOR_WARNING : VENDOR_NOTE, text);
}

static int take_folded(struct scan *s, const struct registry_row *row, const char *folded)
{
	struct vendor_alias *alias = vendor_match_find(s->match, folded);
	const struct vendor *vendor = alias ? alias->vendor : NULL;

	if (alias)
		alias->seen = true;
	if (row->mac48 & (GROUP_BIT | LOCAL_BIT))
		say_odd(s, row, vendor != NULL);
	if (row->mac48 & GROUP_BIT)
		return 0;
	if (vendor)
		return keep_hit(s, row, vendor);
	return keep_alike(s, row, folded, alias ? alias->why : NULL);
}

static int take_row(void *arg, const struct registry_row *row)
{
	struct scan *s = arg;
	char *folded = vendor_fold(row->organisation);
	int err = folded ? keep_key(s->hits, row) : -ENOMEM;

	text_clean(row->organisation, strlen(row->organisation), s->name);
	if (!err)
		err = take_folded(s, row, folded);
	free(folded);
	return err;
}

static int by_prefix(const void *a, const void *b)
{
	const struct vendor_hit *x = a, *y = b;

	if (x->mac48 != y->mac48)
		return x->mac48 < y->mac48 ? -1 : 1;
	if (x->kind->length != y->kind->length)
		return x->kind->length < y->kind->length ? -1 : 1;
	return strcmp(x->vendor->vendor, y->vendor->vendor);
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void free_repeated(struct vendor_hits *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (kept && !by_prefix(&h->hits[kept - 1], &h->hits[i]))
			free(h->hits[i].organisation);
		else
			h->hits[kept++] = h->hits[i];
	}
	h->n = kept;
}

/* Count the rows of each hit's prefix, whoever owns them. */
static void count_owners(struct vendor_hits *h)
{
	for (size_t i = 0; i < h->n; i++) {
		uint64_t key = h->hits[i].mac48 | (uint64_t)h->hits[i].kind->length << 48;
		uint64_t *found = bsearch(&key, h->keys, h->n_keys, sizeof(key), by_key), *at = found;

		while (at > h->keys && at[-1] == key)
			at--;
		for (; at && at < h->keys + h->n_keys && *at == key; at++)
			h->hits[i].owners++;
	}
}

static int read_kind(struct scan *s, const char *folder, const struct registry_kind *kind,
		     char error[static FEED_ERROR])
{
	int err;

	error[0] = 0;
	err = registry_read(folder, kind, take_row, s, error);
	if (err == -ENOENT && kind->optional)
		return 0;
	if (err && !error[0])
		snprintf(error, FEED_ERROR, "%s/%s: %s", folder, kind->file,
			 err == -EFBIG ? "too many rows; fetch the registry again (update-ieee-data)" : strerror(-err));
	return err;
}

int vendor_hits_read(const char *folder, struct vendor_match *match, vendor_say_fn *say, void *arg,
		     struct vendor_hits *hits, char error[static FEED_ERROR])
{
	struct scan s = {.match = match, .say = say, .arg = arg, .hits = hits};
	int err = 0;

	*hits = (struct vendor_hits){0};
	for (int i = 0; i < REGISTRY_KINDS && !err; i++)
		err = read_kind(&s, folder, &registry_kinds[i], error);
	if (err) {
		vendor_hits_free(hits);
		return err;
	}
	if (hits->n)
		qsort(hits->hits, hits->n, sizeof(*hits->hits), by_prefix);
	if (hits->n_keys)
		qsort(hits->keys, hits->n_keys, sizeof(*hits->keys), by_key);
	free_repeated(hits);
	count_owners(hits);
	return 0;
}

void vendor_hits_free(struct vendor_hits *hits)
{
	for (size_t i = 0; i < hits->n; i++)
		free(hits->hits[i].organisation);
	for (size_t i = 0; i < hits->n_alikes; i++) {
		free(hits->alikes[i].organisation);
		free(hits->alikes[i].folded);
	}
	free(hits->hits);
	free(hits->alikes);
	free(hits->keys);
	*hits = (struct vendor_hits){0};
}
