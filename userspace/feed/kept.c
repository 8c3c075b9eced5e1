/* SPDX-License-Identifier: GPL-2.0-only */
/* Record and journal read back: the list, then change after change. */
#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *kept_snapshot(const struct feed_header *header, const char *sha256)
{
	return header->snapshot[0] ? header->snapshot : sha256;
}

static FILE *open_step(const struct journal_step *step)
{
	return fmemopen((void *)step->text, step->size, "r");
}

static int names_of(const struct journal_step *step, struct names *names)
{
	FILE *lines = open_step(step);
	int err = lines ? delta_names(lines, names) : -ENOMEM;

	if (lines)
		(void)fclose(lines);
	return err;
}

static int change(struct entry_set *set, const struct journal_step *step, struct entry_set *added, uint64_t max)
{
	struct entry_set patch = {0};
	struct names names = {0};
	int err = names_of(step, &names);

	if (!err)
		err = patch_make(set, &names, added, max ? max : NATIVE_MAX_ENTRIES, &patch);
	if (!err)
		err = patch_reserve(&patch);
	if (!err)
		patch_apply(&patch);
	else
		entry_set_free(&patch);
	names_free(&names);
	return err;
}

/* As the merged list's header would be. */
static void go_on(struct feed_header *header, const struct feed_header *delta, const struct journal *journal, const char *sha256)
{
	*header = *delta;
	header->since = -1;
	(void)snprintf(header->snapshot, sizeof(header->snapshot), "%s", journal->end.snapshot);
	(void)snprintf(header->delta, sizeof(header->delta), "%s", sha256);
}

static int replay(const struct journal *journal, const struct journal_step *step, const struct source_rules *rules,
		  struct feed_header *header, struct entry_set *set)
{
	struct source_rules delta = *rules;
	struct entry_set added = {0};
	struct feed_header own;
	char error[FEED_ERROR];
	int err;

	delta.delta = true;
	err = native_parse("", step->text, step->size, &delta, &own, &added, error);
	if (!err && (own.since != header->serial || own.serial != step->serial))
		err = -EBADMSG;
	if (!err)
		err = change(set, step, &added, rules->max_entries);
	if (!err)
		go_on(header, &own, journal, step->sha256);
	entry_set_free(&added);
	return err;
}

/* Steps that the record has already are passed over: it was folded, and the journal not cut yet. */
static int replay_all(struct journal *j, const struct source_rules *rules, struct feed_header *header, struct entry_set *set)
{
	struct journal_end end = j->end;
	int err = 0;

	for (size_t i = 0; i < j->n && !err; i++) {
		if (j->step[i].serial <= header->serial)
			continue;
		err = replay(j, &j->step[i], rules, header, set);
		if (!err)
			continue;
		j->behind += end.size - (i ? j->step[i - 1].end.size : 0);
		j->n = i;
	}
	if (err && j->n)
		j->end = j->step[j->n - 1].end;
	else if (err)
		j->end = (struct journal_end){0};
	return err == -ENOMEM ? err : 0;
}

static int go_through(struct journal *j, const struct source_rules *rules, struct feed_header *header, struct entry_set *set,
		      char sha256[static 65], char error[static FEED_ERROR])
{
	int err = 0;

	if (j->end.there && strcmp(j->end.snapshot, kept_snapshot(header, sha256)) != 0)
		journal_free(j); /* of a snapshot that was in force before this one */
	if (j->end.there)
		err = replay_all(j, rules, header, set);
	if (err) {
		(void)snprintf(error, FEED_ERROR, "%.64s: out of memory; stop other programs or shorten the list", header->list);
		entry_set_free(set);
	} else if (header->delta[0]) {
		(void)snprintf(sha256, 65, "%s", header->delta);
	}
	return err;
}

/* The journal first: whoever puts it into the record does that before steps leave the journal. */
int kept_load(const char *record, const struct source_rules *rules, struct feed_header *header, struct entry_set *set,
	      char sha256[static 65], struct journal *journal, char error[static FEED_ERROR])
{
	char *path = journal_path(record);
	struct journal read = {0};
	int err = path ? journal_read(path, &read) : -ENOMEM;

	free(path);
	if (err)
		(void)snprintf(error, FEED_ERROR, "%.200s: the journal beside it cannot be read: %s", record, strerror(-err));
	else
		err = native_parse_file(record, rules, header, set, sha256, error);
	if (!err)
		err = go_through(&read, rules, header, set, sha256, error);
	if (err || !journal)
		journal_free(&read);
	else
		*journal = read;
	return err;
}

/* Steps of the same snapshot, as far as they go before. */
static int open_steps(const struct journal *journal, const struct delta *delta, int64_t last, FILE **out, size_t *n)
{
	bool same = journal->end.there && !strcmp(journal->end.snapshot, delta->snapshot);

	for (*n = 0; same && *n < journal->n && journal->step[*n].serial <= last; ++*n) {
		out[*n] = open_step(&journal->step[*n]);
		if (!out[*n])
			return -ENOMEM;
	}
	return 0;
}

int kept_merge(FILE *record, const struct journal *journal, FILE *lines, const struct delta *delta, FILE *out)
{
	FILE **steps = calloc(journal->n + 1, sizeof(FILE *));
	size_t n = 0;
	int err = steps ? open_steps(journal, delta, lines ? delta->header->since : delta->header->serial, steps, &n) : -ENOMEM;

	if (!err) {
		steps[n] = lines;
		err = delta_merge_all(record, steps, n + (lines != NULL), delta, out);
	}
	for (size_t i = 0; i < n; i++)
		(void)fclose(steps[i]);
	free(steps);
	return err;
}
