/* SPDX-License-Identifier: GPL-2.0-only */
/* STIX 2.1 bundles: yajl's events, one object's known fields at a time; other objects than indicators say nothing to us. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "../lib/text.h"
#include "stix_items.h"

#define DEPTH_MAX 32u
#define STRING_MAX ((size_t)64 << 10)  /* bytes of a pattern */
#define SILENCE_MAX ((size_t)256 << 10) /* bytes that yajl may gather for one value */
#define BYTES_MAX ((size_t)256 << 20)
#define EARLY 300 /* seconds that a publisher's clock may be ahead */

enum depth { IN_BUNDLE = 1, IN_OBJECTS = 2, IN_OBJECT = 3 };
enum key { TYPE, ID, MODIFIED, PATTERN, PATTERN_TYPE, VALID_FROM, VALID_UNTIL, NAME, REVOKED, KINDS, OBJECTS, KEYS };
static const char *const names[KEYS] = {"type",	      "id",   "modified", "pattern",	     "pattern_type", "valid_from",
					"valid_until", "name", "revoked",  "indicator_types", "objects"};

struct bundle {
	yajl_handle json;
	struct stix_items *items;
	int err;
	size_t silent; /* bytes since the last event */
	uint64_t lines;
	unsigned depth, tops;
	enum key key; /* whose value comes next */
	bool is_bundle, objects;
	uint32_t seen, seen_top; /* keys of the object, of the bundle */
	bool revoked, benign;
	char text[PATTERN_TYPE + 1][TEXT_MAX + 1]; /* type, id, modified, -, pattern_type */
	char from[TEXT_MAX + 1], until[TEXT_MAX + 1], name[TEXT_MAX + 1];
	char pattern[STRING_MAX + 1];
};

/* Always 0: tells yajl to stop. */
static int stop(struct intake *in, const char *what)
{
	struct bundle *b = in->state;

	b->err = intake_refuse(in, -EINVAL, "%s", what);
	return 0;
}

static int stop_object(struct intake *in, const char *what)
{
	struct bundle *b = in->state;
	const char *id = b->text[ID];

	b->err = intake_refuse(in, -EINVAL, "%s: %s", *id ? intake_shown(id, strlen(id)) : "an indicator without id", what);
	return 0;
}

static bool in_object(const struct bundle *b)
{
	return b->depth == IN_OBJECT && b->objects;
}

/* ---- One object ---- */
static char *place_of(struct bundle *b, enum key key)
{
	switch (key) {
	case TYPE:
	case ID:
	case MODIFIED:
	case PATTERN_TYPE:
		return b->text[key];
	case VALID_FROM:
		return b->from;
	case VALID_UNTIL:
		return b->until;
	case NAME:
		return b->name;
	default:
		return NULL;
	}
}

static void begin_object(struct bundle *b)
{
	b->seen = 0;
	b->revoked = b->benign = false;
	for (unsigned k = 0; k < KEYS; k++)
		if (place_of(b, k))
			*place_of(b, k) = '\0';
	*b->pattern = '\0';
}

static int check_times(struct intake *in, int64_t *until)
{
	struct bundle *b = in->state;
	int64_t from = 0;

	*until = 0;
	if (!*b->from || time_parse(b->from, &from) || (*b->until && (time_parse(b->until, until) || *until <= 0)))
		return stop_object(in, "valid_from or valid_until is missing or not a time; write it like 2026-11-23T21:43:54Z");
	if (*b->until && *until <= from)
		return stop_object(in, "valid_until is not after valid_from; correct it");
	if (in->rules.now && from > in->rules.now + EARLY)
		return stop_object(in, "valid_from is still to come, which an entry cannot say; publish it then");
	return 1;
}

