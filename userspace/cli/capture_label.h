/* SPDX-License-Identifier: GPL-2.0-only */
/* What a captured frame met, in words: verdict, zone, and the entry that decided with its source. */
#ifndef LENSCAP_CLI_CAPTURE_LABEL_H
#define LENSCAP_CLI_CAPTURE_LABEL_H

#include "cli.h"

struct labels;
/* Reads the policy's files and the loader's state: not as root. NULL, told: out of memory. */
struct labels *labels_new(const struct cli *cli);
void labels_free(struct labels *l);

/* The source of the entry that decided, NULL when the files have it no more; and the zone's name, NULL when it is in none or
 * the loader has another configuration than this. */
const char *label_source(struct labels *l, const struct lc_captured *frame);
const char *label_zone(const struct labels *l, const struct lc_captured *frame);

/* "stopped by XDP: drop in zone core; 44:19:b6/24 quarantine from uk-core-network". */
#define LABEL_TEXT 512
void label_text(struct labels *l, const struct lc_captured *frame, char out[static LABEL_TEXT]);
#endif
