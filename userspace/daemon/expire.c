/* SPDX-License-Identifier: GPL-2.0-only */
/* Time: entries that end, feeds that grow old, and a clock that may not be believed yet. */
#include "daemon.h"

#include <time.h>

#include "../lib/log.h"
#include "../lib/text.h"

#define JUMP_SECONDS 5 /* a clock set back further than this is a jump */

int64_t expire_now(const struct daemon *d)
{
	return d->trusted ? (int64_t)time(NULL) : d->clock;
}

void expire_run(struct daemon *d)
{
	struct changes changes = {0};
	int64_t now = expire_now(d), from = d->clock;

	if (!d->trusted || now <= d->clock)
		return;
	if (policy_expire(d->world.policy, from, now, &changes))
		return; /* out of memory: the clock did not move on, so it is tried again */
	d->clock = now;
	if (changes.n) {
		if (enforce_change(d, &changes, NULL, NULL))
			log_error("entries that ended could not be taken out of the table; it is compared anew");
		report_expired(d, &changes, from);
		memory_save_clock(d);
		state_write(d);
	}
	changes_free(&changes);
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)source;
	(void)usec;
	expire_run(d);
	expire_arm(d);
	return 0;
}

/* The timer follows the wall clock, also when that is set forward. */
void expire_arm(struct daemon *d)
{
	int64_t next = d->trusted ? policy_next_until(d->world.policy, d->clock) : 0;
	uint64_t usec = next > 0 ? (uint64_t)next * 1000000u : 0;

	if (!usec) {
		if (d->expiry)
			(void)sd_event_source_set_enabled(d->expiry, SD_EVENT_OFF);
		return;
	}
	if (!d->expiry && sd_event_add_time(d->event, &d->expiry, CLOCK_REALTIME, usec, 1000, on_expiry, d) < 0)
		return;
	(void)sd_event_source_set_time(d->expiry, usec);
	(void)sd_event_source_set_enabled(d->expiry, SD_EVENT_ONESHOT);
}

static void check_clock(struct daemon *d)
{
	if (!d->trusted && (d->world.config->trust_clock || clock_synchronised())) {
		d->trusted = true;
		log_info("the clock is trusted now: `until` and `expires` count");
	} else if (!d->trusted || (int64_t)time(NULL) >= d->clock - JUMP_SECONDS) {
		return;
	} else {
		log_info("it is earlier than it was; every `until` is looked at again");
	}
	(void)enforce_all(d);
	expire_arm(d);
	state_write(d);
}

/* Who is a year ahead finds every list expired: what was refused is looked at again when the clock was set. */
static void check_jump(struct daemon *d)
{
	struct timespec boot;
	int64_t offset, moved;

	(void)clock_gettime(CLOCK_MONOTONIC, &boot);
	offset = (int64_t)time(NULL) - boot.tv_sec;
	moved = d->clock_offset ? offset - d->clock_offset : 0;
	d->clock_offset = offset;
	if (moved >= -JUMP_SECONDS && moved <= JUMP_SECONDS)
		return;
	log_warning("the clock was set %s by %lld s", moved > 0 ? "forward" : "back", (long long)(moved > 0 ? moved : -moved));
	for (size_t i = 0; i < d->world.n_sources; i++)
		d->world.sources[i].dirty |= d->world.sources[i].refused.at != 0;
}

/* Alarms only: what is in force stays. */
static bool check_age(struct daemon *d, struct source *s)
{
	int64_t now = (int64_t)time(NULL);
	bool stale = s->feed->stale_after && s->applied && now - s->applied > (int64_t)s->feed->stale_after;
	bool expired = d->trusted && s->header.expires && now > s->header.expires;
	bool changed = stale != s->stale || expired != s->expired;

	if (stale && !s->stale)
		report_stale(d, s, "no newer serial for longer than stale-after");
	if (expired && !s->expired)
		report_stale(d, s, "its expires passed; it stays in force");
	s->stale = stale;
	s->expired = expired;
	return changed;
}

void expire_check(struct daemon *d)
{
	bool changed = false;

	check_jump(d);
	check_clock(d);
	for (size_t i = 0; i < d->world.n_sources; i++)
		if (d->world.sources[i].feed)
			changed |= check_age(d, &d->world.sources[i]);
	if (changed)
		state_write(d);
}
