/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy table over plain memory: what is put in is found, what does not fit changes nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bpf/hash.h"
#include "../../userspace/lib/table_private.h"

struct area { /* a table and its memory, copied whole to compare */
	struct lc_control control;
	struct table_memory memory;
	size_t table_bytes;
	struct table *table;
};

static void area_open(struct area *a, uint32_t buckets, uint32_t capacity)
{
	a->control = (struct lc_control){
		.abi = LC_ABI, .generation = 3, .seed = {11, 22}, .buckets = buckets, .capacity = capacity};
	a->table_bytes = sizeof(struct lc_bucket) * (buckets + 1);
	a->memory.wait = NULL;
	a->memory.head = calloc(1, sizeof(struct lc_policy_head));
	a->memory.filter = calloc(LC_FILTER_WORDS, sizeof(uint64_t));
	a->memory.buckets = aligned_alloc(64, a->table_bytes);
	assert_non_null(a->memory.head);
	assert_non_null(a->memory.filter);
	assert_non_null(a->memory.buckets);
	memset(a->memory.buckets, 0, a->table_bytes);
	assert_int_equal(table_over(&a->memory, &a->control, &a->table), 0);
}

static void area_close(struct area *a)
{
	table_close(a->table);
	free(a->memory.head);
	free(a->memory.filter);
	free(a->memory.buckets);
}

