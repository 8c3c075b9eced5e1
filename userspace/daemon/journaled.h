/* SPDX-License-Identifier: GPL-2.0-only */
/* A feed's record and journal as they are found at a start. */
#ifndef LENSCAP_DAEMON_JOURNALED_H
#define LENSCAP_DAEMON_JOURNALED_H

#include "daemon.h"

/* Header, digest, journal and guard memory of S, and its entries. As native_parse_file(); -EBADMSG when a delta that was in
 * force cannot be read back. */
int journaled_load(struct source *s, const struct source_rules *rules, struct entry_set *set, char error[static FEED_ERROR]);
#endif
