/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of entries from one process to another, as bytes: struct entry after struct entry, then the texts, then of a
 * delta the prefixes it speaks of. The receiver believes nothing of it. */
#ifndef LENSCAP_FEED_TRANSFER_H
#define LENSCAP_FEED_TRANSFER_H

#include "native.h"
#include "patch.h"

struct transfer { /* what stands in the bytes */
	uint64_t entries;
	uint64_t text; /* bytes of texts behind them */
	uint64_t names; /* of a delta, at most PATCH_KEYS_MAX */
	uint64_t dropped, hidden; /* as in the set; who lies about these harms that list only */
};

/* Write SET and NAMES (NULL = none) to a file that is empty. 0 or a negative errno. */
int transfer_write(int fd, const struct entry_set *set, const struct names *names, struct transfer *out);

/* Take a set out of a file that nobody can change any more (a sealed memfd). Every entry must be what the parser of a
 * source with these rules could have made, every name one that it could have read; NAMES NULL: there must be none.
 * 0, -ENOMEM, or -EBADMSG. */
int transfer_read(int fd, const struct transfer *t, const struct source_rules *rules, struct entry_set *set, struct names *names);
#endif
