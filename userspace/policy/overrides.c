/* SPDX-License-Identifier: GPL-2.0-only */
/* The local overrides: every *.jsonl of a folder, sorted by name, as one set and one digest. */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "load.h"

#define SUFFIX ".jsonl"
#define FILES_MAX 1024
#define BYTES_MAX ((size_t)64 << 20) /* of one file: 500,000 entries of ordinary size */

static int is_override(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && size > suffix && !strcmp(entry->d_name + size - suffix, SUFFIX);
}

/* By bytes, whatever the locale: the digest depends on it. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int refuse(int err, const char *path, const char *why, char error[static FEED_ERROR])
{
	(void)snprintf(error, FEED_ERROR, "%.200s: %s", path, why);
	return err;
}

static const char *why_unreadable(int err)
{
	switch (err) {
	case -ELOOP:
		return "is a symbolic link; put a regular file there";
	case -EINVAL:
		return "is not a regular file; put one there or remove it";
	case -EFBIG:
		return "is over 64 MiB; split it";
	case -EPERM:
		return "may be written by others than root; take that away (chmod go-w, chown root, of its folder too)";
	case -EACCES:
		return "may not be read; give the group of Lenscap read permission";
	default:
		return "cannot be read; put a regular file there or remove it";
	}
}

/* Name, zero, size in decimal, zero, content: no two sets of files give the same bytes. */
static void digest_file(crypto_hash_sha256_state *state, const char *name, const char *data, size_t size)
{
	char decimal[24];
	int digits = snprintf(decimal, sizeof(decimal), "%zu", size);

	(void)crypto_hash_sha256_update(state, (const unsigned char *)name, strlen(name) + 1);
	(void)crypto_hash_sha256_update(state, (const unsigned char *)decimal, (size_t)digits + 1);
	(void)crypto_hash_sha256_update(state, (const unsigned char *)data, size);
}

/* *parsed gets the parser's refusal; later files are then read for the digest alone. */
static int read_file(struct native *n, const char *folder, const char *name, crypto_hash_sha256_state *state,
		     int *parsed, char error[static FEED_ERROR])
{
	char *path = path_join(folder, name), *data = NULL;
	size_t size = 0;
	struct stat st;
	int err = path ? file_read_stat(path, BYTES_MAX, &data, &size, &st) : -ENOMEM;

	if (!err && (err = file_private(path, &st)))
		free(data);
	if (err) {
		/* -EPERM would mean that it waits for somebody to accept it. */
		err = refuse(err == -EPERM ? -EINVAL : err, path ? path : name, why_unreadable(err), error);
		free(path);
		return err;
	}
	digest_file(state, name, data, size);
	if (!*parsed)
		*parsed = native_begin(n, path);
	if (!*parsed)
		*parsed = native_feed(n, data, size);
	if (!*parsed)
		*parsed = native_end(n);
	free(data);
	free(path);
	return 0;
}

static int read_all(struct native *n, const char *folder, struct dirent **names, int count, char sha256[static 65],
		    char error[static FEED_ERROR])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	int err = 0, parsed = 0;

	(void)crypto_hash_sha256_init(&state);
	for (int i = 0; !err && i < count; i++)
		err = read_file(n, folder, names[i]->d_name, &state, &parsed, error);
	if (err)
		return err;
	(void)crypto_hash_sha256_final(&state, digest);
	(void)sodium_bin2hex(sha256, 65, digest, sizeof(digest));
	if (parsed)
		(void)snprintf(error, FEED_ERROR, "%s", native_error(n));
	return parsed;
}

/* Names of the override files; no folder is no files. */
static int list_names(const char *folder, struct dirent ***names, char error[static FEED_ERROR])
{
	int count = scandir(folder, names, is_override, by_name);

	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return refuse(-errno, folder, "cannot be listed; make it a folder that the group of Lenscap may read",
			      error);
	return count;
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int overrides_load(const struct config *config, struct entry_set *set, char sha256[static 65],
		   char error[static FEED_ERROR])
{
	struct source_rules rules = {.max_entries = config->capacity, .min_length = 24, .may_allow = true};
	struct dirent **names = NULL;
	int count = list_names(config->overrides, &names, error), err;
	struct native *n;

	sha256[0] = '\0';
	if (count < 0)
		return count;
	n = count > FILES_MAX ? NULL : native_new(&rules);
	if (n)
		err = read_all(n, config->overrides, names, count, sha256, error);
	else if (count > FILES_MAX)
		err = refuse(-EFBIG, config->overrides, "over 1024 override files; join or remove some", error);
	else
		err = refuse(-ENOMEM, config->overrides, "out of memory; stop other programs", error);
	free_names(names, count);
	if (err)
		native_free(n);
	else
		native_finish(n, NULL, set);
	return err;
}
