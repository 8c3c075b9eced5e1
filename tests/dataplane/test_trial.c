/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries on trial: whatever a source in dry-run says, at whatever length, an enforced entry decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "kernel.h"

#define SAYINGS 5
#define COMBINATIONS (SAYINGS * SAYINGS * SAYINGS * SAYINGS) /* of what four lengths say */

static const struct {
	uint8_t nibble;
	enum lc_reason reason;
} sayings[SAYINGS] = {
	{LC_ABSENT, LC_REASONS},
	{LC_DROP, LC_STOPPED_TC},
	{LC_ALLOW, LC_ALLOWED},
	{LC_DROP | LC_ENTRY_DRY_RUN, LC_DRY_RUN},
	{LC_MONITOR | LC_ENTRY_DRY_RUN, LC_MONITORED},
};

/* An OUI for each combination, so that one table holds all of them. */
static uint64_t device(unsigned combination)
{
	return ((uint64_t)combination << 26) | 0x123456;
}

static unsigned said(unsigned combination, unsigned code)
{
	while (code-- > 0)
		combination /= SAYINGS;
	return combination % SAYINGS;
}

static enum lc_reason expected(unsigned combination)
{
	enum lc_reason trial = LC_REASONS;

	for (unsigned code = LC_LENGTHS; code-- > 0;) {
		unsigned s = said(combination, code);

		if (sayings[s].nibble & LC_ENTRY_DRY_RUN)
			trial = trial == LC_REASONS ? sayings[s].reason : trial;
		else if (sayings[s].nibble)
			return sayings[s].reason;
	}
	return trial;
}

static int by_key(const void *left, const void *right)
{
	uint64_t a = *(const table_word *)left >> 8, b = *(const table_word *)right >> 8;

	return a < b ? -1 : a > b;
}

static void put_all(struct kernel *k)
{
	static const unsigned low_bits[LC_LENGTHS] = {24, 20, 12, 0};
	static table_word words[COMBINATIONS * LC_LENGTHS];
	size_t n = 0;

	for (unsigned i = 1; i < COMBINATIONS; i++)
		for (unsigned code = 0; code < LC_LENGTHS; code++)
			if (sayings[said(i, code)].nibble)
				words[n++] = table_word_make(device(i) >> low_bits[code] << low_bits[code], code,
							     sayings[said(i, code)].nibble);
	qsort(words, n, sizeof(words[0]), by_key);
	assert_int_equal(table_apply(k->table, words, n, NULL, NULL), 0);
}

static void test_an_enforced_entry_decides_over_any_on_trial(void **state)
{
	struct kernel *k = kernel_new(&(struct kernel_size){.capacity = 4096});
	struct lc_port_conf conf = kernel_conf(k);
	struct kernel_port port;

	(void)state;
	conf_zone_everywhere(&conf, LC_DROP, 0);
	port = kernel_load(k, &conf);
	put_all(k);
	for (unsigned i = 1; i < COMBINATIONS; i++) {
		struct lc_totals totals;
		struct packet p;

		kernel_forget(k);
		packet_ipv4(&p, device(i), 60);
		assert_int_equal(run_xdp(&port, &p), expected(i) == LC_STOPPED_TC ? XDP_DROP : XDP_PASS);
		kernel_forget(k);
		(void)run_tc(&port, &p);
		totals = kernel_totals(k, 0);
		assert_int_equal(totals.frames[expected(i)], 1);
	}
	kernel_unload(&port);
	kernel_free(k);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_enforced_entry_decides_over_any_on_trial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
