/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists and deltas as texts. */
#include "deltas.h"

#include <stdlib.h>
#include <string.h>

#include "../../userspace/lib/file.h"
#include "unit.h"

const struct source_rules delta_rules = {
    .list = LIST, .header = true, .delta = true, .may_allow = true, .min_length = 24, .max_entries = 1u << 20};

void parse_list(const char *text, const struct source_rules *how, struct feed_header *header, struct entry_set *set)
{
	char error[FEED_ERROR];

	*set = (struct entry_set){0};
	if (native_parse("x", text, strlen(text), how, header, set, error))
		fail_msg("%s in %s", error, text);
}

char *text_of(FILE *out)
{
	long size;
	char *text;

	assert_int_equal(fseek(out, 0, SEEK_END), 0);
	size = ftell(out);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	rewind(out);
	assert_int_equal(fread(text, 1, (size_t)size, out), size);
	(void)fclose(out);
	return text;
}

FILE *lines_of(const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");

	assert_non_null(f);
	return f;
}

char *merged_list(const char *list, const char *delta)
{
	char sha256[65];
	struct feed_header header;
	struct entry_set set;
	FILE *record = lines_of(list), *lines = lines_of(delta), *out = tmpfile();
	const struct delta d = {.header = &header, .sha256 = sha256, .snapshot = sha256};

	sha256_hex(delta, strlen(delta), sha256);
	parse_list(delta, &delta_rules, &header, &set);
	entry_set_free(&set);
	assert_int_equal(delta_merge(record, lines, &d, out), 0);
	(void)fclose(record);
	(void)fclose(lines);
	return text_of(out);
}

void assert_same_list(const struct entry_set *a, const struct entry_set *b)
{
	assert_true(entry_set_equal(a, b));
	for (size_t i = 0; i < a->n; i++)
		assert_string_equal(strings_get(a->strings, a->entries[i].reason), strings_get(b->strings, b->entries[i].reason));
}
