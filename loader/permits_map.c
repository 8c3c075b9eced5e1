/* SPDX-License-Identifier: GPL-2.0-only */
/* The map "permits": filled before any program has it, never changed after. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "permits.h"

static int fill(int fd, const struct permit *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bpf_map_update_elem(fd, &rows[i].key, &rows[i].value, BPF_ANY))
			return -errno;
	return 0;
}

static int renew(struct maps *maps, const struct permit *rows, size_t n, uint64_t digest)
{
	int fd = maps_another(maps, MAP_PERMITS);
	int error = fd < 0 ? fd : fill(fd, rows, n);

	if (error) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	if (maps->fd[MAP_PERMITS] >= 0)
		close(maps->fd[MAP_PERMITS]);
	maps->fd[MAP_PERMITS] = fd;
	maps->permits = digest;
	return 1;
}

int permits_sync(struct maps *maps, const struct config *config)
{
	struct permit *rows;
	uint64_t digest;
	size_t n;
	int result = permits_make(config, &rows, &n, &digest);

	if (result)
		return result;
	result = digest == maps->permits ? 0 : renew(maps, rows, n, digest);
	free(rows);
	return result;
}
