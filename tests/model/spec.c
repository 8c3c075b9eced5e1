/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy means: a list, the longest prefix, and nothing else. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/hash.h"

static const unsigned bits_of[LC_LENGTHS] = {24, 28, 36, 48};

bool spec_covers(table_word word, uint64_t mac48)
{
	unsigned low = 48 - bits_of[word >> LC_WORD_KEY_SHIFT & 3];

	return word >> LC_WORD_PREFIX_SHIFT >> low == mac48 >> low;
}

/* Key and verdict of the entry that decides, as entry_word() gives it. */
uint64_t spec_verdict(const struct policy *p, uint64_t mac48)
{
	uint64_t best[2] = {0, 0}; /* enforced, on trial */

	for (size_t i = 0; i < p->n; i++) {
		uint64_t *b = &best[(p->word[i] & LC_ENTRY_DRY_RUN) != 0];

		if (spec_covers(p->word[i], mac48) && (*b == 0 || (*b >> LC_WORD_KEY_SHIFT & 3) < (p->word[i] >> LC_WORD_KEY_SHIFT & 3)))
			*b = p->word[i];
	}
	return best[0] ? best[0] : best[1];
}

bool spec_same(const struct policy *a, const struct policy *b)
{
	return a->n == b->n && memcmp(a->word, b->word, a->n * sizeof(a->word[0])) == 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static table_word find(const struct policy *p, uint64_t key)
{
	for (size_t i = 0; i < p->n; i++)
		if (word_key(p->word[i]) == key)
			return p->word[i];
	return 0;
}

size_t spec_diff(const struct policy *from, const struct policy *to, table_word *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < to->n; i++)
		if (find(from, word_key(to->word[i])) != to->word[i])
			changes[n++] = to->word[i];
	for (size_t i = 0; i < from->n; i++)
		if (!find(to, word_key(from->word[i])))
			changes[n++] = word_key(from->word[i]) << LC_WORD_KEY_SHIFT;
	qsort(changes, n, sizeof(changes[0]), compare);
	return n;
}

/* The Nth address of which both buckets are the first: eight of them fill it, more go to the stash. */
static uint64_t colliding(const struct lc_control *control, unsigned n)
{
	for (uint64_t mac48 = 0x441b00000001;; mac48++) {
		uint64_t hash = lc_hash(mac48 << 8 | LC_LEN_48, control->seed[0], control->seed[1]);

		if (((hash | hash >> 32) & (control->buckets - 1)) == 0 && n-- == 0)
			return mac48;
	}
}

static enum lc_length length_of(unsigned bits)
{
	for (unsigned code = 0; code < LC_LENGTHS; code++)
		if (bits_of[code] == bits)
			return (enum lc_length)code;
	abort();
}

static table_word parse_one(const char *text, const struct lc_control *control)
{
	unsigned long long prefix;
	unsigned bits, nibble, n;

	if (sscanf(text, "@%u=%x", &n, &nibble) == 2)
		return table_word_make(colliding(control, n), LC_LEN_48, nibble);
	if (sscanf(text, "%llx/%u=%x", &prefix, &bits, &nibble) != 3)
		abort();
	return table_word_make(prefix << (48 - bits), length_of(bits), nibble);
}

void spec_parse(const char *text, const struct lc_control *control, struct policy *p)
{
	p->n = 0;
	while (text && *text) {
		p->word[p->n++] = parse_one(text, control);
		text = strchr(text, ' ');
		text += text != NULL;
	}
	qsort(p->word, p->n, sizeof(p->word[0]), compare);
}

static size_t add(uint64_t mac48, uint64_t *address, size_t n, size_t max)
{
	for (size_t i = 0; i < n; i++)
		if (address[i] == mac48)
			return n;
	if (n < max)
		address[n++] = mac48;
	return n;
}

/* The last address under each prefix, and one under none. */
size_t spec_addresses(const struct policy *p, size_t n, uint64_t *address, size_t max)
{
	size_t found = add(0x0200000000aa, address, 0, max);

	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < p[i].n; w++)
			found = add(key_last(word_key(p[i].word[w])), address, found, max);
	return found;
}
