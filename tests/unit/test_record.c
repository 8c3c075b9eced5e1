/* SPDX-License-Identifier: GPL-2.0-only */
/* The quick reader of lines and yajl must agree: whatever the first takes, the second would have taken, with the same values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/feed/record_private.h"

#define LINE 512

static const char *const keys[] = {"\"mac\"",	"\"prefix\"", "\"action\"", "\"vendor\"", "\"reason\"",	   "\"until\"", "\"op\"",
				   "\"lenscap\"", "\"list\"",	"\"serial\"", "\"count\"",  "\"unknown\"", "\"m\\u0061c\"", "mac", "\"\""};
static const char *const values[] = {"\"44:19:b6:01:02:03\"", "\"drop\"", "\"\"",	"\"a\\\"b\"", "\"\\u00e9\"", "\"\xc3\xa9\"",
				     "\"\x7f\"",		 "1",	       "0",	"01",	      "-1",	     "1.5",
				     "123456789012345678",	 "1234567890123456789", "1e3", "null", "true", "{}",	     "[1]", "\"x", ""};
static const char *const between[] = {",", ", ", " , ", ",,", "", ";"};
static const char *const ends[] = {"}", " }", "} ", "}}", "", ",}", "} {}", "}\t"};

static unsigned below(unsigned n)
{
	static uint64_t random = 3;

	random = random * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(random >> 33) % n;
}

#define PICK(from) from[below(sizeof(from) / sizeof((from)[0]))]

/* Mostly a field of the kind with a value of its type, else anything. */
static size_t make_field(char *to, size_t room, enum record_kind kind)
{
	bool odd = below(6) == 0;
	unsigned field = kind == RECORD_ENTRY ? below(7) : 7 + below(4);
	bool number = kind == RECORD_HEADER && field != 8;
	const char *value = number ? values[7 + below(2)] : values[below(3)];

	return (size_t)snprintf(to, room, "%s%s:%s%s", below(3) ? "" : " ", odd ? PICK(keys) : keys[field], below(3) ? "" : " ",
				odd || below(8) == 0 ? PICK(values) : value);
}

static void make_line(char line[static LINE], enum record_kind kind)
{
	size_t used = (size_t)snprintf(line, LINE, "{");
	unsigned n = below(5);

	for (unsigned i = 0; i < n; i++) {
		if (i)
			used += (size_t)snprintf(line + used, LINE - used, "%s", below(8) ? "," : PICK(between));
		used += make_field(line + used, LINE - used, kind);
	}
	(void)snprintf(line + used, LINE - used, "%s", below(6) ? "}" : PICK(ends));
}

/* A tab before the line is nothing to JSON, and nothing the quick reader knows: yajl reads it. */
static const struct record *read_by_yajl(const char *line, enum record_kind kind, struct record_reader *reader)
{
	char tabbed[LINE + 1];
	const char *reason;

	(void)snprintf(tabbed, sizeof(tabbed), "\t%s", line);
	return record_read(reader, kind, tabbed, strlen(tabbed), &reason);
}

static void compare(const char *line, const struct record *a, const struct record *b)
{
	if (!b)
		fail_msg("yajl refuses what the quick reader took: %s", line);
	assert_int_equal(a->present, b->present);
	for (unsigned f = 0; f < FIELDS; f++) {
		if (!record_has(a, f))
			continue;
		if (record_field_is_number(f))
			assert_int_equal(a->value[f].number, b->value[f].number);
		else
			assert_string_equal(a->value[f].text, b->value[f].text);
	}
}

static void test_both_agree(void **state)
{
	static struct record quick;
	size_t taken[3] = {0}, left = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		enum record_kind kind = i % 2 ? RECORD_HEADER : RECORD_ENTRY;
		char line[LINE];

		make_line(line, kind);
		if (record_read_plain(&quick, kind, line, strlen(line))) {
			struct record_reader *reader = record_reader_new();

			compare(line, &quick, read_by_yajl(line, kind, reader));
			record_reader_free(reader);
			taken[kind]++;
		} else {
			left++;
		}
	}
	assert_true(taken[RECORD_ENTRY] > 1000 && taken[RECORD_HEADER] > 1000 && left > 1000);
}

/* What lists are made of is not left to yajl. */
static void test_takes_ordinary_lines(void **state)
{
	static const char entry[] = "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"quarantine\",\"vendor\":\"Hikvision\",\"model\":\"DS-2CD2043\","
				    "\"reason\":\"audit 17\",\"until\":\"2027-01-01T00:00:00Z\"}";
	static const char header[] = "{\"lenscap\":1, \"list\": \"auditor\", \"serial\":42, \"generated\":\"2026-11-23T21:43:54Z\", \"count\":2 }";
	static struct record r;

	(void)state;
	assert_true(record_read_plain(&r, RECORD_ENTRY, entry, strlen(entry)));
	assert_string_equal(r.value[FIELD_REASON].text, "audit 17");
	assert_true(record_read_plain(&r, RECORD_HEADER, header, strlen(header)));
	assert_int_equal(r.value[FIELD_SERIAL].number, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_agree), cmocka_unit_test(test_takes_ordinary_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
