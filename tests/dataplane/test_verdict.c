/* SPDX-License-Identifier: GPL-2.0-only */
/* Which entry decides, and what a zone makes of it: every length, every pair, every combination of what holds back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "context.h"

#define ZONES (LC_PORT_ZONES - 1)

static const unsigned low_bits[LC_LENGTHS] = {24, 20, 12, 0};

static uint64_t prefix_of(uint64_t mac48, unsigned code)
{
	return mac48 >> low_bits[code] << low_bits[code];
}

static bool stopped(const struct kernel_port *port, uint64_t mac48)
{
	struct packet p;
	int xdp, tc;

	packet_ipv4(&p, mac48, 60);
	xdp = run_xdp(port, &p);
	tc = run_tc(port, &p);
	assert_true(xdp == XDP_DROP || xdp == XDP_PASS);
	assert_int_equal(tc, xdp == XDP_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC);
	return xdp == XDP_DROP;
}

static void test_each_length_covers_its_prefix_and_no_more(void **state)
{
	struct context *c = *state;

	for (unsigned code = 0; code < LC_LENGTHS; code++) {
		uint64_t first = prefix_of(0x70b3d5123456ull, code), last = first | ((1ull << low_bits[code]) - 1);

		kernel_clear(c->kernel);
		assert_false(stopped(&c->port, first));
		kernel_flag(c->kernel, first, code, LC_QUARANTINE);
		assert_true(stopped(&c->port, first));
		assert_true(stopped(&c->port, last));
		assert_false(stopped(&c->port, first - 1));
		assert_false(stopped(&c->port, last + 1));
	}
}

/* For each set of lengths and each verdict of each: the longest in the set decides. */
static void test_the_longest_prefix_decides(void **state)
{
	static const uint8_t verdict[] = {LC_DROP, LC_ALLOW};
	struct context *c = *state;

	kernel_clear(c->kernel);
	for (unsigned set = 1; set < 1u << LC_LENGTHS; set++) {
		for (unsigned actions = 0; actions < 1u << LC_LENGTHS; actions++) {
			table_word words[LC_LENGTHS];
			unsigned longest = 31 - (unsigned)__builtin_clz(set);

			if (actions & ~set)
				continue;
			for (unsigned code = 0; code < LC_LENGTHS; code++)
				words[code] = table_word_make(prefix_of(TEST_CAMERA, code), code,
							      set >> code & 1 ? verdict[actions >> code & 1] : 0);
			assert_int_equal(table_apply(c->kernel->table, words, LC_LENGTHS, NULL, NULL), 0);
			assert_int_equal(stopped(&c->port, TEST_CAMERA), !(actions >> longest & 1));
		}
	}
}

/* Every pair of lengths with every pair of actions, counted by its reason. */
static void test_every_pair_of_lengths_and_actions(void **state)
{
	static const uint8_t reason[8] = {0,		LC_STOPPED_TC, LC_STOPPED_TC, LC_STOPPED_TC,
					  LC_STOPPED_TC, LC_STOPPED_TC, LC_MONITORED,  LC_ALLOWED};
	struct context *c = *state;
	struct packet p;

	kernel_clear(c->kernel);
	packet_ipv4(&p, TEST_CAMERA, 60);
	for (unsigned i = 0; i < LC_LENGTHS * LC_LENGTHS * 64; i++) {
		unsigned shorter = i % 4, longer = i / 4 % 4, first = i / 16 % 8, second = i / 128;
		table_word words[] = {table_word_make(prefix_of(TEST_CAMERA, shorter), shorter, first),
				      table_word_make(prefix_of(TEST_CAMERA, longer), longer, second)};
		const table_word gone[] = {words[0] & ~15ull, words[1] & ~15ull};
		struct lc_totals totals;

		if (shorter >= longer || !first || !second)
			continue;
		assert_int_equal(table_apply(c->kernel->table, words, 2, NULL, NULL), 0);
		kernel_forget(c->kernel);
		(void)run_tc(&c->port, &p);
		totals = kernel_totals(c->kernel, 0);
		assert_int_equal(totals.frames[reason[second]], 1);
		assert_int_equal(table_apply(c->kernel->table, gone, 2, NULL, NULL), 0);
	}
}

