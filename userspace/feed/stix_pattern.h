/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of STIX 2.1 patterns that says exactly what an entry says: mac-addr:value with =, IN and LIKE, joined by OR. */
#ifndef LENSCAP_FEED_STIX_PATTERN_H
#define LENSCAP_FEED_STIX_PATTERN_H

#include "../lib/mac.h"

/* Called for each address or prefix; not zero ends the reading with that value. */
typedef int stix_pattern_fn(void *arg, const struct prefix *prefix);

/* TEXT is zero-terminated. 0, what FN returned, or -EINVAL with *reason: it says more than an entry can, or less. */
int stix_pattern_read(const char *text, stix_pattern_fn *fn, void *arg, const char **reason);
#endif
