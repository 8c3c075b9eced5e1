/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reload takes away stays in force until the feeds that it added have delivered or had their time to: a list that is
 * replaced by a feed must not let its devices through in between. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "pull_private.h"

/* Nothing came from it yet, and still may. */
static bool is_awaited(const struct source *s, int64_t now)
{
	return now < s->awaited_until && !s->sha256[0];
}

/* The last second of waiting, 0 = nobody is waited for. */
static int64_t awaited_until(const struct world *w)
{
	int64_t now = monotonic_ms() / 1000, last = 0;

	for (size_t i = 0; i < w->n_sources; i++)
		if (is_awaited(&w->sources[i], now) && w->sources[i].awaited_until > last)
			last = w->sources[i].awaited_until;
	return last;
}

/* A list and its signature may take a timeout each. A feed on trial would stop nothing, so nothing waits for it; another
 * reload does not begin the time anew. */
static void await(struct world *new, const struct world *old)
{
	int64_t now = monotonic_ms() / 1000;

	for (size_t i = 0; i < new->n_sources; i++) {
		struct source *s = &new->sources[i];
		const struct source *before = world_find(old, s);

		if (before)
			s->awaited_until = before->awaited_until;
		else if (s->feed && !s->rules.dry_run)
			s->awaited_until = now + 2 * (int64_t)s->feed->timeout;
	}
}

static bool is_taken_away(const struct world *old, size_t i, const struct world *new)
{
	return policy_source_set(old->policy, i)->n && !world_find(new, &old->sources[i]);
}

/* Behind all that the configuration names; its entries come later. */
static int append(struct world *w, const struct source *before)
{
	struct source *more = reallocarray(w->sources, w->n_sources + 1, sizeof(*more)), *s;
	int index;

	if (!more)
		return -ENOMEM;
	w->sources = more;
	index = policy_add_source(w->policy, before->kind, before->name);
	if (index < 0)
		return index;
	s = &w->sources[w->n_sources++];
	*s = (struct source){
	    .kind = before->kind,
	    .name = policy_source_name(w->policy, (size_t)index),
	    .path = strdup(before->path),
	    .rules = {.dry_run = before->rules.dry_run},
	    .loaded = true,
	    .header = before->header,
	    .applied = before->applied,
	    .entries = before->entries,
	    .memory = before->memory,
	    .leaving = true,
	};
	memcpy(s->sha256, before->sha256, sizeof(s->sha256));
	return s->path ? 0 : -ENOMEM;
}

/* Until here nothing is lost when memory is out; moving the entries cannot fail. */
int hold_prepare(struct world *old, struct world *new)
{
	size_t configured = new->n_sources;
	int err = 0;

	await(new, old);
	for (size_t i = 0; i < old->n_sources && !err && awaited_until(new); i++)
		if (is_taken_away(old, i, new))
			err = append(new, &old->sources[i]);
	for (size_t i = configured; i < new->n_sources && !err; i++)
		policy_move(old->policy, (size_t)(world_find(old, &new->sources[i]) - old->sources), new->policy, i);
	return err;
}

static bool any_leaving(const struct world *w)
{
	return w->n_sources && w->sources[w->n_sources - 1].leaving;
}

bool hold_is_over(const struct daemon *d)
{
	return any_leaving(&d->world) && !awaited_until(&d->world);
}

int64_t hold_until(const struct daemon *d)
{
	int64_t until = awaited_until(&d->world);

	return until ? (int64_t)time(NULL) + until - monotonic_ms() / 1000 : 0;
}

void hold_names(const struct daemon *d, char *text, size_t size)
{
	int64_t now = monotonic_ms() / 1000;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < d->world.n_sources && used < size; i++)
		if (is_awaited(&d->world.sources[i], now))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", d->world.sources[i].name);
}

void hold_tell(struct daemon *d)
{
	char names[HOLD_NAMES];

	hold_names(d, names, sizeof(names));
	for (size_t i = 0; i < d->world.n_sources; i++)
		if (d->world.sources[i].leaving)
			report_leaving(d, &d->world.sources[i], names);
}

/* Did all that were waited for deliver? */
static bool all_came(const struct world *w)
{
	for (size_t i = 0; i < w->n_sources; i++)
		if (w->sources[i].awaited_until && !w->sources[i].sha256[0])
			return false;
	return true;
}

void hold_end(struct daemon *d, const char *why)
{
	struct world *w = &d->world;

	if (!any_leaving(w))
		return;
	if (!why)
		why = all_came(w) ? "every new feed has delivered" : "a new feed has delivered nothing in twice its timeout";
	while (any_leaving(w)) {
		struct source *s = &w->sources[w->n_sources - 1];

		report_left(d, s, why);
		free(s->path);
		policy_drop_last(w->policy);
		w->n_sources--;
	}
	(void)enforce_all(d);
	expire_arm(d);
	state_write(d);
}
