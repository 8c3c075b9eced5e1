/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that somebody names on the command line: read as the caller, parsed without rights. */
#ifndef LENSCAP_CLI_CONTENT_H
#define LENSCAP_CLI_CONTENT_H

#include "cli.h"

struct content {
	const char *name;
	char *data;
	size_t size;
	char sha256[65];
};

/* Reads all of it, then gives root up. 0, or an exit code, told. */
int content_read(const struct cli *cli, const char *name, struct content *out);
void content_free(struct content *c);
#endif
