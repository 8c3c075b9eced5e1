/* SPDX-License-Identifier: GPL-2.0-only */
/* Plain text, CSV and STIX: what is taken, what is refused and with which words, whole and byte by byte; what is detected. */
#include "../../userspace/feed/native.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define BUNDLE(objects) "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" objects "]}"
#define TIMES "\"modified\":\"2026-01-01T00:00:00Z\",\"valid_from\":\"2026-01-01T00:00:00Z\""
#define INDICATOR(id, pattern, more)                                                                                     \
	"{\"type\":\"indicator\",\"id\":\"indicator--" id "\",\"pattern_type\":\"stix\",\"pattern\":\"" pattern "\"," TIMES more "}"
#define ONE "[mac-addr:value = '44:19:b6:00:00:01']"
#define VERSION(when, more)                                                                                              \
	"{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"pattern\":\"" ONE "\","             \
	"\"valid_from\":\"2026-01-01T00:00:00Z\",\"modified\":\"" when "\"" more "}"
#define NOW 1795470234 /* 2026-11-23 */

static char mac[] = "MAC Address", maker[] = "Maker", action[] = "Action", until[] = "Until";
static char *const columns[FEED_COLUMNS] = {
	[COLUMN_MAC] = mac, [COLUMN_VENDOR] = maker, [COLUMN_ACTION] = action, [COLUMN_UNTIL] = until};
static char *const only_mac[FEED_COLUMNS] = {[COLUMN_MAC] = mac};

struct row {
	const char *name, *text;
	enum feed_format format;
	size_t n;	   /* entries, when it is good */
	const char *error; /* what stands in it, NULL = good */
};

