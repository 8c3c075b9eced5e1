/* SPDX-License-Identifier: GPL-2.0-only */
/* Applies deltas line by line: what nobody names stays as it was written, unknown fields and all. */
#include "delta.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "../lib/text.h"
#include "record.h"

#define SUFFIX ".jsonl"

struct named { /* prefixes that the delta speaks of, sorted */
	struct prefix *prefix;
	size_t n, room;
};

/* As intake.c does: a carriage return elsewhere in the line is white space like any other. */
static void cut_end(char *line)
{
	size_t size = strcspn(line, "\n");

	if (size && line[size - 1] == '\r')
		size--;
	line[size] = '\0';
}

static const struct record *read_one(struct record_reader *reader, char *line, struct prefix *prefix)
{
	const struct record *r;
	const char *reason;

	cut_end(line);
	r = record_read(reader, RECORD_ENTRY, line, strlen(line), &reason);
	if (!r || prefix_parse(r->value[record_has(r, FIELD_MAC) ? FIELD_MAC : FIELD_PREFIX].text, prefix, &reason))
		return NULL;
	return r;
}

/* Every entry of a list that was found good before; -EBADMSG when it is not. */
struct walk {
	FILE *in;
	int (*fn)(void *arg, const struct record *r, const struct prefix *prefix, const char *line);
	void *arg;
};

static int walk(const struct walk *w)
{
	struct record_reader *reader = record_reader_new();
	char line[NATIVE_MAX_LINE + 3];
	bool header = true;
	int err = reader ? 0 : -ENOMEM;

	rewind(w->in);
	while (!err && fgets(line, sizeof(line), w->in)) {
		const struct record *r;
		struct prefix prefix;

		if (!line[strspn(line, " \t\r\n")])
			continue;
		r = header ? NULL : read_one(reader, line, &prefix);
		if (!header)
			err = r ? w->fn(w->arg, r, &prefix, line) : -EBADMSG;
		header = false;
	}
	record_reader_free(reader);
	return !err && ferror(w->in) ? -EIO : err;
}

/* ---- What the delta names ---- */
static int by_prefix(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;

	if (a->mac48 != b->mac48)
		return a->mac48 < b->mac48 ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

static int name_prefix(void *arg, const struct record *r, const struct prefix *prefix, const char *line)
{
	struct named *named = arg;

	(void)r;
	(void)line;
	if (named->n == named->room) {
		size_t room = named->room ? named->room * 2 : 64;
		struct prefix *bigger = realloc(named->prefix, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		named->prefix = bigger;
		named->room = room;
	}
	named->prefix[named->n++] = *prefix;
	return 0;
}

/* ---- The new list ---- */
struct writing {
	const struct named *named;
	FILE *out;
	uint64_t count;
};

static int put_line(struct writing *w, const char *line)
{
	w->count++;
	return fputs(line, w->out) < 0 || fputc('\n', w->out) < 0 ? -errno : 0;
}

static int keep_entry(void *arg, const struct record *r, const struct prefix *prefix, const char *line)
{
	struct writing *w = arg;

	(void)r;
	if (w->named->n && bsearch(prefix, w->named->prefix, w->named->n, sizeof(*prefix), by_prefix))
		return 0;
	return put_line(w, line);
}

static int add_entry(void *arg, const struct record *r, const struct prefix *prefix, const char *line)
{
	(void)prefix;
	return record_has(r, FIELD_OP) ? 0 : put_line(arg, line);
}

static void put_time(FILE *out, const char *name, int64_t seconds)
{
	char text[TIME_TEXT];

	if (!seconds)
		return;
	time_format(seconds, text);
	(void)fprintf(out, "\"%s\":\"%s\",", name, text);
}

/* The count has a fixed width: it is written again when it is known. */
static int put_header(FILE *out, const struct delta *d, uint64_t count)
{
	rewind(out);
	(void)fprintf(out, "{\"lenscap\":1,\"list\":\"%s\",\"serial\":%" PRId64 ",", d->header->list, d->header->serial);
	put_time(out, "generated", d->header->generated);
	put_time(out, "expires", d->header->expires);
	if (fprintf(out, "\"snapshot\":\"%s\",\"delta\":\"%s\",\"count\":%10" PRIu64 "}\n", d->snapshot, d->sha256, count) < 0)
		return -errno;
	return 0;
}

static int write_list(FILE *record, FILE *lines, const struct delta *delta, const struct named *named, FILE *out)
{
	struct writing w = {.named = named, .out = out};
	int err = put_header(out, delta, 0);

	if (!err)
		err = walk(&(struct walk){record, keep_entry, &w});
	if (!err)
		err = walk(&(struct walk){lines, add_entry, &w});
	if (!err)
		err = put_header(out, delta, w.count);
	if (!err && (fseek(out, 0, SEEK_END) || fflush(out)))
		err = -errno;
	return err;
}

int delta_merge(FILE *record, FILE *lines, const struct delta *delta, FILE *out)
{
	struct named named = {0};
	int err = walk(&(struct walk){lines, name_prefix, &named});

	if (!err && named.n)
		qsort(named.prefix, named.n, sizeof(*named.prefix), by_prefix);
	if (!err)
		err = write_list(record, lines, delta, &named, out);
	free(named.prefix);
	return err;
}

int delta_follows(const struct delta *d, const struct feed_header *in_force, char error[static FEED_ERROR])
{
	const struct feed_header *h = d->header;

	if (h->serial < in_force->serial || (h->serial == in_force->serial && !in_force->delta[0]))
		return 1;
	if (h->serial == in_force->serial) {
		if (!strcmp(in_force->delta, d->sha256))
			return 1;
		(void)snprintf(error, FEED_ERROR, "%s: serial %" PRId64 " was accepted with another delta; publish with a higher serial",
			       h->list, h->serial);
		return -EINVAL;
	}
	if (h->since == in_force->serial)
		return 0;
	if (in_force->serial < 0)
		(void)snprintf(error, FEED_ERROR, "%s: the delta continues from serial %" PRId64
			       ", but no list with a serial is in force: it needs the snapshot; publish the whole list",
			       h->list, h->since);
	else
		(void)snprintf(error, FEED_ERROR,
			       "%s: the delta continues from serial %" PRId64 ", but %" PRId64
			       " is in force: it needs the snapshot from serial %" PRId64 " on; publish the whole list",
			       h->list, h->since, in_force->serial, h->since);
	return -ESTALE;
}

char *delta_path(const char *feed)
{
	size_t size = strlen(feed), stem = size;
	char *path = NULL;

	if (size > strlen(SUFFIX) && !strcmp(feed + size - strlen(SUFFIX), SUFFIX))
		stem -= strlen(SUFFIX);
	return asprintf(&path, "%.*s.delta%s", (int)stem, feed, feed + stem) < 0 ? NULL : path;
}
