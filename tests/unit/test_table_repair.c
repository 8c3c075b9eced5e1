/* SPDX-License-Identifier: GPL-2.0-only */
/* A writer killed anywhere in a change: whoever opens the table next finds the old policy or the new, whole. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lib/table_private.h"

#define BUCKETS 2048
#define WORDS 4000
#define KILLS 150

struct shared { /* what the kernel's maps are: memory that outlives the writer */
	struct lc_policy_head head;
	uint64_t filter[LC_FILTER_WORDS];
	struct lc_bucket buckets[BUCKETS + 1];
	unsigned changes; /* that the writer began */
};

static const struct lc_control control = {
	.abi = LC_ABI, .seed = {5, 6}, .buckets = BUCKETS, .capacity = BUCKETS * LC_BUCKET_WORDS / 2};
/* policy[1] is policy[0] with a third of the words gone, a third changed and others added. */
static table_word policy[2][WORDS], change[2][2 * WORDS];
static size_t n_policy[2], n_change;

static struct table *open_over(struct shared *s)
{
	const struct table_memory memory = {&s->head, (uint64_t *)s->filter, s->buckets, NULL};
	struct table *t;

	if (table_over(&memory, &control, &t))
		abort();
	return t;
}

static void make_policies(void)
{
	n_policy[0] = n_policy[1] = n_change = 0;
	for (uint64_t i = 0; i < WORDS; i++) {
		table_word key = table_word_make(0x440000000000ull + (i << 20), LC_LEN_48, 0);
		unsigned before = i % 4 == 3 ? 0 : LC_DROP, after = i % 4 == 0 ? 0 : i % 4 == 1 ? LC_ALLOW : LC_DROP;

		if (before)
			policy[0][n_policy[0]++] = key | before;
		if (after)
			policy[1][n_policy[1]++] = key | after;
		if (before == after)
			continue;
		change[0][n_change] = key | before;
		change[1][n_change++] = key | after;
	}
}

static struct shared *make_shared(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct table *t;

	assert_true(s != MAP_FAILED);
	t = open_over(s);
	assert_int_equal(table_apply(t, policy[0], n_policy[0], NULL, NULL), 0);
	table_close(t);
	return s;
}

static void write_until_killed(struct shared *s)
{
	struct table *t = open_over(s);
	unsigned now = table_count(t) == n_policy[0] && table_lookup(t, policy[0][0] >> 8) ? 0 : 1;

	for (;;) {
		now = !now;
		s->changes++;
		if (table_apply(t, change[now], n_change, NULL, NULL))
			_exit(1);
	}
}

/* Which policy the maps hold, -1 = neither. *dirty: the writer left something half done. */
static int policy_in(struct shared *s, bool *dirty)
{
	uint64_t epoch = s->head.epoch;
	table_word *words;
	struct table *t;
	size_t n;
	int which = -1;

	*dirty = false;
	for (size_t i = 0; i < (BUCKETS + 1) * LC_BUCKET_WORDS; i++) {
		uint64_t word = ((const uint64_t *)s->buckets)[i];

		*dirty |= word_nibble(word, epoch) != word_nibble(word, epoch + 1);
	}
	t = open_over(s);
	assert_int_equal(table_words(t, &words, &n), 0);
	for (int i = 0; i < 2; i++) {
		if (n == n_policy[i] && memcmp(words, policy[i], n * sizeof(words[0])) == 0)
			which = i;
	}
	free(words);
	table_close(t);
	return which;
}

