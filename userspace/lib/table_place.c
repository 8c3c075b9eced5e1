/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy table: where a word is, where a new one goes, and the filter in front. */
#include <stddef.h>

#include "../../bpf/hash.h"
#include "table_private.h"

static const uint8_t prefix_low_bits[LC_LENGTHS] = {24, 20, 12, 0};

table_word table_word_make(uint64_t mac48, enum lc_length length, unsigned nibble)
{
	return mac48 << LC_WORD_PREFIX_SHIFT | (uint64_t)length << LC_WORD_KEY_SHIFT | (nibble & FIELD_MASK);
}

bool key_valid(uint64_t key)
{
	uint64_t code = key & 0xff;

	return code < LC_LENGTHS && key >> 56 == 0 && (key >> 8 & ((1ull << prefix_low_bits[code]) - 1)) == 0;
}

uint64_t key_last(uint64_t key)
{
	return key >> 8 | ((1ull << prefix_low_bits[key & 3]) - 1);
}

static uint64_t hash_of(const struct table *t, uint64_t key)
{
	return lc_hash(key, t->control.seed[0], t->control.seed[1]);
}

static struct lc_bucket *first_bucket(const struct table *t, uint64_t hash)
{
	return &t->buckets[(uint32_t)hash & (t->control.buckets - 1)];
}

static struct lc_bucket *second_bucket(const struct table *t, uint64_t hash)
{
	return &t->buckets[(uint32_t)(hash >> 32) & (t->control.buckets - 1)];
}

static struct lc_bucket *stash_bucket(const struct table *t)
{
	return &t->buckets[t->control.buckets];
}

bool table_in_stash(const struct table *t, const uint64_t *word)
{
	return (const void *)word >= (const void *)stash_bucket(t);
}

void table_prefetch(const struct table *t, uint64_t key)
{
	uint64_t hash = hash_of(t, key);

	__builtin_prefetch(first_bucket(t, hash), 1);
	__builtin_prefetch(second_bucket(t, hash), 1);
}

static uint64_t *bucket_find(struct lc_bucket *bucket, uint64_t key, uint64_t actions)
{
	for (size_t i = 0; i < LC_BUCKET_WORDS; i++) {
		uint64_t word = shared_read((uint64_t *)&bucket->word[i]);

		if (word_key(word) == key && (word & actions))
			return (uint64_t *)&bucket->word[i];
	}
	return NULL;
}

uint64_t *table_find(const struct table *t, uint64_t key, uint64_t actions)
{
	uint64_t hash = hash_of(t, key);
	uint64_t *word = bucket_find(first_bucket(t, hash), key, actions);

	if (!word)
		word = bucket_find(second_bucket(t, hash), key, actions);
	if (!word && t->head->stash_used)
		word = bucket_find(stash_bucket(t), key, actions);
	return word;
}

/* The first empty word of a bucket; *n counts the empty ones. */
static uint64_t *bucket_room(struct lc_bucket *bucket, unsigned *n)
{
	uint64_t *room = NULL;

	*n = 0;
	for (size_t i = LC_BUCKET_WORDS; i-- > 0;) {
		if (bucket->word[i] != 0)
			continue;
		room = (uint64_t *)&bucket->word[i];
		++*n;
	}
	return room;
}

static uint64_t *room_for(const struct table *t, uint64_t key)
{
	uint64_t hash = hash_of(t, key);
	unsigned n_first, n_second, n_stash;
	uint64_t *first = bucket_room(first_bucket(t, hash), &n_first);
	uint64_t *second = bucket_room(second_bucket(t, hash), &n_second);

	if (n_first == 0 && n_second == 0)
		return bucket_room(stash_bucket(t), &n_stash);
	return n_first >= n_second ? first : second;
}

uint64_t filter_bit(uint64_t key, size_t *word, size_t *under)
{
	size_t place = lc_filter_index((uint32_t)(key >> 32));
	size_t code = key & 3;

	*word = place / 16;
	*under = place * LC_LENGTHS + code;
	return 1ull << (place % 16 * 4 + code);
}

static void filter_add(struct table *t, uint64_t key)
{
	size_t word, under;
	uint64_t bit = filter_bit(key, &word, &under);

	if (t->under[under]++ == 0)
		shared_write(&t->filter[word], t->filter[word] | bit);
}

static void filter_remove(struct table *t, uint64_t key)
{
	size_t word, under;
	uint64_t bit = filter_bit(key, &word, &under);

	if (--t->under[under] == 0)
		shared_write(&t->filter[word], t->filter[word] & ~bit);
}

void table_publish_stash(struct table *t)
{
	shared_write((uint64_t *)&t->head->stash_used, t->stash);
}

uint64_t *table_place(struct table *t, uint64_t word)
{
	uint64_t *room = room_for(t, word_key(word));

	if (!room)
		return NULL;
	filter_add(t, word_key(word));
	t->used++;
	if (table_in_stash(t, room)) {
		t->stash++;
		table_publish_stash(t);
	}
	shared_write(room, word);
	return room;
}

void table_remove(struct table *t, uint64_t *word)
{
	uint64_t key = word_key(*word);

	shared_write(word, 0);
	t->used--;
	if (table_in_stash(t, word)) {
		t->stash--;
		table_publish_stash(t);
	}
	filter_remove(t, key);
}
