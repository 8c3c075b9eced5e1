/* SPDX-License-Identifier: GPL-2.0-only */
/* How long changes of the policy take: a million entries at once, one entry, all replaced; over the kernel's maps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../userspace/lib/digest.h"
#include "../dataplane/kernel.h"

#define MILLION 1000000
#define RUNS 5

static table_word words[2 * MILLION];

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *times)
{
	qsort(times, RUNS, sizeof(times[0]), compare);
	return times[RUNS / 2] * 1e3;
}

/* Word I of two million: even ones are the first policy, odd ones the second. Sorted by itself. */
static table_word word(size_t i, unsigned nibble)
{
	return table_word_make(0x440000000000ull + (uint64_t)i * 1999, LC_LEN_48, nibble);
}

static void in_force(void *arg)
{
	*(double *)arg = now();
}

static double apply(struct kernel *k, size_t n, double *force)
{
	double begin = now();

	if (table_apply(k->table, words, n, in_force, force)) {
		(void)fprintf(stderr, "the table refused\n");
		exit(1);
	}
	*force -= begin;
	return now() - begin;
}

struct times {
	double fill[RUNS], fill_force[RUNS], one[RUNS], one_force[RUNS], replace[RUNS], clear[RUNS], read[RUNS],
		digest[RUNS];
};

static void run(struct times *t, unsigned i)
{
	const struct kernel_size size = {.capacity = MILLION};
	struct kernel *k = kernel_new(&size);
	double ignored, begin;
	table_word *all;
	size_t n;

	for (size_t j = 0; j < MILLION; j++)
		words[j] = word(2 * j, LC_DROP);
	t->fill[i] = apply(k, MILLION, &t->fill_force[i]);
	words[0] = word(0, LC_ALLOW);
	t->one[i] = apply(k, 1, &t->one_force[i]);
	for (size_t j = 0; j < 2 * MILLION; j++)
		words[j] = word(j, j & 1 ? LC_DROP : 0);
	t->replace[i] = apply(k, 2 * MILLION, &ignored);
	begin = now();
	if (table_words(k->table, &all, &n))
		exit(1);
	t->read[i] = now() - begin;
	begin = now();
	(void)digest_of(all, n);
	t->digest[i] = now() - begin;
	for (size_t j = 0; j < n; j++)
		words[j] = all[j] & ~15ull;
	free(all);
	t->clear[i] = apply(k, n, &ignored);
	kernel_free(k);
}

int main(void)
{
	static struct times t;

	for (unsigned i = 0; i < RUNS; i++)
		run(&t, i);
	(void)printf("milliseconds, median of %u\n", RUNS);
	(void)printf("%-64s %9.3f\n", "1,000,000 entries into an empty table: in force after", median(t.fill_force));
	(void)printf("%-64s %9.3f\n", "and cleaned up after", median(t.fill));
	(void)printf("%-64s %9.3f\n", "one entry of a million: in force after", median(t.one_force));
	(void)printf("%-64s %9.3f\n", "and ready for the next after", median(t.one));
	(void)printf("%-64s %9.3f\n", "all of a full table replaced, OUI by OUI", median(t.replace));
	(void)printf("%-64s %9.3f\n", "all removed", median(t.clear));
	(void)printf("%-64s %9.3f\n", "all read and sorted", median(t.read));
	(void)printf("%-64s %9.3f\n", "digest of all", median(t.digest));
	return 0;
}
