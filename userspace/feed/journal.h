/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal of a feed: the deltas accepted since its record was written, as they came, in a file beside it. Text lines, each
 * with a check over everything before it, so that a step that was cut off, changed, left out or put elsewhere is found:
 *
 *   lenscap-journal 1 SNAPSHOT CHECK
 *   delta SINCE SERIAL AT WEAKENED SIZE SHA256 CHECK, then SIZE bytes and a line end
 *
 * CHECK is the SHA-256 of the check before (in hex) and the line up to it; SHA256 is the bytes'. SNAPSHOT is the digest of
 * the snapshot that record and journal go back to: the journal of another one is of no meaning.
 */
#ifndef LENSCAP_FEED_JOURNAL_H
#define LENSCAP_FEED_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer, and it is put into the record when no delta comes for a while, or at twice that: by then a restart takes 64 small changes, a few milliseconds each, and folding, half
 * a second of a worker among a million entries, comes to 8 ms a delta. */
#define JOURNAL_STEPS ((size_t)64)
#define JOURNAL_BYTES ((size_t)256 << 10)
#define JOURNAL_MAX ((size_t)4 << 20) /* nothing goes into a journal of this size, and no larger one is read */

struct journal_end { /* where the next step goes */
	bool there;	   /* false: there is no journal, or none of any use */
	char snapshot[65]; /* "" = none */
	char check[65];
	size_t size; /* bytes up to here */
	size_t steps;
};

struct journal_step {
	int64_t since, serial, at; /* at: seconds since 1970 */
	uint64_t weakened;	   /* entries, as the guards counted */
	char sha256[65];	   /* of the bytes */
	const char *text;	   /* the delta; in a journal that was read, in its memory */
	size_t size;
	struct journal_end end; /* of a journal that was read: behind this step */
};

struct journal { /* as read */
	struct journal_step *step; /* all that are whole */
	size_t n;
	struct journal_end end; /* behind them */
	size_t behind;		/* bytes there that are no step */
	char *data;
};

/* "NAME.journal" beside the record "NAME.jsonl"; newly allocated, NULL = out of memory. */
char *journal_path(const char *record);

/* What can be read of it, up to the first thing that is not right. A file that is not there is an empty journal: 0. */
int journal_read(const char *path, struct journal *out);
int journal_read_fd(int fd, struct journal *out);
void journal_free(struct journal *j);

/* Durable or a negative errno, and then the file is as it was. */
int journal_begin(const char *path, const char *snapshot, struct journal_end *end);
int journal_append(const char *path, const struct journal_step *step, struct journal_end *end);
/* Everything behind END goes. */
int journal_cut(const char *path, const struct journal_end *end);
/* Only the steps behind SERIAL stay. */
int journal_drop(const char *path, int64_t serial, struct journal_end *end);
#endif
