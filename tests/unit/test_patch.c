/* SPDX-License-Identifier: GPL-2.0-only */
/* Deltas as changes: whatever deltas come, the entries are those that merging text and parsing it makes. */
#include "../../userspace/feed/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../userspace/lib/text.h"
#include "deltas.h"
#include "unit.h"

#define TEXT_SIZE 65536
#define FIRST_SERIAL 100

/* ---- Lists and deltas of chance ---- */
static unsigned chance(unsigned n)
{
	return (unsigned)rand() % n;
}

/* Few prefixes of every length, many of them below one another, so that they hide each other. */
static void random_prefix(char *out, size_t size)
{
	static const unsigned lengths[] = {24, 25, 27, 28, 30, 35, 36, 44, 46, 47, 48, 48, 48, 48};
	unsigned length = lengths[chance(LENGTH(lengths))];
	uint64_t mac = 0x4419b6000000ull | (uint64_t)chance(2) << 23 | chance(2) << 12 | chance(16);

	mac = mac >> (48 - length) << (48 - length);
	(void)snprintf(out, size, "%02x:%02x:%02x:%02x:%02x:%02x/%u", (unsigned)(mac >> 40) & 255, (unsigned)(mac >> 32) & 255,
		       (unsigned)(mac >> 24) & 255, (unsigned)(mac >> 16) & 255, (unsigned)(mac >> 8) & 255, (unsigned)mac & 255,
		       length);
}

static size_t random_entry(char *out, size_t size, bool delta)
{
	static const char *const actions[] = {"quarantine", "drop", "divert", "contain", "mirror", "monitor", "allow"};
	char prefix[32], until[TIME_TEXT] = "";

	random_prefix(prefix, sizeof(prefix));
	if (delta && !chance(3))
		return (size_t)snprintf(out, size, "{\"prefix\":\"%s\",\"op\":\"del\"}\n", prefix);
	if (!chance(3))
		time_format(4000000000 + chance(4), until);
	return (size_t)snprintf(out, size, "{\"prefix\":\"%s\",\"action\":\"%s\",\"reason\":\"r%u\"%s%s%s}\n", prefix,
				actions[chance(LENGTH(actions))], chance(5), *until ? ",\"until\":\"" : "", until, *until ? "\"" : "");
}

static void random_text(char *out, int64_t serial, int64_t since, unsigned n)
{
	size_t used = (size_t)snprintf(out, TEXT_SIZE, "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":%lld,%s%.0lld%s\"count\":%u}\n",
				       (long long)serial, since < 0 ? "" : "\"since\":", since < 0 ? 0 : (long long)since,
				       since < 0 ? "" : ",", n);

	for (unsigned i = 0; i < n; i++)
		used += random_entry(out + used, TEXT_SIZE - used, since >= 0);
}

/* As lenscapd does it: 0, or -EAGAIN and nothing is changed. */
static int change(struct entry_set *set, const char *delta)
{
	struct entry_set added, patch = {0};
	struct names names;
	struct feed_header header;
	FILE *lines = lines_of(delta);
	int err;

	parse_list(delta, &delta_rules, &header, &added);
	assert_int_equal(delta_names(lines, &names), 0);
	(void)fclose(lines);
	err = patch_make(set, &names, &added, delta_rules.max_entries, &patch);
	if (!err) {
		assert_int_equal(patch_reserve(&patch), 0);
		assert_int_equal(entry_set_count(&patch), patch.part->whole->n - patch.part->old.n + patch.n);
		patch_apply(&patch);
	}
	entry_set_free(&patch);
	entry_set_free(&added);
	names_free(&names);
	return err;
}

/* What a patch says of any key before it is made is what the set says after it. */
static void any_change_is_what_merging_makes(void **state)
{
	const struct source_rules record = source_rules_of_record(&delta_rules);
	unsigned changed = 0, asked = 0;
	static char text[TEXT_SIZE];

	(void)state;
	srand(20261129);
	for (unsigned round = 0; round < 60; round++) {
		struct entry_set set, want;
		char *list;

		random_text(text, FIRST_SERIAL, -1, chance(30));
		list = strdup(text);
		parse_list(list, &delta_rules, NULL, &set);
		for (int64_t serial = FIRST_SERIAL + 1; serial < FIRST_SERIAL + 40; serial++) {
			char *next;
			int err;

			random_text(text, serial, serial - 1, chance(6));
			next = merged_list(list, text);
			parse_list(next, &record, NULL, &want);
			err = change(&set, text);
			if (err) {
				assert_int_equal(err, -EAGAIN);
				entry_set_free(&set);
				parse_list(next, &record, NULL, &set);
			}
			changed += !err;
			asked += err != 0;
			assert_same_list(&set, &want);
			assert_true(entry_set_is_resolved(&set));
			assert_true(set.hidden || !want.hidden);
			entry_set_free(&want);
			free(list);
			list = next;
		}
		entry_set_free(&set);
		free(list);
	}
	assert_true(changed > 200 && asked > 200);
}

static void a_view_is_the_set_to_come(void **state)
{
	struct entry_set set, added, patch = {0}, after;
	struct names names;
	const char *list = "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":1,\"count\":2}\n{\"mac\":\"44:19:b6:00:00:01\"}\n{\"mac\":\"44:19:b6:00:00:02\"}\n";
	const char *delta = "{\"lenscap\":1,\"list\":\"" LIST "\",\"serial\":2,\"since\":1,\"count\":2}\n{\"mac\":\"44:19:b6:00:00:01\",\"op\":\"del\"}\n"
			    "{\"mac\":\"44:19:b6:00:00:03\"}\n";
	const uint64_t key = 0x4419b6000000ull << (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT) | LC_LEN_48;
	const uint64_t one = 1ull << (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT);
	FILE *lines = lines_of(delta);

	(void)state;
	parse_list(list, &delta_rules, NULL, &set);
	parse_list(delta, &delta_rules, NULL, &added);
	assert_int_equal(delta_names(lines, &names), 0);
	assert_int_equal(patch_make(&set, &names, &added, 100, &patch), 0);
	assert_null(entry_set_at(&patch, key + one, 0));
	assert_non_null(entry_set_at(&patch, key + 2 * one, 0));
	assert_non_null(entry_set_at(&patch, key + 3 * one, 0));
	assert_non_null(entry_set_at(&set, key + one, 0)); /* not made yet */
	entry_set_free(&patch);
	entry_set_free(&added);
	parse_list(delta, &delta_rules, NULL, &added);
	assert_int_equal(patch_make(&set, &names, &added, 2, &patch), -EAGAIN);
	names.prefix[1].mac48 ^= 4; /* nobody speaks of what is added */
	assert_int_equal(patch_make(&set, &names, &added, 100, &after), -EBADMSG);
	(void)fclose(lines);
	names_free(&names);
	entry_set_free(&added);
	entry_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_change_is_what_merging_makes),
		cmocka_unit_test(a_view_is_the_set_to_come),
	};

	return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
