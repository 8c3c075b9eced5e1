/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON as it is written, without a tree in memory. */
#include "out_json.h"

void json_text(struct json_writer *w, const char *value)
{
	(void)fputc('"', w->to);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			(void)fputc('\\', w->to);
		if ((unsigned char)*c < 0x20)
			(void)fprintf(w->to, "\\u%04x", (unsigned char)*c);
		else
			(void)fputc(*c, w->to);
	}
	(void)fputc('"', w->to);
}

void json_name(struct json_writer *w, const char *key)
{
	if (w->filled >> w->depth & 1)
		(void)fputc(',', w->to);
	w->filled |= 1u << w->depth;
	if (!key)
		return;
	json_text(w, key);
	(void)fputc(':', w->to);
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
	if (w->depth > 0)
		json_name(w, key);
	(void)fputc(bracket, w->to);
	w->depth++;
	w->filled &= ~(1u << w->depth);
}

void json_close(struct json_writer *w, char bracket)
{
	w->depth--;
	(void)fputc(bracket, w->to);
}
