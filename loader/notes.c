/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of sentences for people. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"

static void take(struct notes *notes, char *text)
{
	char **bigger = text ? reallocarray(notes->text, notes->n + 1, sizeof(*bigger)) : NULL;

	if (!bigger) {
		free(text);
		return;
	}
	notes->text = bigger;
	notes->text[notes->n++] = text;
}

void notes_add(struct notes *notes, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	take(notes, text);
}

bool notes_has(const struct notes *notes, const char *text)
{
	for (size_t i = 0; i < notes->n; i++)
		if (!strcmp(notes->text[i], text))
			return true;
	return false;
}

void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		free(notes->text[i]);
	free(notes->text);
	*notes = (struct notes){0};
}

void notes_copy(struct notes *to, const struct notes *from)
{
	for (size_t i = 0; i < from->n; i++)
		take(to, strdup(from->text[i]));
}