/* That long after it began with another change than BEFORE: an emulated machine may take longer until then. */
static void kill_after(pid_t child, const unsigned *changes, unsigned before, long nanoseconds)
{
	const struct timespec wait = {.tv_nsec = nanoseconds}, moment = {.tv_nsec = 50000};
	int status;

	while (__atomic_load_n(changes, __ATOMIC_RELAXED) == before) {
		assert_int_equal(waitpid(child, &status, WNOHANG), 0);
		(void)nanosleep(&moment, NULL);
	}
	(void)nanosleep(&wait, NULL);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void test_killed_anywhere(void **state)
{
	struct shared *s;
	unsigned half_done = 0, found[2] = {0, 0};

	(void)state;
	make_policies();
	s = make_shared();
	for (unsigned i = 0; i < KILLS; i++) {
		unsigned before = s->changes;
		pid_t child = fork();
		bool dirty;
		int which;

		assert_true(child >= 0);
		if (child == 0)
			write_until_killed(s);
		kill_after(child, &s->changes, before, 1000000 + i * 7919 % 4000 * 1000);
		which = policy_in(s, &dirty);
		if (which < 0)
			fail_msg("kill %u left neither policy", i);
		found[which]++;
		half_done += dirty;
	}
	print_message("%u kills, %u in the middle of a change, %u changes\n", KILLS, half_done, s->changes);
	/* The control: the kills did hit changes, and both policies came out. */
	assert_true(half_done > 0);
	assert_true(found[0] > 0 && found[1] > 0);
	(void)munmap(s, sizeof(*s));
}

/* Between the flip and the clean-up the new policy is in force; a copy of that moment opens as the new one. */
static void copy_now(void *arg)
{
	struct shared *const *s = arg;

	memcpy(s[1], s[0], sizeof(**s));
}

static void test_copy_between_flip_and_clean_up(void **state)
{
	struct shared *s[2];
	struct table *t;
	bool dirty;

	(void)state;
	make_policies();
	s[0] = make_shared();
	s[1] = make_shared();
	t = open_over(s[0]);
	assert_int_equal(table_apply(t, change[1], n_change, copy_now, s), 0);
	table_close(t);
	assert_int_equal(policy_in(s[1], &dirty), 1);
	assert_true(dirty);
	assert_int_equal(policy_in(s[0], &dirty), 1);
	assert_false(dirty);
	(void)munmap(s[0], sizeof(*s[0]));
	(void)munmap(s[1], sizeof(*s[1]));
}

/* What slots remember was of a table that may not have been whole: it is void, and the same field stays selected. */
static void test_opening_moves_the_epoch_by_two(void **state)
{
	struct shared *s;
	uint64_t epoch;

	(void)state;
	make_policies();
	s = make_shared();
	for (unsigned i = 0; i < 3; i++) {
		epoch = s->head.epoch;
		table_close(open_over(s));
		assert_int_equal(s->head.epoch, epoch + 2);
	}
	(void)munmap(s, sizeof(*s));
}

static int refuse_to_wait(const struct table *t)
{
	(void)t;
	return -EIO;
}

/* The kernel refuses to wait: the new policy is in force, and nothing is cleaned up until it does wait. */
static void test_no_clean_up_without_the_wait(void **state)
{
	struct shared *s;
	struct table *t;
	bool dirty;

	(void)state;
	make_policies();
	s = make_shared();
	t = open_over(s);
	t->wait = refuse_to_wait;
	assert_int_equal(table_apply(t, change[1], n_change, NULL, NULL), -EIO);
	assert_int_equal(table_lookup(t, policy[1][0] >> 8), policy[1][0] & 15);
	assert_int_equal(table_apply(t, change[0], n_change, NULL, NULL), -EIO);
	assert_int_equal(table_lookup(t, policy[1][0] >> 8), policy[1][0] & 15);
	t->wait = NULL;
	assert_int_equal(table_apply(t, NULL, 0, NULL, NULL), 0);
	table_close(t);
	assert_int_equal(policy_in(s, &dirty), 1);
	assert_false(dirty);
	(void)munmap(s, sizeof(*s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_anywhere),
		cmocka_unit_test(test_copy_between_flip_and_clean_up), cmocka_unit_test(test_opening_moves_the_epoch_by_two),
		cmocka_unit_test(test_no_clean_up_without_the_wait),
	};

	return cmocka_run_group_tests_name("table_repair", tests, NULL, NULL);
}
