/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: bounded reads of regular files only, atomic writes, folders, SHA-256. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: opening a FIFO must not wait for its other end. It means nothing for regular files. */
#define READ_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int file_open(const char *path, struct stat *st)
{
	int fd = open(path, READ_FLAGS);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st))
		err = -errno;
	else if (!S_ISREG(st->st_mode))
		err = -EINVAL;
	if (!err)
		return fd;
	(void)close(fd);
	return err;
}

/* Grow *buffer for SIZE used bytes and a terminator; twice as much each time, never over MAX + 1. */
static int grow(char **buffer, size_t *room, size_t max)
{
	size_t wanted = *room ? *room * 2 : 4096;
	char *bigger;

	if (wanted > max + 1)
		wanted = max + 1;
	bigger = realloc(*buffer, wanted + 1);
	if (!bigger)
		return -ENOMEM;
	*buffer = bigger;
	*room = wanted;
	return 0;
}

/* st_size is a hint at best: the file may grow while it is read. One byte over MAX tells that it is too big. */
static int read_whole(int fd, size_t hint, size_t max, char **data, size_t *size)
{
	char *buffer = NULL;
	size_t used = 0, room = hint < max ? hint / 2 + 1 : max / 2;
	int err = 0;

	while (!err) {
		ssize_t got;

		if ((!buffer || used == room) && (err = grow(&buffer, &room, max)))
			break;
		got = read(fd, buffer + used, room - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err = got < 0 ? -errno : 0;
			break;
		}
		used += (size_t)got;
		if (used > max)
			err = -EFBIG;
	}
	if (err) {
		free(buffer);
		return err;
	}
	buffer[used] = '\0';
	*data = buffer;
	*size = used;
	return 0;
}

int file_read_stat(const char *path, size_t max, char **data, size_t *size, struct stat *st)
{
	int fd = file_open(path, st);
	int err;

	if (fd < 0)
		return fd;
	err = (uint64_t)st->st_size > max ? -EFBIG : read_whole(fd, (size_t)st->st_size, max, data, size);
	(void)close(fd);
	return err;
}

int file_read(const char *path, size_t max, char **data, size_t *size)
{
	struct stat st = {0};

	return file_read_stat(path, max, data, size, &st);
}

int file_private(const char *path, const struct stat *st)
{
	char *copy = strdup(path);
	struct stat folder;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	if (stat(dirname(copy), &folder))
		err = -errno;
	free(copy);
	if (err)
		return err;
	if ((folder.st_mode | st->st_mode) & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return st->st_uid && st->st_uid != folder.st_uid ? -EPERM : 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static int fill(int fd, const void *data, size_t size, mode_t mode, gid_t gid, bool durable)
{
	int err = write_all(fd, data, size);

	if (!err && gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid))
		err = -errno;
	if (!err && fchmod(fd, mode)) /* behind fchown(), which takes bits away */
		err = -errno;
	if (!err && durable && fsync(fd))
		err = -errno;
	return err;
}

int file_sync_parent(const char *path)
{
	char *copy = strdup(path);
	int fd, err = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = -errno;
	if (fd >= 0)
		(void)close(fd);
	free(copy);
	return err;
}

/* "<folder>/.<name>.XXXXXX": hidden, and with no extension that anybody watches for. */
static char *name_aside(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *aside;

	if (asprintf(&aside, "%.*s.%s.XXXXXX", (int)(name - path), path, name) < 0)
		return NULL;
	return aside;
}

int file_write(const char *path, const void *data, size_t size, mode_t mode, gid_t gid, bool durable)
{
	char *aside = name_aside(path);
	int fd, err;

	if (!aside)
		return -ENOMEM;
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(aside);
		return err;
	}
	err = fill(fd, data, size, mode, gid, durable);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(aside, path))
		err = -errno;
	if (err)
		(void)unlink(aside);
	else if (durable)
		err = file_sync_parent(path);
	free(aside);
	return err;
}

static int make_one(const char *path, mode_t mode)
{
	struct stat st;

	if (!mkdir(path, mode))
		return chmod(path, mode) ? -errno : 0; /* whatever the umask */
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_make_dir(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash && !err; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		err = make_one(copy, 0755);
		*slash = '/';
	}
	if (!err)
		err = make_one(copy, mode);
	free(copy);
	return err;
}

void sha256_hex(const void *data, size_t size, char out[static 65])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, data, size);
	(void)sodium_bin2hex(out, 65, hash, sizeof(hash));
}