/* Trying a list out lifts nothing: each pair of lengths, either or both on trial. */
static void test_an_entry_on_trial_decides_only_where_no_other_does(void **state)
{
	struct context *c = *state;

	kernel_clear(c->kernel);
	for (unsigned i = 0; i < LC_LENGTHS * LC_LENGTHS * 4; i++) {
		unsigned shorter = i % 4, longer = i / 4 % 4, trials = i / 16;
		unsigned enforced = trials == 1 ? LC_ALLOW : LC_DROP; /* the shorter drops, the longer allows */
		const table_word words[] = {
			table_word_make(prefix_of(TEST_CAMERA, shorter), shorter,
					LC_DROP | (trials & 1 ? LC_ENTRY_DRY_RUN : 0)),
			table_word_make(prefix_of(TEST_CAMERA, longer), longer,
					LC_ALLOW | (trials & 2 ? LC_ENTRY_DRY_RUN : 0)),
		};
		const table_word gone[] = {words[0] & ~15ull, words[1] & ~15ull};

		if (shorter >= longer)
			continue;
		if (trials == 0 || trials == 3)
			enforced = LC_ALLOW; /* alike: the longer */
		assert_int_equal(table_apply(c->kernel->table, words, 2, NULL, NULL), 0);
		assert_int_equal(stopped(&c->port, TEST_CAMERA), enforced == LC_DROP);
		assert_int_equal(table_apply(c->kernel->table, gone, 2, NULL, NULL), 0);
	}
}

/* ---- zone, mode, permission, bypass, unconfirmed, protected ---- */

struct circumstances {
	bool bypass, unconfirmed, protected;
};

/* The rules of doc/architecture.md again, in the plainest words. */
static enum lc_reason expected(const struct lc_zone *zone, unsigned nibble, const struct circumstances *now)
{
	unsigned action = nibble & LC_ACTION_MASK;

	if (action == LC_QUARANTINE || !(zone->permitted & 1u << action))
		action = zone->action;
	if (action == LC_ALLOW)
		return LC_ALLOWED;
	if (action == LC_MONITOR)
		return LC_MONITORED;
	if (now->bypass && action != LC_MIRROR)
		return LC_BYPASSED;
	if (zone->flags & LC_ZONE_DRY_RUN || nibble & LC_ENTRY_DRY_RUN)
		return LC_DRY_RUN;
	if (now->unconfirmed)
		return LC_UNCONFIRMED;
	if (action == LC_MIRROR)
		return LC_MIRRORED;
	return now->protected ? LC_PROTECTED : LC_STOPPED_XDP;
}

static uint64_t device(unsigned nibble, bool protected)
{
	return TEST_CAMERA + nibble * 2 + protected;
}

/* One frame through XDP, then through tc when XDP let it pass: the verdict, and that it is counted exactly once. */
static void check_frame(const struct context *c, const struct kernel_port *port, uint64_t mac48, unsigned vlan,
			enum lc_reason reason)
{
	struct lc_totals totals;
	struct packet p;
	int xdp, tc;

	packet_start(&p, mac48);
	packet_tag(&p, 0x8100, (uint16_t)vlan);
	packet_u16(&p, 0x0800);
	packet_pad(&p, 64);
	memset(c->kernel->totals, 0, sizeof(struct lc_totals)); /* CPU 0, port 0 */
	xdp = run_xdp(port, &p);
	assert_int_equal(xdp, reason == LC_STOPPED_XDP ? XDP_DROP : XDP_PASS);
	totals = c->kernel->totals[0];
	assert_int_equal(totals.frames[LC_STOPPED_XDP], reason == LC_STOPPED_XDP);
	tc = run_tc(port, &p);
	assert_int_equal(tc, reason == LC_STOPPED_XDP ? TC_ACT_SHOT : TC_ACT_UNSPEC);
	totals = c->kernel->totals[0];
	if (reason != LC_STOPPED_XDP) {
		assert_int_equal(totals.frames[reason], 1);
		assert_int_equal(totals.bytes[reason], 64);
	} else {
		assert_int_equal(totals.frames[LC_STOPPED_TC], 1);
	}
	for (size_t i = LC_ALLOWED; i < LC_COPIED; i++)
		assert_int_equal(totals.frames[i], i == reason);
}

