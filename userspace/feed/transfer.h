/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of entries from one process to another, as bytes: struct entry after struct entry, then the texts. The receiver
 * believes nothing of it. */
#ifndef LENSCAP_FEED_TRANSFER_H
#define LENSCAP_FEED_TRANSFER_H

#include "native.h"

struct transfer { /* what stands in the bytes */
	uint64_t entries;
	uint64_t text; /* bytes of texts behind them */
};

/* Write SET to a file that is empty. 0 or a negative errno. */
int transfer_write(int fd, const struct entry_set *set, struct transfer *out);

/* Take a set out of a file that nobody can change any more (a sealed memfd). Every entry must be what the parser of a
 * source with these rules could have made. 0, -ENOMEM, or -EBADMSG. */
int transfer_read(int fd, const struct transfer *t, const struct source_rules *rules, struct entry_set *set);
#endif