static uint64_t random_bits(void)
{
	static uint64_t random = 88172645463325252ull;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

/* What every state between two changes satisfies: both fields equal, the filter exact, the counts right. */
static void check_sound(const struct area *a)
{
	uint64_t *wanted = calloc(LC_FILTER_WORDS, sizeof(*wanted));
	size_t n = 0;

	assert_non_null(wanted);
	for (size_t i = 0; i < a->table_bytes / 8; i++) {
		uint64_t value = ((const uint64_t *)a->memory.buckets)[i];
		uint64_t bit;
		size_t word, under;

		if (value == 0)
			continue;
		assert_int_equal(value & 15, value >> 4 & 15);
		assert_int_not_equal(value & 7, 0);
		bit = filter_bit(value >> 8, &word, &under);
		wanted[word] |= bit;
		n++;
	}
	assert_memory_equal(wanted, a->memory.filter, LC_FILTER_WORDS * sizeof(*wanted));
	assert_int_equal(n, table_count(a->table));
	assert_int_equal(n, a->memory.head->words);
	free(wanted);
}

static void test_one_word(void **state)
{
	const table_word word = table_word_make(0x4419b6000000ull, LC_LEN_24, LC_QUARANTINE), gone = word & ~15ull;
	struct area a;
	uint64_t epoch;

	(void)state;
	area_open(&a, 16, 64);
	epoch = a.memory.head->epoch;
	assert_int_equal(table_lookup(a.table, word >> 8), 0);
	assert_int_equal(table_apply(a.table, &word, 1, NULL, NULL), 0);
	assert_int_equal(table_lookup(a.table, word >> 8), LC_QUARANTINE);
	check_sound(&a);
	assert_int_equal(a.memory.head->epoch, epoch + 1);
	assert_int_equal(table_apply(a.table, &gone, 1, NULL, NULL), 0);
	assert_int_equal(table_apply(a.table, &gone, 1, NULL, NULL), 0);
	assert_int_equal(table_lookup(a.table, word >> 8), 0);
	assert_int_equal(table_count(a.table), 0);
	check_sound(&a);
	area_close(&a);
}

static void count_call(void *arg)
{
	++*(unsigned *)arg;
}

static void test_nothing_to_change_is_in_force_at_once(void **state)
{
	unsigned calls = 0;
	struct area a;

	(void)state;
	area_open(&a, 16, 64);
	assert_int_equal(table_apply(a.table, NULL, 0, count_call, &calls), 0);
	assert_int_equal(calls, 1);
	area_close(&a);
}

/* 00:00:00/24 has key 0, as empty words have. */
static void test_the_key_that_looks_empty(void **state)
{
	const table_word words[] = {table_word_make(0, LC_LEN_24, LC_DROP), table_word_make(1, LC_LEN_48, LC_ALLOW)};
	struct area a;

	(void)state;
	area_open(&a, 16, 64);
	assert_int_equal(table_lookup(a.table, 0), 0);
	assert_int_equal(table_apply(a.table, words, 2, NULL, NULL), 0);
	assert_int_equal(table_lookup(a.table, 0), LC_DROP);
	check_sound(&a);
	area_close(&a);
}

static void test_changes_that_make_no_sense_are_refused(void **state)
{
	const table_word valid = table_word_make(0x4419b6000000ull, LC_LEN_24, LC_DROP);
	const table_word bad[][2] = {
		{valid | 0x10, 0},				   /* the other field */
		{valid | 1ull << 10, 0},			   /* unused bits */
		{table_word_make(0x4419b6000001ull, LC_LEN_24, LC_DROP), 0}, /* bits beyond the length */
		{table_word_make(0x4419b6080000ull, LC_LEN_28, LC_DROP), 0},
		{table_word_make(0x4419b6000800ull, LC_LEN_36, LC_DROP), 0},
		{valid, valid},					   /* twice */
		{valid, table_word_make(0x4419b5000000ull, LC_LEN_24, LC_DROP)}, /* not sorted */
	};
	struct area a;

	(void)state;
	area_open(&a, 16, 64);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(table_apply(a.table, bad[i], bad[i][1] ? 2 : 1, NULL, NULL), -EINVAL);
	assert_int_equal(table_count(a.table), 0);
	check_sound(&a);
	area_close(&a);
}

/* ---- against a model ---- */

#define KEYS 600
struct model {
	uint64_t key[KEYS];
	unsigned nibble[KEYS];
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void model_keys(struct model *m)
{
	static const unsigned low[LC_LENGTHS] = {24, 20, 12, 0};

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < KEYS; i++) {
		unsigned code = random_bits() % 4;

		m->key[i] = ((random_bits() & 0x0f0f0fffffffull) >> low[code] << low[code]) << 8 | code;
	}
	qsort(m->key, KEYS, sizeof(m->key[0]), compare);
	for (size_t i = 1; i < KEYS; i++) { /* equal ones: another OUI, in order still */
		if (m->key[i] <= m->key[i - 1])
			m->key[i] = m->key[i - 1] + (1ull << 32);
	}
}

static void check_model(const struct area *a, const struct model *m)
{
	table_word *words;
	size_t n, live = 0;

	assert_int_equal(table_words(a->table, &words, &n), 0);
	for (size_t i = 0; i < KEYS; i++) {
		assert_int_equal(table_lookup(a->table, m->key[i]), m->nibble[i]);
		if (m->nibble[i] == 0)
			continue;
		assert_true(live < n && words[live] == (m->key[i] << 8 | m->nibble[i]));
		live++;
	}
	assert_int_equal(live, n);
	free(words);
}

/* A random transaction: about one key in STRIDE changes. */
static size_t random_changes(struct model *m, table_word *changes, unsigned stride)
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++) {
		unsigned nibble = random_bits() >> 20 & 15;

		if (random_bits() % stride)
			continue;
		if (random_bits() & 1)
			nibble = 0;
		m->nibble[i] = nibble & 7 ? nibble : 0;
		changes[n++] = m->key[i] << 8 | nibble;
	}
	return n;
}

static size_t model_live(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++)
		n += m->nibble[i] != 0;
	return n;
}

static void run_model(uint32_t buckets, uint32_t capacity, unsigned *refused)
{
	table_word changes[KEYS];
	struct model m, old;
	struct area a;

	*refused = 0;
	area_open(&a, buckets, capacity);
	model_keys(&m);
	for (unsigned i = 0; i < 400; i++) {
		size_t n, before;
		int err;

		old = m;
		before = model_live(&m);
		n = random_changes(&m, changes, 1 + i % 100);
		err = table_apply(a.table, changes, n, NULL, NULL);
		if (err)
			m = old;
		assert_true(err == 0 || (err == -ENOSPC && before <= capacity));
		*refused += err != 0;
		check_model(&a, &m);
		check_sound(&a);
	}
	area_close(&a);
}

