/* SPDX-License-Identifier: GPL-2.0-only */
/* Bad feeds, named: each refused whole with exactly its message, and nothing handed out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/feed/native.h"

#define HEADER "{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":1}\n"
#define HEADER2 "{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":2}\n"
#define GOOD "{\"mac\":\"44:19:b6:01:02:03\"}\n"
#define GOOD2 "{\"mac\":\"44:19:b6:01:02:04\"}\n"
#define ENTRY(x) HEADER "{" x "}\n"
#define BYTES(x) x, sizeof(x) - 1

#define NO_ADDRESS                                                                                                     \
	"not a MAC address; write it like 44:19:b6:01:02:03, 44-19-b6-01-02-03, 4419.b601.0203 or 4419b6010203"
#define ONE_EACH "; each line is one {...}"

static const struct source_rules plain = {.list = "auditor", .header = true};
static const struct source_rules long_only = {.list = "auditor", .header = true, .min_length = 28};
static const struct source_rules few = {.list = "auditor", .header = true, .max_entries = 8};
static const struct source_rules short_lines = {.list = "auditor", .header = true, .max_line = 60};
static const struct source_rules few_bytes = {.list = "auditor", .header = true, .max_bytes = 80};
static const struct source_rules local = {.header = false, .may_allow = true};

static const struct bad {
	const char *name;
	const struct source_rules *rules;
	const char *data;
	size_t size;
	int err;
	const char *message;
} bad[] = {
    {"empty file", &plain, BYTES(""), -EINVAL, "f:1: the file is empty; it needs at least a header line"},
    {"only blank lines", &plain, BYTES("\n \t\n\r\n"), -EINVAL,
     "f:1: the file is empty; it needs at least a header line"},
    {"no header", &plain, BYTES(GOOD), -EINVAL,
     "f:1: the first line is not a header; start with {\"lenscap\":1,\"list\":NAME,\"serial\":N,\"count\":N}"},
    {"header behind an entry", &plain, BYTES(GOOD HEADER), -EINVAL,
     "f:1: the first line is not a header; start with {\"lenscap\":1,\"list\":NAME,\"serial\":N,\"count\":N}"},
    {"second header", &plain, BYTES(HEADER HEADER), -EINVAL,
     "f:2: the entry has neither \"mac\" nor \"prefix\"; add one"},
    {"version 2", &plain, BYTES("{\"lenscap\":2,\"list\":\"auditor\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: format version 2 is not known; publish in version 1 or upgrade Lenscap"},
    {"version as text", &plain, BYTES("{\"lenscap\":\"1\",\"list\":\"auditor\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: \"lenscap\" is not a number; write it as a whole number without quotes"},
    {"version null", &plain, BYTES("{\"lenscap\":null,\"list\":\"auditor\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: the first line is not a header; start with {\"lenscap\":1,\"list\":NAME,\"serial\":N,\"count\":N}"},
    {"list missing", &plain, BYTES("{\"lenscap\":1,\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: the header has no \"list\"; add the list's name"},
    {"another list", &plain, BYTES("{\"lenscap\":1,\"list\":\"other\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: this is list \"other\", not \"auditor\"; give the file of that list or correct the name in lenscap.yaml"},
    {"list name with a slash", &plain, BYTES("{\"lenscap\":1,\"list\":\"../x\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: \"../x\" is not a list name; use up to 64 of A-Z a-z 0-9 . _ -"},
    {"list name empty", &plain, BYTES("{\"lenscap\":1,\"list\":\"\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: \"\" is not a list name; use up to 64 of A-Z a-z 0-9 . _ -"},
    {"list name with a terminal escape", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"a\\u001b[31m\",\"serial\":1,\"count\":0}\n"), -EINVAL,
     "f:1: \"a?[31m\" is not a list name; use up to 64 of A-Z a-z 0-9 . _ -"},
    {"serial missing", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"count\":0}\n"), -EINVAL,
     "f:1: the header has no \"serial\"; add it"},
    {"serial negative", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":-4,\"count\":0}\n"), -EINVAL,
     "f:1: \"serial\" is -4; it must not be negative"},
    {"serial a fraction", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1.5,\"count\":0}\n"), -EINVAL,
     "f:1: \"serial\" is not a whole number of at most 18 digits; write it so"},
    {"serial with exponent", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1e3,\"count\":0}\n"),
     -EINVAL, "f:1: \"serial\" is not a whole number of at most 18 digits; write it so"},
    {"serial too large", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":9223372036854775808,\"count\":0}\n"), -EINVAL,
     "f:1: \"serial\" is not a whole number of at most 18 digits; write it so"},
    {"serial true", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":true,\"count\":0}\n"), -EINVAL,
     "f:1: \"serial\" is not a number; write it as a whole number without quotes"},
    {"count missing", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1}\n"), -EINVAL,
     "f:1: the header has no \"count\"; add it"},
    {"count negative", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":-1}\n"), -EINVAL,
     "f:1: \"count\" is -1; it must not be negative"},
    {"count over the limit", &few, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":9}\n"), -EFBIG,
     "f:1: the header counts 9 entries, the limit is 8; raise max-entries or shorten the list"},
    {"fewer entries than counted", &plain, BYTES(HEADER2 GOOD), -EINVAL,
     "f:2: the header counts 2 entries, but only 1 are there; fetch or write the file again"},
    {"cut off behind the header", &plain, BYTES(HEADER), -EINVAL,
     "f:1: the header counts 1 entries, but only 0 are there; fetch or write the file again"},
    {"more entries than counted", &plain, BYTES(HEADER GOOD GOOD2), -EINVAL,
     "f:3: the header counts 1 entries, but there are more; correct \"count\""},
    {"delta", &plain, BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":2,\"since\":1,\"count\":0}\n"), -EINVAL,
     "f:1: a delta (\"since\") is of no use here; publish the whole list without it"},
    {"op in a snapshot", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"op\":\"del\"")), -EINVAL,
     "f:2: \"op\" belongs to deltas; leave it out, a whole list only holds what is flagged"},
    {"generated not a time", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":0,\"generated\":\"yesterday\"}\n"), -EINVAL,
     "f:1: \"generated\" is \"yesterday\", not a time; write it like 2026-11-23T21:43:54Z"},
    {"expires a number", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":0,\"expires\":1700000000}\n"), -EINVAL,
     "f:1: \"expires\" is not a string; write it in quotes"},
    {"expires in 1970", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":0,\"expires\":\"1970-01-01T00:00:00Z\"}\n"),
     -EINVAL, "f:1: \"expires\" is \"1970-01-01T00:00:00Z\", not a time; write it like 2026-11-23T21:43:54Z"},
    {"duplicate header field", &plain,
     BYTES("{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"serial\":2,\"count\":0}\n"), -EINVAL,
     "f:1: \"serial\" is there twice; leave one"},
    {"byte order mark", &plain, BYTES("\xef\xbb\xbf" HEADER GOOD), -EINVAL,
     "f:1: the file begins with a byte order mark; save it as UTF-8 without one"},
    {"UTF-16", &plain, BYTES("\xff\xfe{\0\"\0l\0"), -EINVAL,
     "f:1: a zero byte is in the line; save the file as UTF-8 text"},
    {"zero byte in an entry", &plain, BYTES(HEADER "{\"mac\":\"44:19:b6:01:02:03\",\"model\":\"a\0b\"}\n"), -EINVAL,
     "f:2: a zero byte is in the line; save the file as UTF-8 text"},
    {"escaped zero in an address", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\\u0000\"")), -EINVAL,
     "f:2: \"44:19:b6:01:02:03?\": " NO_ADDRESS},
    {"not JSON", &plain, BYTES(HEADER "hello\n"), -EINVAL,
     "f:2: not valid JSON (lexical error: invalid char in json text)" ONE_EACH},
    {"CSV", &plain, BYTES("mac,action\n"), -EINVAL,
     "f:1: not valid JSON (lexical error: invalid char in json text)" ONE_EACH},
    {"single quotes", &plain, BYTES(HEADER "{'mac':'44:19:b6:01:02:03'}\n"), -EINVAL,
     "f:2: not valid JSON (lexical error: invalid char in json text)" ONE_EACH},
    {"trailing comma", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",")), -EINVAL,
     "f:2: not valid JSON (parse error: invalid object key (must be a string))" ONE_EACH},
    {"comma between lines", &plain, BYTES(HEADER2 "{\"mac\":\"44:19:b6:01:02:03\"},\n" GOOD2), -EINVAL,
     "f:2: not valid JSON (parse error: unallowed token at this point in JSON text)" ONE_EACH},
    {"comment", &plain, BYTES(HEADER "/* cameras */\n" GOOD), -EINVAL,
     "f:2: not valid JSON (lexical error: probable comment found in input text, comments are not enabled)" ONE_EACH},
    {"raw control character", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"model\":\"a\x1b[2J\"")), -EINVAL,
     "f:2: not valid JSON (lexical error: invalid character inside string)" ONE_EACH},
    {"bad escape", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"model\":\"\\x41\"")), -EINVAL,
     "f:2: not valid JSON (lexical error: inside a string, '\\' occurs before a character which it may not)" ONE_EACH},
    {"array line", &plain,
     BYTES(HEADER "["
		  "{\"mac\":\"44:19:b6:01:02:03\"}]\n"),
     -EINVAL, "f:2: the line is not a JSON object" ONE_EACH},
    {"bare address line", &plain, BYTES(HEADER "\"44:19:b6:01:02:03\"\n"), -EINVAL,
     "f:2: the line is not a JSON object" ONE_EACH},
    {"number line", &plain, BYTES(HEADER "42\n"), -EINVAL, "f:2: the line is not a JSON object" ONE_EACH},
    {"null line", &plain, BYTES(HEADER "null\n"), -EINVAL, "f:2: the line is not a JSON object" ONE_EACH},
    {"number behind the object", &plain, BYTES(HEADER "{\"mac\":\"44:19:b6:01:02:03\"}88\n"), -EINVAL,
     "f:2: the line is not a JSON object" ONE_EACH},
    {"half a word behind the object", &plain, BYTES(HEADER "{\"mac\":\"44:19:b6:01:02:03\"}nul"), -EINVAL,
     "f:2: not valid JSON (lexical error: invalid string in json text)" ONE_EACH},
    {"two objects on a line", &plain,
     BYTES(HEADER2 "{\"mac\":\"44:19:b6:01:02:03\"} {\"mac\":\"44:19:b6:01:02:04\"}\n"), -EINVAL,
     "f:2: a second object is on the line" ONE_EACH},
    {"object over two lines", &plain, BYTES(HEADER "{\"mac\":\n\"44:19:b6:01:02:03\"}\n"), -EINVAL,
     "f:2: the object does not end on its line" ONE_EACH ", whole"},
    {"last line cut off", &plain, BYTES(HEADER "{\"mac\":\"44:19:b6:0"), -EINVAL,
     "f:2: the object does not end on its line" ONE_EACH ", whole"},
    {"nested too deep", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"x\":[[[[[[[[[[1]]]]]]]]]]")), -EINVAL,
     "f:2: values are nested too deep; an entry needs no nesting at all"},
    {"neither mac nor prefix", &plain, BYTES(ENTRY("\"vendor\":\"Hikvision\"")), -EINVAL,
     "f:2: the entry has neither \"mac\" nor \"prefix\"; add one"},
    {"mac null", &plain, BYTES(ENTRY("\"mac\":null")), -EINVAL,
     "f:2: the entry has neither \"mac\" nor \"prefix\"; add one"},
    {"mac and prefix", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"prefix\":\"44:19:b6/24\"")), -EINVAL,
     "f:2: the entry has both \"mac\" and \"prefix\"; leave one"},
    {"mac twice", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"mac\":\"44:19:b6:01:02:04\"")), -EINVAL,
     "f:2: \"mac\" is there twice; leave one"},
    {"mac twice, once escaped", &plain,
     BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"m\\u0061c\":\"44:19:b6:01:02:04\"")), -EINVAL,
     "f:2: \"mac\" is there twice; leave one"},
    {"mac a number", &plain, BYTES(ENTRY("\"mac\":441900000000")), -EINVAL,
     "f:2: \"mac\" is not a string; write it in quotes"},
    {"mac an object", &plain, BYTES(ENTRY("\"mac\":{\"value\":\"44:19:b6:01:02:03\"}")), -EINVAL,
     "f:2: \"mac\" is not a string; write it in quotes"},
    {"mac an array", &plain, BYTES(ENTRY("\"mac\":[\"44:19:b6:01:02:03\"]")), -EINVAL,
     "f:2: \"mac\" is not a string; write it in quotes"},
    {"mac with a prefix length", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6/24\"")), -EINVAL,
     "f:2: \"mac\" is the prefix \"44:19:b6/24\"; call the field \"prefix\""},
    {"mac too short", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02\"")), -EINVAL,
     "f:2: \"44:19:b6:01:02\": the address is not whole; a prefix needs its length, like 44:19:b6/24"},
    {"mac mixed separators", &plain, BYTES(ENTRY("\"mac\":\"44:19-b6:01:02:03\"")), -EINVAL,
     "f:2: \"44:19-b6:01:02:03\": " NO_ADDRESS},
    {"mac trailing blank", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03 \"")), -EINVAL,
     "f:2: \"44:19:b6:01:02:03 \": " NO_ADDRESS},
    {"group address", &plain, BYTES(ENTRY("\"mac\":\"01:00:5e:00:00:01\"")), -EINVAL,
     "f:2: \"01:00:5e:00:00:01\": this is a group address, which no device sends from"},
    {"broadcast", &plain, BYTES(ENTRY("\"mac\":\"ff:ff:ff:ff:ff:ff\"")), -EINVAL,
     "f:2: \"ff:ff:ff:ff:ff:ff\": this is the broadcast address, which no device sends from"},
    {"all zero", &plain, BYTES(ENTRY("\"mac\":\"00:00:00:00:00:00\"")), -EINVAL,
     "f:2: \"00:00:00:00:00:00\": this is the all-zero address, which belongs to no device"},
    {"prefix too broad", &plain, BYTES(ENTRY("\"prefix\":\"44:19/16\"")), -EINVAL,
     "f:2: \"44:19/16\": the prefix is too broad; the shortest length is 24"},
    {"prefix over 48", &plain, BYTES(ENTRY("\"prefix\":\"44:19:b6:01:02:03/49\"")), -EINVAL,
     "f:2: \"44:19:b6:01:02:03/49\": the prefix length is over 48"},
    {"prefix without length", &plain, BYTES(ENTRY("\"prefix\":\"44:19:b6\"")), -EINVAL,
     "f:2: \"44:19:b6\": the address is not whole; a prefix needs its length, like 44:19:b6/24"},
    {"prefix with bits beyond", &plain, BYTES(ENTRY("\"prefix\":\"70:b3:d5:12:34/28\"")), -EINVAL,
     "f:2: \"70:b3:d5:12:34/28\": bits are set beyond the prefix length; clear them or make the length longer"},
    {"prefix under min-length", &long_only, BYTES(ENTRY("\"prefix\":\"44:19:b6/24\"")), -EINVAL,
     "f:2: \"44:19:b6/24\" is shorter than min-length 28; list longer prefixes or lower min-length"},
    {"expansion over the limit", &few, BYTES(HEADER2 "{\"prefix\":\"44:19:b6:00/25\"}\n" GOOD), -EFBIG,
     "f:3: over 8 entries (a /25 counts as eight /28); raise max-entries or shorten the list"},
    {"unknown action", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"action\":\"block\"")), -EINVAL,
     "f:2: \"block\" is not an action; use quarantine, drop, divert, contain, mirror, monitor or allow"},
    {"action empty", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"action\":\"\"")), -EINVAL,
     "f:2: \"\" is not an action; use quarantine, drop, divert, contain, mirror, monitor or allow"},
    {"action in capitals", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"action\":\"DROP\"")), -EINVAL,
     "f:2: \"DROP\" is not an action; use quarantine, drop, divert, contain, mirror, monitor or allow"},
    {"action a number", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"action\":2")), -EINVAL,
     "f:2: \"action\" is not a string; write it in quotes"},
    {"allow without the right", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"action\":\"allow\"")), -EINVAL,
     "f:2: this source may flag only, the entry says \"allow\"; leave it out or set may: [flag, allow]"},
    {"monitor without the right", &plain,
     BYTES(HEADER2 GOOD "{\"mac\":\"44:19:b6:01:02:04\",\"action\":\"monitor\"}\n"), -EINVAL,
     "f:3: this source may flag only, the entry says \"monitor\"; leave it out or set may: [flag, allow]"},
    {"until not a time", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"until\":\"2026-13-01T00:00:00Z\"")),
     -EINVAL, "f:2: \"until\" is \"2026-13-01T00:00:00Z\", not a time; write it like 2026-11-23T21:43:54Z"},
    {"until a date", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"until\":\"2026-12-01\"")), -EINVAL,
     "f:2: \"until\" is \"2026-12-01\", not a time; write it like 2026-11-23T21:43:54Z"},
    {"until without zone", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"until\":\"2026-12-01T00:00:00\"")),
     -EINVAL, "f:2: \"until\" is \"2026-12-01T00:00:00\", not a time; write it like 2026-11-23T21:43:54Z"},
    {"until a number", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"until\":1800000000")), -EINVAL,
     "f:2: \"until\" is not a string; write it in quotes"},
    {"vendor a number", &plain, BYTES(ENTRY("\"mac\":\"44:19:b6:01:02:03\",\"vendor\":7")), -EINVAL,
     "f:2: \"vendor\" is not a string; write it in quotes"},
    {"line too long", &short_lines,
     BYTES(HEADER "{\"mac\":\"44:19:b6:01:02:03\",\"reason\":\"0123456789012345678901234567890\"}\n"), -EFBIG,
     "f:2: the line is over 60 bytes; shorten it"},
    {"line too long without end", &short_lines,
     BYTES(HEADER "{\"mac\":\"44:19:b6:01:02:03\",\"reason\":\"01234567890123456789012345678901234567890123"), -EFBIG,
     "f:2: the line is over 60 bytes; shorten it"},
    {"too many bytes", &few_bytes, BYTES(HEADER2 GOOD GOOD2), -EFBIG, "f:1: over 80 bytes; shorten the list"},
    {"override with a header", &local, BYTES(HEADER GOOD), -EINVAL,
     "f:1: the entry has neither \"mac\" nor \"prefix\"; add one"},
    {"override, third line bad", &local, BYTES(GOOD "\n{\"mac\":\"x\"}\n"), -EINVAL, "f:3: \"x\": " NO_ADDRESS},
};

