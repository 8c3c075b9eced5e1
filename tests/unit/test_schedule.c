/* SPDX-License-Identifier: GPL-2.0-only */
/* When servers are asked next: within what bounds, and that the whole of them is used. */
#include "../../userspace/lib/schedule.h"

#include "unit.h"

#define EVERY 300u
#define SECOND 1000u

static uint32_t share; /* of the limit, in thousandths */
static uint32_t limit_seen;

static uint32_t chosen(uint32_t limit)
{
	limit_seen = limit;
	return (uint32_t)((uint64_t)(limit - 1) * share / 1000);
}

static void first_is_anywhere_in_the_period(void **state)
{
	(void)state;
	share = 0;
	assert_int_equal(schedule_first(EVERY, 1, chosen), 0);
	share = 1000;
	assert_int_equal(schedule_first(EVERY, 1, chosen), EVERY * SECOND - 1);
	assert_int_equal(schedule_first(EVERY, 0, chosen), SCHEDULE_FIRST_SECONDS * SECOND - 1);
	assert_int_equal(schedule_first(1, 0, chosen), SECOND - 1);
}

static void next_is_every_in_the_mean(void **state)
{
	(void)state;
	share = 0;
	assert_int_equal(schedule_next(EVERY, chosen), EVERY * SECOND / 2);
	share = 1000;
	assert_int_equal(schedule_next(EVERY, chosen), EVERY * SECOND / 2 + EVERY * SECOND - 1);
}

static void back_off_doubles_up_to_an_hour(void **state)
{
	static const uint32_t spans[] = {600, 1200, 2400, 3600, 3600};

	(void)state;
	share = 1000;
	for (unsigned i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		assert_int_equal(schedule_backoff(EVERY, i + 1, 0, chosen), spans[i] * SECOND - 1);
		assert_int_equal(limit_seen, spans[i] * SECOND);
	}
	assert_int_equal(schedule_backoff(7 * 86400, 4000000000u, 0, chosen), 7 * 86400u * SECOND - 1);
}

static void back_off_has_a_least_time(void **state)
{
	(void)state;
	share = 0;
	assert_int_equal(schedule_backoff(EVERY, 1, 0, chosen), SECOND);
	assert_int_equal(schedule_backoff(EVERY, 1, -5, chosen), SECOND);
	assert_int_equal(schedule_backoff(EVERY, 1, 90, chosen), 90 * SECOND);
	assert_int_equal(schedule_backoff(EVERY, 1, INT64_MAX, chosen), SCHEDULE_MOST_SECONDS * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_is_anywhere_in_the_period),
		cmocka_unit_test(next_is_every_in_the_mean),
		cmocka_unit_test(back_off_doubles_up_to_an_hour),
		cmocka_unit_test(back_off_has_a_least_time),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
