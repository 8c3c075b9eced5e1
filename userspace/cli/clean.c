/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings of any length made safe for a terminal and for JSON. */
#include "clean.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"

/* Bytes of the character at IN, as its first byte announces it, but not beyond the end. */
static size_t char_bytes(const char *in)
{
	unsigned char lead = (unsigned char)*in;
	size_t want = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	return strnlen(in, want);
}

/* Nothing in it to be replaced? Most texts are so. */
static bool is_plain(const char *in)
{
	for (; *in; in++)
		if ((unsigned char)*in < 0x20 || (unsigned char)*in >= 0x7f)
			return false;
	return true;
}

char *clean_text(const char *in)
{
	char one[TEXT_MAX + 1], *out, *end;

	if (is_plain(in))
		return strdup(in);
	out = end = malloc(2 * strlen(in) + 1);
	while (out && *in) {
		size_t size = char_bytes(in);

		if (*in == '\n') {
			end = stpcpy(end, "; ");
		} else if (size == 1) {
			*end++ = (unsigned char)*in < 0x20 || (unsigned char)*in >= 0x7f ? '?' : *in;
		} else {
			size_t made = text_clean(in, size, one);

			end = mempcpy(end, one, made);
		}
		in += size;
	}
	if (out)
		*end = '\0';
	return out;
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}
