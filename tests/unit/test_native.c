/* SPDX-License-Identifier: GPL-2.0-only */
/* Good native feeds: header, spellings, expansion, what decides within a source, texts, files, pieces. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lib/file.h"
#include "../../userspace/lib/mac.h"
#include "../../userspace/lib/text.h"
#include "feeds.h"

#define HEADER(count) "{\"lenscap\":1,\"list\":\"auditor\",\"serial\":42,\"count\":" #count "}\n"

static const struct source_rules feed_rules = {.list = "auditor", .header = true};

static void header_fields(void **state)
{
	static const char text[] =
	    "{\"expires\":\"2026-12-24T00:00:00+01:00\",\"count\":0,\"lenscap\":1,\"serial\":42,"
	    "\"list\":\"auditor\",\"generated\":\"2026-11-23T21:43:54Z\",\"basis\":{\"law\":[1]}}";
	struct feed_header h;
	struct entry_set set = {0};
	char error[FEED_ERROR];

	(void)state;
	assert_int_equal(native_parse("f", text, strlen(text), &feed_rules, &h, &set, error), 0);
	assert_string_equal(h.list, "auditor");
	assert_int_equal(h.serial, 42);
	assert_int_equal(h.since, -1);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.generated, 1795470234);
	assert_int_equal(h.expires, 1798066800);
	assert_int_equal(set.n, 0);
	entry_set_free(&set);
}

static void any_list_by_path(void **state)
{
	struct source_rules rules = {.header = true};
	static const char text[] = HEADER(0);
	struct feed_header h;
	struct entry_set set = {0};
	char error[FEED_ERROR];

	(void)state;
	assert_int_equal(native_parse("f", text, strlen(text), &rules, &h, &set, error), 0);
	assert_string_equal(h.list, "auditor");
	entry_set_free(&set);
}

static void default_is_quarantine(void **state)
{
	struct entry_set set = feed_lines("{\"mac\":\"44:19:b6:01:02:03\"}");

	(void)state;
	assert_int_equal(set.n, 1);
	assert_int_equal(set.entries[0].word, 0x4419b60102030000ull | LC_LEN_48 << 8 | LC_QUARANTINE);
	assert_int_equal(set.entries[0].length, 48);
	assert_int_equal(set.entries[0].until, 0);
	entry_set_free(&set);
}

static void spellings_are_one_key(void **state)
{
	struct entry_set set =
	    feed_lines("{\"mac\":\"44:19:b6:01:02:03\"}\n{\"mac\":\"44-19-B6-01-02-03\"}\n"
		       "{\"mac\":\"4419.b601.0203\"}\n{\"mac\":\"4419b6010203\"}\n"
		       "{\"prefix\":\"44:19:b6:01:02:03/48\"}\n{\"prefix\":\"44:19:b6:01:02:03\"}\n");

	(void)state;
	assert_int_equal(set.n, 1);
	entry_set_free(&set);
}

static void crlf_blank_and_unknown(void **state)
{
	static const char text[] = "\r\n" HEADER(
	    2) "\n  \r\n{\"mac\":\"44:19:b6:01:02:03\",\"x\":{\"mac\":[{\"action\":1}]},"
	       "\"list\":5,\"y\":null}\r\n\r\n{\"mac\":\"44:19:b6:01:02:04\",\"until\":null,\"prefix\":null}";
	struct feed_header h;
	struct entry_set set = {0};
	char error[FEED_ERROR] = "";

	(void)state;
	assert_int_equal(native_parse("f", text, strlen(text), &feed_rules, &h, &set, error), 0);
	assert_string_equal(error, "");
	assert_int_equal(set.n, 2);
	assert_int_equal(set.entries[1].until, 0);
	entry_set_free(&set);
}

/* Every length: how many words, at which kernel length, and that together they are exactly the prefix. */
static void expansion(void **state)
{
	static const unsigned kernel[] = {24, 28, 36, 48};

	(void)state;
	for (unsigned len = 24; len <= 48; len++) {
		uint64_t mac48 = 0x4419b6a5c3f1ull >> (48 - len) << (48 - len);
		char line[80], text[MAC_TEXT];
		struct entry_set set;
		unsigned code = prefix_kernel_length(len), bits = kernel[code];

		mac_format(mac48, text);
		(void)snprintf(line, sizeof(line), "{\"prefix\":\"%s/%u\"}", text, len);
		set = feed_lines(line);
		assert_int_equal(set.n, 1u << (bits - len));
		for (size_t i = 0; i < set.n; i++) {
			assert_int_equal(set.entries[i].length, len);
			assert_int_equal(set.entries[i].word >> 16, mac48 + ((uint64_t)i << (48 - bits)));
			assert_int_equal(set.entries[i].word >> 8 & 3, code);
		}
		entry_set_free(&set);
	}
}

