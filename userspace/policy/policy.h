/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy: an ordered list of sources and, per key, the entry that decides.
 *
 * Within the kernel the longest prefix decides; here, for one key (prefix and kernel length), the first source that
 * has it with the greatest length as written (a /25 becomes eight /28 here and yields to a /28), and at equal length
 * the order local > feeds in config order > vendor lists in config order. Within one source the parser already kept the
 * longer, then stricter entry. An entry on trial (LC_ENTRY_DRY_RUN: its source is in dry-run) yields to every enforced
 * one, also of a shorter prefix: trying a list out must not lift what another enforces. So the compiled policy is, per
 * key, one word; and a change of one source touches only the keys that differ between its old and new set.
 */
#ifndef LENSCAP_POLICY_POLICY_H
#define LENSCAP_POLICY_POLICY_H

#include "../feed/entry.h"
#include "../feed/native.h"
#include "../lib/digest.h"

enum source_kind { SOURCE_LOCAL, SOURCE_FEED, SOURCE_LIST };

struct policy;
struct policy *policy_new(void);
void policy_free(struct policy *p);

/* Add a source at the end of the order; returns its index. NAME is copied. */
int policy_add_source(struct policy *p, enum source_kind kind, const char *name);
size_t policy_sources(const struct policy *p);
const char *policy_source_name(const struct policy *p, size_t source);
enum source_kind policy_source_kind(const struct policy *p, size_t source);
const struct entry_set *policy_source_set(const struct policy *p, size_t source);
/* The same, for a change to be made of it. */
struct entry_set *policy_source_whole(struct policy *p, size_t source);

struct change { /* of one key's final word, and with it of what addresses under it meet */
	uint64_t key;
	uint8_t before, after; /* verdict nibbles, 0 = absent */
	uint16_t source;       /* that decides after; UINT16_MAX = none */
};
struct changes {
	struct change *change; /* sorted by key */
	size_t n;
};
void changes_free(struct changes *c);

/* What putting SET in place of a source's would change. NOW drops entries whose until has passed (0 = the clock
 * is not trusted: none are dropped). Changes nothing. What is in force must be up to NOW: policy_expire() first. */
int policy_diff(const struct policy *p, size_t source, const struct entry_set *set, int64_t now, struct changes *out);
/* Put it in place: takes SET over (it is emptied). Here and in all that asks what a set would do, SET may be a change of the
 * source's own (feed/patch.h), which then has to be reserved. */
void policy_replace(struct policy *p, size_t source, struct entry_set *set);
/* The entries of FROM's source become those of TO's: FROM's has none then, and FROM is good for policy_free() only. */
void policy_move(struct policy *from, size_t source, struct policy *to, size_t as);
/* Take the last source out of the order. */
void policy_drop_last(struct policy *p);

/* The clock moves on (or is set back): entries whose until lies between FROM and TO, the keys whose verdict that
 * changes. policy_count() is as of the last TO. And when the next one ends (0 = none). */
int policy_expire(struct policy *p, int64_t from, int64_t to, struct changes *out);
int64_t policy_next_until(const struct policy *p, int64_t after);

/* Every final word, sorted by key, newly allocated. */
int policy_words(const struct policy *p, int64_t now, uint64_t **words, size_t *n);
/* Number of distinct keys in force. */
size_t policy_count(const struct policy *p);

/* The final verdict nibble for one address (0 = clean), as if SET were in place of SOURCE's (NULL: as it is). */
uint8_t policy_verdict(const struct policy *p, uint64_t mac48, int64_t now, size_t source, const struct entry_set *set);

/* The chain for one address: deciding entry first, then those it beat, strongest first. */
struct candidate {
	size_t source;
	const struct entry *entry;
};
/* Who decides a key (prefix and kernel length); entry NULL = nobody. */
struct candidate policy_winner(const struct policy *p, uint64_t key, int64_t now);
#define POLICY_CANDIDATES 256
size_t policy_explain(const struct policy *p, uint64_t mac48, int64_t now,
		      struct candidate out[static POLICY_CANDIDATES]);
#endif
