/* SPDX-License-Identifier: GPL-2.0-only */
/* One source's entries in memory: 32 bytes each, sorted by key, with the strings of all of them in one pool. */
#ifndef LENSCAP_FEED_ENTRY_H
#define LENSCAP_FEED_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct strings;			/* pool of distinct strings; handle 0 is the empty string */
#define STRINGS_MAX (96u << 20) /* bytes of distinct text in one pool */
struct strings *strings_new(void);
void strings_free(struct strings *s);
/* The handle of TEXT (zero-terminated), added when new. 0 when it is empty, the pool is full or memory is out. */
uint32_t strings_add(struct strings *s, const char *text);
const char *strings_get(const struct strings *s, uint32_t handle);
/* All of the pool as one run of bytes, in which a handle is an offset: a zero, then text after text with its zero. */
const char *strings_all(const struct strings *s, size_t *size);

struct entry {
	uint64_t word;			/* table word: prefix, length code, verdict nibble */
	int64_t until;			/* seconds since 1970, 0 = no end */
	uint32_t vendor, model, reason; /* handles in the set's pool */
	uint8_t length;			/* as written, 24..48, before expansion to a kernel length */
	uint8_t reserved[3];
};
_Static_assert(sizeof(struct entry) == 32, "a million entries are 32 MB");

/* Sorted by key (word >> 8). Where several entries of a source meet in one key, the one with the greater written
 * length, then the stricter action, comes first and decides; another follows only when it outlives it (until), so that
 * it takes over. */
struct entry_part;
struct entry_set {
	struct entry *entries;
	size_t n;
	struct strings *strings;
	size_t dropped; /* at most so many more were given, and left out because they never decide */
	bool hidden;	/* one of them would decide if an entry of another written length went */
	struct entry_part *part; /* NULL: these are all there are; else a change of a whole set (patch.h) */
};
struct entry_part { /* of a change: its set has what WHOLE is to have under the keys, and nothing else */
	struct entry_set *whole; /* borrowed; what it has under all other keys stays */
	uint64_t *key;		 /* sorted, each once */
	size_t n_keys;
	struct entry_set old; /* what WHOLE has under the keys */
};
void entry_set_free(struct entry_set *set);
/* How many entries there are, of a change how many the whole set will have. */
size_t entry_set_count(const struct entry_set *set);

/* The first entry of a key (n when there is none), and the one of the key's entries in force at NOW (0: the first), or
 * NULL; the latter as if a change had been made. */
size_t entry_set_find(const struct entry_set *set, uint64_t key);
const struct entry *entry_set_at(const struct entry_set *set, uint64_t key, int64_t now);
/* Sorted, and no entry that never decides: what a builder makes. */
bool entry_set_is_resolved(const struct entry_set *set);
/* The same entries, texts aside? */
bool entry_set_equal(const struct entry_set *a, const struct entry_set *b);
/* Is it in force at NOW (0 = the clock is not trusted: every entry is)? */
bool entry_in_force(const struct entry *e, int64_t now);

/* Sort, and leave out what never decides. */
void entry_set_resolve(struct entry_set *set);

/* Gathers entries, expands them to kernel lengths, then sorts and resolves them. MAX counts after expansion. */
struct prefix;
struct entry_builder;
struct entry_builder *entry_builder_new(uint64_t max);
void entry_builder_free(struct entry_builder *b);
struct strings *entry_builder_strings(struct entry_builder *b);
/* PROTOTYPE: all fields but word's prefix and length. 0, -EFBIG (over MAX) or -ENOMEM. */
int entry_builder_add(struct entry_builder *b, const struct prefix *prefix, const struct entry *prototype);
/* Moves the entries to SET, freeing B. */
void entry_builder_finish(struct entry_builder *b, struct entry_set *set);

/* Names of actions: text to number (LC_ABSENT when unknown) and back. Strictness: higher stops more; quarantine and
 * drop are equal. */
#define ACTION_NAMES "quarantine, drop, divert, contain, mirror, monitor or allow" /* for people, the strictest first */
enum lc_action action_parse(const char *text);
const char *action_name(enum lc_action action);
int action_strictness(enum lc_action action);
#endif
