/* SPDX-License-Identifier: GPL-2.0-only */
/* The guards of a source: what it may change in how much time, and on whom, before a person has to agree. */
#ifndef LENSCAP_POLICY_GUARD_H
#define LENSCAP_POLICY_GUARD_H

#include "../feed/journal.h"
#include "policy.h"

#define RESERVED_ENTRIES 1024 /* of the capacity, for the overrides */

struct guard_limits {
	double max_weakening;	    /* fraction of the source's entries in any 24 hours, at least 2 entries */
	unsigned max_newly_stopped; /* live addresses */
};

/* What is remembered of one source across restarts (<state>/daemon/guard.json). Start with guard_memory_init(). */
#define GUARD_STEPS 64
struct guard_memory {
	int64_t serial;	 /* highest accepted, -1 = none yet */
	char sha256[65]; /* of the content accepted with it */
	int64_t journaled; /* its journal must lead to this serial, -1 = it has none: else something in force was lost */
	struct {
		int64_t at;
		uint64_t weakened;
	} step[GUARD_STEPS]; /* the last 24 hours, oldest first; when full the two oldest are merged (keeping the later
				time) */
	size_t n_steps;
};
void guard_memory_init(struct guard_memory *m);

/* The content a guard speaks of, for the way out in its error: "...; lenscap feed accept NAME SHA256 admits exactly
 * this content". */
struct guard_content {
	const char *name, *sha256;
};

/* Serial rules: older, or equal with other content, or none where there was one (formats without a serial cannot be guarded
 * against old copies). 0 or -EINVAL with error. */
int guard_serial(const struct guard_memory *m, const struct feed_header *h, const char *sha256,
		 char error[static FEED_ERROR]);
/* The configuration's least serial: what a router with an empty memory knows of the past. Nothing lifts it but its change. */
int guard_min_serial(const struct feed_header *h, uint32_t min, char error[static FEED_ERROR]);
/* expires in the past when the clock is trusted (now != 0). */
int guard_expiry(const struct feed_header *h, int64_t now, char error[static FEED_ERROR]);

/* How many entries (after expansion) putting SET in place of a source's weakens: an entry removed, a weaker action or
 * dry-run, a new or shorter until; and entries that are new but lower the final verdict of their own prefix, as a
 * permitted allow does. Entries whose until passed by NOW do not count. */
uint64_t guard_weakened(const struct policy *p, size_t source, const struct entry_set *set, int64_t now);
/* ENTRIES: how many the source has before the change. -EPERM with error when the last 24 hours and this are too much.
 * NOW is the wall clock whether trusted or not. */
int guard_weakening(const struct guard_memory *m, const struct guard_limits *l, const struct guard_content *c,
		    uint64_t entries, uint64_t weakened, int64_t now, char error[static FEED_ERROR]);
/* Note what was accepted. */
void guard_remember(struct guard_memory *m, const struct feed_header *h, const char *sha256, uint64_t weakened,
		    int64_t now);

/* A step of a journal is in force before it is in the memory: note those that are missing there. */
void guard_catch_up(struct guard_memory *m, const struct journal *journal);

/* The memories of all sources as a file. Loading a file that is not there gives none and 0. A damaged file gives none,
 * -EINVAL and an error to show: the caller then keeps the serials of the last-known-good files, and starts new windows.
 */
struct guard_source {
	char name[65];
	struct guard_memory memory;
};
int guard_load(const char *path, struct guard_source **out, size_t *n, char error[static FEED_ERROR]);
int guard_save(const char *path, const struct guard_source *sources, size_t n);

/* Addresses now live here (neighbour table, bridge forwarding table), sorted, one row each; default gateways and
 * virtual-router addresses learned from the machine are marked. */
struct live {
	uint64_t mac48;
	char port[16]; /* interface it was learned on */
	bool gateway;
};
struct live_set {
	struct live *live;
	size_t n;
};
/* netlink dump (libmnl), needs no right. */
int live_read(struct live_set *out);
void live_free(struct live_set *set);

/* Which live addresses putting SET in place would newly stop (final verdict before does not stop, after does;
 * quarantine, drop, divert and contain stop, not in dry-run). Returns how many; HIT gets the first MAX_HITS, gateways
 * first. */
size_t guard_newly_stopped(const struct policy *p, size_t source, const struct entry_set *set, int64_t now,
			   const struct live_set *live, struct live *hit, size_t max_hits);
/* N as returned above, HIT with at least one row when N is not 0. -EPERM with error. */
int guard_stops(const struct guard_limits *l, const struct guard_content *c, const struct live *hit, size_t n,
		char error[static FEED_ERROR]);
#endif
