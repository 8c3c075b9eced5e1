/* SPDX-License-Identifier: GPL-2.0-only */
/* The words in force in a file, so that the next boot enforces before any feed is read. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "table_private.h"

static void words_digest(const table_word *words, size_t n, uint8_t out[static 32])
{
	(void)crypto_generichash(out, 32, (const unsigned char *)words, n * sizeof(*words), NULL, 0);
}

/* 0644: the loader reads it as root without CAP_DAC_OVERRIDE. */
int snapshot_write(const char *file, const table_word *words, size_t n)
{
	struct lc_snapshot head = {.magic = LC_SNAPSHOT_MAGIC, .abi = LC_ABI, .count = (uint32_t)n};
	size_t size = sizeof(head) + n * sizeof(*words);
	char *data;
	int err;

	if (n > UINT32_MAX)
		return -EFBIG;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	words_digest(words, n, head.digest);
	memcpy(data, &head, sizeof(head));
	if (n > 0)
		memcpy(data + sizeof(head), words, n * sizeof(*words));
	err = file_write(file, data, size, 0644, (gid_t)-1, true);
	free(data);
	return err;
}

static bool words_sound(const table_word *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool present = words[i] & LC_ACTION_MASK && (words[i] & 0xff) <= FIELD_MASK;

		if (!present || !key_valid(word_key(words[i])))
			return false;
		if (i > 0 && word_key(words[i]) <= word_key(words[i - 1]))
			return false;
	}
	return true;
}

static int check(const char *data, size_t size, table_word *words, size_t *n)
{
	struct lc_snapshot head;
	uint8_t digest[32];

	if (size < sizeof(head))
		return -EINVAL;
	memcpy(&head, data, sizeof(head));
	if (head.magic != LC_SNAPSHOT_MAGIC || head.abi < LC_ABI_WORDS || head.abi > LC_ABI)
		return -EINVAL;
	if (size != sizeof(head) + (size_t)head.count * sizeof(*words))
		return -EINVAL;
	memcpy(words, data + sizeof(head), size - sizeof(head));
	words_digest(words, head.count, digest);
	if (sodium_memcmp(digest, head.digest, sizeof(digest)) || !words_sound(words, head.count))
		return -EINVAL;
	*n = head.count;
	return 0;
}

int snapshot_read(const char *file, size_t capacity, table_word **words, size_t *n)
{
	table_word *copy = NULL;
	struct stat st;
	char *data;
	size_t size;
	int err = file_read_stat(file, sizeof(struct lc_snapshot) + capacity * sizeof(**words), &data, &size, &st);

	if (err)
		return err;
	err = file_private(file, &st);
	if (!err)
		copy = malloc(size + sizeof(*copy));
	if (!err)
		err = copy ? check(data, size, copy, n) : -ENOMEM;
	free(data);
	if (err)
		free(copy);
	else
		*words = copy;
	return err;
}
