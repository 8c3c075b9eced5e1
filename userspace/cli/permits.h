/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom the contained devices of a zone may talk to, shown. */
#ifndef LENSCAP_CLI_PERMITS_H
#define LENSCAP_CLI_PERMITS_H

#include "../lib/config.h"
#include "out.h"

/* "10.20.0.5, 2001:db8::/64", newly allocated; NULL when there is none or no memory. */
char *permits_text(const struct config_prefix *list, size_t n);
/* Fields "permit" and "gateway" of the row or object begun last: arrays in JSON, one column each in text, which is left out
 * when LABELLED is false. */
void permits_fields(struct out *o, const struct config_zone *zone, bool labelled);
#endif
