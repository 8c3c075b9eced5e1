/* SPDX-License-Identifier: GPL-2.0-only */
/* The native feed: bytes to lines to records to entries, refused whole with the line and the way out. */
#include "native.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "record.h"

#define VERSION 1
#define NAME_SHOWN 160 /* the end of a longer file name is shown, so that the reason fits */

struct native {
	struct source_rules rules;
	struct record_reader *reader;
	struct entry_builder *builder;
	struct feed_header header;
	char name[NAME_SHOWN + 4];
	bool has_header;
	uint64_t line, entries; /* of this file */
	size_t bytes;		/* of all files */
	char *rest;		/* the begin of a line whose end has not come */
	size_t rest_size;
	char error[FEED_ERROR];
};

struct native *native_new(const struct source_rules *rules)
{
	struct native *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->rules = *rules;
	n->rules.max_entries = rules->max_entries ? rules->max_entries : NATIVE_MAX_ENTRIES;
	n->rules.max_bytes = rules->max_bytes ? rules->max_bytes : NATIVE_MAX_BYTES;
	n->rules.max_line = rules->max_line ? rules->max_line : NATIVE_MAX_LINE;
	n->reader = record_reader_new();
	n->builder = entry_builder_new(n->rules.max_entries);
	n->rest = malloc(n->rules.max_line + 1);
	if (n->reader && n->builder && n->rest)
		return n;
	native_free(n);
	return NULL;
}

void native_free(struct native *n)
{
	if (!n)
		return;
	record_reader_free(n->reader);
	entry_builder_free(n->builder);
	free(n->rest);
	free(n);
}

const char *native_error(const struct native *n)
{
	return n->error;
}

__attribute__((format(printf, 3, 4))) static int refuse(struct native *n, int err, const char *format, ...)
{
	int used = snprintf(n->error, sizeof(n->error), "%s:%" PRIu64 ": ", n->name, n->line);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(n->error + used, sizeof(n->error) - (size_t)used, format, args);
	va_end(args);
	return err;
}

/* ---- Header ---- */
static int read_time(struct native *n, const struct record *r, enum field field, const char *name, int64_t *out)
{
	*out = 0;
	if (!record_has(r, field))
		return 0;
	if (time_parse(r->value[field].text, out) || *out <= 0)
		return refuse(n, -EINVAL, "\"%s\" is \"%s\", not a time; write it like 2026-11-23T21:43:54Z", name,
			      r->value[field].text);
	return 0;
}

static int check_version(struct native *n, const struct record *r)
{
	if (!record_has(r, FIELD_LENSCAP))
		return refuse(n, -EINVAL,
			      "the first line is not a header; start with "
			      "{\"lenscap\":1,\"list\":NAME,\"serial\":N,\"count\":N}");
	if (r->value[FIELD_LENSCAP].number != VERSION)
		return refuse(n, -EINVAL,
			      "format version %" PRId64 " is not known; publish in version 1 or upgrade Lenscap",
			      r->value[FIELD_LENSCAP].number);
	if (record_has(r, FIELD_SINCE))
		return refuse(n, -EINVAL,
			      "this version does not have deltas (\"since\"); publish the whole list without it");
	return 0;
}

static bool is_list_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t size = strlen(name);

	return size >= 1 && size <= 64 && strspn(name, allowed) == size;
}

static int check_list(struct native *n, const struct record *r)
{
	const char *list = r->value[FIELD_LIST].text;

	if (!record_has(r, FIELD_LIST))
		return refuse(n, -EINVAL, "the header has no \"list\"; add the list's name");
	if (!is_list_name(list))
		return refuse(n, -EINVAL, "\"%s\" is not a list name; use up to 64 of A-Z a-z 0-9 . _ -", list);
	if (n->rules.list && strcmp(list, n->rules.list) != 0)
		return refuse(n, -EINVAL,
			      "this is list \"%s\", not \"%s\"; give the file of that list or correct the name in "
			      "lenscap.yaml",
			      list, n->rules.list);
	(void)snprintf(n->header.list, sizeof(n->header.list), "%.64s", list);
	return 0;
}

static int read_counter(struct native *n, const struct record *r, enum field field, const char *name, int64_t *out)
{
	if (!record_has(r, field))
		return refuse(n, -EINVAL, "the header has no \"%s\"; add it", name);
	*out = r->value[field].number;
	if (*out < 0)
		return refuse(n, -EINVAL, "\"%s\" is %" PRId64 "; it must not be negative", name, *out);
	return 0;
}

