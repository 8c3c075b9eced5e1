/* SPDX-License-Identifier: GPL-2.0-only */
/* The guards of a source: what it may change in how much time, and on whom, before a person has to agree. */
#ifndef LENSCAP_POLICY_GUARD_H
#define LENSCAP_POLICY_GUARD_H

#include "policy.h"

struct guard_limits {
	double max_weakening;	    /* fraction of the source's entries in any 24 hours, at least 2 entries */
	unsigned max_newly_stopped; /* live addresses */
};

/* What is remembered of one source across restarts (<state>/daemon/guard.json). */
#define GUARD_STEPS 64
struct guard_memory {
	int64_t serial;	      /* highest accepted, -1 = none yet */
	char sha256[65];      /* of the content accepted with it */
	struct {
		int64_t at;
		uint64_t weakened;
	} step[GUARD_STEPS]; /* the last 24 hours; older ones are merged into the oldest that still counts */
	size_t n_steps;
};

/* Serial rules: older, or equal with other content. 0 or -EINVAL with error. */
int guard_serial(const struct guard_memory *m, const struct feed_header *h, const char *sha256,
		 char error[static FEED_ERROR]);
/* expires in the past when the clock is trusted (now != 0). */
int guard_expiry(const struct feed_header *h, int64_t now, char error[static FEED_ERROR]);

/* How many entries of OLD the change to NEW weakens: a removal, a weaker final verdict, a new or shorter until. */
uint64_t guard_weakened(const struct entry_set *old, const struct entry_set *set);
int guard_weakening(const struct guard_memory *m, const struct guard_limits *l, uint64_t entries, uint64_t weakened,
		    int64_t now, char error[static FEED_ERROR]);
void guard_remember(struct guard_memory *m, const struct feed_header *h, const char *sha256, uint64_t weakened,
		    int64_t now);

/* Addresses now live here (neighbour table, bridge forwarding table), sorted; gateways and virtual-router addresses
 * learned from the machine are marked. */
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

/* Which live addresses CHANGES would newly stop under policy P (final verdict before does not stop, after does;
 * quarantine, drop, divert and contain stop). */
size_t guard_newly_stopped(const struct policy *p, size_t source, const struct entry_set *set, int64_t now,
			   const struct live_set *live, struct live *hit, size_t max_hits);
int guard_stops(const struct guard_limits *l, const struct live *hit, size_t n, char error[static FEED_ERROR]);
#endif
