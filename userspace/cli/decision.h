/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy as files tell it, and which entry decides for an address. */
#ifndef LENSCAP_CLI_DECISION_H
#define LENSCAP_CLI_DECISION_H

#include "../policy/load.h"
#include "cli.h"

/* Every source's entries; what could not be read is told as a warning, and *whole (unless NULL) is then false: whatever is
 * said of this policy is no answer to rely on (CLI_NEGATIVE). NULL, told: out of memory. *now gets the time, or 0 where
 * the clock is not to be trusted and no entry ends. */
struct policy *decision_load(const struct cli *cli, int64_t *now, bool *whole);
int64_t decision_clock(const struct config *config);

/* Fields of one entry: entry, action, source, kind, until, vendor, model, reason. */
void decision_fields(struct out *o, const struct policy *p, const struct candidate *c);
/* The same as a sentence: "44:19:b6/24 quarantine from uk-core-network"; newly allocated. */
char *decision_text(const struct policy *p, const struct candidate *c);
/* An object "decides" (null: clean) and an array "beaten". */
void decision_show(struct out *o, const struct policy *p, const struct candidate *c, size_t n);
/* As written: an entry of /25 is one of eight /28 in the table. */
void decision_prefix(const struct entry *e, char out[static 24]);
#endif
