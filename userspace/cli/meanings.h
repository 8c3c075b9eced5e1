/* SPDX-License-Identifier: GPL-2.0-only */
/* What the actions that entries ask for mean in each zone. */
#ifndef LENSCAP_CLI_MEANINGS_H
#define LENSCAP_CLI_MEANINGS_H

#include "../lib/config.h"
#include "out.h"

/* The table "meanings": a row for each action of ACTIONS (bit 1 << action) and zone; in text one for each action. */
void meanings_show(struct out *o, const struct config *config, unsigned actions);
#endif
