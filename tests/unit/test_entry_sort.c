/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorting entries: as qsort() does it, for few and many, with keys that repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/feed/entry_sort.h"

/* A whole order, so that there is one right result. */
static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	uint64_t key_a = a->word >> LC_WORD_KEY_SHIFT, key_b = b->word >> LC_WORD_KEY_SHIFT;

	if (key_a != key_b)
		return key_a < key_b ? -1 : 1;
	return (a->until > b->until) - (a->until < b->until);
}

static uint64_t mixed(uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15ull;
	i = (i ^ i >> 31) * 0xbf58476d1ce4e5b9ull;
	return i ^ i >> 29;
}

static void check(size_t n, uint64_t mask)
{
	struct entry *a = calloc(n + 1, sizeof(*a)), *b = calloc(n + 1, sizeof(*b));

	assert_true(a && b);
	for (size_t i = 0; i < n; i++)
		a[i] = (struct entry){.word = (mixed(i) & mask) << 8 | 2, .until = (int64_t)(n - i), .vendor = (uint32_t)i, .length = 48};
	memcpy(b, a, n * sizeof(*a));
	entry_sort(a, n, compare);
	qsort(b, n, sizeof(*b), compare);
	assert_memory_equal(a, b, (n + 1) * sizeof(*a));
	free(a);
	free(b);
}

static void test_as_qsort(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 100, 4095, 4096, 4097, 50000};
	static const uint64_t masks[] = {0, 0xff, 0xffff00, 0xffffffffffffffull, 0xff00000000ff00ull};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(masks) / sizeof(masks[0]); j++)
			check(sizes[i], masks[j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_qsort)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
