/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of sets: the entries under few keys, taken out and put in. */
#include "patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOREIGN reserved[0] /* its texts are still in the patch's own pool */

static uint64_t key_of(const struct entry *e)
{
	return e->word >> LC_WORD_KEY_SHIFT;
}

/* ---- Names ---- */
static int by_prefix(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;

	if (a->mac48 != b->mac48)
		return a->mac48 < b->mac48 ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->n)
		qsort(names->prefix, names->n, sizeof(*names->prefix), by_prefix);
	for (size_t i = 0; i < names->n; i++)
		if (!kept || by_prefix(&names->prefix[kept - 1], &names->prefix[i]) != 0)
			names->prefix[kept++] = names->prefix[i];
	names->n = kept;
}

void names_free(struct names *names)
{
	free(names->prefix);
	*names = (struct names){0};
}

bool names_have(const struct names *names, const struct prefix *prefix)
{
	return names->n && bsearch(prefix, names->prefix, names->n, sizeof(*prefix), by_prefix);
}

/* The prefix that an entry was written with is in its key and its length. */
static bool is_named(const struct names *names, const struct entry *e)
{
	unsigned beyond = 48u - e->length;
	const struct prefix prefix = {.mac48 = e->word >> LC_WORD_PREFIX_SHIFT >> beyond << beyond, .len = e->length};

	return names_have(names, &prefix);
}

/* ---- Keys ---- */
static size_t keys_under(const struct prefix *prefix)
{
	return (size_t)1 << (prefix_bits(prefix_kernel_length(prefix->len)) - prefix->len);
}

static int by_key(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void add_keys(struct entry_part *part, const struct prefix *prefix)
{
	unsigned code = prefix_kernel_length(prefix->len), step = 48 - prefix_bits(code);

	for (uint64_t i = 0; i < keys_under(prefix); i++)
		part->key[part->n_keys++] =
		    (prefix->mac48 | i << step) << (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT) | code;
}

/* Prefixes of several lengths may share keys. */
static int find_keys(const struct names *names, struct entry_part *part)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < names->n && n <= PATCH_KEYS_MAX; i++)
		n += keys_under(&names->prefix[i]);
	if (n > PATCH_KEYS_MAX)
		return -EAGAIN;
	part->key = calloc(n + 1, sizeof(*part->key));
	if (!part->key)
		return -ENOMEM;
	for (size_t i = 0; i < names->n; i++)
		add_keys(part, &names->prefix[i]);
	qsort(part->key, part->n_keys, sizeof(*part->key), by_key);
	for (size_t i = 0; i < part->n_keys; i++)
		if (!kept || part->key[kept - 1] != part->key[i])
			part->key[kept++] = part->key[i];
	part->n_keys = kept;
	return 0;
}

/* ---- The change ---- */
static size_t run_at(const struct entry_set *set, uint64_t key, size_t *first)
{
	size_t end;

	*first = end = entry_set_find(set, key);
	while (end < set->n && key_of(&set->entries[end]) == key)
		end++;
	return end - *first;
}

static int copy_old(struct entry_part *part)
{
	size_t n = 0, first;

	for (size_t i = 0; i < part->n_keys; i++)
		n += run_at(part->whole, part->key[i], &first);
	part->old.entries = calloc(n + 1, sizeof(struct entry));
	if (!part->old.entries)
		return -ENOMEM;
	for (size_t i = 0; i < part->n_keys; i++) {
		size_t run = run_at(part->whole, part->key[i], &first);

		if (run)
			memcpy(part->old.entries + part->old.n, part->whole->entries + first, run * sizeof(struct entry));
		part->old.n += run;
	}
	return 0;
}

/* What stays of the old, then what is added. */
static int make_new(const struct names *names, const struct entry_set *added, struct entry_set *out)
{
	const struct entry_set *old = &out->part->old;

	out->entries = calloc(old->n + added->n + 1, sizeof(struct entry));
	if (!out->entries)
		return -ENOMEM;
	for (size_t i = 0; i < old->n; i++)
		if (!is_named(names, &old->entries[i]))
			out->entries[out->n++] = old->entries[i];
	if (out->n < old->n && out->part->whole->hidden) /* what was behind it might come out */
		return -EAGAIN;
	for (size_t i = 0; i < added->n; i++) {
		if (!is_named(names, &added->entries[i]))
			return -EBADMSG;
		out->entries[out->n] = added->entries[i];
		out->entries[out->n++].FOREIGN = 1;
	}
	return 0;
}

