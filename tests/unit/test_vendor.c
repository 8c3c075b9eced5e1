/* SPDX-License-Identifier: GPL-2.0-only */
/* Vendor lists: names that are one, names that only look alike, and what the editions must give. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/policy/vendor_fold.h"
#include "vendor_folder.h"

#define REGISTRIES "../shared/data/ieee"
#define DEBIAN "/usr/share/ieee-data"

/* ---- Names ---- */
static void names_are_folded(void **state)
{
	static const struct {
		const char *name, *folded;
	} table[] = {
	    {"Zhejiang Dahua Technology Co., Ltd.", "zhejiang dahua technology co ltd"},
	    {"ZHEJIANG DAHUA TECHNOLOGYCO.,LTD", "zhejiang dahua technologyco ltd"},
	    {"  TVT   CO.,LTD\t", "tvt co ltd"},
	    {"Hytera Communications Co .,ltd", "hytera communications co ltd"},
	    {"Sichuan\xc2\xa0"
	     "AI-Link\xc2\xa0Technology",
	     "sichuan ai link technology"},
	    {"SHENZHEN BILIAN CO.\xef\xbc\x8cLTD", "shenzhen bilian co ltd"},
	    {"\xef\xbc\xa4\xef\xbd\x81\xef\xbd\x88\xef\xbd\x95\xef\xbd\x81", "dahua"}, /* full-width letters */
	    {"Tohan\xe3\x80\x80"
	     "Engineering",
	     "tohan engineering"}, /* ideographic space */
	    {"JSC \"MASSA-K\"", "jsc massa k"},
	    {"Gr\xc3\x9cNBECK Stra\xc3\x9f"
	     "e",
	     "gr\xc3\xbcnbeck strasse"},
	    {"\xe6\xb5\x99\xe6\xb1\x9f", "\xe6\xb5\x99\xe6\xb1\x9f"},
	    {"\xe2\x80\x8b"
	     "ASUNG",
	     "asung"}, /* zero-width space */
	    {"...", ""},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *folded = vendor_fold(table[i].name);

		assert_non_null(folded);
		assert_string_equal(folded, table[i].folded);
		free(folded);
	}
	assert_null(vendor_fold("Br\xe4hler"));
}

static void marks_begin_words(void **state)
{
	(void)state;
	assert_true(vendor_has_word("hikari co ltd", "hik"));
	assert_true(vendor_has_word("zhejiang haikang science", "haikang"));
	assert_false(vendor_has_word("shikino high tech", "hik"));
	assert_false(vendor_has_word("", "hik"));
}

/* ---- Compilation of crafted registries ---- */
static void whole_names_match_and_nothing_else(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], *text;

	(void)state;
	put_registries("MA-L,4419B6,\"HANGZHOU HIKVISION\xc2\xa0"
		       "DIGITAL TECHNOLOGY CO.\xef\xbc\x8cLTD\",x\r\n"
		       "MA-L,E02E01,Hangzhou Hikvision Digital Technology,x\r\n"
		       "MA-L,E02E02,New Hangzhou Hikvision Digital Technology Co.,Ltd.,\r\n"
		       "MA-L,E02E03,Private,\r\n"
		       "MA-L,402C76,IEEE Registration Authority,x\r\n",
		       "MA-M,402C761,Shanghai Dahua Scale Factory,x\r\n"
		       "MA-M,402C762,\"Zhejiang Dahua Technology Co., Ltd.\",x\r\n");
	assert_int_equal(compile(folder, "data", VENDOR_DEFAULT_LIST, &said, &result, error), -EINVAL);
	assert_non_null(strstr(error, "/oui.csv:4: 5 columns instead of 4"));
	put_registries("MA-L,4419B6,\"HANGZHOU HIKVISION\xc2\xa0"
		       "DIGITAL TECHNOLOGY CO.\xef\xbc\x8cLTD\",x\r\n"
		       "MA-L,E02E01,Hangzhou Hikvision Digital Technology,x\r\n"
		       "MA-L,E02E02,\"New Hangzhou Hikvision Digital Technology Co.,Ltd.\",\r\n"
		       "MA-L,E02E03,Private,\r\n"
		       "MA-L,402C76,IEEE Registration Authority,x\r\n",
		       "MA-M,402C761,Shanghai Dahua Scale Factory,x\r\n"
		       "MA-M,402C762,\"Zhejiang Dahua Technology Co., Ltd.\",x\r\n");
	assert_int_equal(compile(folder, "data", VENDOR_DEFAULT_LIST, &said, &result, error), 0);
	assert_int_equal(count_of(&result, VENDOR_DEFAULT_LIST), 2);
	assert_int_equal(result.rows, 7);
	vendor_result_free(&result);
	text = get(VENDOR_DEFAULT_LIST ".jsonl");
	assert_int_equal(count_lines(text, "\n"), 3);
	assert_non_null(strstr(text, "\"40:2c:76:20/28\""));
	assert_non_null(strstr(text, "\"44:19:b6/24\""));
	free(text);
	assert_non_null(strstr(said.text[VENDOR_WARNING],
			       "not matched: \"Hangzhou Hikvision Digital Technology\" "
			       "(e0:2e:01/24, rows: 1) looks like Hikvision and nobody reviewed it: add it to names or "
			       "not-theirs in data/names.yaml"));
	assert_non_null(strstr(said.text[VENDOR_LOOK_ALIKE],
			       "not matched: \"Shanghai Dahua Scale Factory\" (40:2c:76:10/28, "
			       "rows: 1) looks like Dahua: weighing scales"));
}

