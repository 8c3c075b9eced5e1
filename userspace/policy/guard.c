/* SPDX-License-Identifier: GPL-2.0-only */
/* The guards: serials, expiry, weakening within a day, live addresses newly stopped. */
#include "guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "sources.h"

#define WINDOW ((int64_t)24 * 3600)
#define LEAST_WEAKENING 2 /* entries a small list may always lose in a day */
#define WAY_OUT "; lenscap feed accept %s %s admits exactly this content"

void guard_memory_init(struct guard_memory *m)
{
	memset(m, 0, sizeof(*m));
	m->serial = m->journaled = -1;
}

int guard_serial(const struct guard_memory *m, const struct feed_header *h, const char *sha256,
		 char error[static FEED_ERROR])
{
	if (m->serial < 0 || h->serial > m->serial)
		return 0;
	if (h->serial < 0) {
		(void)snprintf(error, FEED_ERROR,
			       "this content has no serial, but %" PRId64
			       " was accepted before: anybody's old copy would pass; publish in the native format, or lenscap feed "
			       "reset NAME",
			       m->serial);
		return -EINVAL;
	}
	if (h->serial < m->serial) {
		(void)snprintf(error, FEED_ERROR,
			       "%s: serial %" PRId64 " is older than %" PRId64
			       " in force; publish with a higher serial, or lenscap feed reset %s",
			       h->list, h->serial, m->serial, h->list);
		return -EINVAL;
	}
	if (!strcmp(m->sha256, sha256))
		return 0;
	(void)snprintf(error, FEED_ERROR,
		       "%s: serial %" PRId64
		       " was accepted with other content; publish with a higher serial, or lenscap "
		       "feed reset %s",
		       h->list, h->serial, h->list);
	return -EINVAL;
}

int guard_min_serial(const struct feed_header *h, uint32_t min, char error[static FEED_ERROR])
{
	if (!min || h->serial >= (int64_t)min)
		return 0;
	if (h->serial < 0)
		(void)snprintf(error, FEED_ERROR, "this content has no serial, but min-serial is %u; publish in the native format", min);
	else
		(void)snprintf(error, FEED_ERROR,
			       "%s: serial %" PRId64 " is older than min-serial %u; fetch a newer edition or lower min-serial", h->list,
			       h->serial, min);
	return -EINVAL;
}

int guard_expiry(const struct feed_header *h, int64_t now, char error[static FEED_ERROR])
{
	char text[TIME_TEXT];

	if (!now || !h->expires || h->expires > now)
		return 0;
	time_format(h->expires, text);
	(void)snprintf(error, FEED_ERROR, "%s: the list expired at %s; publish it anew with a later \"expires\"",
		       h->list, text);
	return -EINVAL;
}

/* ---- Weakening ---- */
/* How much a verdict stops; on trial it stops nothing, but still reports. */
static int strength(const struct entry *e)
{
	int strictness = e ? action_strictness(e->word & LC_ACTION_MASK) : 0;
	int reports = action_strictness(LC_MONITOR);

	return e && on_trial(e) && strictness > reports ? reports : strictness;
}

static bool weaker_at(const struct pair *w, int64_t when)
{
	return strength(pair_b(w, when)) < strength(pair_a(w, when));
}

/* Is the new set's word on the current key weaker than the old one's, now or when an entry of either ends? */
static bool ever_weaker(const struct pair *w, int64_t now)
{
	if (weaker_at(w, now))
		return true;
	for (size_t k = w->run_a; k < w->i; k++)
		if (w->a->entries[k].until > now && weaker_at(w, w->a->entries[k].until))
			return true;
	for (size_t k = w->run_b; k < w->j; k++)
		if (w->b->entries[k].until > now && weaker_at(w, w->b->entries[k].until))
			return true;
	return false;
}

/* Only what lets something pass can lift what others stop. */
static bool may_lift(const struct entry *e)
{
	return e && strength(e) < action_strictness(LC_DROP);
}

static int nibble_strength(uint8_t nibble)
{
	return strength(&(struct entry){.word = nibble});
}

/* Does a new entry lower what its own prefix met until now, as an exemption does, or mirror under a list's quarantine? */
static bool lifts_others(const struct policy *p, size_t source, const struct entry_set *set, const struct pair *w,
			 int64_t now)
{
	uint64_t mac48 = w->key >> (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT);
	unsigned code = w->key & (LC_LENGTHS - 1);

	if (!may_lift(pair_b(w, now)))
		return false;
	return nibble_strength(verdict_below(p, mac48, code, now, source, set)) <
	       nibble_strength(verdict_below(p, mac48, code, now, SIZE_MAX, NULL));
}

uint64_t guard_weakened(const struct policy *p, size_t source, const struct entry_set *set, int64_t now)
{
	struct pair w = pair_of(p, source, set);
	uint64_t weakened = 0;

	while (pair_next(&w))
		if (!pair_equal(&w) && (ever_weaker(&w, now) || lifts_others(p, source, set, &w, now)))
			weakened++;
	return weakened;
}