static void refuse_one(void **state)
{
	const struct bad *b = *state;
	struct feed_header header = {.serial = 77};
	struct entry_set set = {.n = 55};
	char error[FEED_ERROR] = "";

	assert_int_equal(native_parse("f", b->data, b->size, b->rules, &header, &set, error), b->err);
	assert_string_equal(error, b->message);
	assert_int_equal(header.serial, 77); /* untouched */
	assert_int_equal(set.n, 55);
	assert_null(set.entries);
}

/* The control: what the bad ones are made of is good. */
static void accept_good(void **state)
{
	struct feed_header header;
	struct entry_set set = {0};
	char error[FEED_ERROR] = "";

	(void)state;
	assert_int_equal(native_parse("f", BYTES(HEADER2 GOOD GOOD2), &plain, &header, &set, error), 0);
	assert_int_equal(set.n, 2);
	entry_set_free(&set);
}

/* However the bytes come, the refusal is the same. */
static void refuse_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct native *n = native_new(bad[i].rules);
		int err = native_begin(n, "f");

		if (bad[i].rules == &few_bytes) { /* is refused with the piece that goes over: another line */
			native_free(n);
			continue;
		}
		for (size_t k = 0; !err && k < bad[i].size; k++)
			err = native_feed(n, bad[i].data + k, 1);
		if (!err)
			err = native_end(n);
		assert_int_equal(err, bad[i].err);
		assert_string_equal(native_error(n), bad[i].message);
		native_free(n);
	}
}

int main(void)
{
	size_t n = sizeof(bad) / sizeof(bad[0]);
	struct CMUnitTest *tests = calloc(n + 2, sizeof(*tests));
	int failed;

	for (size_t i = 0; i < n; i++)
		tests[i] =
		    (struct CMUnitTest){.name = bad[i].name, .test_func = refuse_one, .initial_state = (void *)&bad[i]};
	tests[n] = (struct CMUnitTest)cmocka_unit_test(accept_good);
	tests[n + 1] = (struct CMUnitTest)cmocka_unit_test(refuse_in_pieces);
	failed = _cmocka_run_group_tests("bad feeds", tests, n + 2, NULL, NULL);
	free(tests);
	return failed;
}
