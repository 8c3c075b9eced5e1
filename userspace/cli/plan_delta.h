/* SPDX-License-Identifier: GPL-2.0-only */
/* For plan: what a delta would make of the list in force, by the record that lenscapd keeps of it. */
#ifndef LENSCAP_CLI_PLAN_DELTA_H
#define LENSCAP_CLI_PLAN_DELTA_H

#include "../feed/journal.h"
#include "../policy/load.h"
#include "content.h"

struct plan_delta { /* all borrowed */
	const struct config *config;
	const struct policy *policy;
	size_t source;
	const struct content *content; /* of the delta */
	const struct feed_header *in_force;
	const char *record_sha256;
};

/* The header of what is kept of the feed, its digest and its journal, which the caller frees; as they were, when there is nothing
 * that can be read. */
void plan_in_force(const struct config *config, const struct policy *policy, size_t source, struct feed_header *header,
		   char sha256[static 65], struct journal *journal);

/* HEADER and SET, now the delta's, become those of the whole list. 0; 1 = it is in force already, they are as they were;
 * negative errno with error. */
int plan_delta(const struct plan_delta *p, struct feed_header *header, struct entry_set *set, char error[static FEED_ERROR]);
#endif
