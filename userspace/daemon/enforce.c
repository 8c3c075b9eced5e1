/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy into the table: a change as a difference, everything as a comparison with what is there. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/log.h"

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Of the capacity, a part is kept for local entries, which also need it: they are what a person asks for now. */
static size_t room_for(const struct daemon *d, size_t source)
{
	size_t capacity = d->world.config->capacity, in_maps = kernel_capacity(d->kernel);

	if (kernel_ready(d->kernel))
		capacity = min_size(capacity, in_maps);
	if (d->world.sources[source].kind == SOURCE_LOCAL)
		return capacity;
	return capacity - min_size(capacity, RESERVED_ENTRIES) + min_size(source_set(d, 0)->n, RESERVED_ENTRIES);
}

int enforce_fits(const struct daemon *d, size_t source, const struct entry_set *set, const struct changes *changes,
		 char error[static FEED_ERROR])
{
	const struct source *s = &d->world.sources[source];
	size_t count = kernel_ready(d->kernel) ? kernel_count(d->kernel) : policy_count(d->world.policy);
	size_t before = count, room = room_for(d, source);

	for (size_t i = 0; i < changes->n; i++) {
		count += !changes->change[i].before && changes->change[i].after;
		count -= count && changes->change[i].before && !changes->change[i].after;
	}
	if (count <= room || count <= before)
		return 0;
	(void)snprintf(error, FEED_ERROR,
		       "%s: with its %zu entries the policy would hold %zu, and there is room for %zu (policy.capacity %u, %u of "
		       "it kept for local overrides); raise policy.capacity or shorten the list",
		       s->path, entry_set_count(set), count, room, d->world.config->capacity, RESERVED_ENTRIES);
	return -ENOSPC;
}

/* What the table has already is left out: it is the truth. */
static size_t to_words(const struct daemon *d, const struct changes *changes, table_word *words)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->change[i];

		if (kernel_lookup(d->kernel, c->key) != c->after)
			words[n++] = c->key << LC_WORD_KEY_SHIFT | c->after;
	}
	return n;
}

int enforce_change(struct daemon *d, const struct changes *changes, table_in_force_fn *fn, void *arg)
{
	table_word *words = NULL;
	size_t n = 0;
	int err = 0;

	if (kernel_ready(d->kernel) && changes->n) {
		words = calloc(changes->n, sizeof(*words));
		if (!words)
			return -ENOMEM;
		n = to_words(d, changes, words);
	}
	if (n)
		err = kernel_apply(d->kernel, words, n, fn, arg);
	else if (fn)
		fn(arg);
	free(words);
	if (n && !err)
		loop_snapshot_soon(d);
	return err;
}

static void note_keep(struct daemon *d)
{
	d->keep = false;
	for (size_t i = 0; i < d->world.n_sources; i++)
		d->keep |= !d->world.sources[i].loaded;
}

int enforce_all(struct daemon *d)
{
	struct changes passed = {0};
	uint64_t *words = NULL;
	size_t n = 0;
	int64_t now = expire_now(d);
	int err = policy_expire(d->world.policy, d->clock, now, &passed);

	changes_free(&passed);
	d->clock = now;
	note_keep(d);
	if (err || !kernel_ready(d->kernel))
		return err;
	err = policy_words(d->world.policy, now, &words, &n);
	if (!err)
		err = kernel_sync(d->kernel, words, n, d->keep);
	free(words);
	d->full = err == -ENOSPC;
	if (err)
		log_error("cannot put the policy of %zu entries in force: %s; the former one stays%s", n,
			  d->full ? "more than the table holds" : "the maps refuse it",
			  d->full ? "; raise policy.capacity" : "");
	loop_snapshot_soon(d);
	return err;
}

void enforce_follow(struct daemon *d)
{
	int found = kernel_follow(d->kernel);

	if (found <= 0)
		return;
	log_info("maps of generation %u: %zu entries there", kernel_generation(d->kernel), kernel_count(d->kernel));
	(void)enforce_all(d);
	if (seen_start(d))
		log_warning("cannot read the kernel's events; devices are counted but not reported");
	expire_arm(d);
	state_write(d);
}