static int read_header(struct native *n, const struct record *r)
{
	int64_t count = 0;
	int err = check_version(n, r);

	if (!err)
		err = check_list(n, r);
	if (!err)
		err = read_counter(n, r, FIELD_SERIAL, "serial", &n->header.serial);
	if (!err)
		err = read_counter(n, r, FIELD_COUNT, "count", &count);
	if (!err)
		err = read_time(n, r, FIELD_GENERATED, "generated", &n->header.generated);
	if (!err)
		err = read_time(n, r, FIELD_EXPIRES, "expires", &n->header.expires);
	if (err)
		return err;
	if ((uint64_t)count > n->rules.max_entries)
		return refuse(n, -EFBIG,
			      "the header counts %" PRId64 " entries, the limit is %" PRIu64
			      "; raise max-entries or shorten the list",
			      count, n->rules.max_entries);
	n->header.count = (uint64_t)count;
	n->header.since = -1;
	n->has_header = true;
	return 0;
}

/* ---- Entries ---- */
static int read_prefix(struct native *n, const struct record *r, struct prefix *prefix)
{
	enum field field = record_has(r, FIELD_MAC) ? FIELD_MAC : FIELD_PREFIX;
	const char *text = r->value[field].text, *reason = NULL;

	if (!record_has(r, field))
		return refuse(n, -EINVAL, "the entry has neither \"mac\" nor \"prefix\"; add one");
	if (record_has(r, FIELD_MAC) && record_has(r, FIELD_PREFIX))
		return refuse(n, -EINVAL, "the entry has both \"mac\" and \"prefix\"; leave one");
	if (field == FIELD_MAC && strchr(text, '/'))
		return refuse(n, -EINVAL, "\"mac\" is the prefix \"%s\"; call the field \"prefix\"", text);
	if (prefix_parse(text, prefix, &reason))
		return refuse(n, -EINVAL, "\"%s\": %s", text, reason);
	if (prefix->len < n->rules.min_length)
		return refuse(n, -EINVAL,
			      "\"%s\" is shorter than min-length %u; list longer prefixes or lower min-length", text,
			      n->rules.min_length);
	return 0;
}

static int read_action(struct native *n, const struct record *r, enum lc_action *action)
{
	const char *text = r->value[FIELD_ACTION].text;

	*action = record_has(r, FIELD_ACTION) ? action_parse(text) : LC_QUARANTINE;
	if (*action == LC_ABSENT)
		return refuse(n, -EINVAL, "\"%s\" is not an action; use quarantine, drop, monitor or allow", text);
	if (!action_available(*action))
		return refuse(n, -EINVAL,
			      "this version does not have the action \"%s\"; use quarantine, drop, monitor or allow",
			      text);
	if (!n->rules.may_allow && (*action == LC_ALLOW || *action == LC_MONITOR))
		return refuse(n, -EINVAL,
			      "this source may flag only, the entry says \"%s\"; leave it out or set "
			      "may: [flag, allow]",
			      text);
	return 0;
}

/* The handle of a field's text; 0 and *err set when the pool is full. */
static uint32_t keep_text(struct native *n, const struct record *r, enum field field, int *err)
{
	const char *text = r->value[field].text;
	uint32_t handle;

	if (*err || !record_has(r, field) || !*text)
		return 0;
	handle = strings_add(entry_builder_strings(n->builder), text);
	if (!handle)
		*err = refuse(n, -EFBIG, "vendor, model and reason texts take more than %u MiB; shorten or repeat them",
			      STRINGS_MAX >> 20);
	return handle;
}

static int add_entry(struct native *n, const struct record *r, const struct prefix *prefix, enum lc_action action)
{
	struct entry e = {.word = action | (n->rules.dry_run ? LC_ENTRY_DRY_RUN : 0u)};
	int err = read_time(n, r, FIELD_UNTIL, "until", &e.until);

	e.vendor = keep_text(n, r, FIELD_VENDOR, &err);
	e.model = keep_text(n, r, FIELD_MODEL, &err);
	e.reason = keep_text(n, r, FIELD_REASON, &err);
	if (err)
		return err;
	err = entry_builder_add(n->builder, prefix, &e);
	if (err == -EFBIG)
		return refuse(n, err,
			      "over %" PRIu64 " entries (a /25 counts as eight /28); raise %s or shorten the list",
			      n->rules.max_entries, n->rules.header ? "max-entries" : "policy.capacity");
	return err ? refuse(n, err, "out of memory; stop other programs or shorten the list") : 0;
}

