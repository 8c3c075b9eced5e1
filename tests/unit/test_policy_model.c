/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies against a model that knows nothing of keys, words or expansion: among all written entries that
 * cover an address and have not ended, enforced before on trial, then the longest as written, then the earlier source,
 * then the stricter action. The words, the differences and the count must say the same after every step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/lib/mac.h"
#include "../../userspace/lib/text.h"
#include "feeds.h"

#define SOURCES 4
#define TRIAL 2 /* this one is in dry-run */
#define ENTRIES_MAX 24
#define ADDRESSES 60
#define ROUNDS 3000
#define LINE 128

static const enum lc_action actions[] = {LC_QUARANTINE, LC_DROP, LC_MONITOR, LC_ALLOW};

struct written {
	uint64_t mac48;
	unsigned len;
	enum lc_action action;
	int64_t until;
};

struct model {
	struct written entry[SOURCES][ENTRIES_MAX];
	size_t n[SOURCES];
};

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % sides;
}

/* Few bits vary, so that prefixes of all lengths meet. */
static uint64_t some_address(void)
{
	return 0x4419b6000000ull + ((uint64_t)dice(2) << 24) + (dice(1u << 24) & 0x918809);
}

static struct written some_entry(void)
{
	static const unsigned lengths[] = {24, 25, 27, 28, 29, 33, 36, 41, 45, 48};
	struct written w = {.len = lengths[dice(10)], .action = actions[dice(4)], .until = dice(3) ? 0 : 10 + dice(30)};

	w.mac48 = some_address() >> (48 - w.len) << (48 - w.len);
	return w;
}

static struct entry_set set_of(const struct written *w, size_t n, bool trial)
{
	char lines[ENTRIES_MAX * LINE] = "";
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char mac[MAC_TEXT], until[TIME_TEXT];

		mac_format(w[i].mac48, mac);
		time_format(w[i].until, until);
		used += (size_t)snprintf(lines + used, LINE, "{\"prefix\":\"%s/%u\",\"action\":\"%s\"%s%s%s}\n", mac,
					 w[i].len, action_name(w[i].action), w[i].until ? ",\"until\":\"" : "",
					 w[i].until ? until : "", w[i].until ? "\"" : "");
	}
	return trial ? feed_lines_on_trial(lines) : feed_lines(lines);
}

/* Higher decides. */
static int rank(size_t source, const struct written *w)
{
	static const int strict[] = {[LC_DROP] = 3, [LC_QUARANTINE] = 2, [LC_MONITOR] = 1, [LC_ALLOW] = 0};

	return ((source != TRIAL) << 20) + (int)(w->len << 8) + (int)(SOURCES - source) * 16 + strict[w->action];
}

static uint8_t model_verdict(const struct model *m, uint64_t mac48, int64_t now)
{
	uint8_t verdict = LC_ABSENT;
	int best = -1;

	for (size_t s = 0; s < SOURCES; s++)
		for (size_t i = 0; i < m->n[s]; i++) {
			const struct written *w = &m->entry[s][i];

			if ((mac48 ^ w->mac48) >> (48 - w->len) || (now && w->until && w->until <= now) ||
			    rank(s, w) <= best)
				continue;
			best = rank(s, w);
			verdict = (uint8_t)(w->action | (s == TRIAL ? LC_ENTRY_DRY_RUN : 0u));
		}
	return verdict;
}

/* The words as the programs read them. */
static uint8_t words_verdict(const uint64_t *words, size_t n, uint64_t mac48)
{
	uint8_t verdict = LC_ABSENT;

	for (unsigned code = LC_LENGTHS; code-- > 0;)
		for (size_t i = 0; i < n; i++) {
			uint8_t nibble = words[i] & 0xf;

			if ((words[i] >> 8 & 3) != code || (words[i] >> 16 ^ mac48) >> (48 - prefix_bits(code)))
				continue;
			if (!(nibble & LC_ENTRY_DRY_RUN))
				return nibble;
			verdict = verdict ? verdict : nibble;
		}
	return verdict;
}

struct table { /* what the kernel would hold */
	uint64_t word[65536];
	size_t n;
};

static void set_word(struct table *t, const struct change *c)
{
	size_t i = 0;
	uint64_t word = c->key << 8 | c->after;

	while (i < t->n && t->word[i] >> 8 < c->key)
		i++;
	if (i < t->n && t->word[i] >> 8 == c->key) {
		assert_int_equal(t->word[i] & 0xf, c->before);
		if (c->after)
			t->word[i] = word;
		else
			memmove(&t->word[i], &t->word[i + 1], (--t->n - i) * sizeof(word));
		return;
	}
	assert_int_equal(c->before, LC_ABSENT);
	assert_true(t->n < 65536);
	memmove(&t->word[i + 1], &t->word[i], (t->n++ - i) * sizeof(word));
	t->word[i] = word;
}

static void apply(struct table *t, struct changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		assert_true(c->change[i].before != c->change[i].after);
		assert_true(!i || c->change[i - 1].key < c->change[i].key);
		assert_int_equal(c->change[i].source == UINT16_MAX, c->change[i].after == LC_ABSENT);
		set_word(t, &c->change[i]);
	}
	changes_free(c);
}

