/* SPDX-License-Identifier: GPL-2.0-only */
/* Feeds from memory and from files: read once, in pieces that digest, signature and parser all see. */
#include <errno.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/file.h"
#include "minisign.h"
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
	if (!*error)
		(void)snprintf(error, FEED_ERROR, "%s", native_error(n));
	native_free(n);
	return err;
}

/* ---- Signatures ---- */
static int no_signature(const char *path, int err, char error[static FEED_ERROR])
{
	const char *why = err == -ENOENT  ? "there is no such file"
			  : err == -EFBIG ? "too big for a signature"
			  : err == -ELOOP ? "is a symbolic link"
			  : err == -EINVAL ? "is not a regular file"
					   : strerror(-err);

	(void)snprintf(error, FEED_ERROR,
		       "%.200s: %s, but the feed must be signed (public-keys); sign it: minisign -Sm FILE, and put both files there",
		       path, why);
	return -EKEYREJECTED;
}

/* The signature of NAME as the rules want it; *OUT stays NULL when they want none. */
static int open_signature(const char *name, const struct source_rules *rules, char *path, size_t size, struct minisign **out,
			  char error[static FEED_ERROR])
{
	char reason[MINISIGN_REASON], *text = NULL;
	size_t length = 0;
	int err;

	*out = NULL;
	if (!rules->n_keys)
		return 0;
	(void)snprintf(path, size, "%s%s", rules->signature ? rules->signature : name, rules->signature ? "" : MINISIGN_SUFFIX);
	err = rules->signature_text ? rules->signature_err : file_read(path, MINISIGN_FILE_MAX, &text, &length);
	if (err)
		return no_signature(path, err, error);
	err = minisign_new(text ? text : rules->signature_text, text ? length : rules->signature_size, rules->keys, rules->n_keys,
			   out, reason);
	free(text);
	if (err)
		(void)snprintf(error, FEED_ERROR, "%.200s: %s", path, reason);
	return err;
}

/* Unsigned bytes say nothing: this refusal comes before the parser's. */
static int close_signature(struct minisign *m, const char *path, char error[static FEED_ERROR])
{
	char reason[MINISIGN_REASON];
	int err = m ? minisign_end(m, reason) : 0;

	if (err)
		(void)snprintf(error, FEED_ERROR, "%.200s: %s", path, reason);
	minisign_free(m);
	return err;
}

int native_parse(const char *name, const char *data, size_t size, const struct source_rules *rules,
		 struct feed_header *header, struct entry_set *set, char error[static FEED_ERROR])
{
	struct minisign *signature = NULL;
	struct native *n = native_new(rules);
	char path[PATH_MAX];
	int err, refused;

	if (!n)
		return no_memory(name, error);
	error[0] = '\0';
	err = open_signature(name, rules, path, sizeof(path), &signature, error);
	if (!err && signature)
		minisign_update(signature, data, size);
	if (!err)
		err = close_signature(signature, path, error);
	refused = err ? err : native_begin(n, name);
	if (!refused)
		refused = native_feed(n, data, size);
	if (!refused)
		refused = native_end(n);
	return conclude(n, refused, header, set, error);
}

/* ---- Files ---- */
struct passing { /* bytes on their only way through */
	struct sha256_ctx digest; /* nettle's: by the processor's instructions, four times as fast as libsodium's */
	struct minisign *signature; /* NULL = none needed */
	struct native *n;
	int refused; /* by the parser */
};

/* Feed the parser until it refuses; go on reading after that, for the digest that names what was refused and for its
 * signature. Digest, signature and entries are of the same bytes: they are read once. */
static int read_pieces(int fd, size_t max, struct passing *p, char sha256[static 65])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *piece = malloc(PIECE);
	ssize_t got = 1;

	if (!piece)
		return -ENOMEM;
	sha256_init(&p->digest);
	for (size_t bytes = 0; got && bytes <= max; bytes += (size_t)got) {
		got = read(fd, piece, PIECE);
		if (got < 0)
			break;
		sha256_update(&p->digest, (size_t)got, (const uint8_t *)piece);
		if (p->signature)
			minisign_update(p->signature, piece, (size_t)got);
		if (!p->refused && got)
			p->refused = native_feed(p->n, piece, (size_t)got);
	}
	got = got < 0 ? -errno : 0;
	free(piece);
	sha256_digest(&p->digest, sizeof(digest), digest);
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

/* A signature that is no good at sight: the bytes are read for their digest alone. */
static int parse_fd(int fd, const char *path, const struct source_rules *rules, struct native *n, char sha256[static 65],
		    char error[static FEED_ERROR])
{
	size_t max = rules->max_bytes ? rules->max_bytes : NATIVE_MAX_BYTES;
	struct passing p = {.n = n, .refused = native_begin(n, path)};
	char signature[PATH_MAX];
	int bad = open_signature(path, rules, signature, sizeof(signature), &p.signature, error), err;

	if (bad)
		p.refused = bad;
	err = read_pieces(fd, max, &p, sha256);
	if (!bad)
		bad = close_signature(p.signature, signature, error);
	if (err)
		return cannot_read(path, err, error);
	if (bad)
		return bad;
	return p.refused ? p.refused : native_end(n);
}

int native_parse_fd(int fd, const char *name, const struct source_rules *rules, struct feed_header *header,
		    struct entry_set *set, char sha256[static 65], char error[static FEED_ERROR])
{
	struct native *n = native_new(rules);

	sha256[0] = error[0] = '\0';
	if (!n)
		return no_memory(name, error);
	return conclude(n, parse_fd(fd, name, rules, n, sha256, error), header, set, error);
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
