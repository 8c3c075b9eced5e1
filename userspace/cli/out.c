/* SPDX-License-Identifier: GPL-2.0-only */
/* One walk over what a command shows, two writers: aligned text for people, JSON for programs. */
#include "out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "clean.h"
#include "out_json.h"
#include "table_text.h"

#define LABEL_WIDTH 14

struct out {
	FILE *to;
	bool is_json;
	struct json_writer json;
	struct text_table *table;
	const char *title, *empty; /* of the table or list begun last, not yet written */
	unsigned indent;
	unsigned skip; /* text: depth of tables and lists inside a row, which only JSON shows */
	bool written;  /* text: something stands before, so that a title gets an empty line */
};

struct out *out_new(FILE *to, bool json)
{
	struct out *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->to = to;
	o->is_json = json;
	o->json.to = to;
	if (json)
		json_open(&o->json, NULL, '{');
	return o;
}

int out_end(struct out *o)
{
	int err;

	if (o->is_json) {
		json_close(&o->json, '}');
		(void)fputc('\n', o->to);
	}
	err = fflush(o->to) != 0 || ferror(o->to) ? -EIO : 0;
	free(o);
	return err;
}

bool out_is_json(const struct out *o)
{
	return o->is_json;
}

void out_flush(struct out *o)
{
	if (o->is_json) {
		json_close(&o->json, '}');
		(void)fputc('\n', o->to);
		json_open(&o->json, NULL, '{');
	}
	(void)fflush(o->to);
}

/* A field in text: a cell of the table, or a line. TEXT is clean. */
static void text_field(struct out *o, const char *label, const char *text, bool number)
{
	if (o->skip)
		return;
	if (o->table) {
		text_table_cell(o->table, label, text, number);
		return;
	}
	(void)fprintf(o->to, "%*s%s:%*s %s\n", (int)o->indent, "", label,
		      (int)(text_columns(label) < LABEL_WIDTH ? LABEL_WIDTH - text_columns(label) : 0), "", text);
	o->written = true;
}

/* A value whose JSON form needs no quotes. */
static void plain_field(struct out *o, const char *key, const char *label, const char *json, const char *text)
{
	if (o->is_json && key) {
		json_name(&o->json, key);
		(void)fputs(json, o->to);
	}
	if (!o->is_json && label)
		text_field(o, label, text, true);
}

void out_string(struct out *o, const char *key, const char *label, const char *value)
{
	char *clean = value ? clean_text(value) : NULL;

	if (o->is_json && key) {
		json_name(&o->json, key);
		if (clean)
			json_text(&o->json, clean);
		else
			(void)fputs("null", o->to);
	}
	if (!o->is_json && label)
		text_field(o, label, clean && *clean ? clean : "-", false);
	free(clean);
}

void out_uint(struct out *o, const char *key, const char *label, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	plain_field(o, key, label, text, text);
}

void out_int(struct out *o, const char *key, const char *label, int64_t value)
{
	if (value < 0)
		plain_field(o, key, label, "null", "-");
	else
		out_uint(o, key, label, (uint64_t)value);
}

void out_bool(struct out *o, const char *key, const char *label, bool value)
{
	if (o->is_json)
		plain_field(o, key, label, value ? "true" : "false", "");
	else if (label)
		text_field(o, label, value ? "yes" : "no", false);
}

void out_time(struct out *o, const char *key, const char *label, int64_t seconds)
{
	char text[TIME_TEXT];

	if (seconds != 0)
		time_format(seconds, text);
	out_string(o, key, label, seconds != 0 ? text : NULL);
}

void out_text(struct out *o, const char *label, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (o->is_json)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		out_string(o, NULL, label, text);
	va_end(args);
	free(text);
}

void out_line(struct out *o, const char *format, ...)
{
	char *text = NULL, *clean = NULL;
	va_list args;

	if (o->is_json || o->skip)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		clean = clean_text(text);
	va_end(args);
	if (clean)
		(void)fprintf(o->to, "%*s%s\n", (int)o->indent, "", clean);
	o->written = true;
	free(clean);
	free(text);
}

static void write_title(struct out *o, const char *label)
{
	if (!label)
		return;
	(void)fprintf(o->to, "%s%s\n", o->written ? "\n" : "", label);
	o->written = true;
}

void out_object(struct out *o, const char *key, const char *label)
{
	if (o->is_json && key)
		json_open(&o->json, key, '{');
	if (!o->is_json)
		write_title(o, label);
}

void out_object_end(struct out *o)
{
	if (o->is_json)
		json_close(&o->json, '}');
}

/* Text: is this inside a row? Then it, and what it holds, is left out. */
static bool skip_begin(struct out *o)
{
	if (!o->is_json && (o->table || o->skip))
		o->skip++;
	return o->skip != 0;
}

static bool skip_end(struct out *o)
{
	if (o->skip == 0)
		return false;
	o->skip--;
	return true;
}

void out_json_only(struct out *o)
{
	if (!o->is_json)
		o->skip++;
}

void out_json_only_end(struct out *o)
{
	(void)skip_end(o);
}

void out_table(struct out *o, const char *key, const char *label, const char *empty)
{
	if (skip_begin(o))
		return;
	o->title = label;
	o->empty = empty;
	if (o->is_json)
		json_open(&o->json, key, '[');
	else
		o->table = text_table_new(o->to);
}

void out_row(struct out *o)
{
	if (o->is_json) {
		json_open(&o->json, NULL, '{');
	} else if (o->table && !o->skip) {
		write_title(o, o->title);
		o->title = NULL;
		o->empty = NULL;
		o->written = true;
		text_table_row(o->table);
	}
}

void out_row_end(struct out *o)
{
	if (o->is_json)
		json_close(&o->json, '}');
}

void out_table_end(struct out *o)
{
	if (skip_end(o))
		return;
	if (o->is_json) {
		json_close(&o->json, ']');
		return;
	}
	if (o->table)
		(void)text_table_end(o->table);
	o->table = NULL;
	if (!o->empty)
		return;
	write_title(o, o->title);
	out_line(o, "  %s", o->empty);
}

void out_list(struct out *o, const char *key, const char *label)
{
	if (skip_begin(o))
		return;
	o->title = label;
	if (o->is_json)
		json_open(&o->json, key, '[');
}

void out_item(struct out *o, const char *value)
{
	char *clean = clean_text(value);

	if (o->is_json) {
		json_name(&o->json, NULL);
		json_text(&o->json, clean ? clean : "");
	} else if (!o->skip) {
		write_title(o, o->title);
		o->title = NULL;
		out_line(o, "  %s", value);
	}
	free(clean);
}

void out_list_end(struct out *o)
{
	if (skip_end(o))
		return;
	if (o->is_json)
		json_close(&o->json, ']');
}
