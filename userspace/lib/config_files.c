/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration's files: found, checked for who may write them, and read whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_internal.h"
#include "file.h"
#include "paths.h"

static int refuse(struct complaints *c, const char *path, int err, const char *why)
{
	struct config_place at = {.file = path};

	complain(c, &at, "%s", why);
	return err;
}

static int refuse_errno(struct complaints *c, const char *path, int err)
{
	struct config_place at = {.file = path};

	switch (err) {
	case -ELOOP:
		return refuse(c, path, err, "is a symbolic link, which is not followed; put the file itself here");
	case -EINVAL:
		return refuse(c, path, err, "is not a regular file; put a text file here");
	case -EFBIG:
		complain(c, &at, "is over %u bytes; split it into files in " CONFIG_DROP_IN_DIR, CONFIG_FILE_MAX);
		return err;
	case -ENOENT:
		return refuse(c, path, err, "does not exist; create it, or name another with --config FILE");
	default:
		complain(c, &at, "cannot be read: %s; correct its owner, mode or place", strerror(-err));
		return err;
	}
}

/* Whoever else may write here could decide what this network lets through. In a sticky folder (/tmp) others cannot
 * replace what is not theirs. */
static int check_writers(struct complaints *c, const char *path, const struct stat *st)
{
	struct config_place at = {.file = path};
	bool sticky = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;

	if (st->st_uid && st->st_uid != geteuid()) {
		complain(c, &at, "belongs to user %u, who could change it; make root its owner (chown root)", st->st_uid);
		return -EPERM;
	}
	if (st->st_mode & S_IWOTH && !sticky)
		return refuse(c, path, -EPERM, "may be written by everybody; take that away (chmod o-w)");
	if (st->st_mode & S_IWGRP && st->st_gid && !sticky) {
		complain(c, &at, "may be written by group %u; take that away (chmod g-w)", st->st_gid);
		return -EPERM;
	}
	return 0;
}

static int check_folder(struct complaints *c, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return refuse_errno(c, path, -errno);
	return check_writers(c, path, &st);
}

/* Takes PATH and NAME over. */
static int add_source(struct config_sources *out, char *path, char *name, struct complaints *c)
{
	struct config_source *s = &out->source[out->n];
	struct stat st;
	int err;

	*s = (struct config_source){.path = path, .name = name};
	out->n++;
	if (!path || !name)
		return -ENOMEM;
	err = file_read_stat(path, CONFIG_FILE_MAX, &s->data, &s->size, &st);
	if (err)
		return refuse_errno(c, path, err);
	s->mode = st.st_mode & 0777;
	s->gid = st.st_gid;
	return check_writers(c, path, &st);
}

static bool ends_in(const char *name, const char *end)
{
	size_t size = strlen(name), tail = strlen(end);

	return size > tail && !strcmp(name + size - tail, end);
}

static int is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && (ends_in(entry->d_name, ".yaml") || ends_in(entry->d_name, ".yml"));
}

/* Byte order, whatever the locale: alphasort() would follow it. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_drop_in(struct config_sources *out, const char *folder, const char *name, struct complaints *c)
{
	char *path = path_join(folder, name);
	int err;

	if (ends_in(name, ".yaml"))
		return add_source(out, path, path_join(CONFIG_DROP_IN_DIR, name), c);
	err = path ? refuse(c, path, -EINVAL, "would not be read; drop-ins end in .yaml, rename it") : -ENOMEM;
	free(path);
	return err;
}

static int add_listed(struct config_sources *out, const char *folder, struct dirent **list, int n, struct complaints *c)
{
	int err = 0;

	if (n > CONFIG_DROP_INS) {
		struct config_place at = {.file = folder};

		complain(c, &at, "holds %d drop-ins; %d is the most, put several into one", n, CONFIG_DROP_INS);
		return -EFBIG;
	}
	for (int i = 0; i < n; i++) {
		int this_err = add_drop_in(out, folder, list[i]->d_name, c);

		err = err ? err : this_err;
	}
	return err;
}

static int add_drop_ins(struct config_sources *out, const char *folder, struct complaints *c)
{
	struct dirent **list = NULL;
	struct stat st;
	int n, err;

	if (lstat(folder, &st))
		return errno == ENOENT ? 0 : refuse_errno(c, folder, -errno);
	if (!S_ISDIR(st.st_mode))
		return refuse(c, folder, -ENOTDIR, "is not a folder; drop-ins are files in it, remove or rename this");
	err = check_writers(c, folder, &st);
	if (err)
		return err;
	n = scandir(folder, &list, is_drop_in, by_bytes);
	if (n < 0)
		return refuse_errno(c, folder, -errno);
	err = add_listed(out, folder, list, n, c);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return err;
}

/* "." for a bare name. */
static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return strdup(".");
	return slash == file ? strdup("/") : strndup(file, (size_t)(slash - file));
}

int config_sources_read(const char *file, struct config_sources *out, struct complaints *c)
{
	char *folder = folder_of(file), *drop_ins = folder ? path_join(folder, CONFIG_DROP_IN_DIR) : NULL;
	int err, later;

	out->n = 0;
	err = drop_ins ? check_folder(c, folder) : -ENOMEM;
	if (!err) {
		err = add_source(out, strdup(file), strdup(CONFIG_MAIN_NAME), c);
		later = add_drop_ins(out, drop_ins, c);
		err = err ? err : later;
	}
	free(folder);
	free(drop_ins);
	return err;
}

void config_sources_free(struct config_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		free(sources->source[i].path);
		free(sources->source[i].name);
		free(sources->source[i].data);
	}
	sources->n = 0;
}

static void digest_text(crypto_hash_sha256_state *state, const char *text)
{
	(void)crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

void config_sources_digest(const struct config_sources *sources, char sha256[static 65])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < sources->n; i++) {
		const struct config_source *s = &sources->source[i];
		char size[24];

		(void)snprintf(size, sizeof(size), "%zu", s->size);
		digest_text(&state, s->name);
		digest_text(&state, size);
		(void)crypto_hash_sha256_update(&state, (const unsigned char *)s->data, s->size);
	}
	(void)crypto_hash_sha256_final(&state, hash);
	(void)sodium_bin2hex(sha256, 65, hash, sizeof(hash));
}
