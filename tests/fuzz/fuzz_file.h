/* SPDX-License-Identifier: GPL-2.0-only */
/* For parsers that read files only: a folder of this process's own, in memory where there is /dev/shm. */
#ifndef LENSCAP_TESTS_FUZZ_FILE_H
#define LENSCAP_TESTS_FUZZ_FILE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char fuzz_folder[64], fuzz_path[128];

static void fuzz_remove(void)
{
	(void)unlink(fuzz_path);
	(void)rmdir(fuzz_folder);
}

/* Write DATA as NAME; the path stays the same from call to call. */
static inline void fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	int fd;

	if (!fuzz_folder[0]) {
		(void)snprintf(fuzz_folder, sizeof(fuzz_folder), "%s/lcfuzzXXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		if (!mkdtemp(fuzz_folder))
			abort();
		(void)snprintf(fuzz_path, sizeof(fuzz_path), "%s/%s", fuzz_folder, name);
		(void)atexit(fuzz_remove);
	}
	fd = open(fuzz_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		abort();
}
#endif
