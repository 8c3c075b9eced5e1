/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of struct policy, for the files that make it up: policy.c, diff.c, expire.c, guard.c. */
#ifndef LENSCAP_POLICY_SOURCES_H
#define LENSCAP_POLICY_SOURCES_H

#include "../lib/mac.h"
#include "policy.h"

struct source {
	enum source_kind kind;
	char *name;
	struct entry_set set;
	int64_t next_until; /* the first after the policy's clock, 0 = none: most sources need no scan to expire */
};

struct policy {
	struct source *source;
	size_t n;
	size_t count;  /* distinct keys in force at the clock */
	int64_t clock; /* the last TO of policy_expire() */
};

struct winner { /* entry NULL = nobody */
	const struct entry *entry;
	size_t source;
};

static inline uint64_t entry_key(const struct entry *e)
{
	return e->word >> LC_WORD_KEY_SHIFT;
}

static inline uint8_t verdict_of(const struct entry *e)
{
	return e ? (uint8_t)(e->word & 0xf) : LC_ABSENT;
}

/* Its source is in dry-run. */
static inline bool on_trial(const struct entry *e)
{
	return e->word & LC_ENTRY_DRY_RUN;
}

/* policy_verdict() among entries of length code LONGEST and shorter. */
uint8_t verdict_below(const struct policy *p, uint64_t mac48, unsigned longest, int64_t now, size_t source,
		      const struct entry_set *set);

/* The key an address has at a kernel length. */
static inline uint64_t address_key(uint64_t mac48, unsigned code)
{
	unsigned beyond = 48 - prefix_bits(code);

	return mac48 >> beyond << beyond << (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT) | code;
}

/* Who decides a key when SOURCE has no say (SIZE_MAX: all have); and when it says E, NULL for nothing. */
struct winner winner_without(const struct policy *p, uint64_t key, int64_t now, size_t source);
struct winner winner_with(struct winner others, size_t source, const struct entry *e);

/* Walks two sets of one source key by key. */
struct pair {
	const struct entry_set *a, *b;
	size_t i, j;	     /* behind the runs of the current key */
	size_t run_a, run_b; /* first of the current key; equal to i or j when there is none */
	uint64_t key;
};
/* What SOURCE has beside what it gets: of a change only what is under its keys. */
struct pair pair_of(const struct policy *p, size_t source, const struct entry_set *set);
/* The next key; false at the end. */
bool pair_next(struct pair *w);
/* The entry of the current key in force at NOW in A and in B, or NULL. */
const struct entry *pair_a(const struct pair *w, int64_t now);
const struct entry *pair_b(const struct pair *w, int64_t now);
/* Same entries (texts aside) under the current key? */
bool pair_equal(const struct pair *w);

/* Growing list of changes. */
struct change_list {
	struct changes out;
	size_t room;
};
int change_add(struct change_list *l, const struct change *c);
#endif