static const struct row rows[] = {
	/* plain */
	{"plain spellings", "44:19:b6:00:00:01\n44-19-B6-00-00-02\n4419.b600.0003\n4419b6000004\n", FORMAT_PLAIN, 4, NULL},
	{"plain comments", "# list\n\n 44:19:b6:00:00:01 # hall\r\n\t# end\n", FORMAT_PLAIN, 1, NULL},
	{"plain prefixes", "44:19:b6/24\n70:b3:d5:12:30:00/36\n", FORMAT_PLAIN, 2, NULL},
	{"plain x", "44:19:b6:xx:xx:xx\n44-19-B7-01-XX-XX\n", FORMAT_PLAIN, 1 + 16, NULL},
	{"plain mark", "\xef\xbb\xbf" "44:19:b6:00:00:01\n", FORMAT_PLAIN, 1, NULL},
	{"plain comment only", "# nobody\n", FORMAT_PLAIN, 0, NULL},
	{"plain empty", "", FORMAT_PLAIN, 0, "f:1: the file is empty"},
	{"plain cut off", "44:19:b6:00:00:01\n70:b3:d5:12:30:00", FORMAT_PLAIN, 0, "f:2: the last line has no end"},
	{"plain trailing", "44:19:b6:00:00:01 hall\n", FORMAT_PLAIN, 0, "f:1: \"44:19:b6:00:00:01 hall\""},
	{"plain x in the middle", "44:xx:b6:00:00:01\n", FORMAT_PLAIN, 0, "f:1: \"44:xx:b6:00:00:01\""},
	{"plain x too broad", "44:19:xx:xx:xx:xx\n", FORMAT_PLAIN, 0, "f:1: "},
	{"plain group address", "01:00:5e:00:00:01\n", FORMAT_PLAIN, 0, "f:1: "},
	{"plain long", "44:19:b6:00:00:01,44:19:b6:00:00:02,44:19:b6:00:00:03,44:19:b6:00:00:04\n", FORMAT_PLAIN, 0, "not an address"},
	/* csv */
	{"csv", "Name,MAC Address,Maker,Action,Until\r\nhall,44:19:b6:00:00:01,\"Hik, Ltd\",drop,2099-01-01T00:00:00Z\r\n"
		"yard,44:19:b6:00:00:02,,,\r\n", FORMAT_CSV, 2, NULL},
	{"csv line feed in a field", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,\"a\nb\",,\n", FORMAT_CSV, 1, NULL},
	{"csv no rows", "MAC Address,Maker,Action,Until\n", FORMAT_CSV, 0, NULL},
	{"csv column missing", "MAC Address,Maker,Until\n", FORMAT_CSV, 0, "f:1: there is no column \"Action\""},
	{"csv column twice", "MAC Address,Maker,Action,Until,Maker\n", FORMAT_CSV, 0, "f:1: two columns are named \"Maker\""},
	{"csv row short", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x,drop\n", FORMAT_CSV, 0, "f:2: the row has another number"},
	{"csv no address", "MAC Address,Maker,Action,Until\n,x,drop,\n", FORMAT_CSV, 0, "f:2: the row has no address"},
	{"csv bad action", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x,kill,\n", FORMAT_CSV, 0, "f:2: \"kill\" is not an action"},
	{"csv may not allow", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x,allow,\n", FORMAT_CSV, 0, "may flag only"},
	{"csv bad time", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x,,soon\n", FORMAT_CSV, 0, "f:2: \"until\" is \"soon\""},
	{"csv cut off", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x,,", FORMAT_CSV, 0, "f:2: the last row has no end"},
	{"csv quotation open", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,\"x,,\n", FORMAT_CSV, 0, "f:2: a quotation mark that opens"},
	{"csv quotation inside", "MAC Address,Maker,Action,Until\n44:19:b6:00:00:01,x\"y\",,\n", FORMAT_CSV, 0, "f:2: a quotation mark is in"},
	{"csv empty", "", FORMAT_CSV, 0, "f:1: the file is empty"},
	/* stix: 2.1 sections 4.7 (indicator), 9 (patterns) */
	{"stix", BUNDLE(INDICATOR("1", ONE, "")), FORMAT_STIX, 1, NULL},
	{"stix IN", BUNDLE(INDICATOR("1", "[mac-addr:value IN ('44:19:b6:00:00:01', '44:19:b6:00:00:02')]", "")), FORMAT_STIX, 2, NULL},
	{"stix LIKE", BUNDLE(INDICATOR("1", "[mac-addr:value LIKE '44:19:b6:%']", "")), FORMAT_STIX, 1, NULL},
	{"stix LIKE half an octet", BUNDLE(INDICATOR("1", "[mac-addr:value LIKE '44:19:b6:0%']", "")), FORMAT_STIX, 1, NULL},
	{"stix OR", BUNDLE(INDICATOR("1", "[mac-addr:value = '44:19:b6:00:00:01' OR mac-addr:value = '44:19:b6:00:00:02'] OR [mac-addr:value = '44:19:b6:00:00:03']", "")), FORMAT_STIX, 3, NULL},
	{"stix revoked", BUNDLE(INDICATOR("1", "[file:name = 'x']", ",\"revoked\":true")), FORMAT_STIX, 0, NULL},
	{"stix latest revokes", BUNDLE(VERSION("2026-01-01T00:00:00.5Z", "") "," VERSION("2026-01-01T00:00:00.6Z", ",\"revoked\":true")), FORMAT_STIX, 0, NULL},
	{"stix latest revives", BUNDLE(VERSION("2026-01-02T00:00:00Z", "") "," VERSION("2026-01-01T00:00:00Z", ",\"revoked\":true")), FORMAT_STIX, 1, NULL},
	{"stix others ignored", BUNDLE("{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":\"x\"}," INDICATOR("1", ONE, "")), FORMAT_STIX, 1, NULL},
	{"stix no objects", "{\"type\":\"bundle\",\"id\":\"bundle--1\"}", FORMAT_STIX, 0, NULL},
	{"stix same version twice", BUNDLE(VERSION("2026-01-01T00:00:00Z", "") "," VERSION("2026-01-01T00:00:00Z", "")), FORMAT_STIX, 0, "there twice with one \"modified\""},
	{"stix other pattern", BUNDLE(INDICATOR("1", "[file:name = 'x']", "")), FORMAT_STIX, 0, "f:1: indicator--1: only [mac-addr:value"},
	{"stix AND", BUNDLE(INDICATOR("1", "[mac-addr:value = '44:19:b6:00:00:01' AND file:name = 'x']", "")), FORMAT_STIX, 0, "only [mac-addr:value"},
	{"stix NOT", BUNDLE(INDICATOR("1", "[mac-addr:value NOT = '44:19:b6:00:00:01']", "")), FORMAT_STIX, 0, "only [mac-addr:value"},
	{"stix qualifier", BUNDLE(INDICATOR("1", ONE " WITHIN 5 SECONDS", "")), FORMAT_STIX, 0, "only [mac-addr:value"},
	{"stix upper case", BUNDLE(INDICATOR("1", "[mac-addr:value = '44:19:B6:00:00:01']", "")), FORMAT_STIX, 0, "lower case with colons"},
	{"stix LIKE too broad", BUNDLE(INDICATOR("1", "[mac-addr:value LIKE '44:19:%']", "")), FORMAT_STIX, 0, "f:1: indicator--1: "},
	{"stix LIKE in the middle", BUNDLE(INDICATOR("1", "[mac-addr:value LIKE '44:%:b6']", "")), FORMAT_STIX, 0, "LIKE"},
	{"stix IN of nothing", BUNDLE(INDICATOR("1", "[mac-addr:value IN ()]", "")), FORMAT_STIX, 0, "f:1: indicator--1: "},
	{"stix ended before it began", BUNDLE(INDICATOR("1", ONE, ",\"valid_until\":\"2025-01-01T00:00:00Z\"")), FORMAT_STIX, 0, "not after valid_from"},
	{"stix yet to begin", BUNDLE("{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"pattern\":\"" ONE "\",\"modified\":\"2026-01-01T00:00:00Z\",\"valid_from\":\"2030-01-01T00:00:00Z\"}"), FORMAT_STIX, 0, "still to come"},
	{"stix benign", BUNDLE(INDICATOR("1", ONE, ",\"indicator_types\":[\"benign\"]")), FORMAT_STIX, 0, "marked benign"},
	{"stix sigma", BUNDLE("{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"sigma\",\"pattern\":\"x\"," TIMES "}"), FORMAT_STIX, 0, "\"pattern_type\" is not \"stix\""},
	{"stix field twice", BUNDLE(INDICATOR("1", ONE, ",\"revoked\":false,\"revoked\":true")), FORMAT_STIX, 0, "there twice"},
	{"stix revoked as text", BUNDLE(INDICATOR("1", ONE, ",\"revoked\":\"true\"")), FORMAT_STIX, 0, "value of another type"},
	{"stix not a bundle", "{\"type\":\"indicator\"}", FORMAT_STIX, 0, "not \"bundle\""},
	{"stix objects no list", "{\"type\":\"bundle\",\"objects\":{}}", FORMAT_STIX, 0, "\"objects\" not a list"},
	{"stix object no object", BUNDLE("1"), FORMAT_STIX, 0, "something that is no object"},
	{"stix cut off", "{\"type\":\"bundle\",\"objects\":[", FORMAT_STIX, 0, "the bundle does not end"},
	{"stix twice", BUNDLE("") "\n" BUNDLE(""), FORMAT_STIX, 0, "f:2: not valid JSON"},
	/* detected */
	{"detect plain", "# x\n44:19:b6:00:00:01\n", FORMAT_DETECT, 1, NULL},
	{"detect stix", BUNDLE("\n" INDICATOR("1", ONE, "")), FORMAT_DETECT, 1, NULL},
	{"detect native", "{\"lenscap\":1,\"list\":\"x\",\"serial\":1,\"count\":1}\n{\"mac\":\"44:19:b6:00:00:01\"}\n", FORMAT_DETECT, 1, NULL},
	{"detect nothing", "hello\n", FORMAT_DETECT, 0, "f:1: not valid JSON"},
};

static int parse_pieces(const struct row *row, const struct source_rules *rules, struct entry_set *set, char error[static FEED_ERROR])
{
	struct native *n = native_new(rules);
	int err = native_begin(n, "f");

	for (const char *c = row->text; !err && *c; c++)
		err = native_feed(n, c, 1);
	if (!err)
		err = native_end(n);
	(void)snprintf(error, FEED_ERROR, "%s", native_error(n));
	if (err)
		native_free(n);
	else
		native_finish(n, NULL, set);
	return err;
}

static void format(void **state)
{
	const struct row *row = *state;
	struct source_rules rules = {.header = true, .format = row->format, .now = NOW, .min_length = 24};
	char whole[FEED_ERROR] = "", pieces[FEED_ERROR] = "";
	struct entry_set set = {0};
	int err;

	if (row->format == FORMAT_CSV)
		rules.columns = columns;
	err = native_parse("f", row->text, strlen(row->text), &rules, NULL, &set, whole);
	if (!row->error && err)
		fail_msg("refused: %s", whole);
	assert_int_equal(set.n, row->n);
	entry_set_free(&set);
	if (row->error && (!err || !strstr(whole, row->error)))
		fail_msg("\"%s\" does not say \"%s\"", whole, row->error);
	if (row->format == FORMAT_DETECT) /* the first byte alone tells less */
		return;
	assert_int_equal(parse_pieces(row, &rules, &set, pieces), err);
	assert_string_equal(pieces, whole);
	entry_set_free(&set);
}

static void zero_bytes(void **state)
{
	static const char text[] = "44:19:b6:00:00:01\0\n";
	struct source_rules rules = {.header = true, .columns = only_mac};
	struct entry_set set = {0};
	char error[FEED_ERROR];

	(void)state;
	for (rules.format = FORMAT_NATIVE; rules.format <= FORMAT_STIX; rules.format++)
		assert_int_equal(native_parse("f", text, sizeof(text) - 1, &rules, NULL, &set, error), -EINVAL);
}

int main(void)
{
	struct CMUnitTest tests[LENGTH(rows) + 1];

	for (size_t i = 0; i < LENGTH(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].name, format, NULL, NULL, (void *)&rows[i]};
	tests[LENGTH(rows)] = (struct CMUnitTest)cmocka_unit_test(zero_bytes);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
