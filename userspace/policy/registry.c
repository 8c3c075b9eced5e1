/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads an IEEE registry with libcsv, in pieces, counting lines so that every complaint names one. */
#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "../lib/text.h"
#include "registry.h"

#define FETCH "fetch the registry again (update-ieee-data)"
#define COLUMNS 4
#define CHUNK 65536

const struct registry_kind registry_kinds[REGISTRY_KINDS] = {
    {"oui.csv", "MA-L", 24, 0},
    {"mam.csv", "MA-M", 28, 0},
    {"oui36.csv", "MA-S", 36, 0},
    {"iab.csv", "IAB", 36, 1},
};

static const char *const column_names[COLUMNS] = {"Registry", "Assignment", "Organization Name",
						  "Organization Address"};

struct reader {
	const struct registry_kind *kind;
	const char *path;
	registry_row_fn *fn;
	void *arg;
	char *error;
	int result;	  /* first failure, or what fn returned */
	size_t line;	  /* of the bytes now being fed */
	size_t row_line;  /* where the row began */
	bool begun;	  /* something of a row has been fed */
	bool header;	  /* has been seen */
	unsigned columns; /* of the row so far */
	char column[COLUMNS][REGISTRY_MAX_FIELD + 1];
	size_t size[COLUMNS];
};

/* Note the first failure. */
__attribute__((format(printf, 4, 5))) static void fail(struct reader *r, int result, size_t line, const char *format,
						       ...)
{
	va_list ap;
	int n;

	if (r->result)
		return;
	r->result = result;
	n = snprintf(r->error, REGISTRY_ERROR, "%s:%zu: ", r->path, line);
	if (n < 0 || n >= REGISTRY_ERROR)
		return;
	va_start(ap, format);
	vsnprintf(r->error + n, (size_t)(REGISTRY_ERROR - n), format, ap);
	va_end(ap);
}

static void take_field(void *data, size_t size, void *arg)
{
	struct reader *r = arg;
	unsigned column = r->columns++;

	if (r->result || column >= COLUMNS)
		return;
	if (size > REGISTRY_MAX_FIELD) {
		fail(r, -EFBIG, r->row_line, "a field of %zu bytes, at most %d are read; " FETCH, size,
		     REGISTRY_MAX_FIELD);
		return;
	}
	if (size)
		memcpy(r->column[column], data, size);
	r->column[column][size] = 0;
	r->size[column] = size;
}

/* The beginning of a column, fit to be shown: what stands there is anybody's. */
static const char *shown(const char *column)
{
	static _Thread_local char clean[TEXT_MAX + 1];
	size_t size = strlen(column);

	text_clean(column, size < 40 ? size : 40, clean);
	return clean;
}

static int check_header(struct reader *r)
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (!strcasecmp(r->column[i], column_names[i]))
			continue;
		fail(r, -EINVAL, r->row_line,
		     "column %u is \"%s\", not \"%s\": this is not an IEEE registry as CSV; " FETCH, i + 1,
		     shown(r->column[i]), column_names[i]);
		return r->result;
	}
	r->header = true;
	return 0;
}

static int parse_assignment(const char *text, unsigned bits, uint64_t *mac48)
{
	size_t digits = strlen(text);
	char *end;

	if (digits != bits / 4 || strspn(text, "0123456789abcdefABCDEF") != digits)
		return -EINVAL;
	*mac48 = (uint64_t)strtoull(text, &end, 16) << (48 - bits);
	return 0;
}

/* The registry's columns, one after the other; false when one of them is bad. */
static bool check_row(struct reader *r, struct registry_row *row)
{
	const struct registry_kind *kind = r->kind;

	if (strcmp(r->column[0], kind->name)) {
		fail(r, -EINVAL, r->row_line, "registry \"%s\" in a file of %s rows; " FETCH, shown(r->column[0]),
		     kind->name);
	} else if (parse_assignment(r->column[1], kind->length, &row->mac48)) {
		fail(r, -EINVAL, r->row_line, "assignment \"%s\" is not %u hexadecimal digits; " FETCH,
		     shown(r->column[1]), kind->length / 4);
	} else if (!r->size[2]) {
		fail(r, -EINVAL, r->row_line, "assignment %s has no organisation name; " FETCH, r->column[1]);
	} else if (r->size[2] > REGISTRY_MAX_NAME) {
		fail(r, -EFBIG, r->row_line, "an organisation name of %zu bytes, at most %d are read; " FETCH,
		     r->size[2], REGISTRY_MAX_NAME);
	} else if (u8_check((const uint8_t *)r->column[2], r->size[2])) {
		fail(r, -EINVAL, r->row_line, "the organisation name of %s is not UTF-8; " FETCH, r->column[1]);
	}
	return !r->result;
}