static void odd_blocks_are_told(void **state)
{
	static const char ours[] = "\"Hangzhou Hikvision Digital Technology Co.,Ltd.\"";
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], mal[1024], *text;

	(void)state;
	snprintf(mal, sizeof(mal),
		 "MA-L,4519B6,%s,x\r\nMA-L,4619B6,%s,x\r\nMA-L,1100AA,Private,\r\nMA-L,02608C,3COM,x\r\n"
		 "MA-L,080030,CERN,x\r\nMA-L,080030,%s,x\r\nMA-L,080030,ROYAL MELBOURNE INST OF TECH,x\r\n"
		 "MA-L,4419B6,%s,x\r\nMA-L,4419B6,%s,y\r\n",
		 ours, ours, ours, ours, ours);
	put_registries(mal, "");
	assert_int_equal(compile(folder, "data", VENDOR_DEFAULT_LIST, &said, &result, error), 0);
	assert_int_equal(count_of(&result, VENDOR_DEFAULT_LIST), 3);
	vendor_result_free(&result);
	text = get(VENDOR_DEFAULT_LIST ".jsonl");
	assert_null(strstr(text, "45:19:b6"));
	assert_non_null(strstr(text, "46:19:b6/24"));
	assert_int_equal(count_lines(text, "\"44:19:b6/24\""), 1);
	free(text);
	assert_non_null(strstr(said.text[VENDOR_WARNING],
			       "oui.csv:2: 45:19:b6/24 (Hangzhou Hikvision Digital Technology "
			       "Co.,Ltd.) has the group bit: skipped, since no device sends from a group address"));
	assert_non_null(
	    strstr(said.text[VENDOR_WARNING],
		   "oui.csv:3: 46:19:b6/24 (Hangzhou Hikvision Digital Technology "
		   "Co.,Ltd.) has the locally-administered bit: kept, but others may use the same addresses"));
	assert_non_null(strstr(said.text[VENDOR_WARNING],
			       "08:00:30/24 stands in 3 rows, one of them Hikvision: it is in the "
			       "list; exempt it where another owner's device uses it"));
	assert_int_equal(said.n[VENDOR_NOTE], 2); /* 1100AA and 02608C: nobody's we look for */
	assert_non_null(strstr(said.text[VENDOR_WARNING],
			       "\"ZHEJIANG DAHUA ZHILIAN CO.,LTD\" (Dahua) does not occur in the "
			       "edition of 2026-06-25"));
}

