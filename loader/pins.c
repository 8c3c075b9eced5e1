/* SPDX-License-Identifier: GPL-2.0-only */
/* Pins in the bpffs: prepare aside, then rename. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../userspace/lib/paths.h"
#include "pins.h"

#define ASIDE "new_" /* bpffs takes no name with a dot */

int pins_check(const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs))
		return -errno;
	return fs.f_type == BPF_FS_MAGIC ? 0 : -ENODEV;
}

static int prepare(const char *path, int fd, mode_t mode, gid_t gid)
{
	if (unlink(path) && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(fd, path))
		return -errno;
	/* The group first: a mode given for one group must never serve another. */
	if (chown(path, (uid_t)-1, gid) || chmod(path, mode))
		return -errno;
	return 0;
}

static int place(const char *aside, const char *path, int fd, mode_t mode, gid_t gid)
{
	int error = prepare(aside, fd, mode, gid);

	if (!error && rename(aside, path))
		error = -errno;
	if (error)
		(void)unlink(aside);
	return error;
}

int pin_place(const char *dir, const char *name, int fd, mode_t mode, gid_t gid)
{
	char *path = path_join(dir, name);
	char *aside = NULL;
	int error = -ENOMEM;

	if (path && asprintf(&aside, "%s/" ASIDE "%s", dir, name) >= 0)
		error = place(aside, path, fd, mode, gid);
	free(aside);
	free(path);
	return error;
}

int pin_open(const char *dir, const char *name)
{
	char *path = path_join(dir, name);
	int fd = path ? bpf_obj_get(path) : -ENOMEM;
	int error = errno;

	free(path);
	if (fd == -1)
		return -error;
	return fd;
}

bool pin_exists(const char *dir, const char *name)
{
	char *path = path_join(dir, name);
	struct stat st;
	bool exists = path && !lstat(path, &st);

	free(path);
	return exists;
}

int pin_remove(const char *dir, const char *name)
{
	char *path = path_join(dir, name);
	int error = path ? 0 : -ENOMEM;

	if (path && unlink(path) && errno != ENOENT)
		error = -errno;
	free(path);
	return error;
}
