/* SPDX-License-Identifier: GPL-2.0-only */
/* Last-known-good files: copied aside, made durable, exchanged. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/file.h"

char *record_copy_path(const char *record)
{
	const char *name = strrchr(record, '/');
	char *path = NULL;

	if (!name || asprintf(&path, "%.*s/.%s.new", (int)(name - record), record, name + 1) < 0)
		return NULL;
	return path;
}

/* 1 = the target failed (negative errno in *err), 0 = done or the source failed. */
static int pour(int from, int to, size_t max, int *err)
{
	size_t done = 0;

	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1u << 20);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*err = -errno;
			return *err == -ENOSPC || *err == -EDQUOT || *err == -EROFS || *err == -EIO;
		}
		if (n == 0)
			return 0;
		done += (size_t)n;
		if (done > max) {
			*err = -EFBIG;
			return 0;
		}
	}
}

static const char *cannot_read(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no such file; the last accepted content stays in force";
	case -EACCES:
		return "permission denied; let the user of lenscapd read it";
	case -EINVAL:
	case -ELOOP:
		return "not a regular file; put the feed there itself, not a link to it";
	case -EFBIG:
		return "over max-bytes; shorten the list or raise max-bytes";
	default:
		return strerror(-err);
	}
}

static int open_copy(const char *copy)
{
	int fd;

	(void)unlink(copy);
	fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

int record_take(const char *path, const char *copy, size_t max, char error[static RECORD_ERROR])
{
	struct stat st;
	int from = file_open(path, &st), to = -1, err = 0, target = 0;

	if (from < 0) {
		(void)snprintf(error, RECORD_ERROR, "%s: cannot be read: %s", path, cannot_read(from));
		return from;
	}
	to = open_copy(copy);
	if (to < 0) {
		err = to;
		target = 1;
	} else {
		target = pour(from, to, max, &err);
		(void)sync_file_range(to, 0, 0, SYNC_FILE_RANGE_WRITE); /* begins what record_keep() will wait for */
		(void)close(to);
	}
	(void)close(from);
	if (!err)
		return 0;
	(void)unlink(copy);
	if (target)
		(void)snprintf(error, RECORD_ERROR, "%s: cannot record it as %s: %s; make room, it is tried again", path, copy,
			       strerror(-err));
	else
		(void)snprintf(error, RECORD_ERROR, "%s: cannot be read: %s", path, cannot_read(err));
	return target ? -ENOSPC : err;
}

int record_write(int from, const char *copy)
{
	int to = lseek(from, 0, SEEK_SET) < 0 ? -errno : open_copy(copy), err = 0;

	if (to < 0)
		return to;
	(void)pour(from, to, SIZE_MAX, &err);
	if (close(to) && !err)
		err = -errno;
	if (err)
		(void)unlink(copy);
	return err;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	(void)close(fd);
	return err;
}

static int exchange(const char *copy, const char *record, int *former)
{
	*former = 1;
	if (!renameat2(AT_FDCWD, copy, AT_FDCWD, record, RENAME_EXCHANGE))
		return 0;
	*former = 0; /* there is none, or the file system cannot exchange: then an undo has nothing to bring back */
	return rename(copy, record) ? -errno : 0;
}

int record_keep(const char *copy, const char *record, int *former)
{
	int err = sync_file(copy);

	if (!err)
		err = exchange(copy, record, former);
	return err ? err : file_sync_parent(record);
}

void record_undo(const char *copy, const char *record, int former)
{
	if (former)
		(void)renameat2(AT_FDCWD, copy, AT_FDCWD, record, RENAME_EXCHANGE);
	else
		(void)rename(record, copy);
	(void)file_sync_parent(record);
}
