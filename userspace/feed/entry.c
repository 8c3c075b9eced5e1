/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of actions, and sets of entries: gathered, expanded to kernel lengths, sorted, resolved, looked up. */
#include "entry_sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"

static const struct {
	const char *name;
	int strictness;
} actions[] = {
    [LC_ABSENT] = {NULL, 0},	    [LC_QUARANTINE] = {"quarantine", 6}, [LC_DROP] = {"drop", 6},
    [LC_MIRROR] = {"mirror", 3},    [LC_DIVERT] = {"divert", 5},	 [LC_CONTAIN] = {"contain", 4},
    [LC_MONITOR] = {"monitor", 2},  [LC_ALLOW] = {"allow", 1},
};
_Static_assert(sizeof(actions) / sizeof(actions[0]) == LC_ACTION_MASK + 1, "a row for every action");

enum lc_action action_parse(const char *text)
{
	for (unsigned a = 1; a <= LC_ACTION_MASK; a++)
		if (!strcmp(text, actions[a].name))
			return a;
	return LC_ABSENT;
}

const char *action_name(enum lc_action action)
{
	const char *name = actions[action & LC_ACTION_MASK].name;

	return name ? name : "absent";
}

int action_strictness(enum lc_action action)
{
	return actions[action & LC_ACTION_MASK].strictness;
}

bool entry_in_force(const struct entry *e, int64_t now)
{
	return !now || !e->until || e->until > now;
}

void entry_set_free(struct entry_set *set)
{
	if (set->part) {
		free(set->part->key);
		free(set->part->old.entries);
		free(set->part);
	}
	free(set->entries);
	strings_free(set->strings);
	memset(set, 0, sizeof(*set));
}

size_t entry_set_count(const struct entry_set *set)
{
	return set->part ? set->part->whole->n - set->part->old.n + set->n : set->n;
}

size_t entry_set_find(const struct entry_set *set, uint64_t key)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->entries[mid].word >> LC_WORD_KEY_SHIFT < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set->n && set->entries[low].word >> LC_WORD_KEY_SHIFT == key ? low : set->n;
}

bool entry_set_equal(const struct entry_set *a, const struct entry_set *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = a->entries[i].word == b->entries[i].word && a->entries[i].until == b->entries[i].until &&
			a->entries[i].length == b->entries[i].length;
	return equal;
}

static int compare_keys(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

const struct entry *entry_set_at(const struct entry_set *set, uint64_t key, int64_t now)
{
	if (set->part && !bsearch(&key, set->part->key, set->part->n_keys, sizeof(key), compare_keys))
		set = set->part->whole;
	for (size_t i = entry_set_find(set, key); i < set->n; i++) {
		const struct entry *e = &set->entries[i];

		if (e->word >> LC_WORD_KEY_SHIFT != key)
			break;
		if (entry_in_force(e, now))
			return e;
	}
	return NULL;
}

struct entry_builder {
	struct entry *entries;
	size_t n, room;
	uint64_t max;
	struct strings *strings;
};

struct entry_builder *entry_builder_new(uint64_t max)
{
	struct entry_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->max = max;
	b->strings = strings_new();
	if (!b->strings) {
		free(b);
		return NULL;
	}
	return b;
}

void entry_builder_free(struct entry_builder *b)
{
	if (!b)
		return;
	free(b->entries);
	strings_free(b->strings);
	free(b);
}

struct strings *entry_builder_strings(struct entry_builder *b)
{
	return b->strings;
}

static int make_room(struct entry_builder *b, size_t more)
{
	size_t room = b->room ? b->room : 64;
	struct entry *entries;

	if (b->n + more <= b->room)
		return 0;
	while (room < b->n + more)
		room += room / 2;
	entries = realloc(b->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	b->entries = entries;
	b->room = room;
	return 0;
}

int entry_builder_add(struct entry_builder *b, const struct prefix *prefix, const struct entry *prototype)
{
	unsigned code = prefix_kernel_length(prefix->len), bits = prefix_bits(code);
	size_t more = (size_t)1 << (bits - prefix->len);
	int err;

	if (more > b->max - b->n)
		return -EFBIG;
	err = make_room(b, more);
	if (err)
		return err;
	for (size_t i = 0; i < more; i++) {
		struct entry *e = &b->entries[b->n++];

		*e = *prototype;
		e->length = (uint8_t)prefix->len;
		e->word = (prefix->mac48 | (uint64_t)i << (48 - bits)) << LC_WORD_PREFIX_SHIFT |
			  (uint64_t)code << LC_WORD_KEY_SHIFT | (prototype->word & 0xf);
	}
	return 0;
}

/* Drop before quarantine, which in some zones stops less. */
static int order(const struct entry *e)
{
	enum lc_action action = e->word & LC_ACTION_MASK;

	return action_strictness(action) * 2 + (action == LC_DROP);
}

static int64_t end(const struct entry *e)
{
	return e->until ? e->until : INT64_MAX;
}

/* By key, then the entry that decides first, then the one that lasts longest. */
static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	uint64_t key_a = a->word >> LC_WORD_KEY_SHIFT, key_b = b->word >> LC_WORD_KEY_SHIFT;

	if (key_a != key_b)
		return key_a < key_b ? -1 : 1;
	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;
	if (order(a) != order(b))
		return order(a) > order(b) ? -1 : 1;
	if (end(a) != end(b))
		return end(a) > end(b) ? -1 : 1;
	return 0;
}

static bool is_sorted(const struct entry *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare(&e[i - 1], &e[i]) > 0)
			return false;
	return true;
}

/* Leave out entries that never decide: one before them in their key lasts as long. Entries of one key and one written length
 * are of one prefix: those come and go together. */
void entry_set_resolve(struct entry_set *set)
{
	struct entry *e = set->entries;
	size_t kept = 0;

	if (!is_sorted(e, set->n)) /* what lenscap itself writes is sorted */
		entry_sort(e, set->n, compare);
	for (size_t i = 0; i < set->n; i++) {
		bool same_key = kept && e[kept - 1].word >> LC_WORD_KEY_SHIFT == e[i].word >> LC_WORD_KEY_SHIFT;

		if (!same_key || end(&e[i]) > end(&e[kept - 1]))
			e[kept++] = e[i];
		else
			set->hidden |= e[i].length != e[kept - 1].length;
	}
	set->dropped += set->n - kept;
	set->n = kept;
}

bool entry_set_is_resolved(const struct entry_set *set)
{
	if (!is_sorted(set->entries, set->n))
		return false;
	for (size_t i = 1; i < set->n; i++) {
		const struct entry *before = &set->entries[i - 1], *e = &set->entries[i];

		if (before->word >> LC_WORD_KEY_SHIFT == e->word >> LC_WORD_KEY_SHIFT && end(e) <= end(before))
			return false;
	}
	return true;
}

void entry_builder_finish(struct entry_builder *b, struct entry_set *set)
{
	struct entry_set made = {.entries = b->entries, .n = b->n, .strings = b->strings};
	struct entry *fitted;

	entry_set_resolve(&made);
	fitted = made.n ? realloc(made.entries, made.n * sizeof(*fitted)) : NULL;
	if (fitted)
		made.entries = fitted;
	*set = made;
	free(b);
}
