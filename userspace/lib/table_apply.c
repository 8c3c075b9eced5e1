/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy table: changes that every frame sees as a whole.
 *
 * A transaction writes the field that the epoch does not select (stage), moves the epoch (flip), waits for the
 * programs in flight, and makes both fields equal again (settle). Until the flip it can be taken back unseen.
 */
#include <errno.h>
#include <stdlib.h>

#include "table_private.h"

#define AHEAD 8 /* changes whose buckets are fetched while this one is worked on */

struct limits {
	size_t words; /* that may be in the table during the change */
	size_t live;  /* that may be in force after it */
};

struct change {
	struct table *table;
	uint64_t **touched; /* words written, to settle or take back */
	size_t n_touched;
	size_t gained, lost; /* words that come into force and go out of it */
};

static size_t half_of(const struct table *t)
{
	return (size_t)t->control.buckets * LC_BUCKET_WORDS / 2;
}

static uint64_t field_mask(uint64_t epoch)
{
	return (uint64_t)FIELD_MASK << field_shift(epoch);
}

static bool changes_sound(const table_word *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((changes[i] & 0xff) > FIELD_MASK || !key_valid(word_key(changes[i])))
			return false;
		if (i > 0 && word_key(changes[i]) <= word_key(changes[i - 1]))
			return false;
	}
	return true;
}

/* Write one word's verdict for the next epoch. */
static int stage_one(struct change *c, table_word wanted)
{
	uint64_t epoch = table_epoch(c->table), next = epoch + 1, key = word_key(wanted);
	uint64_t nibble = nibble_of(wanted), field = nibble << field_shift(next);
	uint64_t *word = table_find(c->table, key, BOTH_ACTIONS);
	uint64_t before = word ? word_nibble(*word, epoch) : 0;

	if (before == nibble)
		return 0;
	if (word)
		shared_write(word, (*word & ~field_mask(next)) | field);
	else
		word = table_place(c->table, key << LC_WORD_KEY_SHIFT | field);
	if (!word)
		return -ENOSPC;
	c->touched[c->n_touched++] = word;
	c->gained += before == 0;
	c->lost += nibble == 0;
	return 0;
}

static int stage(struct change *c, const table_word *changes, size_t n, const struct limits *limits)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (i + AHEAD < n)
			table_prefetch(c->table, word_key(changes[i + AHEAD]));
		err = stage_one(c, changes[i]);
		if (!err && c->table->used > limits->words)
			err = -ENOSPC;
	}
	return err;
}

/* Make both fields what EPOCH selects; a word without a verdict there goes. After a flip this settles the change,
 * before one it takes it back: either way no frame can tell. */
static void settle(struct change *c, uint64_t epoch)
{
	for (size_t i = 0; i < c->n_touched; i++) {
		uint64_t *word = c->touched[i], nibble = word_nibble(*word, epoch);

		if (i + AHEAD < c->n_touched)
			__builtin_prefetch(c->touched[i + AHEAD], 1);
		if (nibble == 0)
			table_remove(c->table, word);
		else
			shared_write(word, word_of_both(word_key(*word), nibble));
	}
}

static void publish_live(struct table *t, const struct change *c)
{
	t->live += c->gained;
	t->live -= c->lost;
	shared_write((uint64_t *)&t->head->words, t->live);
}

static void flip(struct table *t)
{
	table_move_epoch(t, 1);
}

static int finish(struct change *c, table_in_force_fn *fn, void *arg)
{
	struct table *t = c->table;
	int err;

	flip(t);
	publish_live(t, c);
	if (fn)
		fn(arg);
	err = table_grace(t);
	if (err)
		t->half_done = true;
	else
		settle(c, table_epoch(t));
	return err;
}

/* One transaction. -ENOSPC: over a limit (a change that grows nothing may be over the second), or no place; then
 * nothing changed. */
static int apply_at_once(struct table *t, const table_word *changes, size_t n, const struct limits *limits,
			 table_in_force_fn *fn, void *arg)
{
	struct change c = {.table = t, .touched = malloc((n + 1) * sizeof(*c.touched))};
	int err = c.touched ? stage(&c, changes, n, limits) : -ENOMEM;

	if (!err && c.gained > c.lost && t->live + c.gained - c.lost > limits->live)
		err = -ENOSPC;
	if (err)
		settle(&c, table_epoch(t));
	else
		err = finish(&c, fn, arg);
	free(c.touched);
	return err;
}

