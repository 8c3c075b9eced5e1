/* SPDX-License-Identifier: GPL-2.0-only */
/* Full jitter: a random moment of the whole time there is, not a fixed one with some noise. */
#include "schedule.h"

#define SECOND 1000u

static uint64_t anywhere(unsigned seconds, schedule_random_fn *random)
{
	return random(seconds * SECOND);
}

uint64_t schedule_first(unsigned every, int known, schedule_random_fn *random)
{
	return anywhere(known || every < SCHEDULE_FIRST_SECONDS ? every : SCHEDULE_FIRST_SECONDS, random);
}

uint64_t schedule_next(unsigned every, schedule_random_fn *random)
{
	return every * (uint64_t)SECOND / 2 + anywhere(every, random);
}

uint64_t schedule_backoff(unsigned every, unsigned failures, int64_t retry_after, schedule_random_fn *random)
{
	unsigned most = every > SCHEDULE_MOST_SECONDS ? every : SCHEDULE_MOST_SECONDS, span = every;
	uint64_t least = SECOND, wait;

	for (unsigned i = 0; i < failures && span < most; i++)
		span *= 2;
	span = span < most ? span : most;
	if (retry_after > 0)
		least = (retry_after < (int64_t)most ? (uint64_t)retry_after : most) * SECOND;
	wait = anywhere(span, random);
	return wait > least ? wait : least;
}