static void a_failure_leaves_the_list_as_it_was(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], *text;

	(void)state;
	put_registries("", "");
	put(VENDOR_DEFAULT_LIST ".jsonl", "as it was\n");
	drop("oui36.csv");
	assert_int_equal(compile(folder, "data", VENDOR_DEFAULT_LIST, &said, &result, error), -ENOENT);
	assert_non_null(strstr(error,
			       "/oui36.csv: No such file or directory; install the package ieee-data, or name another "
			       "folder with --registry"));
	text = get(VENDOR_DEFAULT_LIST ".jsonl");
	assert_string_equal(text, "as it was\n");
	free(text);
}

static void an_older_edition_replaces_no_newer_list(void **state)
{
	static const char newer[] = "{\"lenscap\":1,\"list\":\"uk-core-network\",\"serial\":20260626,\"count\":1}\n{"
				    "\"prefix\":\"44:19:b7/24\"}\n";
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], *text;

	(void)state;
	put_registries("MA-L,4419B6,\"Hangzhou Hikvision Digital Technology Co.,Ltd.\",x\r\n", "");
	put(VENDOR_DEFAULT_LIST ".jsonl", newer);
	assert_int_equal(compile(folder, "data", NULL, &said, &result, error), -EEXIST);
	strip_folder(error);
	assert_string_equal(
	    error, "/uk-core-network.jsonl: the list there is of edition 20260626, the registry of 20260625: it "
		   "would add 1 and remove 1 entries; fetch a newer registry (update-ieee-data), or name another "
		   "folder with --out");
	text = get(VENDOR_DEFAULT_LIST ".jsonl");
	assert_string_equal(text, newer);
	free(text);
	assert_false(has("ndaa-889-video.jsonl")); /* all or nothing */
	put(VENDOR_DEFAULT_LIST ".jsonl", "damaged\n");
	assert_int_equal(compile(folder, "data", NULL, &said, &result, error), 0);
	assert_true(has("ndaa-889-video.jsonl"));
	vendor_result_free(&result);
}

/* ---- Names and lists written by people ---- */
#define LIST "list: mine\ntitle: t\nbasis: b\nvendors: [{vendor: A}]\n"
static const struct {
	const char *names, *list, *error; /* error: behind the folder */
} bad_sources[] = {
    {"", LIST, "/names.yaml:1:1: the file is empty; see lenscap-vendor-list(5)"},
    {"vendors:\n- vendor: A\n  nams: [a]\n", LIST,
     "/names.yaml:2:11: Unexpected key: nams; see lenscap-vendor-list(5)"},
    {"vendors:\n- vendor: A\n", LIST,
     "/names.yaml:2:11: Missing required mapping field: names; see lenscap-vendor-list(5)"},
    {"vendors:\n- vendor: A\n  names: [\"...\"]\n", LIST,
     "/names.yaml: \"...\" has no letter or digit; write what the registry says"},
    {"vendors:\n- vendor: A\n  names: [PRIVATE]\n", LIST,
     "/names.yaml: \"PRIVATE\" names no organisation but rows of many owners; take it out"},
    {"vendors:\n- vendor: A\n  names: [IEEE  Registration-Authority]\n", LIST,
     "/names.yaml: \"IEEE  Registration-Authority\" names no organisation but rows of many owners; take it out"},
    {"vendors:\n- vendor: A\n  names: [a b]\n- vendor: B\n  names: [A-B]\n", LIST,
     "/names.yaml: \"a b\" and \"A-B\" are one name; leave one of them"},
    {"vendors:\n- vendor: A\n  names: [a]\n- vendor: A\n  names: [b]\n", LIST,
     "/names.yaml: vendor \"A\" stands there twice; write all its names in one place"},
    {"vendors:\n- vendor: A\n  names: [a]\n  marks: [two words]\n", LIST,
     "/names.yaml: mark \"two words\" of A is not the beginning of one word; write one word"},
    {"vendors:\n- vendor: B\n  names: [a]\n", LIST,
     "list mine: vendor \"A\" is not in /names.yaml; add it there with its names"},
    {"vendors:\n- vendor: A\n  names: [a]\n", "list: ../x\ntitle: t\nbasis: b\nvendors: [{vendor: A}]\n",
     "/lists/mine.yaml: list \"../x\": a name has letters, digits, '.', '_' and '-' only"},
    {"vendors:\n- vendor: A\n  names: [a]\n", "list: mine\ntitle: t\nvendors: [{vendor: A}]\n",
     "/lists/mine.yaml:3:10: Missing required mapping field: basis; see lenscap-vendor-list(5)"},
};