/*
 * ---- Part by part: old and new together would be more than half the table ----
 *
 * What must change together is what one address can meet: a changed prefix and all changes below it, a family. An OUI
 * whose own entry stays falls apart into many, so that even a full table of one OUI can be replaced. A part is as many
 * families as there is room for, since each part waits for a grace period.
 */

/* How much the table may hold during a part. At nine sixteenths a pair of buckets overflows less than once in a hundred
 * thousand words. */
static size_t part_limit(const struct table *t)
{
	return half_of(t) + half_of(t) / 8;
}

/* The words are sorted, a prefix before what is below it. */
static size_t family_end(const table_word *changes, size_t n, size_t begin)
{
	uint64_t last = key_last(word_key(changes[begin]));
	size_t end = begin + 1;

	while (end < n && changes[end] >> LC_WORD_PREFIX_SHIFT <= last)
		end++;
	return end;
}

static size_t words_added(const struct table *t, const table_word *changes, size_t n)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++)
		added += nibble_of(changes[i]) != 0 && table_lookup(t, word_key(changes[i])) == 0;
	return added;
}

/* End of the next part: whole families while they fit, at least one. */
static size_t part_end(const struct table *t, const table_word *changes, size_t n, size_t begin)
{
	size_t end = family_end(changes, n, begin);
	size_t used = t->used + words_added(t, changes + begin, end - begin);

	while (end < n) {
		size_t next = family_end(changes, n, end);

		used += words_added(t, changes + end, next - end);
		if (used > part_limit(t))
			break;
		end = next;
	}
	return end;
}

/* Apply part after part; *done says how many changes are in force. FN only with the last. */
static int apply_parts(struct table *t, const table_word *changes, size_t n, size_t *done, table_in_force_fn *fn,
		       void *arg)
{
	/* A part may pass the capacity when a later one removes; a single family may need more than part_limit(). */
	const struct limits limits = {.words = SIZE_MAX, .live = SIZE_MAX};
	int err = 0;

	*done = 0;
	while (*done < n && !err) {
		size_t end = part_end(t, changes, n, *done);

		err = apply_at_once(t, changes + *done, end - *done, &limits, end == n ? fn : NULL, arg);
		if (!err || err == -EIO)
			*done = end;
	}
	return err;
}

/* What the changes would have to be to come back to now. */
static table_word *inverse(const struct table *t, const table_word *changes, size_t n)
{
	table_word *words = malloc((n + 1) * sizeof(*words));

	for (size_t i = 0; words && i < n; i++)
		words[i] = word_key(changes[i]) << LC_WORD_KEY_SHIFT | table_lookup(t, word_key(changes[i]));
	return words;
}

static bool fits_in_the_end(const struct table *t, const table_word *changes, size_t n)
{
	size_t live = t->live, gained = 0, lost = 0;

	for (size_t i = 0; i < n; i++) {
		bool before = table_lookup(t, word_key(changes[i])) != 0, after = nibble_of(changes[i]) != 0;

		gained += !before && after;
		lost += before && !after;
	}
	return gained <= lost || live + gained - lost <= t->control.capacity;
}

static int apply_in_parts(struct table *t, const table_word *changes, size_t n, table_in_force_fn *fn, void *arg)
{
	table_word *back;
	size_t done, ignored;
	int err;

	if (!fits_in_the_end(t, changes, n))
		return -ENOSPC;
	back = inverse(t, changes, n);
	if (!back)
		return -ENOMEM;
	err = apply_parts(t, changes, n, &done, fn, arg);
	if (err && err != -EIO && done > 0 && apply_parts(t, back, done, &ignored, NULL, NULL))
		err = -EIO; /* not even the way back: what is in force is a part of each */
	free(back);
	return err;
}

int table_apply(struct table *t, const table_word *changes, size_t n, table_in_force_fn *fn, void *arg)
{
	const struct limits limits = {.words = half_of(t), .live = t->control.capacity};
	int err = t->half_done ? table_repair(t) : 0;

	if (err)
		return err;
	if (!changes_sound(changes, n))
		return -EINVAL;
	err = apply_at_once(t, changes, n, &limits, fn, arg);
	return err == -ENOSPC ? apply_in_parts(t, changes, n, fn, arg) : err;
}
