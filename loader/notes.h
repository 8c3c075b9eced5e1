/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of sentences for people: the warnings of a port, of a plan. */
#ifndef LENSCAP_LOADER_NOTES_H
#define LENSCAP_LOADER_NOTES_H

#include <stdbool.h>
#include <stddef.h>

struct notes {
	char **text;
	size_t n;
};

/* Add a sentence. Out of memory loses it (a warning must never stop enforcement). */
void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool notes_has(const struct notes *notes, const char *text);
void notes_clear(struct notes *notes);
/* Copy all sentences of FROM to TO. */
void notes_copy(struct notes *to, const struct notes *from);
#endif
