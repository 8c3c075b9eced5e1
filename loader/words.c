/* SPDX-License-Identifier: GPL-2.0-only */
/* What the policy maps hold, read without trust in whoever may write them: words in force, frozen or not. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "maps.h"

static bool frozen(int fd)
{
	static const char key[] = "frozen:";
	char path[64], line[128];
	bool value = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, key, sizeof(key) - 1))
			value = strtol(line + sizeof(key) - 1, NULL, 10) != 0;
	fclose(in);
	return value;
}

bool maps_policy_broken(const struct maps *maps)
{
	struct lc_policy_head head;

	for (int id = 0; id < MAPS; id++)
		if (map_is_policy((enum map_id)id) && frozen(maps->fd[id]))
			return true;
	return !maps_head(maps, &head);
}

uint64_t maps_words_in_force(const struct maps *maps)
{
	struct lc_policy_head head = {0};
	const uint32_t zero = 0;

	return bpf_map_lookup_elem(maps->fd[MAP_HEAD], &zero, &head) ? 0 : head.words;
}

static int by_word(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A word in both its buckets, or written twice by an enemy: the first stays. */
static size_t unique(uint64_t *words, size_t n)
{
	size_t kept = 0;

	qsort(words, n, sizeof(*words), by_word);
	for (size_t i = 0; i < n; i++)
		if (!kept || words[kept - 1] >> LC_WORD_KEY_SHIFT != words[i] >> LC_WORD_KEY_SHIFT)
			words[kept++] = words[i];
	return kept;
}

/* Prefix bits beyond the length and the six reserved bits must be zero: no change would be accepted with them. */
static bool well_formed(uint64_t word)
{
	static const unsigned bits[LC_LENGTHS] = {24, 28, 36, 48};
	uint64_t beyond = (1ull << (48 - bits[word >> LC_WORD_KEY_SHIFT & 3])) - 1;

	return !(word >> 10 & 0x3f) && !(word >> LC_WORD_PREFIX_SHIFT & beyond);
}

static size_t in_force(const uint64_t *from, size_t n, uint64_t epoch, uint64_t *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t word = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
		uint64_t nibble = (epoch & 1 ? word >> 4 : word) & 0xf;

		if (nibble & LC_ACTION_MASK && well_formed(word))
			to[kept++] = (word & ~0xffull) | nibble;
	}
	return unique(to, kept);
}

int maps_words(const struct maps *maps, uint64_t **words, size_t *n)
{
	size_t count = ((size_t)maps->control.buckets + 1) * LC_BUCKET_WORDS;
	struct lc_policy_head head = {0};
	const uint32_t zero = 0;
	uint64_t *out;
	void *table;

	if (maps->fd[MAP_HEAD] < 0 || maps->fd[MAP_TABLE] < 0)
		return -ENOENT;
	if (bpf_map_lookup_elem(maps->fd[MAP_HEAD], &zero, &head))
		return -errno;
	table = mmap(NULL, count * sizeof(*out), PROT_READ, MAP_SHARED, maps->fd[MAP_TABLE], 0);
	if (table == MAP_FAILED)
		return -errno;
	out = malloc(count * sizeof(*out));
	if (out) {
		*n = in_force(table, count, head.epoch, out);
		*words = out;
	}
	munmap(table, count * sizeof(*out));
	return out ? 0 : -ENOMEM;
}

static void *map_array(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

void maps_forget_port(const struct maps *maps, uint32_t port)
{
	const struct lc_control *control = &maps->control;
	size_t n_totals = (size_t)control->cpus * LC_PORTS, n_slots = (size_t)control->cpus * control->slots;
	struct lc_totals *totals = map_array(maps->fd[MAP_TOTALS], n_totals * sizeof(*totals));
	struct lc_slot *slots = map_array(maps->fd[MAP_SLOTS], n_slots * sizeof(*slots));

	for (size_t i = port; totals && i < n_totals; i += LC_PORTS)
		memset(&totals[i], 0, sizeof(*totals));
	for (size_t i = 0; slots && i < n_slots; i++)
		if (slots[i].key && (slots[i].key & 0xffff) == port)
			memset(&slots[i], 0, sizeof(*slots));
	if (totals)
		munmap(totals, n_totals * sizeof(*totals));
	if (slots)
		munmap(slots, n_slots * sizeof(*slots));
}