static void longer_written_length_wins(void **state)
{
	struct entry_set set = feed_lines("{\"prefix\":\"44:19:b6:00/25\",\"action\":\"drop\"}\n"
					  "{\"prefix\":\"44:19:b6:10/28\",\"action\":\"allow\"}\n");
	size_t at = entry_set_find(&set, 0x4419b610000000ull | LC_LEN_28);

	(void)state;
	assert_int_equal(set.n, 8);
	assert_true(at < set.n);
	assert_int_equal(set.entries[at].word & 0xf, LC_ALLOW);
	assert_int_equal(set.entries[at].length, 28);
	entry_set_free(&set);
}

/* All pairs of actions on one key, in both orders. */
static void stricter_action_wins(void **state)
{
	static const char *const order[] = {"drop", "quarantine", "divert", "contain", "mirror", "monitor", "allow"};

	(void)state;
	for (size_t a = 0; a < sizeof(order) / sizeof(order[0]); a++)
		for (size_t b = 0; b < sizeof(order) / sizeof(order[0]); b++) {
			char lines[160];
			struct entry_set set;

			(void)snprintf(lines, sizeof(lines),
				       "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"%s\"}\n"
				       "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"%s\"}\n",
				       order[a], order[b]);
			set = feed_lines(lines);
			assert_int_equal(set.n, 1);
			assert_string_equal(action_name(set.entries[0].word & LC_ACTION_MASK), order[a < b ? a : b]);
			entry_set_free(&set);
		}
}

/* A weaker entry that outlives the stronger one takes over from it; one that does not is left out. */
static void ends_hand_over(void **state)
{
	struct entry_set set =
	    feed_lines("{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"monitor\"}\n"
		       "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"drop\",\"until\":\"2026-01-02T00:00:00Z\"}\n"
		       "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"drop\",\"until\":\"2026-01-01T00:00:00Z\"}\n"
		       "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"allow\",\"until\":\"2027-01-01T00:00:00Z\"}\n");
	uint64_t key = 0x4419b601020300ull | LC_LEN_48;
	int64_t end = 1767312000;

	(void)state;
	assert_int_equal(set.n, 2);
	assert_int_equal(set.entries[0].until, end);
	assert_int_equal(entry_set_at(&set, key, 0)->word & 0xf, LC_DROP);
	assert_int_equal(entry_set_at(&set, key, end - 1)->word & 0xf, LC_DROP);
	assert_int_equal(entry_set_at(&set, key, end)->word & 0xf, LC_MONITOR);
	assert_null(entry_set_at(&set, key + 0x100, 0));
	entry_set_free(&set);
}

static void trial_marks_every_entry(void **state)
{
	struct entry_set set = feed_lines_on_trial("{\"prefix\":\"44:19:b6/24\"}\n{\"mac\":\"44:19:b6:01:02:03\"}\n");

	(void)state;
	assert_int_equal(set.n, 2);
	for (size_t i = 0; i < set.n; i++)
		assert_int_equal(set.entries[i].word & 0xf, LC_QUARANTINE | LC_ENTRY_DRY_RUN);
	entry_set_free(&set);
}

