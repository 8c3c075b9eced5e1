/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing list of lines: problems, warnings. */
#include "lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void lines_add(struct lines *lines, const char *format, ...)
{
	char **grown = reallocarray(lines->line, lines->n + 1, sizeof(*grown));
	char *text = NULL;
	va_list args;

	if (!grown)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	lines->line = grown;
	lines->line[lines->n++] = text;
}

void lines_show(const struct lines *lines, struct out *o, const char *key, const char *label)
{
	out_list(o, key, label);
	for (size_t i = 0; i < lines->n; i++)
		out_item(o, lines->line[i] ? lines->line[i] : "out of memory");
	out_list_end(o);
}

void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->line[i]);
	free(lines->line);
	*lines = (struct lines){0};
}
