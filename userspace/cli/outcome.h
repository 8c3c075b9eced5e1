/* SPDX-License-Identifier: GPL-2.0-only */
/* What a verdict means on each port and VLAN. */
#ifndef LENSCAP_CLI_OUTCOME_H
#define LENSCAP_CLI_OUTCOME_H

#include <jansson.h>

#include "out.h"
#include "places.h"
#include "verdict.h"

struct outcome_where {
	char port[16]; /* "" = everywhere */
	unsigned vlan; /* LC_VLAN_UNTAGGED without one */
	bool has_vlan;
};

/* The table "ports": one row for each zone and direction of each port (or the one that WHERE names), and "contained": whom
 * the address may talk to where it is contained. */
void outcome_show(struct out *o, const struct places *places, const struct outcome_where *where, unsigned nibble,
		  const struct verdict_now *now);
/* Sets no_mirror from the loader's state (NULL: not known, then it is taken to be there). */
void outcome_mirror(const json_t *loader, struct verdict_now *now);
/* Sets bypassed and unconfirmed from the kernel's switches; where these cannot be read they stay. */
void outcome_switches(const struct config *config, struct verdict_now *now);
#endif