/* A time in the future (the clock was set back) counts as now. */
static bool in_window(int64_t at, int64_t now)
{
	return at > now - WINDOW;
}

int guard_weakening(const struct guard_memory *m, const struct guard_limits *l, const struct guard_content *c,
		    uint64_t entries, uint64_t weakened, int64_t now, char error[static FEED_ERROR])
{
	uint64_t limit = (uint64_t)(l->max_weakening * (double)entries + 1e-9), before = 0;

	if (limit < LEAST_WEAKENING)
		limit = LEAST_WEAKENING;
	for (size_t i = 0; i < m->n_steps; i++)
		before += in_window(m->step[i].at, now) ? m->step[i].weakened : 0;
	if (!weakened || (before <= limit && weakened <= limit - before))
		return 0;
	(void)snprintf(error, FEED_ERROR,
		       "%s: weakens %" PRIu64 " of %" PRIu64 " entries after %" PRIu64
		       " in the last 24 hours, max-weakening allows %" PRIu64 WAY_OUT,
		       c->name, weakened, entries, before, limit, c->name, c->sha256);
	return -EPERM;
}

static void forget_old(struct guard_memory *m, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_steps; i++)
		if (in_window(m->step[i].at, now))
			m->step[kept++] = m->step[i];
	m->n_steps = kept;
}

/* The two oldest become one that counts as long as the younger of them. */
static void merge_oldest(struct guard_memory *m)
{
	m->step[1].weakened += m->step[0].weakened;
	m->n_steps--;
	memmove(&m->step[0], &m->step[1], m->n_steps * sizeof(m->step[0]));
}

void guard_remember(struct guard_memory *m, const struct feed_header *h, const char *sha256, uint64_t weakened,
		    int64_t now)
{
	if (h->serial >= m->serial) {
		m->serial = h->serial;
		(void)snprintf(m->sha256, sizeof(m->sha256), "%.64s", sha256);
	}
	forget_old(m, now);
	if (!weakened)
		return;
	if (m->n_steps == GUARD_STEPS)
		merge_oldest(m);
	m->step[m->n_steps].at = now;
	m->step[m->n_steps++].weakened = weakened;
}

void guard_catch_up(struct guard_memory *m, const struct journal *journal)
{
	for (size_t i = 0; i < journal->n; i++) {
		const struct journal_step *step = &journal->step[i];
		const struct feed_header header = {.serial = step->serial};

		if (step->serial <= m->serial)
			continue;
		guard_remember(m, &header, step->sha256, step->weakened, step->at);
		m->journaled = step->serial;
	}
}

/* ---- Newly stopped ---- */
static bool stops(uint8_t nibble)
{
	return !(nibble & LC_ENTRY_DRY_RUN) &&
	       action_strictness(nibble & LC_ACTION_MASK) >= action_strictness(LC_CONTAIN);
}

/* One walk over the live addresses for gateways, one for the others. */
static size_t collect(const struct policy *p, size_t source, const struct entry_set *set, int64_t now,
		      const struct live_set *live, bool gateways, struct live *hit, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < live->n; i++) {
		const struct live *l = &live->live[i];

		if (l->gateway != gateways || !stops(policy_verdict(p, l->mac48, now, source, set)) ||
		    stops(policy_verdict(p, l->mac48, now, SIZE_MAX, NULL)))
			continue;
		if (n < room)
			hit[n] = *l;
		n++;
	}
	return n;
}

size_t guard_newly_stopped(const struct policy *p, size_t source, const struct entry_set *set, int64_t now,
			   const struct live_set *live, struct live *hit, size_t max_hits)
{
	size_t n = collect(p, source, set, now, live, true, hit, max_hits);
	size_t used = n < max_hits ? n : max_hits;

	return n + collect(p, source, set, now, live, false, hit + used, max_hits - used);
}

int guard_stops(const struct guard_limits *l, const struct guard_content *c, const struct live *hit, size_t n,
		char error[static FEED_ERROR])
{
	char mac[MAC_TEXT];

	if (!n || (!hit[0].gateway && n <= l->max_newly_stopped))
		return 0;
	mac_format(hit[0].mac48, mac);
	if (hit[0].gateway)
		(void)snprintf(error, FEED_ERROR, "%s: would stop %s on %s, which is a gateway of this machine" WAY_OUT,
			       c->name, mac, hit[0].port, c->name, c->sha256);
	else
		(void)snprintf(error, FEED_ERROR,
			       "%s: would newly stop %zu live addresses (%s on %s and others), max-newly-stopped "
			       "allows %u" WAY_OUT,
			       c->name, n, mac, hit[0].port, l->max_newly_stopped, c->name, c->sha256);
	return -EPERM;
}
