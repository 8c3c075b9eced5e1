/* SPDX-License-Identifier: GPL-2.0-only */
/* Where registries are on this machine, and of what day. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "registry.h"

#define LATEST 253402300799ll /* 9999-12-31: dates have four digits */

static const char *const folders[] = {"/var/lib/ieee-data", "/usr/share/ieee-data"};

/* update-ieee-data leaves seconds since 1970 there. */
static int read_noted(const char *folder, int64_t *edition)
{
	char path[4096], text[32] = "", *end;
	long long seconds;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/.lastupdate", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	seconds = strtoll(text, &end, 10);
	if ((*end && *end != '\n') || seconds <= 0 || seconds > LATEST)
		return -EINVAL;
	*edition = seconds;
	return 0;
}

static int64_t newest_file(const char *folder)
{
	char path[4096];
	int64_t newest = 0;
	struct stat st;

	for (int i = 0; i < REGISTRY_KINDS; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, registry_kinds[i].file) >= (int)sizeof(path))
			continue;
		if (!stat(path, &st) && st.st_mtime > newest)
			newest = st.st_mtime;
	}
	return newest;
}

int registry_edition(const char *folder, int64_t *edition)
{
	int64_t newest;

	if (!read_noted(folder, edition))
		return 0;
	newest = newest_file(folder);
	if (!newest)
		return -ENOENT;
	*edition = newest;
	return 0;
}

const char *registry_default_folder(void)
{
	const char *best = NULL;
	int64_t best_edition = 0, edition = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (registry_edition(folders[i], &edition) || edition <= best_edition)
			continue;
		best = folders[i];
		best_edition = edition;
	}
	return best;
}
