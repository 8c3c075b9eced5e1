/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs' own look-up (bpf/policy.h, compiled for userspace) in threads, while the writer changes the table under
 * it: never a miss of an entry that is in every policy, never a hit of one that is in none, and no address meets
 * a mixture of two policies. The control is a writer that does not wait for readers.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../userspace/lib/table_private.h"

/* What bpf/policy.h takes from bpf/maps.h and bpf/order.h, over plain memory. */
#define LENSCAP_MAPS_H /* keeps bpf/maps.h out */
#define LENSCAP_ORDER_H
#define BUCKETS 64

static struct lc_policy_head policy_head;
static __u64 policy_filter[LC_FILTER_WORDS];
static struct lc_bucket policy_table[BUCKETS + 1];
static struct lc_port_conf port_conf = {.seed = {1, 2}, .bucket_mask = BUCKETS - 1};

#define bpf_map_lookup_elem(map, key) \
	((void *)_Generic((map), struct lc_policy_head *: &policy_head, __u64(*)[LC_FILTER_WORDS]: &policy_filter[*(key)], \
			  struct lc_bucket(*)[BUCKETS + 1]: &policy_table[*(key)]))

static inline __u64 zero_after(__u64 value)
{
	__asm__ volatile("" : "+r"(value) : : "memory");
	return value & 0;
}

#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* clang's unroll */
#include "../../bpf/policy.h"

#define READERS 2
#define SECONDS 2
#define DEVICES 40
#define BASE 0x4419b6000000ull

struct reader {
	pthread_t thread;
	atomic_ulong passes; /* look-ups ended, so that the writer can wait for those in flight */
	atomic_ulong wrong;
};

static struct reader readers[READERS];
static atomic_bool stop;

static uint64_t always(unsigned i)
{
	return BASE + i;
}

static uint64_t never(unsigned i)
{
	return 0x441a00000000ull + 3 * i; /* another OUI, where only other addresses of full length come and go */
}

/* Policy 0: its OUI drops and the address is allowed. Policy 1: the OUI allows, and nothing of full length is under it, so
 * that the filter changes too. It passes under both; under words or filter of one and words of the other it does not. */
static uint64_t mixed(unsigned i)
{
	return (0x441b00ull + i) << 24 | 1;
}

static uint32_t look_up(uint64_t mac48)
{
	const struct policy_filter_place place = policy_filter_place(mac48);
	struct policy_view view;

	return policy_lookup(mac48, policy_hash_of(mac48), &place, &view);
}

static bool wrong_now(unsigned i)
{
	if ((look_up(always(i)) & 15) != LC_MONITOR)
		return true;
	if (look_up(never(i)) != 0)
		return true;
	return (look_up(mixed(i)) & 15) != LC_ALLOW;
}

static void *read_all_the_time(void *arg)
{
	struct reader *r = arg;

	for (unsigned i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i = (i + 1) % DEVICES) {
		if (wrong_now(i))
			atomic_fetch_add(&r->wrong, 1);
		if (atomic_fetch_add(&r->passes, 1) % 256 == 0)
			(void)sched_yield(); /* the writer gets a turn */
	}
	return NULL;
}

/* A grace period: every reader has ended a pass that it may have begun before now;
 * every later pass sees what was written. */
static int wait_for_readers(const struct table *t)
{
	unsigned long begun[READERS];

	(void)t;
	for (size_t i = 0; i < READERS; i++)
		begun[i] = atomic_load(&readers[i].passes);
	for (size_t i = 0; i < READERS; i++) {
		while (atomic_load(&readers[i].passes) - begun[i] < 1)
			(void)sched_yield();
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What makes policy WHICH of the other: the /24, the mixed addresses, and others that move in and out of every bucket. */
static size_t make_change(unsigned which, table_word *change)
{
	size_t n = 0;

	for (unsigned i = 0; i < DEVICES; i++) {
		change[n++] = table_word_make(mixed(i) - 1, LC_LEN_24, which == 0 ? LC_DROP : LC_ALLOW);
		change[n++] = table_word_make(mixed(i), LC_LEN_48, which == 0 ? LC_ALLOW : 0);
		change[n++] = table_word_make(never(i) + 1, LC_LEN_48, which == 0 ? LC_DROP : 0);
		change[n++] = table_word_make(never(i) + 2, LC_LEN_48, which == 1 ? LC_DROP : 0);
	}
	qsort(change, n, sizeof(change[0]), compare);
	return n;
}

static struct table *open_table(void)
{
	const struct table_memory memory = {&policy_head, (uint64_t *)policy_filter, policy_table, NULL};
	const struct lc_control control = {
		.abi = LC_ABI, .seed = {1, 2}, .buckets = BUCKETS, .capacity = BUCKETS * LC_BUCKET_WORDS / 2};
	table_word words[DEVICES];
	struct table *t;

	memset(policy_table, 0, sizeof(policy_table));
	memset(policy_filter, 0, sizeof(policy_filter));
	assert_int_equal(table_over(&memory, &control, &t), 0);
	for (unsigned i = 0; i < DEVICES; i++)
		words[i] = table_word_make(always(i), LC_LEN_48, LC_MONITOR);
	assert_int_equal(table_apply(t, words, DEVICES, NULL, NULL), 0);
	return t;
}

static bool before(const struct timespec *end)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec < end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec < end->tv_nsec);
}

static unsigned long read_while_writing(table_wait_fn *wait, unsigned seconds, bool until_wrong)
{
	table_word change[2][4 * DEVICES];
	size_t n[2] = {make_change(0, change[0]), make_change(1, change[1])};
	struct table *t = open_table();
	unsigned long wrong = 0, changes = 0, passes = 0;
	struct timespec end;

	assert_int_equal(table_apply(t, change[0], n[0], NULL, NULL), 0);
	t->wait = wait;
	atomic_store(&stop, false);
	for (size_t i = 0; i < READERS; i++) {
		atomic_store(&readers[i].wrong, 0);
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all_the_time, &readers[i]), 0);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (before(&end) && !(until_wrong && atomic_load(&readers[0].wrong))) {
		changes++;
		assert_int_equal(table_apply(t, change[changes % 2], n[changes % 2], NULL, NULL), 0);
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		wrong += atomic_load(&readers[i].wrong);
		passes += atomic_load(&readers[i].passes);
	}
	print_message("%lu changes under %lu passes: %lu wrong\n", changes, passes, wrong);
	assert_true(changes > 0 && passes > 0);
	table_close(t);
	return wrong;
}

static void test_readers_see_one_policy(void **state)
{
	(void)state;
	assert_int_equal(read_while_writing(wait_for_readers, SECONDS, false), 0);
}

static void test_control_a_writer_that_does_not_wait(void **state)
{
	(void)state;
	assert_true(read_while_writing(NULL, 5 * SECONDS, true) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_see_one_policy),
		cmocka_unit_test(test_control_a_writer_that_does_not_wait),
	};

	return cmocka_run_group_tests_name("table_readers", tests, NULL, NULL);
}