static int make(const struct names *names, const struct entry_set *added, struct entry_set *out)
{
	int err = find_keys(names, out->part);

	if (!err)
		err = copy_old(out->part);
	return err ? err : make_new(names, added, out);
}

int patch_make(struct entry_set *whole, const struct names *names, struct entry_set *added, uint64_t max, struct entry_set *out)
{
	struct entry_set made = {.dropped = whole->dropped + added->dropped, .hidden = whole->hidden || added->hidden};
	int err;

	if (whole->n + whole->dropped + added->n + added->dropped > max)
		return -EAGAIN;
	made.part = calloc(1, sizeof(*made.part));
	if (!made.part)
		return -ENOMEM;
	made.part->whole = whole;
	err = make(names, added, &made);
	if (err) {
		entry_set_free(&made);
		return err;
	}
	entry_set_resolve(&made);
	made.strings = added->strings;
	added->strings = NULL;
	*out = made;
	return 0;
}

/* ---- Making it ---- */
static uint32_t take_text(struct entry_set *patch, uint32_t handle, int *err)
{
	const char *text = strings_get(patch->strings, handle);
	uint32_t taken = *text ? strings_add(patch->part->whole->strings, text) : 0;

	if (*text && !taken)
		*err = -EAGAIN;
	return taken;
}

int patch_reserve(struct entry_set *patch)
{
	struct entry_set *whole = patch->part->whole;
	size_t room = whole->n + patch->n; /* while it is made, the old have gone already */
	struct entry *more = realloc(whole->entries, (room + 1) * sizeof(*more));
	int err = 0;

	if (!more)
		return -ENOMEM;
	whole->entries = more;
	if (!whole->strings)
		whole->strings = strings_new();
	if (!whole->strings)
		return -ENOMEM;
	for (size_t i = 0; i < patch->n && !err; i++) {
		struct entry *e = &patch->entries[i];

		if (!e->FOREIGN)
			continue;
		e->vendor = take_text(patch, e->vendor, &err);
		e->model = take_text(patch, e->model, &err);
		e->reason = take_text(patch, e->reason, &err);
		e->FOREIGN = 0;
	}
	return err;
}

/* The same number under each key: nothing moves. */
static bool fits_in_place(const struct entry_set *patch)
{
	const struct entry_set *old = &patch->part->old;
	bool fits = old->n == patch->n;

	for (size_t i = 0; fits && i < patch->n; i++)
		fits = key_of(&old->entries[i]) == key_of(&patch->entries[i]);
	return fits;
}

static void overwrite(struct entry_set *whole, const struct entry_set *patch)
{
	for (size_t i = 0; i < patch->n;) {
		size_t at = entry_set_find(whole, key_of(&patch->entries[i]));
		uint64_t key = key_of(&patch->entries[i]);

		for (; i < patch->n && key_of(&patch->entries[i]) == key; i++)
			whole->entries[at++] = patch->entries[i];
	}
}

/* What is behind each run moves down. */
static void take_out(struct entry_set *whole, const struct entry_part *part)
{
	size_t to = 0, from = 0, first;

	for (size_t i = 0; i < part->n_keys; i++) {
		size_t run = run_at(whole, part->key[i], &first);

		if (!run)
			continue;
		memmove(whole->entries + to, whole->entries + from, (first - from) * sizeof(struct entry));
		to += first - from;
		from = first + run;
	}
	memmove(whole->entries + to, whole->entries + from, (whole->n - from) * sizeof(struct entry));
	whole->n = to + (whole->n - from);
}

static size_t place_of(const struct entry *e, size_t n, uint64_t key)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;

		if (key_of(&e[mid]) < key)
			low = mid + 1;
		else
			n = mid;
	}
	return low;
}

/* From the end: what is behind each place moves up by what is still to come before it. */
static void put_in(struct entry_set *whole, const struct entry_set *patch)
{
	size_t left = whole->n;

	for (size_t i = patch->n; i > 0; i--) {
		const struct entry *e = &patch->entries[i - 1];
		size_t place = place_of(whole->entries, left, key_of(e));

		memmove(whole->entries + place + i, whole->entries + place, (left - place) * sizeof(*e));
		whole->entries[place + i - 1] = *e;
		left = place;
	}
	whole->n += patch->n;
}

void patch_apply(struct entry_set *patch)
{
	struct entry_set *whole = patch->part->whole;

	if (fits_in_place(patch)) {
		overwrite(whole, patch);
	} else {
		take_out(whole, patch->part);
		put_in(whole, patch);
	}
	whole->dropped = patch->dropped;
	whole->hidden = patch->hidden;
	entry_set_free(patch);
}
