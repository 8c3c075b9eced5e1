/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of one source to its entries: which format they are of, and that format's parser. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"

#define LOOKED_AT 4096u /* bytes that tell the format */

struct native {
	struct intake in;
};

static const struct format *const formats[] = {
    [FORMAT_NATIVE] = &format_native, [FORMAT_PLAIN] = &format_plain, [FORMAT_CSV] = &format_csv, [FORMAT_STIX] = &format_stix};

struct source_rules source_rules_of_record(const struct source_rules *rules)
{
	struct source_rules r = *rules;

	r.record = true;
	r.delta = false;
	r.keys = NULL;
	r.n_keys = 0;
	r.now = 0;
	return r;
}

struct native *native_new(const struct source_rules *rules)
{
	struct native *n = calloc(1, sizeof(*n));
	struct intake *in;

	if (!n)
		return NULL;
	in = &n->in;
	in->rules = *rules;
	in->rules.max_entries = rules->max_entries ? rules->max_entries : NATIVE_MAX_ENTRIES;
	in->rules.max_bytes = rules->max_bytes ? rules->max_bytes : NATIVE_MAX_BYTES;
	in->rules.max_line = rules->max_line ? rules->max_line : NATIVE_MAX_LINE;
	in->header = (struct feed_header){.serial = -1, .since = -1};
	in->builder = entry_builder_new(in->rules.max_entries);
	in->rest = malloc(in->rules.max_line + 1);
	if (in->builder && in->rest)
		return n;
	native_free(n);
	return NULL;
}

void native_free(struct native *n)
{
	if (!n)
		return;
	if (n->in.format)
		n->in.format->close(&n->in);
	entry_builder_free(n->in.builder);
	free(n->in.rest);
	free(n);
}

const char *native_error(const struct native *n)
{
	return n->in.error;
}

int native_begin(struct native *n, const char *name)
{
	size_t size = strlen(name);
	struct intake *in = &n->in;

	(void)snprintf(in->name, sizeof(in->name), "%s%s", size > NAME_SHOWN ? "..." : "",
		       size > NAME_SHOWN ? name + size - NAME_SHOWN : name);
	in->line = 0;
	in->rest_size = 0;
	return in->format && in->format->begin ? in->format->begin(in) : 0;
}

/* ---- Which format ---- */
static bool holds(const char *data, size_t size, const char *word)
{
	return memmem(data, size < LOOKED_AT ? size : LOOKED_AT, word, strlen(word)) != NULL;
}

/* Native unless it is clearly something else: then the refusal says what a native feed looks like. */
static enum feed_format detect(const struct source_rules *rules, const char *data, size_t size)
{
	const char *line_end = memchr(data, '\n', size);
	size_t skip = 0;

	while (skip < size && strchr(" \t\r\n", data[skip]) && data[skip])
		skip++;
	if (skip < size && data[skip] == '{') {
		if (holds(data, line_end ? (size_t)(line_end - data) : size, "\"lenscap\""))
			return FORMAT_NATIVE;
		return holds(data, size, "\"bundle\"") ? FORMAT_STIX : FORMAT_NATIVE;
	}
	if (rules->columns && rules->columns[COLUMN_MAC])
		return FORMAT_CSV;
	return skip < size && strchr("#0123456789abcdefABCDEF", data[skip]) && data[skip] ? FORMAT_PLAIN : FORMAT_NATIVE;
}

/* An old copy must not pass for a new one: what is signed needs a serial and an end. */
static int check_signable(struct intake *in, enum feed_format format)
{
	if (format == FORMAT_NATIVE || !in->rules.n_keys)
		return 0;
	in->line = 1;
	return intake_refuse(in, -EINVAL,
			     "format %s has neither serial nor expires, which a signed feed needs; publish in the native format",
			     formats[format]->name);
}

static int choose(struct intake *in, const char *data, size_t size)
{
	enum feed_format format = in->rules.format == FORMAT_DETECT ? detect(&in->rules, data, size) : in->rules.format;
	int err;

	in->format = formats[format];
	err = in->format->open(in);
	if (err)
		return intake_refuse(in, err, "out of memory; stop other programs");
	err = check_signable(in, format);
	return err || !in->format->begin ? err : in->format->begin(in);
}

int native_feed(struct native *n, const char *data, size_t size)
{
	struct intake *in = &n->in;
	int err = in->format ? 0 : choose(in, data, size);

	if (err)
		return err;
	in->bytes += size;
	if (in->bytes > in->rules.max_bytes) {
		in->line++; /* the one that is being read */
		return intake_refuse(in, -EFBIG, "over %zu bytes; shorten the list", in->rules.max_bytes);
	}
	return in->format->feed(in, data, size);
}

int native_end(struct native *n)
{
	int err = n->in.format ? 0 : choose(&n->in, "", 0);

	return err ? err : n->in.format->end(&n->in);
}

void native_finish(struct native *n, struct feed_header *header, struct entry_set *set)
{
	if (header && n->in.rules.header)
		*header = n->in.header;
	entry_builder_finish(n->in.builder, set);
	n->in.builder = NULL;
	native_free(n);
}