static struct lc_zone zone_number(unsigned n)
{
	static const uint8_t actions[] = {LC_DROP, LC_MONITOR, LC_ALLOW, LC_MIRROR};

	return (struct lc_zone){
		.action = actions[n % 4],
		.flags = n / 4 % 2 ? LC_ZONE_DRY_RUN : 0,
		.permitted = (uint16_t)((n / 8 % 2) << LC_DROP | (n / 16 % 2) << LC_MONITOR | (n / 32 % 2) << LC_ALLOW |
					(n / 8 % 2) << LC_DIVERT | (n / 16 % 2) << LC_CONTAIN | 1u << LC_MIRROR |
					1u << LC_QUARANTINE),
		.id = (uint16_t)n,
	};
}
#define ZONE_NUMBERS 64

static struct circumstances set_switches(struct kernel *k, unsigned n)
{
	uint64_t now = kernel_now_ns(), later = now + 3600000000000ull, past = now - 1;
	const uint64_t bypass[] = {0, past, later}, dry_run_after[] = {0, later, past};

	kernel_switch(k, LC_SWITCH_BYPASS_UNTIL, bypass[n % 3]);
	kernel_switch(k, LC_SWITCH_DRY_RUN_AFTER, dry_run_after[n / 3]);
	return (struct circumstances){.bypass = n % 3 == 2, .unconfirmed = n / 3 == 2};
}
#define SWITCH_NUMBERS 9

/* VLAN 1.. is in zone FIRST.. */
static void check_zones(struct context *c, const struct kernel_port *port, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n * SWITCH_NUMBERS * 32; i++) {
		unsigned zone = i % n, nibble = i / n % 16, protected = i / n / 16 % 2;
		struct lc_zone z = zone_number(first + zone);
		static struct circumstances now;

		if (i % (n * 32) == 0)
			now = set_switches(c->kernel, i / (n * 32));
		now.protected = protected;
		if (nibble & LC_ACTION_MASK)
			check_frame(c, port, device(nibble, protected), zone + 1, expected(&z, nibble, &now));
	}
}

static void test_every_combination_of_zone_entry_and_what_holds_back(void **state)
{
	struct context *c = *state;

	kernel_clear(c->kernel);
	for (unsigned i = 0; i < 32; i++) {
		if (i / 2 & LC_ACTION_MASK)
			kernel_flag(c->kernel, device(i / 2, i % 2), LC_LEN_48, i / 2);
		if (i % 2)
			kernel_protect(c->kernel, device(i / 2, true));
	}
	for (unsigned first = 0; first < ZONE_NUMBERS; first += ZONES) {
		unsigned n = ZONE_NUMBERS - first < ZONES ? ZONE_NUMBERS - first : ZONES;
		struct lc_port_conf conf = kernel_conf(c->kernel);
		struct kernel_port port;

		for (unsigned i = 0; i < n; i++) {
			conf.zone[i + 1] = zone_number(first + i);
			conf.vlan_zone[i + 1] = (uint8_t)(i + 1);
		}
		port = kernel_load(c->kernel, &conf);
		check_zones(c, &port, first, n);
		kernel_unload(&port);
	}
	kernel_clear(c->kernel);
}

static void test_a_flagged_frame_in_no_zone_passes_and_is_counted(void **state)
{
	struct context *c = *state;
	struct lc_port_conf conf = kernel_conf(c->kernel);
	struct kernel_port port;
	struct lc_totals totals;

	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.vlan_zone[LC_VLAN_UNTAGGED] = 0;
	port = kernel_load(c->kernel, &conf);
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
	assert_false(stopped(&port, TEST_CAMERA));
	totals = kernel_totals(c->kernel, 0);
	assert_int_equal(totals.frames[LC_NO_ZONE], 1);
	check_frame(c, &port, TEST_CAMERA, 200, LC_STOPPED_XDP);
	kernel_unload(&port);
}

/* A port whose tags may be hidden from XDP. */
static void test_a_blind_xdp_program_leaves_all_to_tc(void **state)
{
	struct context *c = *state;
	struct lc_port_conf conf = kernel_conf(c->kernel);
	struct kernel_port port;
	struct packet p;

	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.flags = LC_PORT_XDP_BLIND;
	port = kernel_load(c->kernel, &conf);
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
	packet_ipv4(&p, TEST_CAMERA, 60);
	assert_int_equal(run_xdp(&port, &p), XDP_PASS);
	assert_int_equal(run_tc(&port, &p), TC_ACT_SHOT);
	kernel_unload(&port);
}

