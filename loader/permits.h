/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom contained devices may talk to: the zones' "permit" and "gateway" as rows of the map "permits". */
#ifndef LENSCAP_LOADER_PERMITS_H
#define LENSCAP_LOADER_PERMITS_H

#include "../userspace/lib/config.h"
#include "maps.h"

struct permit {
	struct lc_permit_key key;
	uint8_t
	    value; /* LC_PERMIT_PEER, LC_PERMIT_GATEWAY; those of every wider prefix too, since only one row is found */
};

/* Newly allocated rows of all zones; *digest, never 0, tells one content from another. 0 or -ENOMEM. Pure. */
int permits_make(const struct config *config, struct permit **rows, size_t *n, uint64_t *digest);

/* Give MAPS a map with the configuration's permits if it has another content or one that is not known. Programs that
 * are loaded keep the map they have. 1 = there is a new map, to be pinned when programs run on it; 0; or a negative
 * errno. */
int permits_sync(struct maps *maps, const struct config *config);
#endif
