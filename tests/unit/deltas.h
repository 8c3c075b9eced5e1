/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists and deltas as texts, for tests of what comes of both. */
#ifndef LENSCAP_TESTS_DELTAS_H
#define LENSCAP_TESTS_DELTAS_H

#include "../../userspace/feed/delta.h"

#define LIST "auditor"

extern const struct source_rules delta_rules;

/* Fails the test when it is refused. HEADER may be NULL. */
void parse_list(const char *text, const struct source_rules *how, struct feed_header *header, struct entry_set *set);
/* To read TEXT, which is borrowed. */
FILE *lines_of(const char *text);
/* What was written to OUT, which is closed; newly allocated. */
char *text_of(FILE *out);
/* The text that DELTA makes of LIST, by delta_merge(); newly allocated. */
char *merged_list(const char *list, const char *delta);
/* The same entries with the same texts. */
void assert_same_list(const struct entry_set *a, const struct entry_set *b);
#endif
