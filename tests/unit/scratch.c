/* SPDX-License-Identifier: GPL-2.0-only */
/* A temporary folder for one test, with everything in it removed at the end. */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/lib/file.h"
#include "../../userspace/lib/paths.h"
#include "unit.h"

static char *paths[512]; /* handed out: they live as long as the folder */
static size_t n_paths;

int scratch_make(void **state)
{
	char *folder = strdup("/tmp/lenscap-unit-XXXXXX");

	*state = folder;
	return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int scratch_remove(void **state)
{
	int err = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	while (n_paths)
		free(paths[--n_paths]);
	free(*state);
	return err;
}

const char *scratch_path(void **state, const char *name)
{
	char *path;

	assert_in_range(n_paths, 0, LENGTH(paths) - 1);
	path = path_join(*state, name);
	assert_non_null(path);
	paths[n_paths++] = path;
	return path;
}

const char *scratch_write(void **state, const char *name, const char *text, mode_t mode)
{
	const char *path = scratch_path(state, name);
	const char *slash = strrchr(name, '/');

	if (slash) {
		char folder[256];

		(void)snprintf(folder, sizeof(folder), "%s/%.*s", (const char *)*state, (int)(slash - name), name);
		assert_int_equal(file_make_dir(folder, 0755), 0);
	}
	assert_int_equal(file_write(path, text, strlen(text), mode, (gid_t)-1, false), 0);
	return path;
}
