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

/* ---- What a delta names ---- */
struct naming {
	struct names *names;
	size_t room;
};

static int name_prefix(void *arg, const struct record *r, const struct prefix *prefix, const char *line)
{
	struct naming *to = arg;

	(void)r;
	(void)line;
	if (to->names->n == to->room) {
		size_t room = to->room ? to->room * 2 : 64;
		struct prefix *bigger = realloc(to->names->prefix, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		to->names->prefix = bigger;
		to->room = room;
	}
	memset(&to->names->prefix[to->names->n], 0, sizeof(*prefix)); /* its padding too: it goes to another process */
	to->names->prefix[to->names->n].mac48 = prefix->mac48;
	to->names->prefix[to->names->n++].len = prefix->len;
	return 0;
}

int delta_names(FILE *lines, struct names *names)
{
	struct naming to = {.names = names};
	int err;

	*names = (struct names){0};
	err = walk(&(struct walk){lines, name_prefix, &to});
	names_sort(names);
	if (err)
		names_free(names);
	return err;
}

/* ---- The new list ---- */
struct writing {
	const struct names *later; /* what deltas that come after these lines speak of */
	FILE *out;
	uint64_t count;
};

static int put_line(struct writing *w, const char *line)
{
	w->count++;
	return fputs(line, w->out) < 0 || fputc('\n', w->out) < 0 ? -errno : 0;
}

/* Of the record, or of a delta, where "op":"del" adds nothing. */
static int keep_entry(void *arg, const struct record *r, const struct prefix *prefix, const char *line)
{
	struct writing *w = arg;

	return record_has(r, FIELD_OP) || names_have(w->later, prefix) ? 0 : put_line(w, line);
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

/* LATER[i] are the names of delta i and of those behind it; the last has none. */
static int write_list(FILE *record, FILE *const *lines, size_t n, const struct delta *last, const struct names *later, FILE *out)
{
	struct writing w = {.later = later, .out = out};
	int err = put_header(out, last, 0);

	if (!err)
		err = walk(&(struct walk){record, keep_entry, &w});
	for (size_t i = 0; i < n && !err; i++) {
		w.later = &later[i + 1];
		err = walk(&(struct walk){lines[i], keep_entry, &w});
	}
	if (!err)
		err = put_header(out, last, w.count);
	if (!err && (fseek(out, 0, SEEK_END) || fflush(out)))
		err = -errno;
	return err;
}

static int join(struct names *names, const struct names *more)
{
	struct prefix *bigger = more->n ? reallocarray(names->prefix, names->n + more->n, sizeof(*bigger)) : names->prefix;

	if (more->n && !bigger)
		return -ENOMEM;
	names->prefix = bigger;
	if (more->n)
		memcpy(names->prefix + names->n, more->prefix, more->n * sizeof(*bigger));
	names->n += more->n;
	names_sort(names);
	return 0;
}

int delta_merge_all(FILE *record, FILE *const *lines, size_t n, const struct delta *last, FILE *out)
{
	struct names *later = calloc(n + 1, sizeof(*later));
	int err = later ? 0 : -ENOMEM;

	for (size_t i = n; i > 0 && !err; i--) {
		err = delta_names(lines[i - 1], &later[i - 1]);
		if (!err)
			err = join(&later[i - 1], &later[i]);
	}
	if (!err)
		err = write_list(record, lines, n, last, later, out);
	for (size_t i = 0; later && i < n; i++)
		names_free(&later[i]);
	free(later);
	return err;
}

int delta_merge(FILE *record, FILE *lines, const struct delta *delta, FILE *out)
{
	return delta_merge_all(record, &lines, 1, delta, out);
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
