/* SPDX-License-Identifier: GPL-2.0-only */
/* Builds the path of a file below a folder. */
#include "paths.h"

#include <stdio.h>

char *path_join(const char *base, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", base, name) < 0 ? NULL : path;
}
