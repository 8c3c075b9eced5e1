/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the policy table: shared by the table_*.c files and by nobody else. */
#ifndef LENSCAP_LIB_TABLE_PRIVATE_H
#define LENSCAP_LIB_TABLE_PRIVATE_H

#include "table.h"

#define FIELD_BITS 4
#define FIELD_MASK 15u
#define BOTH_ACTIONS 0x77u /* the action bits of both fields of a word */
#define FILTER_PLACES (1u << LC_FILTER_BITS)

/* Waits until no program runs that began before now. 0 or -EIO. */
typedef int table_wait_fn(const struct table *t);

struct table {
	struct lc_control control;
	struct lc_policy_head *head;  /* the maps, shared with the kernel */
	uint64_t *filter;
	struct lc_bucket *buckets;    /* control.buckets, and the stash */
	int head_fd, grace_fd;
	table_wait_fn *wait;	      /* NULL: nothing to wait for; tests have their own */
	bool mapped, owns_fds;
	bool half_done;		      /* a change could not be cleaned up: repair before the next */
	size_t used;		      /* words that are not 0, the stash's included */
	size_t stash;		      /* of these, in the stash */
	size_t live;		      /* words in force */
	uint32_t *under;	      /* words per filter place and length code: when a filter bit may go */
};

static inline uint64_t shared_read(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* Everything written before is seen by whoever sees this. */
static inline void shared_write(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static inline uint64_t table_epoch(const struct table *t)
{
	return shared_read((const uint64_t *)&t->head->epoch);
}

/* With sequential consistency: on every CPU, what was written before comes before it. An epoch never comes back, for the slots
 * of devices remember what decided under it (bpf/recall.h). */
static inline void table_move_epoch(struct table *t, uint64_t by)
{
	__atomic_store_n((uint64_t *)&t->head->epoch, table_epoch(t) + by, __ATOMIC_SEQ_CST);
}

static inline unsigned field_shift(uint64_t epoch)
{
	return epoch & 1 ? FIELD_BITS : 0;
}

static inline uint64_t word_key(uint64_t word)
{
	return word >> LC_WORD_KEY_SHIFT;
}

static inline uint64_t word_of_both(uint64_t key, uint64_t nibble)
{
	return key << LC_WORD_KEY_SHIFT | nibble << FIELD_BITS | nibble;
}

/* A verdict nibble without an action is absence, whatever its dry-run bit says. */
static inline uint64_t nibble_of(uint64_t nibble)
{
	return nibble & LC_ACTION_MASK ? nibble & FIELD_MASK : 0;
}

static inline uint64_t word_nibble(uint64_t word, uint64_t epoch)
{
	return nibble_of(word >> field_shift(epoch));
}

/* table.c: a table over memory of the caller's, so that tests need no kernel. It is repaired as any other. */
struct table_memory {
	struct lc_policy_head *head;
	uint64_t *filter;	   /* LC_FILTER_WORDS */
	struct lc_bucket *buckets; /* control.buckets + 1, aligned to a cache line */
	table_wait_fn *wait;	   /* NULL: nobody reads */
};
int table_over(const struct table_memory *memory, const struct lc_control *control, struct table **out);

/* table_place.c: one word at a time */

/* Prefix without bits beyond the length, unused bits zero; says nothing of the verdicts. */
bool key_valid(uint64_t key);
/* The last address a key covers, as mac48. */
uint64_t key_last(uint64_t key);
/* The word of KEY with an action in a field that ACTIONS masks, in the order in which programs look; NULL = none. */
uint64_t *table_find(const struct table *t, uint64_t key, uint64_t actions);
/* Put a word, not there yet, into the emptier of its buckets, else the stash, and set its filter bit. NULL = no room. */
uint64_t *table_place(struct table *t, uint64_t word);
/* Zero a word that no frame sees any more, and clear its filter bit when it was the last under it. */
void table_remove(struct table *t, uint64_t *word);
void table_prefetch(const struct table *t, uint64_t key);
bool table_in_stash(const struct table *t, const uint64_t *word);
void table_publish_stash(struct table *t);
uint64_t filter_bit(uint64_t key, size_t *word, size_t *under);

/* table_repair.c */

/* Bring the maps to the state between two changes, what the epoch selects staying in force, and count what is there. */
int table_repair(struct table *t);
int table_grace(const struct table *t);
/* The wait for programs in the kernel. */
table_wait_fn table_wait_rcu;

#endif
