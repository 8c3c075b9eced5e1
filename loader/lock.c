/* SPDX-License-Identifier: GPL-2.0-only */
/* One loader at a time: a lock that the kernel gives up with the process, and in it the holder's pid for people. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "../userspace/lib/paths.h"
#include "lock.h"

static pid_t read_pid(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static int hold(int fd, pid_t *holder)
{
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		*holder = read_pid(fd);
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return -errno;
	return 0;
}

int lock_take(const char *run, pid_t *holder)
{
	char *path = path_join(run, PATH_LOADER_LOCK);
	int fd = path ? open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600) : -1;
	int error = fd >= 0 ? hold(fd, holder) : -(path ? errno : ENOMEM);

	free(path);
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return error;
}
