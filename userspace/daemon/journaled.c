/* SPDX-License-Identifier: GPL-2.0-only */
/* What a feed's journal means at a start: guards that had not been written yet, a step that was cut off, one that is missing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../feed/kept.h"
#include "../lib/log.h"
#include "journaled.h"

/* It never was in force: a delta is made durable first. */
static void cut(struct source *s, const struct journal *j)
{
	int err = j->end.there ? journal_cut(s->journal, &j->end) : 0;

	(void)snprintf(s->note, sizeof(s->note),
		       "%.200s: its last %zu bytes are no whole delta, as after a loss of power; they are left out, serial %" PRId64
		       " is in force",
		       s->journal, j->behind, s->header.serial);
	log_warning("%s", s->note);
	if (err)
		s->end.there = false;
}

int journaled_load(struct source *s, const struct source_rules *rules, struct entry_set *set, char error[static FEED_ERROR])
{
	struct journal journal = {0};
	int err = kept_load(s->record, rules, &s->header, set, s->sha256, &journal, error);

	if (!err)
		guard_catch_up(&s->memory, &journal);
	if (!err && s->memory.journaled > s->header.serial) {
		(void)snprintf(error, FEED_ERROR,
			       "%.200s: it is damaged or cut off: deltas up to serial %" PRId64 " were in force, up to %" PRId64
			       " they can be read; publish the whole list with a higher serial, or lenscap feed reset %.64s",
			       s->journal, s->memory.journaled, s->header.serial, s->name);
		(void)snprintf(s->note, sizeof(s->note), "%s", error);
		entry_set_free(set);
		err = -EBADMSG;
	}
	if (!err) {
		s->end = journal.end;
		if (journal.n)
			s->applied = journal.step[journal.n - 1].at;
		if (journal.behind)
			cut(s, &journal);
	}
	journal_free(&journal);
	return err;
}