static void bad_sources_are_refused(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR];

	(void)state;
	put_registries("MA-L,4419B6,a,x\r\n", "");
	for (size_t i = 0; i < sizeof(bad_sources) / sizeof(*bad_sources); i++) {
		put("names.yaml", bad_sources[i].names);
		put("lists/mine.yaml", bad_sources[i].list);
		assert_true(compile(folder, folder, "mine", &said, &result, error) < 0);
		strip_folder(error);
		assert_string_equal(error, bad_sources[i].error);
	}
	put("names.yaml", "vendors:\n- vendor: A\n  names: [a]\n");
	put("lists/mine.yaml", LIST);
	assert_int_equal(compile(folder, folder, "mine", &said, &result, error), 0);
	assert_int_equal(count_of(&result, "mine"), 1);
	vendor_result_free(&result);
}

static void a_list_may_bring_names_of_its_own(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], path[64], *text;

	(void)state;
	put_registries("MA-L,00408C,Axis Communications AB,x\r\n", "");
	put("mine.yaml", "list: mine\ntitle: t\nbasis: b\nvendors: [{vendor: Axis, basis: ours}]\n"
			 "names: [{vendor: Axis, names: [Axis Communications AB]}]\n");
	snprintf(path, sizeof(path), "%s/mine.yaml", folder);
	assert_int_equal(compile(folder, "data", path, &said, &result, error), 0);
	assert_int_equal(count_of(&result, "mine"), 1);
	assert_int_equal(result.made[0].added, 1);
	vendor_result_free(&result);
	text = get("mine.jsonl");
	assert_string_equal(
	    text,
	    "{\"lenscap\":1,\"list\":\"mine\",\"serial\":20260625,\"generated\":\"2026-06-25T00:00:00Z\",\"count\":1,"
	    "\"edition\":\"2026-06-25\",\"title\":\"t\",\"basis\":\"b\"}\n"
	    "{\"prefix\":\"00:40:8c/24\",\"action\":\"quarantine\",\"vendor\":\"Axis\",\"reason\":\"ours\","
	    "\"organisation\":\"Axis Communications AB\",\"source\":\"IEEE MA-L\",\"as_of\":\"2026-06-25\"}\n");
	free(text);
	put_registries("MA-L,00408D,Axis Communications AB,x\r\nMA-L,00408E,Axis Communications AB,x\r\n", "");
	assert_int_equal(compile(folder, "data", path, &said, &result, error), 0);
	assert_int_equal(result.made[0].added, 2);
	assert_int_equal(result.made[0].removed, 1);
	vendor_result_free(&result);
}

/* ---- The lists that are shipped ---- */
static const struct {
	const char *list;
	int in_2026, in_debian;
} shipped[] = {
    {"entity-list-video", 147, 89},
    {"ndaa-889-telecom", 2521, 1696},
    {"ndaa-889-video", 143, 87},
    {"uk-core-network", 141, 85},
};

static void shipped_lists_are_whole(void **state)
{
	struct vendor_lists lists;
	char error[FEED_ERROR], sha256[65];

	(void)state;
	assert_int_equal(vendor_lists("data", &lists, error), 0);
	assert_int_equal(lists.n, 4);
	for (size_t i = 0; i < lists.n; i++) {
		struct source_rules rules = {
		    .list = shipped[i].list, .max_entries = 10000, .min_length = 24, .header = true};
		struct feed_header header;
		struct entry_set set;

		assert_null(lists.list[i].error);
		assert_string_equal(lists.list[i].name, shipped[i].list);
		assert_int_equal(lists.list[i].count, shipped[i].in_2026);
		assert_int_equal(lists.list[i].edition, EDITION_2026);
		assert_non_null(lists.list[i].title);
		assert_non_null(lists.list[i].basis);
		assert_int_equal(native_parse_file(lists.list[i].path, &rules, &header, &set, sha256, error), 0);
		assert_int_equal(set.n, shipped[i].in_2026);
		assert_int_equal(header.serial, 20260625);
		entry_set_free(&set);
	}
	assert_non_null(lists.list[1].caution);
	vendor_lists_free(&lists);
}

