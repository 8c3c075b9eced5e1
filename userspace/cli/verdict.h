/* SPDX-License-Identifier: GPL-2.0-only */
/* From an entry and a zone to what happens to a frame: the same rules as bpf/zone.h, with the reason in words. */
#ifndef LENSCAP_CLI_VERDICT_H
#define LENSCAP_CLI_VERDICT_H

#include <stdbool.h>

#include "../lib/config.h"

struct verdict_now { /* what holds for every place at this time */
	bool absent; /* nothing is pinned, so nothing is enforced */
	bool bypassed, unconfirmed, protected;
};

struct verdict {
	enum lc_action action; /* what the entry means here; LC_ABSENT: the address is clean */
	bool stopped;
	const char *result; /* "stopped", "passes" */
	const char *why;    /* constant sentence */
};

/* NIBBLE 0 = clean. ZONE NULL = in no zone. */
struct verdict verdict_of(unsigned nibble, const struct config_zone *zone, const struct verdict_now *now);
#endif
