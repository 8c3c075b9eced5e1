/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects everything that is wrong with a configuration, one line each, with its place. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "config_internal.h"

int complaints_open(struct complaints *c)
{
	*c = (struct complaints){0};
	c->out = open_memstream(&c->text, &c->size);
	return c->out ? 0 : -ENOMEM;
}

static void print_place(FILE *out, const struct config_place *at)
{
	if (at->line)
		(void)fprintf(out, "%s:%u:%u: ", at->file, at->line, at->column);
	else if (at->file)
		(void)fprintf(out, "%s: ", at->file);
}

void complain(struct complaints *c, const struct config_place *at, const char *format, ...)
{
	va_list args;

	if (c->n++ == CONFIG_COMPLAINTS)
		(void)fprintf(c->out, "\nmore errors follow; correct these first");
	if (c->n > CONFIG_COMPLAINTS)
		return;
	if (c->n > 1)
		(void)fputc('\n', c->out);
	print_place(c->out, at);
	va_start(args, format);
	(void)vfprintf(c->out, format, args);
	va_end(args);
}

char *complaints_close(struct complaints *c)
{
	if (c->out)
		(void)fclose(c->out);
	if (c->n)
		return c->text;
	free(c->text);
	return NULL;
}
