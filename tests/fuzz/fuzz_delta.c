/* SPDX-License-Identifier: GPL-2.0-only */
/* A list, an empty line of two dashes, a delta: whatever both are, a good delta on a good list makes a list that is good, and as a
 * change of the list's entries it makes the same. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../userspace/feed/delta.h"
#include "fuzz.h"

#define BETWEEN "\n--\n"

static const struct source_rules rules = {
    .header = true, .delta = true, .may_allow = true, .min_length = 24, .max_entries = 65536, .format = FORMAT_NATIVE};

static int parse(const char *text, size_t size, struct feed_header *header, struct entry_set *set)
{
	char error[FEED_ERROR];

	return native_parse("f", text, size, &rules, header, set, error);
}

static void change(const char *list, size_t list_size, const char *delta, size_t delta_size, const struct entry_set *want)
{
	FILE *lines = fmemopen((void *)delta, delta_size, "r");
	struct entry_set set, added, patch = {0};
	struct feed_header ignored;
	struct names names;

	if (!lines || parse(list, list_size, &ignored, &set) || parse(delta, delta_size, &ignored, &added) || delta_names(lines, &names))
		abort();
	if (!patch_make(&set, &names, &added, rules.max_entries, &patch)) {
		if (patch_reserve(&patch))
			abort();
		patch_apply(&patch);
		if (!entry_set_equal(&set, want))
			abort();
	}
	(void)fclose(lines);
	names_free(&names);
	entry_set_free(&added);
	entry_set_free(&set);
}

static void merge(const char *list, size_t list_size, const char *delta, size_t delta_size, const struct feed_header *header)
{
	static const char sha256[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const struct source_rules record = source_rules_of_record(&rules);
	struct delta d = {.header = header, .sha256 = sha256, .snapshot = sha256};
	int fd = memfd_create("fuzz", MFD_CLOEXEC), err;
	FILE *in = fmemopen((void *)list, list_size, "r"), *lines = fmemopen((void *)delta, delta_size, "r"), *out = fdopen(dup(fd), "w");
	char error[FEED_ERROR], digest[65];
	struct feed_header made;
	struct entry_set set = {0};

	if (!in || !lines || !out || delta_merge(in, lines, &d, out))
		abort();
	(void)fclose(in);
	(void)fclose(lines);
	(void)fclose(out);
	(void)lseek(fd, 0, SEEK_SET);
	err = native_parse_fd(fd, "f", &record, &made, &set, digest, error);
	if ((err && err != -EFBIG) || (!err && made.serial != header->serial))
		abort();
	if (!err) {
		fuzz_check(&set);
		change(list, list_size, delta, delta_size, &set);
	}
	entry_set_free(&set);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *list = (const char *)data, *between = memmem(data, size, BETWEEN, strlen(BETWEEN));
	size_t list_size = between ? (size_t)(between - list) + 1 : 0, delta_size = between ? size - list_size - strlen(BETWEEN) + 1 : 0;
	struct feed_header list_header, delta_header;
	struct entry_set set = {0};
	bool good;

	if (!between || !delta_size)
		return 0;
	good = !parse(list, list_size, &list_header, &set) && list_header.since < 0;
	entry_set_free(&set);
	good = good && !parse(between + strlen(BETWEEN), delta_size, &delta_header, &set) && delta_header.since >= 0;
	entry_set_free(&set);
	if (good)
		merge(list, list_size, between + strlen(BETWEEN), delta_size, &delta_header);
	return 0;
}
