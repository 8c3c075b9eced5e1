/* SPDX-License-Identifier: GPL-2.0-only */
/* Signatures as minisign makes them (tests/feeds/, made with minisign 0.11): accepted, and every way of being wrong. */
#include "../../userspace/feed/minisign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../userspace/feed/native.h"
#include "../../userspace/lib/file.h"
#include "unit.h"

#define FOLDER "tests/feeds/"
#define FEED "signed.jsonl"

static struct pubkey one, two;

static char *text_of(const char *name, size_t *size)
{
	char path[128], *data = NULL;

	(void)snprintf(path, sizeof(path), FOLDER "%s", name);
	assert_int_equal(file_read(path, 1 << 20, &data, size), 0);
	return data;
}

static void read_key(const char *name, struct pubkey *out)
{
	const char *reason;
	size_t size;
	char *text = text_of(name, &size), *line = strchr(text, '\n') + 1;

	line[strcspn(line, "\n")] = '\0';
	assert_int_equal(pubkey_parse(line, out, &reason), 0);
	free(text);
}

static int read_keys(void **state)
{
	(void)state;
	read_key("one.pub", &one);
	read_key("two.pub", &two);
	return 0;
}

struct row {
	const char *name, *signature, *feed;
	int keys; /* 1 = one, 2 = two, 3 = both */
	const char *reason; /* NULL = good */
};

/* SIGNATURE may have an edit behind '|': "file|what" (see damage()). */
static const struct row rows[] = {
	{"prehashed", "one.minisig", FEED, 1, NULL},
	{"legacy", "legacy.minisig", FEED, 1, NULL},
	{"first of two keys", "one.minisig", FEED, 3, NULL},
	{"second of two keys", "two.minisig", FEED, 3, NULL},
	{"line ends of DOS", "one.minisig|dos", FEED, 1, NULL},
	{"no last line end", "one.minisig|unended", FEED, 1, NULL},
	{"a key not pinned", "two.minisig", FEED, 1, "not among the feed's public-keys"},
	{"another feed (prehashed)", "one.minisig", "other.jsonl", 1, "does not fit the feed"},
	{"another feed (legacy)", "legacy.minisig", "other.jsonl", 1, "does not fit the feed"},
	{"swapped with another feed's", "other.minisig", FEED, 1, "does not fit the feed"},
	{"trusted comment altered", "one.minisig|comment", FEED, 1, "trusted comment that was changed"},
	{"signature altered", "one.minisig|signature", FEED, 1, "trusted comment that was changed"},
	{"global signature of another", "one.minisig|global", FEED, 1, "trusted comment that was changed"},
	{"key id altered", "one.minisig|id", FEED, 1, "not among the feed's public-keys"},
	{"id of a pinned key, made by another", "two.minisig|forged", FEED, 1, "trusted comment that was changed"},
	{"algorithm unknown", "one.minisig|algorithm", FEED, 1, "unknown algorithm"},
	{"prehashed said to be legacy", "one.minisig|legacy", FEED, 1, "does not fit the feed"},
	{"cut after two lines", "one.minisig|cut", FEED, 1, "is not a minisign signature"},
	{"a fifth line", "one.minisig|fifth", FEED, 1, "is not a minisign signature"},
	{"empty", "one.minisig|empty", FEED, 1, "is not a minisign signature"},
	{"not base64", "one.minisig|base64", FEED, 1, "is not a minisign signature"},
	{"a zero byte", "one.minisig|zero", FEED, 1, "is not a minisign signature"},
	{"no trusted comment", "one.minisig|untrusted", FEED, 1, "is not a minisign signature"},
	{"too big", "one.minisig|big", FEED, 1, "is not a minisign signature"},
};

static char *line_of(char *text, unsigned line)
{
	while (line--)
		text = strchr(text, '\n') + 1;
	return text;
}

static void insert(char *text, size_t *size, const char *what)
{
	size_t length = strlen(what);

	memmove(text + length, text, strlen(text) + 1);
	memcpy(text, what, length);
	*size += length;
}

