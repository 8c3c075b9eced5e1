/* SPDX-License-Identifier: GPL-2.0-only */
/* The native format: lines to records to entries, refused whole with the line and the way out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "record.h"

#define VERSION 1

struct lines { /* of one file, but for the reader */
	struct record_reader *reader;
	bool has_header;
	uint64_t entries;
};

/* ---- Header ---- */
static const char *text_of(const struct record *r, enum field field)
{
	return record_has(r, field) ? r->value[field].text : "";
}

static int read_time(struct intake *in, const struct record *r, enum field field, const char *name, int64_t *out)
{
	*out = 0;
	if (!record_has(r, field))
		return 0;
	if (!*r->value[field].text)
		return intake_refuse(in, -EINVAL, "\"%s\" is \"\", not a time; write it like 2026-11-23T21:43:54Z", name);
	return intake_time(in, name, r->value[field].text, out);
}

static int check_version(struct intake *in, const struct record *r)
{
	if (!record_has(r, FIELD_LENSCAP))
		return intake_refuse(in, -EINVAL,
				     "the first line is not a header; start with "
				     "{\"lenscap\":1,\"list\":NAME,\"serial\":N,\"count\":N}");
	if (r->value[FIELD_LENSCAP].number != VERSION)
		return intake_refuse(in, -EINVAL, "format version %" PRId64 " is not known; publish in version 1 or upgrade Lenscap",
				     r->value[FIELD_LENSCAP].number);
	return 0;
}

static bool is_list_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t size = strlen(name);

	return size >= 1 && size <= 64 && strspn(name, allowed) == size;
}

static int check_list(struct intake *in, const struct record *r)
{
	const char *list = r->value[FIELD_LIST].text;

	if (!record_has(r, FIELD_LIST))
		return intake_refuse(in, -EINVAL, "the header has no \"list\"; add the list's name");
	if (!is_list_name(list))
		return intake_refuse(in, -EINVAL, "\"%s\" is not a list name; use up to 64 of A-Z a-z 0-9 . _ -", list);
	if (in->rules.list && strcmp(list, in->rules.list) != 0)
		return intake_refuse(in, -EINVAL,
				     "this is list \"%s\", not \"%s\"; give the file of that list or correct the name in "
				     "lenscap.yaml",
				     list, in->rules.list);
	(void)snprintf(in->header.list, sizeof(in->header.list), "%.64s", list);
	return 0;
}

static int read_counter(struct intake *in, const struct record *r, enum field field, const char *name, int64_t *out)
{
	if (!record_has(r, field))
		return intake_refuse(in, -EINVAL, "the header has no \"%s\"; add it", name);
	*out = r->value[field].number;
	if (*out < 0)
		return intake_refuse(in, -EINVAL, "\"%s\" is %" PRId64 "; it must not be negative", name, *out);
	return 0;
}

/* A delta leads from one edition to a later one. */
static int read_since(struct intake *in, const struct record *r)
{
	in->header.since = -1;
	if (!record_has(r, FIELD_SINCE))
		return 0;
	if (!in->rules.delta)
		return intake_refuse(in, -EINVAL, "a delta (\"since\") is of no use here; publish the whole list without it");
	in->header.since = r->value[FIELD_SINCE].number;
	if (in->header.since < 0 || in->header.since >= in->header.serial)
		return intake_refuse(in, -EINVAL,
				     "\"since\" is %" PRId64 " with serial %" PRId64 "; it must be the serial that the delta starts from",
				     in->header.since, in->header.serial);
	return 0;
}

static int read_times(struct intake *in, const struct record *r)
{
	int err = read_time(in, r, FIELD_GENERATED, "generated", &in->header.generated);

	if (!err)
		err = read_time(in, r, FIELD_EXPIRES, "expires", &in->header.expires);
	if (!err && in->rules.n_keys && !in->header.expires)
		return intake_refuse(in, -EINVAL,
				     "the header has no \"expires\", which a signed feed needs (an old copy would be good for ever); add it");
	return err;
}

/* What our own records say of deltas that are in them; nobody else has a say in it. */
static void read_origin(struct intake *in, const struct record *r)
{
	if (!in->rules.record)
		return;
	(void)snprintf(in->header.snapshot, sizeof(in->header.snapshot), "%.64s", text_of(r, FIELD_SNAPSHOT));
	(void)snprintf(in->header.delta, sizeof(in->header.delta), "%.64s", text_of(r, FIELD_DELTA));
}

static int read_header(struct intake *in, const struct record *r)
{
	int64_t count = 0;
	int err = check_version(in, r);

	if (!err)
		err = check_list(in, r);
	if (!err)
		err = read_counter(in, r, FIELD_SERIAL, "serial", &in->header.serial);
	if (!err)
		err = read_counter(in, r, FIELD_COUNT, "count", &count);
	if (!err)
		err = read_times(in, r);
	if (!err)
		err = read_since(in, r);
	if (err)
		return err;
	if ((uint64_t)count > in->rules.max_entries)
		return intake_refuse(in, -EFBIG,
				     "the header counts %" PRId64 " entries, the limit is %" PRIu64
				     "; raise max-entries or shorten the list",
				     count, in->rules.max_entries);
	in->header.count = (uint64_t)count;
	read_origin(in, r);
	return 0;
}

