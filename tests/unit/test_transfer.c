/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of entries from a worker: whole there and back, and every field that no parser makes is refused. */
#include "../../userspace/feed/transfer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define FEED                                                                                                           \
	"{\"lenscap\":1,\"list\":\"x\",\"serial\":1,\"count\":3}\n"                                                      \
	"{\"mac\":\"44:19:b6:00:00:01\",\"vendor\":\"A\",\"reason\":\"because\"}\n"                                      \
	"{\"prefix\":\"44:19:b6:00/25\",\"until\":\"2099-01-01T00:00:00Z\"}\n"                                              \
	"{\"mac\":\"44:19:b6:00:00:02\",\"vendor\":\"A\"}\n"

static const struct source_rules rules = {.header = true, .min_length = 24, .max_entries = 100};

static int make(struct entry_set *set, struct transfer *t)
{
	char error[FEED_ERROR];
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (native_parse("x", FEED, strlen(FEED), &rules, NULL, set, error))
		fail_msg("%s", error);
	assert_int_equal(transfer_write(fd, set, NULL, t), 0);
	return fd;
}

static void there_and_back(void **state)
{
	struct entry_set set = {0}, back = {0};
	struct transfer t;
	int fd = make(&set, &t);

	(void)state;
	assert_int_equal(transfer_read(fd, &t, &rules, &back, NULL), 0);
	assert_int_equal(back.n, set.n);
	assert_memory_equal(back.entries, set.entries, set.n * sizeof(*set.entries));
	for (size_t i = 0; i < set.n; i++)
		assert_string_equal(strings_get(back.strings, back.entries[i].vendor),
				    strings_get(set.strings, set.entries[i].vendor));
	entry_set_free(&set);
	entry_set_free(&back);
	(void)close(fd);
}

/* One bit turned anywhere: refused, or a set that is as sound as any (a later `until`, another address). */
static void no_bit_passes_unseen(void **state)
{
	struct entry_set set = {0};
	struct transfer t;
	int fd = make(&set, &t);
	size_t size = t.entries * sizeof(struct entry) + t.text, refused = 0;

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct entry_set back = {0};
		unsigned char byte, turned;
		int err;

		assert_int_equal(pread(fd, &byte, 1, (off_t)(bit / 8)), 1);
		turned = (unsigned char)(byte ^ 1u << bit % 8);
		assert_int_equal(pwrite(fd, &turned, 1, (off_t)(bit / 8)), 1);
		err = transfer_read(fd, &t, &rules, &back, NULL);
		assert_true(!err || err == -EBADMSG);
		refused += err != 0;
		for (size_t i = 0; i < back.n; i++) {
			assert_int_not_equal(back.entries[i].word & LC_ACTION_MASK, LC_ABSENT);
			(void)strlen(strings_get(back.strings, back.entries[i].reason));
		}
		entry_set_free(&back);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	}
	assert_true(refused > size * 4);
	entry_set_free(&set);
	(void)close(fd);
}

static void sizes_that_lie(void **state)
{
	static const struct transfer lies[] = {
	    {0, 0, 0, 0, 0}, {UINT64_MAX, 0, 0, 0, 0}, {1ull << 59, 0, 0, 0, 0}, {0, UINT64_MAX, 0, 0, 0}, {1, 1, 0, 0, 0}, {101, 8, 0, 0, 0}};
	struct entry_set set = {0}, back = {0};
	struct transfer t;
	int fd = make(&set, &t);

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_int_equal(transfer_read(fd, &lies[i], &rules, &back, NULL), -EBADMSG);
	assert_int_equal(transfer_read(fd, &t, &(struct source_rules){.max_entries = 2, .min_length = 24}, &back, NULL), -EBADMSG);
	assert_int_equal(transfer_read(fd, &t, &(struct source_rules){.max_entries = 100, .min_length = 26}, &back, NULL), -EBADMSG);
	assert_int_equal(transfer_read(fd, &t, &(struct source_rules){.max_entries = 100, .dry_run = true}, &back, NULL), -EBADMSG);
	assert_int_equal(transfer_read(fd, &t, &rules, &back, NULL), 0);
	entry_set_free(&set);
	entry_set_free(&back);
	(void)close(fd);
}

/* Names come sorted, each once, and are prefixes that the rules allow; without a place for them there may be none. */
static void names_there_and_back(void **state)
{
	static const struct prefix good[] = {{0x4419b6000000, 24}, {0x4419b6000001, 48}};
	static const struct prefix bad[] = {{0x4419b6000001, 24}, {0x4419b6000001, 49}, {0, 48},	{0x010000000000, 48},
					    {0x4419b6000000, 24}, {1ull << 50, 48},	 {0x44000000000, 23}};
	struct names names = {(struct prefix *)good, 2}, back = {0};
	struct entry_set set = {0}, same = {0};
	struct transfer t;
	int fd = make(&set, &t);

	(void)state;
	(void)close(fd);
	for (size_t i = 0; i <= LENGTH(bad); i++) {
		struct prefix sent[2] = {good[0], i ? bad[i - 1] : good[1]};

		names.prefix = sent;
		fd = memfd_create("test", MFD_CLOEXEC);
		assert_int_equal(transfer_write(fd, &set, &names, &t), 0);
		assert_int_equal(transfer_read(fd, &t, &rules, &same, NULL), -EBADMSG);
		assert_int_equal(transfer_read(fd, &t, &rules, &same, &back), i ? -EBADMSG : 0);
		if (!i) {
			assert_int_equal(back.n, 2);
			assert_memory_equal(back.prefix, sent, sizeof(sent));
		}
		names_free(&back);
		entry_set_free(&same);
		(void)close(fd);
	}
	entry_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(no_bit_passes_unseen),
		cmocka_unit_test(sizes_that_lie),
		cmocka_unit_test(names_there_and_back),
	};

	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
