/* SPDX-License-Identifier: GPL-2.0-only */
/* One source's entries in memory: 32 bytes each, sorted by key, with the strings of all of them in one pool. */
#ifndef LENSCAP_FEED_ENTRY_H
#define LENSCAP_FEED_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct strings; /* pool of distinct strings; handle 0 is the empty string */
struct strings *strings_new(void);
void strings_free(struct strings *s);
/* The handle of TEXT (zero-terminated), added when new. 0 when out of memory. */
uint32_t strings_add(struct strings *s, const char *text);
const char *strings_get(const struct strings *s, uint32_t handle);

struct entry {
	uint64_t word;	/* table word: prefix, length code, verdict nibble */
	int64_t until;	/* seconds since 1970, 0 = no end */
	uint32_t vendor, model, reason; /* handles in the set's pool */
	uint8_t length; /* as written, 24..48, before expansion to a kernel length */
	uint8_t reserved[3];
};
_Static_assert(sizeof(struct entry) == 32, "a million entries are 32 MB");

struct entry_set { /* sorted by word >> 8, one entry a key (the stricter action won) */
	struct entry *entries;
	size_t n;
	struct strings *strings;
};
void entry_set_free(struct entry_set *set);
#endif