/* 1 = go on. */
static int end_object(struct intake *in)
{
	struct bundle *b = in->state;
	struct stix_indicator i = {
	    .id = b->text[ID], .modified = b->text[MODIFIED], .pattern = b->pattern, .name = b->name, .revoked = b->revoked};

	if (strcmp(b->text[TYPE], "indicator") != 0)
		return *b->text[TYPE] ? 1 : stop(in, "an object has no \"type\"; STIX demands it");
	if (!*i.id)
		return stop_object(in, "STIX demands one");
	if (!b->revoked && strcmp(b->text[PATTERN_TYPE], "stix") != 0)
		return stop_object(in, "\"pattern_type\" is not \"stix\"; write other rules to another feed");
	if (b->benign && !b->revoked)
		return stop_object(in, "it is marked benign, which is no reason to stop a device; leave it out");
	if (!check_times(in, &i.until))
		return 0;
	b->err = stix_items_add(b->items, in, &i);
	return !b->err;
}

/* ---- Events ---- */
static int value(struct intake *in)
{
	struct bundle *b = in->state;

	b->silent = 0;
	if (!b->depth)
		return stop(in, "the file is not a JSON object; a bundle is one {\"type\":\"bundle\",…}");
	if (b->depth == IN_OBJECTS && b->objects)
		return stop(in, "\"objects\" holds something that is no object; correct the bundle");
	if (b->depth == IN_BUNDLE && (b->key == OBJECTS || b->key == TYPE))
		return stop(in, "\"type\" is not a string, or \"objects\" not a list; correct the bundle");
	if (in_object(b) && b->key != KEYS && b->key != OBJECTS)
		return stop_object(in, "a known field has a value of another type; correct it");
	return 1;
}

static int on_null(void *arg)
{
	return value(arg);
}

static int on_number(void *arg, const char *text, size_t size)
{
	(void)text;
	(void)size;
	return value(arg);
}

static int on_boolean(void *arg, int is_true)
{
	struct intake *in = arg;
	struct bundle *b = in->state;

	if (!in_object(b) || b->key != REVOKED)
		return value(in);
	b->silent = 0;
	b->revoked = is_true;
	return 1;
}

static int on_pattern(struct intake *in, const unsigned char *text, size_t size)
{
	struct bundle *b = in->state;

	if (size > STRING_MAX || memchr(text, '\0', size))
		return stop_object(in, "the pattern is over 64 KiB, or has a zero byte; split it");
	memcpy(b->pattern, text, size);
	b->pattern[size] = '\0';
	return 1;
}

static int on_string(void *arg, const unsigned char *text, size_t size)
{
	static const char benign[] = "benign", bundle[] = "bundle";
	struct intake *in = arg;
	struct bundle *b = in->state;
	char *place = in_object(b) ? place_of(b, b->key) : NULL;

	b->silent = 0;
	if (b->depth == IN_BUNDLE && b->key == TYPE) {
		b->is_bundle = size == strlen(bundle) && !memcmp(text, bundle, size);
		return b->is_bundle ? 1 : stop(in, "\"type\" is not \"bundle\"; give a STIX 2.1 bundle");
	}
	if (in_object(b) && b->key == PATTERN)
		return on_pattern(in, text, size);
	if (b->depth == IN_OBJECT + 1 && b->objects && b->key == KINDS)
		b->benign |= size == strlen(benign) && !memcmp(text, benign, size);
	if (!place)
		return b->depth > IN_OBJECT ? 1 : value(in);
	if (size > TEXT_MAX && b->key != NAME)
		return stop_object(in, "a field is over 128 bytes; shorten it");
	(void)text_clean((const char *)text, size, place);
	return 1;
}

static int deeper(struct intake *in)
{
	struct bundle *b = in->state;

	b->silent = 0;
	return ++b->depth <= DEPTH_MAX ? 1 : stop(in, "values are nested too deep; a bundle of indicators needs no such nesting");
}

static int on_start_map(void *arg)
{
	struct intake *in = arg;
	struct bundle *b = in->state;

	if (!b->depth && b->tops++)
		return stop(in, "something follows the bundle; give one bundle a file");
	if (b->depth == IN_OBJECTS && b->objects)
		begin_object(b);
	else if (b->depth && b->depth <= IN_OBJECT && !value(in))
		return 0;
	return deeper(in);
}