static void take_row(int terminator, void *arg)
{
	struct reader *r = arg;
	struct registry_row row = {.kind = r->kind, .organisation = r->column[2], .line = r->row_line};
	unsigned columns = r->columns;

	(void)terminator;
	r->columns = 0;
	r->begun = false;
	if (r->result)
		return;
	if (columns != COLUMNS) {
		fail(r, -EINVAL, r->row_line, "%u columns instead of %d: a row is cut off or damaged; " FETCH, columns,
		     COLUMNS);
		return;
	}
	if (!r->header) {
		check_header(r);
		return;
	}
	if (check_row(r, &row))
		r->result = r->fn(r->arg, &row);
}

/* Feed the bytes of one line, or of what there is of it. Empty lines belong to no row. */
static void feed_line(struct reader *r, struct csv_parser *csv, const char *data, size_t size)
{
	if (!r->begun) {
		r->row_line = r->line;
		r->begun = data[0] != '\r' && data[0] != '\n';
	}
	if (memchr(data, 0, size)) {
		fail(r, -EINVAL, r->line, "a zero byte: this is not text; " FETCH);
		return;
	}
	if (csv_parse(csv, data, size, take_field, take_row, r) != size) {
		bool quote = csv_error(csv) == CSV_EPARSE;

		fail(r, quote ? -EINVAL : -ENOMEM, r->line, "%s; " FETCH,
		     quote ? "a quotation mark in the middle of a field" : "out of memory");
	} else if (csv_get_buffer_size(csv) > (size_t)2 * REGISTRY_MAX_FIELD) {
		fail(r, -EFBIG, r->row_line,
		     "a field that does not end within %d bytes (is a quotation mark missing?); " FETCH,
		     2 * REGISTRY_MAX_FIELD);
	}
}

static void feed_chunk(struct reader *r, struct csv_parser *csv, const char *data, size_t size)
{
	while (size && !r->result) {
		const char *lf = memchr(data, '\n', size);
		size_t part = lf ? (size_t)(lf - data) + 1 : size;

		feed_line(r, csv, data, part);
		r->line += lf != NULL;
		data += part;
		size -= part;
	}
}

static void read_all(struct reader *r, struct csv_parser *csv, int fd)
{
	char chunk[CHUNK];
	size_t total = 0;
	ssize_t n;

	while (!r->result && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		size_t skip = total == 0 && n >= 3 && !memcmp(chunk, "\xef\xbb\xbf", 3) ? 3 : 0;

		if (n < 0) {
			fail(r, -errno, r->line, "%s; check the disk", strerror(errno));
			return;
		}
		total += (size_t)n;
		if (total > REGISTRY_MAX_BYTES)
			fail(r, -EFBIG, r->line, "more than %u MiB; " FETCH, REGISTRY_MAX_BYTES >> 20);
		feed_chunk(r, csv, chunk + skip, (size_t)n - skip);
	}
}

static void finish(struct reader *r, struct csv_parser *csv)
{
	if (!r->result && csv_fini(csv, take_field, take_row, r))
		fail(r, -EINVAL, r->row_line, "a quotation mark that opens here is never closed; " FETCH);
	if (!r->result && !r->header)
		fail(r, -EINVAL, 1, "the file is empty; " FETCH);
}

static int open_regular(const char *path, char error[static REGISTRY_ERROR])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int err = errno;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
		err = EINVAL;
	}
	if (fd >= 0)
		return fd;
	snprintf(error, REGISTRY_ERROR, "%s: %s; install the package ieee-data, or name another folder with --registry",
		 path, err == EINVAL ? "not a regular file" : strerror(err));
	return -err;
}

static int read_fd(int fd, struct reader *r)
{
	struct csv_parser csv;

	if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI))
		return -ENOMEM;
	read_all(r, &csv, fd);
	finish(r, &csv);
	csv_free(&csv);
	return r->result;
}

int registry_read(const char *folder, const struct registry_kind *kind, registry_row_fn *fn, void *arg,
		  char error[static REGISTRY_ERROR])
{
	struct reader *r = calloc(1, sizeof(*r));
	char *path = NULL;
	int fd, result = -ENOMEM;

	snprintf(error, REGISTRY_ERROR, "out of memory");
	if (r && asprintf(&path, "%s/%s", folder, kind->file) > 0) {
		*r = (struct reader){
		    .kind = kind, .path = path, .fn = fn, .arg = arg, .error = error, .line = 1, .row_line = 1};
		fd = result = open_regular(path, error);
		if (fd >= 0) {
			result = read_fd(fd, r);
			close(fd);
		}
	}
	free(path);
	free(r);
	return result;
}
