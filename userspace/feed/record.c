/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON lines to records: yajl's events, one handle for all lines, nothing of unknown values kept. */
#include "record_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define DEPTH_MAX 8 /* of unknown nested values */
#define REASON_SIZE 160

struct record_reader {
	yajl_handle json;
	enum record_kind kind;
	unsigned depth, objects;
	enum field field; /* whose value comes next; FIELDS = an unknown one's */
	struct record record;
	char reason[REASON_SIZE];
};

/* Always 0: tells yajl to stop. */
static int stop(struct record_reader *r, const char *before, const char *name, const char *after)
{
	(void)snprintf(r->reason, sizeof(r->reason), "%s%s%s", before, name, after);
	return 0;
}

/* Every value passes here: true when it is a known field's. Only objects stand on a line by themselves. */
static bool is_known(const struct record_reader *r)
{
	return r->depth == 1 && r->field < FIELDS;
}

static int no_object(struct record_reader *r)
{
	return stop(r, "the line is not a JSON object", "", "; each line is one {...}");
}

static int wrong_type(struct record_reader *r)
{
	return stop(r, "\"", record_field_name(r->field),
		    record_field_is_number(r->field) ? "\" is not a number; write it as a whole number without quotes"
					    : "\" is not a string; write it in quotes");
}

static int on_null(void *context)
{
	const struct record_reader *r = context;

	return r->depth ? 1 : no_object(context);
}

static int on_boolean(void *context, int value)
{
	struct record_reader *r = context;

	(void)value;
	if (!r->depth)
		return no_object(r);
	return is_known(r) ? wrong_type(r) : 1;
}

/* Up to 18 digits with an optional sign: what fits without a second thought. */
static bool parse_number(const char *text, size_t size, int64_t *number)
{
	size_t digits = *text == '-' ? 1 : 0;
	int64_t value = 0;

	if (size == digits || size - digits > 18)
		return false;
	for (size_t i = digits; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*number = digits ? -value : value;
	return true;
}

static int on_number(void *context, const char *text, size_t size)
{
	struct record_reader *r = context;

	if (!r->depth)
		return no_object(r);
	if (!is_known(r))
		return 1;
	if (!record_field_is_number(r->field))
		return wrong_type(r);
	if (!parse_number(text, size, &r->record.value[r->field].number))
		return stop(r, "\"", record_field_name(r->field),
			    "\" is not a whole number of at most 18 digits; write it so");
	r->record.present |= 1u << r->field;
	return 1;
}

/* What text_clean() would leave as it is; most strings are. */
static bool is_plain(const unsigned char *text, size_t size)
{
	unsigned bad = size > TEXT_MAX;

	for (size_t i = 0; i < size && i < TEXT_MAX; i++)
		bad |= text[i] < 0x20 || text[i] > 0x7e;
	return !bad;
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
	struct record_reader *r = context;
	char *out;

	if (!r->depth)
		return no_object(r);
	if (!is_known(r))
		return 1;
	if (record_field_is_number(r->field))
		return wrong_type(r);
	out = r->record.value[r->field].text;
	if (is_plain(text, size)) {
		memcpy(out, text, size);
		out[size] = '\0';
	} else {
		(void)text_clean((const char *)text, size, out);
	}
	r->record.present |= 1u << r->field;
	return 1;
}

static int open_value(struct record_reader *r)
{
	if (is_known(r))
		return wrong_type(r);
	if (r->depth == DEPTH_MAX)
		return stop(r, "values are nested too deep", "", "; an entry needs no nesting at all");
	r->depth++;
	return 1;
}

static int on_start_map(void *context)
{
	struct record_reader *r = context;

	if (!r->depth && r->objects++)
		return stop(r, "a second object is on the line", "", "; each line is one {...}");
	return open_value(r);
}

static int on_start_array(void *context)
{
	struct record_reader *r = context;

	return r->depth ? open_value(r) : no_object(r);
}

static int on_end(void *context)
{
	struct record_reader *r = context;

	r->depth--;
	return 1;
}

static int on_key(void *context, const unsigned char *key, size_t size)
{
	struct record_reader *r = context;

	if (r->depth != 1)
		return 1;
	r->field = record_field((const char *)key, size, r->kind);
	if (r->field == FIELDS)
		return 1;
	if (r->record.seen >> r->field & 1)
		return stop(r, "\"", record_field_name(r->field), "\" is there twice; leave one");
	r->record.seen |= 1u << r->field;
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

struct record_reader *record_reader_new(void)
{
	struct record_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->json = yajl_alloc(&callbacks, NULL, r);
	if (!r->json) {
		free(r);
		return NULL;
	}
	/* A line after a line is a value after a value. Strings are made valid by text_clean(). */
	(void)yajl_config(r->json, yajl_allow_multiple_values, 1);
	(void)yajl_config(r->json, yajl_dont_validate_strings, 1);
	return r;
}

void record_reader_free(struct record_reader *r)
{
	if (!r)
		return;
	yajl_free(r->json);
	free(r);
}

/* "lexical error: invalid char in json text.\n" without its last dot and line end. */
static void say_syntax(struct record_reader *r)
{
	unsigned char *text = yajl_get_error(r->json, 0, NULL, 0);
	char clean[TEXT_MAX + 1] = "error";

	if (text) {
		size_t size = strcspn((char *)text, ".\n");

		(void)text_clean((char *)text, size, clean);
		yajl_free_error(r->json, text);
	}
	(void)stop(r, "not valid JSON (", clean, "); each line is one {...}");
}

const struct record *record_read(struct record_reader *r, enum record_kind kind, const char *line, size_t size,
				 const char **reason)
{
	yajl_status status;

	r->kind = kind;
	r->objects = r->depth = 0;
	r->field = FIELDS;
	*reason = r->reason;
	if (record_read_plain(&r->record, kind, line, size))
		return &r->record;
	r->record.seen = r->record.present = 0;
	status = yajl_parse(r->json, (const unsigned char *)line, size);
	if (status == yajl_status_ok && !r->depth) /* what is behind the object might wait for its end on the next line */
		status = yajl_parse(r->json, (const unsigned char *)"\n", 1);
	if (status == yajl_status_ok && r->objects == 1 && !r->depth)
		return &r->record;
	if (status == yajl_status_error)
		say_syntax(r);
	else if (status == yajl_status_ok && !r->objects)
		(void)no_object(r);
	else if (status == yajl_status_ok)
		(void)stop(r, "the object does not end on its line", "", "; each line is one {...}, whole");
	return NULL;
}
