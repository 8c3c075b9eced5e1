/* SPDX-License-Identifier: GPL-2.0-only */
/* Native feeds from memory and from files, read in pieces. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/file.h"
#include "native.h"

#define PIECE ((size_t)64 << 10)

static int no_memory(const char *name, char error[static FEED_ERROR])
{
	(void)snprintf(error, FEED_ERROR, "%.200s: out of memory; stop other programs or shorten the list", name);
	return -ENOMEM;
}

/* Success moves N's entries out, failure its error; N is gone either way. */
static int conclude(struct native *n, int err, struct feed_header *header, struct entry_set *set,
		    char error[static FEED_ERROR])
{
	if (!err) {
		native_finish(n, header, set);
		return 0;
	}
	(void)snprintf(error, FEED_ERROR, "%s", native_error(n));
	native_free(n);
	return err;
}

int native_parse(const char *name, const char *data, size_t size, const struct source_rules *rules,
		 struct feed_header *header, struct entry_set *set, char error[static FEED_ERROR])
{
	struct native *n = native_new(rules);
	int err;

	if (!n)
		return no_memory(name, error);
	err = native_begin(n, name);
	if (!err)
		err = native_feed(n, data, size);
	if (!err)
		err = native_end(n);
	return conclude(n, err, header, set, error);
}

/* Feed the parser until it refuses; go on reading after that, for the digest that names what was refused. */
static int read_pieces(int fd, size_t max, struct native *n, char sha256[static 65], int *refused)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	char *piece = malloc(PIECE);
	ssize_t got = 1;

	if (!piece)
		return -ENOMEM;
	(void)crypto_hash_sha256_init(&state);
	for (size_t bytes = 0; got && bytes <= max; bytes += (size_t)got) {
		got = read(fd, piece, PIECE);
		if (got < 0)
			break;
		(void)crypto_hash_sha256_update(&state, (unsigned char *)piece, (size_t)got);
		if (!*refused)
			*refused = native_feed(n, piece, (size_t)got);
	}
	got = got < 0 ? -errno : 0;
	free(piece);
	(void)crypto_hash_sha256_final(&state, digest);
	(void)sodium_bin2hex(sha256, 65, digest, sizeof(digest));
	return (int)got;
}

static int cannot_read(const char *path, int err, char error[static FEED_ERROR])
{
	const char *why = err == -ELOOP ? "a symbolic link" : err == -EINVAL ? "not a regular file" : strerror(-err);

	(void)snprintf(error, FEED_ERROR, "%.200s: cannot be read: %s; put a regular file there that lenscap may read",
		       path, why);
	return err;
}

int native_parse_fd(int fd, const char *name, const struct source_rules *rules, struct feed_header *header,
		    struct entry_set *set, char sha256[static 65], char error[static FEED_ERROR])
{
	struct native *n = native_new(rules);
	int err, refused;

	sha256[0] = '\0';
	if (!n)
		return no_memory(name, error);
	refused = native_begin(n, name);
	err = read_pieces(fd, rules->max_bytes ? rules->max_bytes : NATIVE_MAX_BYTES, n, sha256, &refused);
	if (err) {
		native_free(n);
		return cannot_read(name, err, error);
	}
	return conclude(n, refused ? refused : native_end(n), header, set, error);
}

int native_parse_file(const char *path, const struct source_rules *rules, struct feed_header *header,
		      struct entry_set *set, char sha256[static 65], char error[static FEED_ERROR])
{
	struct stat st;
	int fd = file_open(path, &st), err;

	sha256[0] = '\0';
	if (fd < 0)
		return cannot_read(path, fd, error);
	err = native_parse_fd(fd, path, rules, header, set, sha256, error);
	(void)close(fd);
	return err;
}
