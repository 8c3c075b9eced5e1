/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything `status` and `doctor` know of a running Lenscap, gathered once, and what of it is degraded. */
#ifndef LENSCAP_CLI_HEALTH_H
#define LENSCAP_CLI_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "../lib/config.h"
#include "../lib/counters.h"
#include "lines.h"

struct health {
	const struct config *config;
	json_t *loader, *daemon; /* NULL: not there */
	int loader_err, daemon_err;
	bool loader_running, daemon_running;
	struct counters *counters; /* NULL: counters_err says why */
	int counters_err;
	struct lc_totals totals; /* all ports */
	uint64_t entries;	 /* in the kernel */
	char digest[65];	 /* of what the kernel's table holds (whole) or its head says, "" = could not be read */
	char head_digest[65];	 /* as its head says */
	int table_err;
	int64_t bypass_until, confirm_until; /* seconds since 1970; 0 = none */
	bool bypassed, unconfirmed;	     /* now */
	struct lines problems, warnings;
};

/* WHOLE: read the table word by word whatever its size: a quarter of a second for a million entries. Else only a table
 * of up to HEALTH_BUCKETS; of a larger one its head is believed, which lenscapd keeps in step with every change. */
#define HEALTH_BUCKETS 16384u
void health_read(const struct config *config, bool whole, struct health *h);
void health_free(struct health *h);
#endif
