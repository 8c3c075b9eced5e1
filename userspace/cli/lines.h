/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing list of lines: problems, warnings. */
#ifndef LENSCAP_CLI_LINES_H
#define LENSCAP_CLI_LINES_H

#include <stddef.h>

#include "out.h"

struct lines { /* start with zeros */
	char **line;
	size_t n;
};

/* Out of memory: the text may be lost, but the line stays. */
void lines_add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lines_show(const struct lines *lines, struct out *o, const char *key, const char *label);
void lines_free(struct lines *lines);
#endif
