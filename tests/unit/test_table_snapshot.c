/* SPDX-License-Identifier: GPL-2.0-only */
/* The words left for the next boot, and the digest of a policy. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "../../userspace/lib/digest.h"
#include "../../userspace/lib/table.h"

#define WORDS 1000
#define CAPACITY 2000

static char folder[] = "/tmp/lcsnapXXXXXX";
static char file[64];
static table_word words[WORDS];

static void snapshot(const struct lc_snapshot *head, const table_word *body, size_t bytes)
{
	FILE *f = fopen(file, "we");

	assert_non_null(f);
	if (head)
		assert_int_equal(fwrite(head, sizeof(*head), 1, f), 1);
	assert_true(fwrite(body, 1, bytes, f) == bytes);
	assert_int_equal(fclose(f), 0);
}

static struct lc_snapshot head_of(const table_word *body, size_t n)
{
	struct lc_snapshot head = {.magic = LC_SNAPSHOT_MAGIC, .abi = LC_ABI, .count = (uint32_t)n};

	(void)crypto_generichash(head.digest, 32, (const unsigned char *)body, n * sizeof(*body), NULL, 0);
	return head;
}

static void assert_refused(int expected)
{
	table_word *out = (table_word *)1;
	size_t n = 7;

	assert_int_equal(snapshot_read(file, CAPACITY, &out, &n), expected);
	assert_ptr_equal(out, (table_word *)1);
	assert_int_equal(n, 7);
}

static void test_written_and_read_back(void **state)
{
	table_word *out;
	struct stat st;
	size_t n;

	(void)state;
	for (size_t count = 0; count <= WORDS; count += 500) {
		assert_int_equal(snapshot_write(file, words, count), 0);
		assert_int_equal(snapshot_read(file, CAPACITY, &out, &n), 0);
		assert_int_equal(n, count);
		assert_memory_equal(out, words, n * sizeof(words[0]));
		free(out);
	}
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(st.st_size, sizeof(struct lc_snapshot) + WORDS * 8);
}

/* Whatever byte is damaged, nothing of it is used. */
static void test_every_damaged_byte_is_seen(void **state)
{
	size_t size = sizeof(struct lc_snapshot) + 20 * 8;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		uint8_t byte;
		int fd;

		assert_int_equal(snapshot_write(file, words, 20), 0);
		fd = open(file, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, &byte, 1, (off_t)i), 1);
		byte ^= 0x40;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
		(void)close(fd);
		assert_refused(-EINVAL);
	}
}

/* The digest is right, the words are not: a writer in enemy hands. */
static void test_words_that_make_no_sense_are_refused(void **state)
{
	const table_word bad[] = {
		words[0] & ~15ull,	    /* no verdict */
		(words[0] & ~15ull) | 8,    /* dry-run of nothing */
		words[0] | 0x10,	    /* the other field */
		words[0] | 1ull << 12,	    /* unused bits */
		table_word_make(0x4419b6000001ull, LC_LEN_24, LC_DROP),
		words[1],		    /* twice */
		words[2],		    /* not sorted */
	};
	table_word body[3];
	struct lc_snapshot head;
	table_word *out;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		body[0] = bad[i];
		body[1] = words[1];
		head = head_of(body, 2);
		snapshot(&head, body, 16);
		assert_refused(-EINVAL);
	}
	body[0] = words[0];
	head = head_of(body, 2);
	snapshot(&head, body, 16);
	assert_int_equal(snapshot_read(file, CAPACITY, &out, &n), 0);
	free(out);
}

static void test_other_sizes_and_kinds_are_refused(void **state)
{
	struct lc_snapshot head = head_of(words, 10);

	(void)state;
	snapshot(&head, words, 79);
	assert_refused(-EINVAL);
	snapshot(&head, words, 88);
	assert_refused(-EINVAL);
	snapshot(NULL, words, 40);
	assert_refused(-EINVAL);
	head.count = UINT32_MAX;
	snapshot(&head, words, 80);
	assert_refused(-EINVAL);
	snapshot(NULL, words, 0);
	assert_refused(-EINVAL);
	assert_int_equal(snapshot_write(file, words, WORDS), 0);
	assert_int_equal(snapshot_read(file, WORDS - 1, &(table_word *){NULL}, &(size_t){0}), -EFBIG);
	assert_int_equal(unlink(file), 0);
	assert_refused(-ENOENT);
	assert_int_equal(symlink("/etc/passwd", file), 0);
	assert_refused(-ELOOP);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_refused(-EINVAL);
	assert_int_equal(unlink(file), 0);
}

/* ---- digest ---- */

static void test_the_digest_does_not_depend_on_the_way(void **state)
{
	struct digest all = digest_of(words, WORDS), step = {{0}};

	(void)state;
	for (size_t i = WORDS; i-- > 0;)
		digest_add(&step, words[i]);
	assert_memory_equal(&all, &step, sizeof(all));
	digest_add(&step, 12345);
	assert_memory_not_equal(&all, &step, sizeof(all));
	digest_remove(&step, 12345);
	assert_memory_equal(&all, &step, sizeof(all));
}

/* Of one word it is BLAKE2b-256 of its eight bytes, little-endian. */
static void test_the_digest_of_one_word(void **state)
{
	const uint8_t bytes[8] = {0x02, 0x03, 0x03, 0x02, 0x01, 0xb6, 0x19, 0x44};
	struct digest d = digest_of(&(uint64_t){0x4419b60102030302ull}, 1);
	uint8_t wanted[32], got[32];
	char hex[65], wanted_hex[65];

	(void)state;
	(void)crypto_generichash(wanted, sizeof(wanted), bytes, sizeof(bytes), NULL, 0);
	digest_bytes(&d, got);
	assert_memory_equal(got, wanted, sizeof(got));
	digest_hex(&d, hex);
	(void)sodium_bin2hex(wanted_hex, sizeof(wanted_hex), wanted, sizeof(wanted));
	assert_string_equal(hex, wanted_hex);
}

static int setup(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = table_word_make(0x4419b6000000ull + i * 7, LC_LEN_48, 1 + i % 7 + i % 2 * 8);
	if (!mkdtemp(folder) || sodium_init() < 0)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/table.words", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read_back),
		cmocka_unit_test(test_every_damaged_byte_is_seen),
		cmocka_unit_test(test_words_that_make_no_sense_are_refused),
		cmocka_unit_test(test_other_sizes_and_kinds_are_refused),
		cmocka_unit_test(test_the_digest_does_not_depend_on_the_way),
		cmocka_unit_test(test_the_digest_of_one_word),
	};

	return cmocka_run_group_tests_name("table_snapshot", tests, setup, teardown);
}
