/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy in force as files tell it: for lenscapd at start and for `lenscap explain`, `plan` and `list`. */
#ifndef LENSCAP_POLICY_LOAD_H
#define LENSCAP_POLICY_LOAD_H

#include "../lib/config.h"
#include "guard.h"
#include "policy.h"

/* Sources in the configuration's order: local, feeds, lists. Names: "local", the feed's, the list's. */
int policy_from_config(const struct config *config, struct policy **out);
/* The rules the configuration gives a source's content as it comes from outside; pointers lead into CONFIG. For what was
 * recorded: source_rules_of_record(). */
struct source_rules policy_rules(const struct config *config, const struct policy *p, size_t source);
/* Where a source's entries are read from: the overrides folder (*.jsonl, sorted by name), the last-known-good file, the
 * list's file. Newly allocated. */
char *policy_source_path(const struct config *config, const struct policy *p, size_t source);
/* Read every source's last-known-good file, vendor list and the overrides into POLICY. A source that cannot be read is
 * left empty and named in *warnings (newly allocated lines, NULL when none). */
int policy_load(const struct config *config, struct policy *policy, char **warnings);
/* The local overrides: all *.jsonl in the folder as one set; sha256 over names and contents in order, so that
 * `lenscap flag` can wait until lenscapd acknowledges exactly what it wrote (name, NUL, size in decimal, NUL, content
 * of each). No folder is no overrides. sha256 is also set when a line is refused, and empty when a file could not be
 * read. */
int overrides_load(const struct config *config, struct entry_set *set, char sha256[static 65],
		   char error[static FEED_ERROR]);
#endif