/* Whatever the table holds: a group address is no source, and zeroes are nobody. The control differs by one bit. */
static void test_group_and_zero_addresses_never_match(void **state)
{
	struct context *c = *state;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, 0x4519b6000000ull, LC_LEN_24, LC_DROP);
	kernel_flag(c->kernel, 0x4419b6000000ull, LC_LEN_24, LC_DROP);
	kernel_flag(c->kernel, 0, LC_LEN_24, LC_DROP);
	assert_false(stopped(&c->port, 0x4519b6010203ull));
	assert_true(stopped(&c->port, 0x4419b6010203ull));
	assert_false(stopped(&c->port, 0));
	assert_true(stopped(&c->port, 1));
}

static void test_the_epoch_selects_the_field(void **state)
{
	struct context *c = *state;
	uint64_t epoch = c->kernel->head->epoch;
	uint64_t *word = NULL;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
	for (size_t i = 0; i < (size_t)c->kernel->control.buckets * LC_BUCKET_WORDS; i++) {
		if (c->kernel->buckets[0].word[i] != 0)
			word = (uint64_t *)&c->kernel->buckets[0].word[i];
	}
	assert_non_null(word);
	*word = (*word & ~0xffull) | LC_DROP; /* in even epochs only */
	c->kernel->head->epoch = 2;
	assert_true(stopped(&c->port, TEST_CAMERA));
	c->kernel->head->epoch = 3;
	assert_false(stopped(&c->port, TEST_CAMERA));
	*word = (*word & ~0xffull) | LC_DROP << 4;
	assert_true(stopped(&c->port, TEST_CAMERA));
	c->kernel->head->epoch = 5;
	*word = (*word & ~0xffull) | LC_ENTRY_DRY_RUN << 4; /* no action: absent, not a dry run */
	assert_false(stopped(&c->port, TEST_CAMERA));
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_DRY_RUN], 0);
	*word = (*word & ~0xffull) | 0x22;
	c->kernel->head->epoch = (epoch | 7) + 1 + (epoch & 1); /* it never comes back */
}

static void test_a_word_in_the_stash_is_found_when_the_head_says_so(void **state)
{
	struct context *c = *state;
	struct lc_bucket *stash = &c->kernel->buckets[c->kernel->control.buckets];
	const uint64_t clean_of_filter = 0x4419b6ffffffull;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, clean_of_filter, LC_LEN_48, LC_DROP); /* sets the OUI's bit in the filter */
	stash->word[5] = table_word_make(TEST_CAMERA, LC_LEN_48, 0) | 0x22;
	assert_false(stopped(&c->port, TEST_CAMERA));
	c->kernel->head->stash_used = 1;
	assert_true(stopped(&c->port, TEST_CAMERA));
	stash->word[5] = 0;
	c->kernel->head->stash_used = 0;
}

/* As context_setup(), but each of the devices here finds a slot. */
static int setup(void **state)
{
	struct kernel *kernel = kernel_new(&(struct kernel_size){.slots = 256});
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_DROP, 0);
	*state = context_new(kernel, &conf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_length_covers_its_prefix_and_no_more),
		cmocka_unit_test(test_the_longest_prefix_decides),
		cmocka_unit_test(test_every_pair_of_lengths_and_actions),
		cmocka_unit_test(test_an_entry_on_trial_decides_only_where_no_other_does),
		cmocka_unit_test(test_every_combination_of_zone_entry_and_what_holds_back),
		cmocka_unit_test(test_a_flagged_frame_in_no_zone_passes_and_is_counted),
		cmocka_unit_test(test_a_blind_xdp_program_leaves_all_to_tc),
		cmocka_unit_test(test_group_and_zero_addresses_never_match),
		cmocka_unit_test(test_the_epoch_selects_the_field),
		cmocka_unit_test(test_a_word_in_the_stash_is_found_when_the_head_says_so),
	};

	return cmocka_run_group_tests_name("verdict", tests, setup, context_teardown);
}
