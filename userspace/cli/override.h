/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that flag, exempt and unflag keep, and waiting until lenscapd enforces it. */
#ifndef LENSCAP_CLI_OVERRIDE_H
#define LENSCAP_CLI_OVERRIDE_H

#include <jansson.h>

#include "../lib/mac.h"
#include "../policy/load.h"
#include "cli.h"

/* Put ENTRY (a JSON object; NULL: nothing) in place of the line about exactly PREFIX in local.jsonl, under the folder's
 * lock, as a whole. *before gets the action that stood there (LC_ABSENT: no line); without a line and an entry nothing
 * is written. 0, or an exit code, told. */
int override_edit(const struct cli *cli, const struct prefix *prefix, const json_t *entry, int64_t timeout,
		  enum lc_action *before);

/* Wait for lenscapd. Begin before writing, so that its answer cannot be missed. */
struct ack;
struct ack *ack_begin(const struct cli *cli);
void ack_cancel(struct ack *ack);
/* Until lenscapd has all the overrides in force. 0, or an exit code, told: it refused them, does not run, or TIMEOUT
 * seconds passed. Frees. */
int ack_overrides(struct ack *ack, int64_t timeout);
/* Until the source NAME has the content SHA256 in force. */
/* A refusal for this reason (borrowed) is of before, and no answer. */
void ack_old_news(struct ack *a, const char *reason);
int ack_source(struct ack *ack, const char *name, const char *sha256, int64_t timeout);
#endif
