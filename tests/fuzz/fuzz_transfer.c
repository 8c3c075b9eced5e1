/* SPDX-License-Identifier: GPL-2.0-only */
/* What lenscapd takes from a worker: two numbers, then the bytes in the file between them. What is taken must be what a parser makes,
 * and go there and back unchanged. */
#include <sys/mman.h>
#include <unistd.h>

#include "../../userspace/feed/transfer.h"
#include "fuzz.h"

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

static void there_and_back(const struct entry_set *set, const struct source_rules *rules)
{
	struct transfer t;
	struct entry_set again = {0};
	int fd = file_of("", 0);

	if (transfer_write(fd, set, NULL, &t) || transfer_read(fd, &t, rules, &again, NULL) || !entry_set_equal(set, &again))
		abort();
	entry_set_free(&again);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source_rules rules = {.header = true, .may_allow = true, .min_length = 24, .max_entries = 65536};
	struct transfer t;
	struct entry_set set = {0};
	int fd;

	if (size < sizeof(t))
		return 0;
	memcpy(&t, data, sizeof(t));
	fd = file_of(data + sizeof(t), size - sizeof(t));
	if (!transfer_read(fd, &t, &rules, &set, NULL)) {
		fuzz_check(&set);
		there_and_back(&set, &rules);
	}
	entry_set_free(&set);
	(void)close(fd);
	return 0;
}