static int read_entry(struct native *n, const struct record *r)
{
	enum lc_action action = LC_ABSENT;
	struct prefix prefix = {0};
	int err;

	if (n->rules.header && n->entries == n->header.count)
		return refuse(n, -EINVAL,
			      "the header counts %" PRIu64 " entries, but there are more; correct \"count\"",
			      n->header.count);
	n->entries++;
	if (record_has(r, FIELD_OP))
		return refuse(n, -EINVAL,
			      "\"op\" belongs to deltas, which this version does not have; publish the whole list");
	err = read_prefix(n, r, &prefix);
	if (!err)
		err = read_action(n, r, &action);
	return err ? err : add_entry(n, r, &prefix, action);
}

/* ---- Lines ---- */
static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

static int read_line(struct native *n, const char *line, size_t size)
{
	bool want_header = n->rules.header && !n->has_header;
	const struct record *record;
	const char *reason = NULL;

	n->line++;
	if (size > n->rules.max_line)
		return refuse(n, -EFBIG, "the line is over %zu bytes; shorten it", n->rules.max_line);
	if (size && line[size - 1] == '\r')
		size--;
	if (is_blank(line, size))
		return 0;
	if (memchr(line, '\0', size))
		return refuse(n, -EINVAL, "a zero byte is in the line; save the file as UTF-8 text");
	if (n->line == 1 && size >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
		return refuse(n, -EINVAL, "the file begins with a byte order mark; save it as UTF-8 without one");
	record = record_read(n->reader, want_header ? RECORD_HEADER : RECORD_ENTRY, line, size, &reason);
	if (!record)
		return refuse(n, -EINVAL, "%s", reason);
	return want_header ? read_header(n, record) : read_entry(n, record);
}

/* Keep the begin of a line; more than a line may have is kept to be refused, no more. */
static void keep_rest(struct native *n, const char *data, size_t size)
{
	size_t room = n->rules.max_line + 1 - n->rest_size;

	if (size > room)
		size = room;
	memcpy(n->rest + n->rest_size, data, size);
	n->rest_size += size;
}

static int end_rest(struct native *n)
{
	size_t size = n->rest_size;

	n->rest_size = 0;
	return read_line(n, n->rest, size);
}

int native_begin(struct native *n, const char *name)
{
	size_t size = strlen(name);

	(void)snprintf(n->name, sizeof(n->name), "%s%s", size > NAME_SHOWN ? "..." : "",
		       size > NAME_SHOWN ? name + size - NAME_SHOWN : name);
	n->line = n->entries = 0;
	n->rest_size = 0;
	n->has_header = false;
	return 0;
}

int native_feed(struct native *n, const char *data, size_t size)
{
	const char *stop = data + size;
	int err = 0;

	n->bytes += size;
	if (n->bytes > n->rules.max_bytes) {
		n->line++; /* the one that is being read */
		return refuse(n, -EFBIG, "over %zu bytes; shorten the list", n->rules.max_bytes);
	}
	while (!err && data < stop) {
		const char *end = memchr(data, '\n', (size_t)(stop - data));

		if (!end || n->rest_size)
			keep_rest(n, data, (size_t)((end ? end : stop) - data));
		if (!end)
			return n->rest_size > n->rules.max_line ? end_rest(n) : 0;
		err = n->rest_size ? end_rest(n) : read_line(n, data, (size_t)(end - data));
		data = end + 1;
	}
	return err;
}

int native_end(struct native *n)
{
	int err = n->rest_size ? end_rest(n) : 0;

	if (err || !n->rules.header)
		return err;
	if (!n->has_header) {
		n->line = 1;
		return refuse(n, -EINVAL, "the file is empty; it needs at least a header line");
	}
	if (n->entries < n->header.count)
		return refuse(n, -EINVAL,
			      "the header counts %" PRIu64 " entries, but only %" PRIu64
			      " are there; fetch or write the file again",
			      n->header.count, n->entries);
	return 0;
}

void native_finish(struct native *n, struct feed_header *header, struct entry_set *set)
{
	if (header && n->rules.header)
		*header = n->header;
	entry_builder_finish(n->builder, set);
	n->builder = NULL;
	native_free(n);
}
