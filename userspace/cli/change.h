/* SPDX-License-Identifier: GPL-2.0-only */
/* A local override from the order to what wins after it. */
#ifndef LENSCAP_CLI_CHANGE_H
#define LENSCAP_CLI_CHANGE_H

#include <jansson.h>

#include "../feed/entry.h"
#include "../lib/mac.h"
#include "cli.h"

struct change_order {
	struct prefix prefix;
	enum lc_action action; /* LC_ABSENT: remove the override */
	json_t *entry;	       /* the line to write; NULL: remove */
	int64_t until;	       /* seconds since 1970, 0 = no end */
	int64_t timeout;       /* seconds to wait for lenscapd */
};

/* Write it, wait until it is enforced, show the verdict that results. Gives the exit code: CLI_NEGATIVE when another
 * entry still wins. */
int change_make(struct cli *cli, const struct change_order *order);
#endif