static void check(const struct policy *p, const struct model *m, const struct table *t, int64_t now)
{
	uint64_t *words = NULL;
	size_t n = 0;

	assert_int_equal(policy_words(p, now, &words, &n), 0);
	assert_int_equal(n, t->n);
	assert_int_equal(policy_count(p), n);
	assert_memory_equal(words, t->word, n * sizeof(*words));
	for (unsigned i = 0; i < ADDRESSES; i++) {
		uint64_t mac48 = some_address();
		uint8_t want = model_verdict(m, mac48, now);

		assert_int_equal(policy_verdict(p, mac48, now, 0, NULL), want);
		assert_int_equal(words_verdict(words, n, mac48), want);
	}
	free(words);
}

/* policy_explain() begins with the entry that decides, and goes from stronger to weaker. */
static void check_explain(const struct policy *p, const struct model *m, int64_t now)
{
	struct candidate c[POLICY_CANDIDATES];
	uint64_t mac48 = some_address();
	size_t n = policy_explain(p, mac48, now, c);

	assert_int_equal(n ? c[0].entry->word & 0xf : LC_ABSENT, model_verdict(m, mac48, now));
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = c[i].entry;
		const struct written w = {.len = e->length, .action = e->word & LC_ACTION_MASK};
		const struct written before = {.len = i ? c[i - 1].entry->length : 0,
					       .action = i ? c[i - 1].entry->word & LC_ACTION_MASK : LC_DROP};

		assert_true(entry_in_force(e, now));
		assert_int_equal((e->word >> 16 ^ mac48) >> (48 - prefix_bits(e->word >> 8 & 3)), 0);
		assert_true(!i || rank(c[i - 1].source, &before) >= rank(c[i].source, &w));
	}
}

/* A source gets other entries; asking first what that changes must not change anything. */
static void step_replace(struct policy *p, struct model *m, struct table *t, int64_t now)
{
	size_t s = dice(SOURCES);
	struct changes changes = {0};
	struct entry_set set;
	uint64_t mac48 = some_address();
	uint8_t foreseen;

	if (dice(4)) { /* a few of its entries, or all */
		m->n[s] = m->n[s] > 2 ? m->n[s] - dice(3) : dice(ENTRIES_MAX);
		for (unsigned k = dice(4); k > 0 && m->n[s]; k--)
			m->entry[s][dice((uint32_t)m->n[s])] = some_entry();
	} else {
		m->n[s] = dice(ENTRIES_MAX);
		for (size_t i = 0; i < m->n[s]; i++)
			m->entry[s][i] = some_entry();
	}
	set = set_of(m->entry[s], m->n[s], s == TRIAL);
	foreseen = policy_verdict(p, mac48, now, s, &set);
	assert_int_equal(policy_diff(p, s, &set, now, &changes), 0);
	policy_replace(p, s, &set);
	assert_null(set.entries);
	assert_int_equal(policy_verdict(p, mac48, now, s, NULL), foreseen);
	apply(t, &changes);
}

static int64_t model_next_until(const struct model *m, int64_t after)
{
	int64_t first = 0;

	for (size_t s = 0; s < SOURCES; s++)
		for (size_t i = 0; i < m->n[s]; i++) {
			int64_t until = m->entry[s][i].until;

			if (until > after && (!first || until < first))
				first = until;
		}
	return first;
}

/* Time goes on, or back, or is not known (0). An end that decides nothing may be left out by the parser. */
static void step_time(struct policy *p, const struct model *m, struct table *t, int64_t *now)
{
	int64_t to = dice(3) ? *now + dice(8) : dice(50), next;
	struct changes changes = {0};

	if (!to)
		to = dice(2);
	assert_int_equal(policy_expire(p, *now, to, &changes), 0);
	apply(t, &changes);
	*now = to;
	next = policy_next_until(p, to);
	assert_true(next == 0 || (next > to && next >= model_next_until(m, to)));
}

static void random_policies(void **state)
{
	struct table *t = calloc(1, sizeof(*t));
	struct model *m = calloc(1, sizeof(*m));
	struct policy *p = policy_new();
	int64_t now = 0;

	(void)state;
	assert_true(t && m && p);
	assert_int_equal(policy_add_source(p, SOURCE_LOCAL, "local"), 0);
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "one"), 1);
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "two"), TRIAL);
	assert_int_equal(policy_add_source(p, SOURCE_LIST, "list"), 3);
	for (size_t i = 0; i < (size_t)SOURCES * ENTRIES_MAX; i++)
		m->entry[i / ENTRIES_MAX][i % ENTRIES_MAX] = some_entry();
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (dice(3))
			step_replace(p, m, t, now);
		else
			step_time(p, m, t, &now);
		check(p, m, t, now);
		for (unsigned i = 0; i < 10; i++)
			check_explain(p, m, now);
	}
	policy_free(p);
	free(m);
	free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(random_policies)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