static void texts_are_clean(void **state)
{
	struct entry_set set = feed_lines("{\"mac\":\"44:19:b6:01:02:03\",\"vendor\":\"Hikv\\u0000is\\u001b[31mion\","
					  "\"model\":\"caf\xc3\xa9 \xff\xc3\",\"reason\":\"\\u202egnp\"}\n");
	const struct entry *e = set.entries;

	(void)state;
	assert_string_equal(strings_get(set.strings, e->vendor), "Hikv?is?[31mion");
	assert_string_equal(strings_get(set.strings, e->model), "caf\xc3\xa9 ??");
	assert_string_equal(strings_get(set.strings, e->reason), "?gnp");
	entry_set_free(&set);
}

static void texts_are_cut(void **state)
{
	char lines[512], x[301] = "";
	struct entry_set set;

	(void)state;
	memset(x, 'x', 300);
	(void)snprintf(lines, sizeof(lines), "{\"mac\":\"44:19:b6:01:02:03\",\"reason\":\"%s\"}\n", x);
	set = feed_lines(lines);
	assert_int_equal(strlen(strings_get(set.strings, set.entries[0].reason)), 128);
	entry_set_free(&set);
}

static void texts_are_kept_once(void **state)
{
	struct strings *s = strings_new();
	char text[32];
	uint32_t first;

	(void)state;
	first = strings_add(s, "Hikvision");
	assert_int_not_equal(first, 0);
	assert_int_equal(strings_add(s, ""), 0);
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(text, sizeof(text), "camera %u", i);
		assert_int_not_equal(strings_add(s, text), 0);
	}
	for (unsigned i = 0; i < 100000; i += 999) {
		(void)snprintf(text, sizeof(text), "camera %u", i);
		assert_string_equal(strings_get(s, strings_add(s, text)), text);
	}
	assert_int_equal(strings_add(s, "Hikvision"), first);
	assert_string_equal(strings_get(s, first), "Hikvision");
	assert_string_equal(strings_get(s, UINT32_MAX), "");
	strings_free(s);
}

/* Texts that all differ fill the pool, which then takes no more and forgets nothing. */
static void texts_are_limited(void **state)
{
	struct strings *s = strings_new();
	char text[TEXT_MAX + 1];
	unsigned n = 0;

	(void)state;
	do
		(void)snprintf(text, sizeof(text), "%0128u", n++);
	while (strings_add(s, text));
	assert_int_equal(n - 1, (STRINGS_MAX - 1) / (TEXT_MAX + 1));
	(void)snprintf(text, sizeof(text), "%0128u", n - 2);
	assert_string_equal(strings_get(s, strings_add(s, text)), text);
	strings_free(s);
}

static void full_pool_refuses_the_feed(void **state)
{
	struct source_rules rules = {.may_allow = true};
	struct native *n = native_new(&rules);
	char line[512];
	int err = native_begin(n, "f");
	unsigned i = 0;

	(void)state;
	for (; !err && i < 400000; i++) {
		(void)snprintf(line, sizeof(line), "{\"mac\":\"4419b6%06x\",\"vendor\":\"%0126ua\",\"model\":\"%0126ub\"}\n", i, i, i);
		err = native_feed(n, line, strlen(line));
	}
	assert_int_equal(err, -EFBIG);
	(void)snprintf(line, sizeof(line),
		       "f:%u: vendor, model and reason texts take more than 96 MiB; shorten or repeat them", i);
	assert_string_equal(native_error(n), line);
	native_free(n);
}

/* ---- Files ---- */
static char folder[64];

static void in_folder(char out[static 128], const char *name)
{
	(void)snprintf(out, 128, "%s/%s", folder, name);
}

static void put(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	(void)close(fd);
}

static void file_digest_and_entries(void **state)
{
	static const char text[] = HEADER(1) "{\"mac\":\"44:19:b6:01:02:03\"}\n";
	char path[128], sha256[65], want[65], error[FEED_ERROR];
	struct feed_header h;
	struct entry_set set = {0};

	(void)state;
	in_folder(path, "good.jsonl");
	put(path, text, strlen(text));
	assert_int_equal(native_parse_file(path, &feed_rules, &h, &set, sha256, error), 0);
	sha256_hex(text, strlen(text), want);
	assert_string_equal(sha256, want);
	assert_int_equal(set.n, 1);
	entry_set_free(&set);
}

