/* SPDX-License-Identifier: GPL-2.0-only */
/* What was accepted of a feed, as its files hold it: the record (a whole list) and the journal of deltas that came after it. */
#ifndef LENSCAP_FEED_KEPT_H
#define LENSCAP_FEED_KEPT_H

#include "delta.h"
#include "journal.h"
#include "native.h"

/* The list that record and journal make: entries, the header of what is in force, and SHA256 of the bytes last accepted, which
 * are a delta's when one was. RULES are the record's, source_rules_of_record(). Errors are native_parse_file()'s and about the
 * record. JOURNAL (NULL: not wanted) gets what is good of it, the caller frees it: nothing, when it belongs to another
 * snapshot; its `behind` is not 0 when something of it could not be used. */
int kept_load(const char *record, const struct source_rules *rules, struct feed_header *header, struct entry_set *set,
	      char sha256[static 65], struct journal *journal, char error[static FEED_ERROR]);

/* Write to OUT the whole list that RECORD, JOURNAL and the lines of a delta make, as delta_merge() does. LINES NULL: of record and
 * journal alone, up to DELTA's serial; it then has the header of that. Steps that the record has are no harm: what a prefix
 * comes to is in the last step that names it. */
int kept_merge(FILE *record, const struct journal *journal, FILE *lines, const struct delta *delta, FILE *out);

/* The digest of the snapshot that what is in force goes back to. */
const char *kept_snapshot(const struct feed_header *header, const char *sha256);
#endif