static void broken_lists_are_shown_as_such(void **state)
{
	struct vendor_lists lists;
	char error[FEED_ERROR];

	(void)state;
	assert_int_equal(vendor_lists("/nonexistent", &lists, error), -ENOENT);
	assert_string_equal(error, "/nonexistent: No such file or directory; check paths.data, or reinstall Lenscap");
	assert_int_equal(vendor_lists(folder, &lists, error), -ENODATA);
	strip_folder(error);
	assert_string_equal(error, ": no vendor list there; check paths.data, or reinstall Lenscap");
	put("a.jsonl",
	    "{\"lenscap\":1,\"list\":\"a\",\"serial\":1,\"generated\":\"2026-06-25T00:00:00Z\",\"count\":0}\n");
	put("b.jsonl", "{\"lenscap\":2}\n");
	assert_int_equal(vendor_lists(folder, &lists, error), 0);
	assert_int_equal(lists.n, 2);
	assert_null(lists.list[0].error);
	strip_folder(lists.list[1].error);
	assert_string_equal(lists.list[1].error,
			    "/b.jsonl: line 1 is not the header of a list (see lenscap-feed(5)); make "
			    "it anew with lenscap vendor compile");
	vendor_lists_free(&lists);
}

static void the_edition_of_2026_gives_the_committed_bytes(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR];

	(void)state;
	need(REGISTRIES "/oui.csv");
	assert_int_equal(compile(REGISTRIES, "data", NULL, &said, &result, error), 0);
	assert_int_equal(result.n, 4);
	assert_int_equal(result.rows, 39630 + 6451 + 7064);
	assert_int_equal(said.n[VENDOR_WARNING], 0);
	for (size_t i = 0; i < result.n; i++) {
		char path[64], *made = get_file(result.made[i].path), *committed;

		snprintf(path, sizeof(path), "data/%s.jsonl", shipped[i].list);
		committed = get_file(path);
		assert_string_equal(made, committed);
		free(made);
		free(committed);
	}
	vendor_result_free(&result);
}

/* All vendors that names.yaml knows, in one list. */
static const char everybody[] =
    "list: everybody\ntitle: t\nbasis: b\nvendors:\n"
    "- vendor: Hikvision\n- vendor: EZVIZ (Hikvision)\n- vendor: Hikrobot (Hikvision)\n"
    "- vendor: HIKMICRO (Hikvision)\n- vendor: Prama Hikvision India\n- vendor: Dahua\n- vendor: Imou (Dahua)\n"
    "- vendor: HuaRay (Dahua)\n- vendor: Hytera\n- vendor: Uniview\n- vendor: Tiandy\n- vendor: Huawei\n- vendor: ZTE\n"
    "- vendor: Honor\n- vendor: TVT\n- vendor: Jovision\n- vendor: Keda\n- vendor: Sunell\n- vendor: Xiaomi\n"
    "- vendor: Tuya\n- vendor: Huawei Symantec\n- vendor: HiSilicon (Huawei)\n";

static const struct {
	const char *vendor;
	size_t prefixes;
} per_vendor[] = {
    {"Hikvision", 83},
    {"EZVIZ (Hikvision)", 14},
    {"Hikrobot (Hikvision)", 2},
    {"HIKMICRO (Hikvision)", 2},
    {"Prama Hikvision India", 2},
    {"Dahua", 32},
    {"Imou (Dahua)", 5},
    {"HuaRay (Dahua)", 1},
    {"Uniview", 4},
    {"Tiandy", 2},
    {"TVT", 2},
    {"Jovision", 2},
    {"Hytera", 2},
    {"Keda", 1},
    {"Sunell", 1},
    {"Huawei", 2027},
    {"ZTE", 494},
    {"Xiaomi", 333},
    {"Honor", 60},
    {"Tuya", 40},
};