/* A refused file has a digest too, over all of it, though the first of three pieces is refused. */
static void refused_file_has_a_digest(void **state)
{
	size_t size = 200000;
	char path[128], sha256[65], want[65], error[FEED_ERROR], message[256];
	char *text = malloc(size);
	struct entry_set set = {0};
	struct feed_header h;

	(void)state;
	memset(text, '\n', size);
	text[0] = 'x';
	in_folder(path, "bad.jsonl");
	put(path, text, size);
	assert_int_equal(native_parse_file(path, &feed_rules, &h, &set, sha256, error), -EINVAL);
	sha256_hex(text, size, want);
	assert_string_equal(sha256, want);
	(void)snprintf(message, sizeof(message),
		       "%s:1: not valid JSON (lexical error: invalid char in json text); each line is one {...}", path);
	assert_string_equal(error, message);
	free(text);
}

static void refuse_path(const char *path, int err, const char *why)
{
	char sha256[65] = "x", error[FEED_ERROR], message[256];
	struct entry_set set = {0};
	struct feed_header h;

	assert_int_equal(native_parse_file(path, &feed_rules, &h, &set, sha256, error), err);
	(void)snprintf(message, sizeof(message),
		       "%s: cannot be read: %s; put a regular file there that lenscap may read", path, why);
	assert_string_equal(error, message);
	assert_string_equal(sha256, "");
}

static void no_regular_file(void **state)
{
	char path[128], target[128];

	(void)state;
	in_folder(path, "missing");
	refuse_path(path, -ENOENT, "No such file or directory");
	in_folder(path, "link");
	in_folder(target, "good.jsonl");
	assert_int_equal(symlink(target, path), 0);
	refuse_path(path, -ELOOP, "a symbolic link");
	in_folder(path, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse_path(path, -EINVAL, "not a regular file");
	refuse_path(folder, -EINVAL, "not a regular file");
	refuse_path("/dev/zero", -EINVAL, "not a regular file");
}

/* Large enough for several pieces, unsorted, entries over their borders. */
static void large_file(void **state)
{
	size_t n = 20000, used = 0;
	char *text = malloc(n * 64 + 128), path[128], sha256[65], error[FEED_ERROR] = "";
	struct entry_set set = {0};
	struct feed_header h;

	(void)state;
	used += (size_t)sprintf(text, "{\"lenscap\":1,\"list\":\"auditor\",\"serial\":1,\"count\":%zu}\n", n);
	for (size_t i = 0; i < n; i++)
		used += (size_t)sprintf(text + used, "{\"mac\":\"4419b6%06zx\",\"model\":\"m%zu\"}\n", i * 7919 % n,
					i % 10);
	in_folder(path, "large.jsonl");
	put(path, text, used);
	free(text);
	assert_int_equal(native_parse_file(path, &feed_rules, &h, &set, sha256, error), 0);
	assert_int_equal(set.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(set.entries[i].word >> 16, 0x4419b6000000ull + i);
	entry_set_free(&set);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/lcnative.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"good.jsonl", "bad.jsonl", "large.jsonl", "link", "fifo"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		in_folder(path, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(header_fields),
	    cmocka_unit_test(any_list_by_path),
	    cmocka_unit_test(default_is_quarantine),
	    cmocka_unit_test(spellings_are_one_key),
	    cmocka_unit_test(crlf_blank_and_unknown),
	    cmocka_unit_test(expansion),
	    cmocka_unit_test(longer_written_length_wins),
	    cmocka_unit_test(stricter_action_wins),
	    cmocka_unit_test(ends_hand_over),
	    cmocka_unit_test(trial_marks_every_entry),
	    cmocka_unit_test(texts_are_clean),
	    cmocka_unit_test(texts_are_cut),
	    cmocka_unit_test(texts_are_kept_once),
		cmocka_unit_test(texts_are_limited),
		cmocka_unit_test(full_pool_refuses_the_feed),
	    cmocka_unit_test(file_digest_and_entries),
	    cmocka_unit_test(refused_file_has_a_digest),
	    cmocka_unit_test(no_regular_file),
	    cmocka_unit_test(large_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