/* ---- Entries ---- */
static int read_prefix(struct intake *in, const struct record *r, struct prefix *prefix)
{
	enum field field = record_has(r, FIELD_MAC) ? FIELD_MAC : FIELD_PREFIX;
	const char *text = r->value[field].text;

	if (!record_has(r, field))
		return intake_refuse(in, -EINVAL, "the entry has neither \"mac\" nor \"prefix\"; add one");
	if (record_has(r, FIELD_MAC) && record_has(r, FIELD_PREFIX))
		return intake_refuse(in, -EINVAL, "the entry has both \"mac\" and \"prefix\"; leave one");
	if (field == FIELD_MAC && strchr(text, '/'))
		return intake_refuse(in, -EINVAL, "\"mac\" is the prefix \"%s\"; call the field \"prefix\"", text);
	return intake_prefix(in, text, false, prefix);
}

static int read_action(struct intake *in, const struct record *r, enum lc_action *action)
{
	if (record_has(r, FIELD_ACTION) && !*r->value[FIELD_ACTION].text)
		return intake_refuse(in, -EINVAL, "\"\" is not an action; use " ACTION_NAMES);
	return intake_action(in, text_of(r, FIELD_ACTION), action);
}

/* *REMOVES: the line is "op":"del". */
static int read_op(struct intake *in, const struct record *r, bool *removes)
{
	const char *op = text_of(r, FIELD_OP);

	*removes = false;
	if (!record_has(r, FIELD_OP))
		return 0;
	if (in->header.since < 0)
		return intake_refuse(in, -EINVAL, "\"op\" belongs to deltas; leave it out, a whole list only holds what is flagged");
	*removes = !strcmp(op, "del");
	if (!*removes)
		return intake_refuse(in, -EINVAL, "\"%s\" is not an \"op\"; write del, or leave it out to add or replace", op);
	return 0;
}

static int read_entry(struct intake *in, const struct record *r)
{
	struct lines *l = in->state;
	struct intake_entry e = {.vendor = text_of(r, FIELD_VENDOR),
				 .model = text_of(r, FIELD_MODEL),
				 .reason = text_of(r, FIELD_REASON)};
	bool removes = false;
	int err;

	if (in->rules.header && l->entries == in->header.count)
		return intake_refuse(in, -EINVAL, "the header counts %" PRIu64 " entries, but there are more; correct \"count\"",
				     in->header.count);
	l->entries++;
	err = read_op(in, r, &removes);
	if (!err)
		err = read_prefix(in, r, &e.prefix);
	if (err || removes)
		return err;
	err = read_action(in, r, &e.action);
	if (!err)
		err = read_time(in, r, FIELD_UNTIL, "until", &e.until);
	return err ? err : intake_add(in, &e);
}

/* ---- Lines ---- */
static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

static int read_line(struct intake *in, const char *line, size_t size)
{
	struct lines *l = in->state;
	bool want_header = in->rules.header && !l->has_header;
	const struct record *record;
	const char *reason = NULL;
	int err;

	if (is_blank(line, size))
		return 0;
	if (memchr(line, '\0', size))
		return intake_refuse(in, -EINVAL, "a zero byte is in the line; save the file as UTF-8 text");
	if (in->line == 1 && size >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
		return intake_refuse(in, -EINVAL, "the file begins with a byte order mark; save it as UTF-8 without one");
	record = record_read(l->reader, want_header ? RECORD_HEADER : RECORD_ENTRY, line, size, &reason);
	if (!record)
		return intake_refuse(in, -EINVAL, "%s", reason);
	if (!want_header)
		return read_entry(in, record);
	err = read_header(in, record);
	l->has_header = !err;
	return err;
}

/* ---- The format ---- */
static int native_open(struct intake *in)
{
	struct lines *l = calloc(1, sizeof(*l));

	in->state = l;
	if (l)
		l->reader = record_reader_new();
	return l && l->reader ? 0 : -ENOMEM;
}

static void native_close(struct intake *in)
{
	struct lines *l = in->state;

	if (!l)
		return;
	record_reader_free(l->reader);
	free(l);
}

static int native_file_begins(struct intake *in)
{
	struct lines *l = in->state;

	l->has_header = false;
	l->entries = 0;
	return 0;
}

static int native_bytes(struct intake *in, const char *data, size_t size)
{
	return intake_lines(in, data, size, read_line);
}

static int native_file_ends(struct intake *in)
{
	const struct lines *l = in->state;
	int err = intake_last_line(in, read_line);

	if (err || !in->rules.header)
		return err;
	if (!l->has_header) {
		in->line = 1;
		return intake_refuse(in, -EINVAL, "the file is empty; it needs at least a header line");
	}
	if (l->entries < in->header.count)
		return intake_refuse(in, -EINVAL,
				     "the header counts %" PRIu64 " entries, but only %" PRIu64
				     " are there; fetch or write the file again",
				     in->header.count, l->entries);
	return 0;
}

const struct format format_native = {"native", native_open, native_file_begins, native_bytes, native_file_ends, native_close};