static const char *const look_alikes[] = {
    "40:2c:76:10/28", "c0:61:9a:e0/28", "c8:98:db:30/28", "00:23:2e/24",    "30:09:f9:10/28",
    "94:78:06/24",    "14:ae:85:70/28", "78:66:ae/24",	  "44:6f:d8:a0/28",
};

static void every_vendor_has_its_prefixes_and_look_alikes_none(void **state)
{
	struct vendor_result result;
	struct said said;
	char error[FEED_ERROR], path[64], with[64], *text;

	(void)state;
	need(REGISTRIES "/oui.csv");
	put("everybody.yaml", everybody);
	snprintf(path, sizeof(path), "%s/everybody.yaml", folder);
	assert_int_equal(compile(REGISTRIES, "data", path, &said, &result, error), 0);
	vendor_result_free(&result);
	text = get("everybody.jsonl");
	for (size_t i = 0; i < sizeof(per_vendor) / sizeof(*per_vendor); i++) {
		snprintf(with, sizeof(with), "\"vendor\":\"%s\"", per_vendor[i].vendor);
		assert_int_equal(count_lines(text, with), per_vendor[i].prefixes);
	}
	for (size_t i = 0; i < sizeof(look_alikes) / sizeof(*look_alikes); i++) {
		assert_null(strstr(text, look_alikes[i]));
		assert_non_null(strstr(said.text[VENDOR_LOOK_ALIKE], look_alikes[i]));
	}
	assert_int_equal(said.n[VENDOR_WARNING], 0);
	free(text);
}

static void debians_edition_gives_85_of_them(void **state)
{
	struct vendor_job job = {.registry = DEBIAN, .sources = "data", .out = folder};
	struct vendor_result result;
	struct said said = {0};
	char error[FEED_ERROR], *made, *committed, *rest = NULL;
	int known = 0;

	(void)state;
	need(DEBIAN "/oui.csv");
	assert_int_equal(vendor_compile(&job, listen_to, &said, &result, error), 0);
	assert_int_equal(result.made[0].edition, 1661558400); /* 2022-08-27, from .lastupdate */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(count_of(&result, shipped[i].list), shipped[i].in_debian);
	vendor_result_free(&result);
	made = get(VENDOR_DEFAULT_LIST ".jsonl");
	committed = get_file("data/" VENDOR_DEFAULT_LIST ".jsonl");
	strtok_r(made, "\n", &rest);
	for (char *line; (line = strtok_r(NULL, "\n", &rest)); known++) {
		line[strcspn(line, ",")] = 0; /* {"prefix":"…" */
		assert_non_null(strstr(committed, line));
	}
	assert_int_equal(known, 85);
	assert_int_equal(said.n[VENDOR_WARNING], 3); /* names that edition does not know yet */
	free(made);
	free(committed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_folded),
	    cmocka_unit_test(marks_begin_words),
	    cmocka_unit_test_teardown(whole_names_match_and_nothing_else, empty_folder),
	    cmocka_unit_test_teardown(odd_blocks_are_told, empty_folder),
	    cmocka_unit_test_teardown(a_failure_leaves_the_list_as_it_was, empty_folder),
	    cmocka_unit_test_teardown(an_older_edition_replaces_no_newer_list, empty_folder),
	    cmocka_unit_test_teardown(bad_sources_are_refused, empty_folder),
	    cmocka_unit_test_teardown(a_list_may_bring_names_of_its_own, empty_folder),
	    cmocka_unit_test(shipped_lists_are_whole),
	    cmocka_unit_test_teardown(broken_lists_are_shown_as_such, empty_folder),
	    cmocka_unit_test_teardown(the_edition_of_2026_gives_the_committed_bytes, empty_folder),
	    cmocka_unit_test_teardown(every_vendor_has_its_prefixes_and_look_alikes_none, empty_folder),
	    cmocka_unit_test_teardown(debians_edition_gives_85_of_them, empty_folder),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
