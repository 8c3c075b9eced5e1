/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy table: after a writer died in the middle of a change, or somebody wrote nonsense, back to a sound state. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "table_private.h"

/* An update of an array of maps waits for an RCU grace period before it returns (kernel: maybe_wait_bpf_programs), and
 * needs no right but a writable descriptor. */
int table_wait_rcu(const struct table *t)
{
	uint32_t zero = 0, fd = (uint32_t)t->head_fd;

	return bpf_map_update_elem(t->grace_fd, &zero, &fd, BPF_ANY) ? -EIO : 0;
}

int table_grace(const struct table *t)
{
	return t->wait ? t->wait(t) : 0;
}

static size_t word_count(const struct table *t)
{
	return ((size_t)t->control.buckets + 1) * LC_BUCKET_WORDS;
}

static uint64_t *word_at(const struct table *t, size_t i)
{
	return (uint64_t *)&t->buckets[0].word[0] + i;
}

/* What a word should be between two changes; 0 = it is not in force, or programs would not find it here. */
static uint64_t sound(const struct table *t, const uint64_t *word, uint64_t epoch)
{
	uint64_t value = shared_read(word), key = word_key(value), nibble = word_nibble(value, epoch);

	if (value == 0 || nibble == 0 || !key_valid(key))
		return 0;
	if (table_find(t, key, (uint64_t)LC_ACTION_MASK << field_shift(epoch)) != word)
		return 0;
	return word_of_both(key, nibble);
}

static void count_words(struct table *t)
{
	memset(t->under, 0, sizeof(*t->under) * FILTER_PLACES * LC_LENGTHS);
	t->used = t->stash = 0;
	for (size_t i = 0; i < word_count(t); i++) {
		size_t word, under;

		if (*word_at(t, i) == 0)
			continue;
		(void)filter_bit(word_key(*word_at(t, i)), &word, &under);
		t->under[under]++;
		t->used++;
		t->stash += table_in_stash(t, word_at(t, i));
	}
	t->live = t->used;
}

/* Every word's bit and no other. */
static void repair_filter(struct table *t)
{
	for (size_t word = 0; word < LC_FILTER_WORDS; word++) {
		uint64_t bits = 0;

		for (size_t i = 0; i < 64; i++)
			bits |= (uint64_t)(t->under[word * 64 + i] != 0) << i;
		if (t->filter[word] != bits)
			shared_write(&t->filter[word], bits);
	}
}

static void repair_words(struct table *t)
{
	uint64_t epoch = table_epoch(t);

	for (size_t i = 0; i < word_count(t); i++) {
		uint64_t *word = word_at(t, i), wanted;

		if (*word == 0)
			continue;
		wanted = sound(t, word, epoch);
		if (*word != wanted)
			shared_write(word, wanted);
	}
}

/* The wait comes first, also when nothing looks half done: the writer before may have died between the last store of its
 * change and the wait behind it, and a frame in flight from before that change must not meet the next one too. */
int table_repair(struct table *t)
{
	int err = table_grace(t);

	if (err)
		return err;
	/* A head that hides the stash would hide its words from us too. */
	shared_write((uint64_t *)&t->head->stash_used, LC_BUCKET_WORDS);
	repair_words(t);
	count_words(t);
	repair_filter(t);
	table_publish_stash(t);
	shared_write((uint64_t *)&t->head->words, t->live);
	table_move_epoch(t, 2); /* the same field; but what slots remember of a policy that was broken is void */
	t->half_done = false;
	return 0;
}
