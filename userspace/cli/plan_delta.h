/* SPDX-License-Identifier: GPL-2.0-only */
/* For plan: what a delta would make of the list in force, by the record that lenscapd keeps of it. */
#ifndef LENSCAP_CLI_PLAN_DELTA_H
#define LENSCAP_CLI_PLAN_DELTA_H

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

/* The header of the feed's record and its digest; as it was, when there is none that can be read. */
void plan_in_force(const struct config *config, const struct policy *policy, size_t source, struct feed_header *header,
		   char sha256[static 65]);

/* HEADER and SET, now the delta's, become those of the whole list, SHA256 is its digest. 0; 1 = it is in force already, they are
 * as they were; negative errno with error. */
int plan_delta(const struct plan_delta *p, struct feed_header *header, struct entry_set *set, char sha256[static 65],
	       char error[static FEED_ERROR]);
#endif
