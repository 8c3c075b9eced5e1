/* SPDX-License-Identifier: GPL-2.0-only */
/* A new set of policy maps, filled from the old one or from the snapshot that lenscapd left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../userspace/lib/digest.h"
#include "../userspace/lib/log.h"
#include "../userspace/lib/table.h"
#include "generation.h"

bool generation_fits(const struct maps *maps, const struct lc_control *want)
{
	const struct lc_control *have = &maps->control;

	for (int id = 0; id < MAPS; id++)
		if (maps->fd[id] < 0)
			return false;
	return have->abi == want->abi && have->buckets == want->buckets && have->slots == want->slots &&
	       have->cpus == want->cpus && have->capacity == want->capacity && !maps_policy_broken(maps);
}

/* The digest is what lenscapd compares its own policy with; absent or wrong, it would only apply again. */
static void sign(struct table *table, const uint64_t *words, size_t n)
{
	struct digest digest = digest_of(words, n);
	uint8_t bytes[32];

	digest_bytes(&digest, bytes);
	table_set_digest(table, bytes);
}

static int fill(const struct maps *maps, const uint64_t *words, size_t n)
{
	const struct table_fds fds = {maps->fd[MAP_HEAD], maps->fd[MAP_FILTER], maps->fd[MAP_TABLE], -1};
	struct table *table;
	int error = table_open_fds(&fds, &maps->control, &table);

	if (error)
		return error;
	error = table_apply(table, words, n, NULL, NULL);
	if (!error)
		sign(table, words, n);
	table_close(table);
	return error;
}

static int from_old(const struct maps *old, const struct maps *fresh)
{
	uint64_t *words = NULL;
	size_t n = 0;
	int error = maps_words(old, &words, &n);

	if (!error && n > fresh->control.capacity && maps_policy_broken(old)) {
		/* Nobody but an enemy fills a table so far and breaks it: take what fits, lenscapd sets it right. */
		log_warning("%zu entries in a broken table, more than its capacity: %u are taken over", n,
			    fresh->control.capacity);
		n = fresh->control.capacity;
	}
	if (!error)
		error = fill(fresh, words, n);
	if (!error)
		log_info("policy maps made anew, %zu entries taken over", n);
	free(words);
	return error;
}

/* A boot without a snapshot is no error of ours: it is said, and lenscapd fills the table. */
static void from_snapshot(const struct maps *fresh, const char *snapshot, struct notes *warnings)
{
	uint64_t *words = NULL;
	size_t n = 0;
	int error = snapshot_read(snapshot, fresh->control.capacity, &words, &n);

	if (!error)
		error = fill(fresh, words, n);
	if (!error)
		log_info("%zu entries in force from %s", n, snapshot);
	else if (error == -ENOENT)
		log_warning("%s is not there: nothing is flagged until lenscapd runs", snapshot);
	else
		notes_add(warnings, "%s cannot be used (%s): nothing is flagged until lenscapd runs", snapshot,
			  strerror(-error));
	free(words);
}

static uint32_t next_generation(const struct maps *old)
{
	if (old->control.generation)
		return old->control.generation + 1 ? old->control.generation + 1 : 1;
	/* Pins of a foreign ABI: its number cannot be read, so take one it has hardly used. */
	return old->fd[MAP_PORTS] >= 0 || old->fd[MAP_SWITCHES] >= 0 ? (uint32_t)time(NULL) : 1;
}

static int share(const struct maps *old, const struct lc_control *want, struct maps *fresh)
{
	maps_init(fresh);
	fresh->control = *want;
	fresh->control.generation = next_generation(old);
	return maps_share(old, fresh);
}

int generation_make(const struct maps *old, const struct lc_control *want, const char *snapshot, struct maps *fresh,
		    struct notes *warnings)
{
	struct maps made;
	int error = share(old, want, &made);

	if (!error)
		error = maps_create(&made);
	if (!error && old->fd[MAP_TABLE] >= 0 && old->fd[MAP_HEAD] >= 0)
		error = from_old(old, &made);
	else if (!error)
		from_snapshot(&made, snapshot, warnings);
	if (error) {
		maps_close(&made);
		return error;
	}
	*fresh = made;
	return 0;
}
