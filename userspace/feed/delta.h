/* SPDX-License-Identifier: GPL-2.0-only */
/* Deltas of the native format: a list and what changed since become the whole list of a later serial. */
#ifndef LENSCAP_FEED_DELTA_H
#define LENSCAP_FEED_DELTA_H

#include <stdio.h>

#include "native.h"
#include "patch.h"

struct delta {
	const struct feed_header *header; /* its own, since >= 0 */
	const char *sha256;		  /* of its bytes */
	const char *snapshot;		  /* digest of the snapshot that the record began with */
};

/* Write to OUT what the native list RECORD becomes by the lines of LINES: the record's entries but for prefixes that the
 * delta names, then the delta's entries that are not "op":"del"; all as they were written. Both were parsed before and
 * found good. OUT must be seekable. 0 or a negative errno. */
int delta_merge(FILE *record, FILE *lines, const struct delta *delta, FILE *out);

/* The same for N deltas that follow one another; LAST is the last of them. */
int delta_merge_all(FILE *record, FILE *const *lines, size_t n, const struct delta *last, FILE *out);

/* The prefixes that the lines of a delta speak of. 0 or a negative errno; the caller frees them. */
int delta_names(FILE *lines, struct names *names);

/* Does the delta follow on what is in force? 0: yes. 1: what it says is in force already. -ESTALE: something between is
 * missing, the snapshot is needed; -EINVAL: another delta made this serial. Both with error. */
int delta_follows(const struct delta *delta, const struct feed_header *in_force, char error[static FEED_ERROR]);

/* Where a feed's delta is: "cameras.delta.jsonl" beside "cameras.jsonl". Newly allocated, NULL = out of memory. */
char *delta_path(const char *feed);
#endif