static void test_random_changes_against_a_model(void **state)
{
	unsigned refused;

	(void)state;
	run_model(1024, 4096, &refused);
	assert_int_equal(refused, 0);
	run_model(256, 1024, &refused);
	assert_int_equal(refused, 0);
	run_model(64, 256, &refused); /* half the keys at most: some changes do not fit, and those change nothing */
	assert_true(refused > 0 && refused < 400);
}

static void test_over_capacity_changes_not_one_byte(void **state)
{
	table_word words[200];
	struct lc_bucket *copy;
	struct area a;

	(void)state;
	area_open(&a, 64, 100);
	copy = malloc(a.table_bytes);
	assert_non_null(copy);
	for (size_t i = 0; i < 200; i++)
		words[i] = table_word_make(0x4419b6000000ull + i, LC_LEN_48, LC_DROP);
	assert_int_equal(table_apply(a.table, words, 90, NULL, NULL), 0);
	memcpy(copy, a.memory.buckets, a.table_bytes);
	assert_int_equal(table_apply(a.table, words, 200, NULL, NULL), -ENOSPC);
	assert_memory_equal(copy, a.memory.buckets, a.table_bytes);
	assert_int_equal(table_apply(a.table, words, 101, NULL, NULL), -ENOSPC);
	assert_memory_equal(copy, a.memory.buckets, a.table_bytes);
	assert_int_equal(table_apply(a.table, words, 100, NULL, NULL), 0);
	assert_int_equal(table_apply(a.table, words + 100, 1, NULL, NULL), -ENOSPC);
	assert_int_equal(table_count(a.table), 100);
	check_sound(&a);
	free(copy);
	area_close(&a);
}

/* Keys chosen so that all have the same pair of buckets: those that find no room go to the stash, then nowhere. */
static void test_chosen_keys_fill_the_stash_and_then_change_nothing(void **state)
{
	table_word words[32];
	size_t n = 0;
	struct area a;

	(void)state;
	area_open(&a, 8, 32);
	for (uint64_t mac48 = 0x4419b6000000ull; n < 32; mac48++) {
		uint64_t hash = lc_hash(mac48 << 8 | LC_LEN_48, 11, 22);

		if ((hash & 7) == 3 && (hash >> 32 & 7) == 3)
			words[n++] = table_word_make(mac48, LC_LEN_48, LC_DROP);
	}
	assert_int_equal(table_apply(a.table, words, 17, NULL, NULL), -ENOSPC);
	assert_int_equal(table_count(a.table), 0);
	check_sound(&a);
	assert_int_equal(table_apply(a.table, words, 16, NULL, NULL), 0);
	assert_int_equal(a.memory.head->stash_used, 8);
	for (size_t i = 0; i < 17; i++)
		assert_int_equal(table_lookup(a.table, words[i] >> 8), i < 16 ? LC_DROP : 0);
	assert_int_equal(table_apply(a.table, words + 16, 1, NULL, NULL), -ENOSPC);
	check_sound(&a);
	for (size_t i = 0; i < 16; i++)
		words[i] &= ~15ull;
	assert_int_equal(table_apply(a.table, words, 16, NULL, NULL), 0);
	assert_int_equal(a.memory.head->stash_used, 0);
	check_sound(&a);
	area_close(&a);
}

/* A full table, all of it replaced: more than half is in use on the way, and it is done OUI by OUI. */
static void test_a_full_table_is_replaced(void **state)
{
	table_word *changes = malloc(2 * 4096 * sizeof(*changes));
	struct area a;

	(void)state;
	assert_non_null(changes);
	area_open(&a, 1024, 4096);
	for (size_t i = 0; i < 4096; i++)
		changes[i] = table_word_make(0x440000000000ull + (i << 22), LC_LEN_48, LC_DROP);
	assert_int_equal(table_apply(a.table, changes, 4096, NULL, NULL), 0);
	for (size_t i = 0; i < 4096; i++) {
		changes[2 * i] = table_word_make(0x440000000000ull + (i << 22), LC_LEN_48, 0);
		changes[2 * i + 1] = table_word_make(0x440000000001ull + (i << 22), LC_LEN_48, LC_DROP);
	}
	assert_int_equal(table_apply(a.table, changes, 8192, NULL, NULL), 0);
	assert_int_equal(table_count(a.table), 4096);
	assert_true(a.memory.head->epoch > 2);
	for (size_t i = 0; i < 4096; i++) {
		assert_int_equal(table_lookup(a.table, changes[2 * i] >> 8), 0);
		assert_int_equal(table_lookup(a.table, changes[2 * i + 1] >> 8), LC_DROP);
	}
	check_sound(&a);
	area_close(&a);
	free(changes);
}