/* TEXT has room for more. */
static void damage(char *text, size_t *size, const char *how)
{
	char *second = line_of(text, 1), *third = line_of(text, 2), *fourth = line_of(text, 3);
	size_t other_size;
	char *other;

	if (!strcmp(how, "comment"))
		third[20] ^= 1;
	else if (!strcmp(how, "signature"))
		second[40] = second[40] == 'A' ? 'B' : 'A';
	else if (!strcmp(how, "global"))
		fourth[10] = fourth[10] == 'A' ? 'B' : 'A';
	else if (!strcmp(how, "id"))
		second[5] = second[5] == 'A' ? 'B' : 'A';
	else if (!strcmp(how, "algorithm"))
		second[0] = 'A';
	else if (!strcmp(how, "base64"))
		second[30] = '!';
	else if (!strcmp(how, "untrusted"))
		third[0] = 'T';
	else if (!strcmp(how, "cut"))
		*size = (size_t)(third - text);
	else if (!strcmp(how, "empty"))
		*size = 0;
	else if (!strcmp(how, "fifth"))
		insert(text + *size, size, "more\n");
	else if (!strcmp(how, "unended"))
		(*size)--;
	else if (!strcmp(how, "zero"))
		third[25] = '\0';
	else if (!strcmp(how, "big"))
		*size = MINISIGN_FILE_MAX + 1;
	else if (!strcmp(how, "legacy"))
		memcpy(second, "RW", 2); /* "Ed" for "ED"; the rest of the group stays */
	if (!strcmp(how, "dos"))
		for (unsigned i = 4; i; i--)
			insert(strchr(line_of(text, i - 1), '\n'), size, "\r");
	if (strcmp(how, "forged") != 0)
		return;
	other = text_of("one.minisig", &other_size);
	memcpy(second, line_of(other, 1), 13); /* algorithm and key id, and a little of the signature */
	free(other);
}

static int check(const struct row *row, char reason[static MINISIGN_REASON])
{
	char *text = calloc(1, MINISIGN_FILE_MAX * 2), name[64], *read;
	struct pubkey keys[2] = {one, two};
	struct minisign *m = NULL;
	size_t size, feed_size;
	int err;

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(row->signature, "|"), row->signature);
	read = text_of(name, &size);
	assert_non_null(text);
	memcpy(text, read, size);
	free(read);
	if (strchr(row->signature, '|'))
		damage(text, &size, strchr(row->signature, '|') + 1);
	err = minisign_new(text, size, row->keys == 2 ? keys + 1 : keys, row->keys == 3 ? 2 : 1, &m, reason);
	free(text);
	if (err)
		return err;
	read = text_of(row->feed, &feed_size);
	for (size_t i = 0; i < feed_size; i += 7)
		minisign_update(m, read + i, feed_size - i < 7 ? feed_size - i : 7);
	free(read);
	err = minisign_end(m, reason);
	minisign_free(m);
	return err;
}

static void signature(void **state)
{
	const struct row *row = *state;
	char reason[MINISIGN_REASON] = "";
	int err = check(row, reason);

	assert_int_equal(err, row->reason ? -EKEYREJECTED : 0);
	if (row->reason && !strstr(reason, row->reason))
		fail_msg("\"%s\" does not say \"%s\"", reason, row->reason);
}

/* ---- A signed feed as a whole ---- */
static void whole_feed(void **state)
{
	struct source_rules rules = {.list = "auditor", .header = true, .keys = &one, .n_keys = 1, .signature = FOLDER "one.minisig"};
	struct entry_set set = {0};
	struct feed_header header;
	char error[FEED_ERROR], sha256[65];

	(void)state;
	assert_int_equal(native_parse_file(FOLDER FEED, &rules, &header, &set, sha256, error), 0);
	assert_int_equal(set.n, 2);
	entry_set_free(&set);
	assert_int_equal(native_parse_file(FOLDER "other.jsonl", &rules, &header, &set, sha256, error), -EKEYREJECTED);
	assert_string_equal(error, FOLDER "one.minisig: does not fit the feed: one of the two was changed, or belongs to another file; "
						  "sign the feed again");
	assert_int_equal(strlen(sha256), 64);
	rules.signature = NULL;
	assert_int_equal(native_parse_file(FOLDER FEED, &rules, &header, &set, sha256, error), -EKEYREJECTED);
	assert_non_null(strstr(error, "there is no such file, but the feed must be signed"));
	rules.signature = FOLDER "unending.minisig"; /* well signed, but without "expires" */
	assert_int_equal(native_parse_file(FOLDER "unending.jsonl", &rules, &header, &set, sha256, error), -EINVAL);
	assert_non_null(strstr(error, "has no \"expires\""));
}

int main(void)
{
	struct CMUnitTest tests[LENGTH(rows) + 1];

	for (size_t i = 0; i < LENGTH(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].name, signature, NULL, NULL, (void *)&rows[i]};
	tests[LENGTH(rows)] = (struct CMUnitTest)cmocka_unit_test(whole_feed);
	return cmocka_run_group_tests(tests, read_keys, NULL);
}