static int on_start_array(void *arg)
{
	struct intake *in = arg;
	struct bundle *b = in->state;

	if (b->depth == IN_BUNDLE && b->key == OBJECTS)
		b->objects = true;
	else if (!(in_object(b) && b->key == KINDS) && b->depth <= IN_OBJECT && !value(in))
		return 0;
	return deeper(in);
}

static int on_end_map(void *arg)
{
	struct intake *in = arg;
	struct bundle *b = in->state;
	int go_on = in_object(b) ? end_object(in) : 1;

	b->silent = 0;
	b->depth--;
	return go_on;
}

static int on_end_array(void *arg)
{
	struct intake *in = arg;
	struct bundle *b = in->state;

	b->silent = 0;
	b->depth--;
	if (b->depth == IN_BUNDLE)
		b->objects = false;
	return 1;
}

static int on_key(void *arg, const unsigned char *key, size_t size)
{
	struct intake *in = arg;
	struct bundle *b = in->state;
	uint32_t *seen = b->depth == IN_BUNDLE ? &b->seen_top : &b->seen;

	b->silent = 0;
	if (b->depth != IN_BUNDLE && !in_object(b))
		return 1;
	for (b->key = 0; b->key < KEYS; b->key++)
		if (strlen(names[b->key]) == size && !memcmp(names[b->key], key, size))
			break;
	if (b->key == KEYS || (b->depth == IN_BUNDLE && b->key != TYPE && b->key != OBJECTS)) {
		b->key = KEYS;
		return 1;
	}
	if (*seen >> b->key & 1)
		return stop(in, "a field is there twice in one object; leave one");
	*seen |= 1u << b->key;
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* ---- The format ---- */
static int syntax(struct intake *in, const char *what)
{
	struct bundle *b = in->state;

	return b->err ? b->err : intake_refuse(in, -EINVAL, "%s; write the bundle again", what);
}

static int stix_part(struct intake *in, const char *data, size_t size)
{
	struct bundle *b = in->state;

	in->line = b->lines + 1;
	b->silent += size;
	if (yajl_parse(b->json, (const unsigned char *)data, size) != yajl_status_ok)
		return syntax(in, "not valid JSON");
	if (b->silent > SILENCE_MAX)
		return intake_refuse(in, -EFBIG, "a value is over 256 KiB; shorten it");
	return 0;
}

static int stix_bytes(struct intake *in, const char *data, size_t size)
{
	struct bundle *b = in->state;
	int err = 0;

	if (in->bytes > BYTES_MAX)
		return intake_refuse(in, -EFBIG, "over 256 MiB, the most a bundle may have; publish in the native format");
	while (!err && size) {
		const char *end = memchr(data, '\n', size);
		size_t part = end ? (size_t)(end - data) + 1 : size;

		err = stix_part(in, data, part);
		b->lines += end != NULL;
		data += part;
		size -= part;
	}
	return err;
}

static int stix_ends(struct intake *in)
{
	struct bundle *b = in->state;

	in->line = b->lines + 1;
	if (yajl_complete_parse(b->json) != yajl_status_ok)
		return syntax(in, "the bundle does not end: it is cut off, or empty");
	if (!b->is_bundle)
		return intake_refuse(in, -EINVAL, "there is no \"type\":\"bundle\"; give a STIX 2.1 bundle");
	return stix_items_finish(b->items, in);
}

static int stix_open(struct intake *in)
{
	struct bundle *b = calloc(1, sizeof(*b));

	in->state = b;
	if (!b)
		return -ENOMEM;
	b->key = KEYS;
	b->items = stix_items_new();
	b->json = yajl_alloc(&callbacks, NULL, in);
	return b->items && b->json ? 0 : -ENOMEM;
}

static void stix_close(struct intake *in)
{
	struct bundle *b = in->state;

	if (!b)
		return;
	if (b->json)
		yajl_free(b->json);
	stix_items_free(b->items);
	free(b);
}

const struct format format_stix = {"stix", stix_open, NULL, stix_bytes, stix_ends, stix_close};