/* All of it under one OUI, whose own entry stays: still not refused. */
static void test_a_full_table_of_one_oui_is_replaced(void **state)
{
	static table_word changes[2 * 512];
	struct area a;

	(void)state;
	area_open(&a, 128, 512);
	changes[0] = table_word_make(0x4419b6000000ull, LC_LEN_24, LC_MONITOR);
	for (uint64_t i = 1; i < 512; i++)
		changes[i] = table_word_make(0x4419b6000000ull + 2 * i, LC_LEN_48, LC_DROP);
	assert_int_equal(table_apply(a.table, changes, 512, NULL, NULL), 0);
	for (uint64_t i = 0; i < 511; i++) {
		changes[2 * i] = table_word_make(0x4419b6000002ull + 2 * i, LC_LEN_48, 0);
		changes[2 * i + 1] = table_word_make(0x4419b6000003ull + 2 * i, LC_LEN_48, LC_DROP);
	}
	assert_int_equal(table_apply(a.table, changes, 1022, NULL, NULL), 0);
	assert_int_equal(table_count(a.table), 512);
	for (size_t i = 0; i < 1022; i++)
		assert_int_equal(table_lookup(a.table, changes[i] >> 8), i % 2 ? LC_DROP : 0);
	check_sound(&a);
	area_close(&a);
}

static unsigned in_between;

/* Called where the writer waits for programs, that is once in each part. */
static int look_between_parts(const struct table *t)
{
	unsigned oui = table_lookup(t, 0x4419b6000000ull << 8 | LC_LEN_24);

	for (uint64_t i = 0; i < 100; i++) {
		unsigned below = table_lookup(t, (0x4419b6000000ull + i) << 8 | LC_LEN_48);

		if ((oui == LC_DROP) != (below == LC_ALLOW))
			fail_msg("the OUI is %u, below it is %u", oui, below);
	}
	in_between++;
	return 0;
}

static void test_parts_never_split_a_prefix_from_what_is_below(void **state)
{
	static table_word changes[701];
	struct area a;

	(void)state;
	area_open(&a, 128, 512);
	for (uint64_t i = 0; i < 400; i++)
		changes[i] = table_word_make(0x440000000000ull + (i << 24), LC_LEN_48, LC_DROP);
	assert_int_equal(table_apply(a.table, changes, 400, NULL, NULL), 0);
	for (uint64_t i = 0; i < 400; i++)
		changes[i] &= ~15ull;
	changes[400] = table_word_make(0x4419b6000000ull, LC_LEN_24, LC_DROP);
	for (uint64_t i = 0; i < 100; i++)
		changes[i + 401] = table_word_make(0x4419b6000000ull + i, LC_LEN_48, LC_ALLOW);
	for (uint64_t i = 0; i < 200; i++)
		changes[i + 501] = table_word_make(0x460000000000ull + i, LC_LEN_48, LC_DROP);
	a.table->wait = look_between_parts;
	in_between = 0;
	assert_int_equal(table_apply(a.table, changes, 701, NULL, NULL), 0);
	assert_true(in_between > 1);
	assert_int_equal(table_count(a.table), 301);
	check_sound(&a);
	area_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_word),
		cmocka_unit_test(test_nothing_to_change_is_in_force_at_once),
		cmocka_unit_test(test_the_key_that_looks_empty),
		cmocka_unit_test(test_changes_that_make_no_sense_are_refused),
		cmocka_unit_test(test_random_changes_against_a_model),
		cmocka_unit_test(test_over_capacity_changes_not_one_byte),
		cmocka_unit_test(test_chosen_keys_fill_the_stash_and_then_change_nothing),
		cmocka_unit_test(test_a_full_table_is_replaced),
		cmocka_unit_test(test_a_full_table_of_one_oui_is_replaced),
		cmocka_unit_test(test_parts_never_split_a_prefix_from_what_is_below),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
