/* SPDX-License-Identifier: GPL-2.0-only */
/* From an entry and a zone to what happens to a frame: the same rules as bpf/zone.h, with the reason in words. */
#ifndef LENSCAP_CLI_VERDICT_H
#define LENSCAP_CLI_VERDICT_H

#include <stdbool.h>

#include "../lib/config.h"

struct verdict_now { /* what holds for every place at this time */
	bool absent; /* nothing is pinned, so nothing is enforced */
	bool bypassed, unconfirmed, protected;
	bool no_mirror; /* the mirror port is not there: nothing can be copied */
};

struct verdict {
	enum lc_action action; /* what the entry means here; LC_ABSENT: the address is clean */
	bool stopped;	       /* out of the network: dropped, diverted, or contained but for whom it may talk to */
	const char *result;    /* "stopped", "diverted", "contained", "copied" (and passes), "passes" */
	const char *why;       /* constant sentence */
};

/* What an entry's action means in ZONE. */
enum lc_action verdict_final(enum lc_action asked, const struct config_zone *zone);
/* NIBBLE 0 = clean. ZONE NULL = in no zone. TO: frames to the device, else from it. */
struct verdict verdict_of(unsigned nibble, const struct config_zone *zone, bool to, const struct verdict_now *now);
#endif
