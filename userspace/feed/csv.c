/* SPDX-License-Identifier: GPL-2.0-only */
/* CSV (RFC 4180) as inventories export it: a row of column names, and the configuration says which column means what. */
#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "intake.h"

#define COLUMNS_MAX 256u
#define FIELD_MAX 4096u
#define ABSENT UINT32_MAX

struct table {
	struct csv_parser csv;
	bool ready; /* csv is initialised */
	int err;
	uint64_t lines, row_line; /* where the bytes are, and where the row began */
	bool begun, header;	  /* something of a row was fed; the names were read */
	char last;		  /* byte of the file */
	uint32_t columns, column; /* that the header has; of the row so far */
	uint32_t where[FEED_COLUMNS];
	char value[FEED_COLUMNS][TEXT_MAX + 1];
};

static const char *const keys[FEED_COLUMNS] = {"mac", "action", "vendor", "model", "reason", "until"};

static void refuse(struct intake *in, struct table *t, int err, const char *what, const char *value, const char *way_out)
{
	if (t->err)
		return;
	in->line = t->row_line;
	t->err = intake_refuse(in, err, "%s%s%s%s", what, value, *value ? "\"" : "", way_out);
}

/* ---- The row of names ---- */
static void take_name(struct intake *in, struct table *t, const char *text, size_t size)
{
	for (unsigned c = 0; c < FEED_COLUMNS; c++) {
		const char *name = in->rules.columns ? in->rules.columns[c] : NULL;

		if (!name || strlen(name) != size || memcmp(name, text, size) != 0)
			continue;
		if (t->where[c] != ABSENT)
			refuse(in, t, -EINVAL, "two columns are named \"", name, "; export it with names that differ");
		t->where[c] = t->column;
	}
}

static void end_names(struct intake *in, struct table *t)
{
	t->header = true;
	t->columns = t->column;
	for (unsigned c = 0; c < FEED_COLUMNS; c++)
		if (in->rules.columns && in->rules.columns[c] && t->where[c] == ABSENT)
			refuse(in, t, -EINVAL, "there is no column \"", in->rules.columns[c],
			       "; correct the feed's columns in lenscap.yaml, or the export");
}

/* ---- Rows ---- */
static void take_field(void *data, size_t size, void *arg)
{
	struct intake *in = arg;
	struct table *t = in->state;

	if (t->err)
		return;
	if (size > FIELD_MAX || t->column == COLUMNS_MAX)
		refuse(in, t, -EFBIG, "a field has over 4096 bytes, or the row over 256 columns", "",
		       "; export fewer columns (is a quotation mark missing?)");
	else if (!t->header)
		take_name(in, t, data, size);
	for (unsigned c = 0; t->header && c < FEED_COLUMNS; c++)
		if (t->where[c] == t->column)
			(void)text_clean(data ? data : "", size, t->value[c]);
	t->column++;
}

static int add_row(struct intake *in, struct table *t)
{
	struct intake_entry e = {
	    .vendor = t->value[COLUMN_VENDOR], .model = t->value[COLUMN_MODEL], .reason = t->value[COLUMN_REASON]};
	int err;

	in->line = t->row_line;
	if (!*t->value[COLUMN_MAC])
		return intake_refuse(in, -EINVAL, "the row has no address; export only rows with one");
	err = intake_prefix(in, t->value[COLUMN_MAC], true, &e.prefix);
	if (!err)
		err = intake_action(in, t->value[COLUMN_ACTION], &e.action);
	if (!err)
		err = intake_time(in, keys[COLUMN_UNTIL], t->value[COLUMN_UNTIL], &e.until);
	return err ? err : intake_add(in, &e);
}

static void take_row(int terminator, void *arg)
{
	struct intake *in = arg;
	struct table *t = in->state;

	(void)terminator;
	if (!t->err && !t->header)
		end_names(in, t);
	else if (!t->err && t->column != t->columns)
		refuse(in, t, -EINVAL, "the row has another number of columns than the names above", "",
		       "; it is cut off or damaged, export it again");
	else if (!t->err)
		t->err = add_row(in, t);
	t->column = 0;
	t->begun = false;
}

/* Bytes up to the end of a line, so that every complaint names one. */
static void feed_part(struct intake *in, struct table *t, const char *data, size_t size)
{
	if (!t->begun) {
		t->row_line = t->lines + 1;
		t->begun = data[0] != '\r' && data[0] != '\n';
	}
	if (memchr(data, '\0', size))
		refuse(in, t, -EINVAL, "a zero byte is in the row", "", "; save the file as text");
	else if (csv_parse(&t->csv, data, size, take_field, take_row, in) != size)
		refuse(in, t, -EINVAL, "a quotation mark is in the middle of a field", "", "; export it again as RFC 4180 says");
	else if (csv_get_buffer_size(&t->csv) > (size_t)4 * FIELD_MAX)
		refuse(in, t, -EFBIG, "a field does not end", "", "; is a quotation mark missing?");
}

static int csv_bytes(struct intake *in, const char *data, size_t size)
{
	struct table *t = in->state;

	if (!t->lines && !t->last && size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
		data += 3;
		size -= 3;
	}
	while (size && !t->err) {
		const char *end = memchr(data, '\n', size);
		size_t part = end ? (size_t)(end - data) + 1 : size;

		feed_part(in, t, data, part);
		t->lines += end != NULL;
		t->last = data[part - 1];
		data += part;
		size -= part;
	}
	return t->err;
}

/* No count tells that a file is whole: at least its last row must be. */
static int csv_ends(struct intake *in)
{
	struct table *t = in->state;

	if (!t->err && t->last && t->last != '\n')
		refuse(in, t, -EINVAL, "the last row has no end: the file is cut off", "", "; end it with a line feed");
	if (!t->err && csv_fini(&t->csv, take_field, take_row, in))
		refuse(in, t, -EINVAL, "a quotation mark that opens here is never closed", "", "; export it again");
	if (!t->err && !t->header) {
		t->row_line = 1;
		refuse(in, t, -EINVAL, "the file is empty", "", "; it needs at least the row of column names");
	}
	return t->err;
}

static int csv_open(struct intake *in)
{
	struct table *t = calloc(1, sizeof(*t));

	in->state = t;
	if (!t)
		return -ENOMEM;
	for (unsigned c = 0; c < FEED_COLUMNS; c++)
		t->where[c] = ABSENT;
	t->ready = !csv_init(&t->csv, CSV_STRICT | CSV_STRICT_FINI);
	return t->ready ? 0 : -ENOMEM;
}

static int csv_begins(struct intake *in)
{
	struct table *t = in->state;

	if (in->rules.columns && in->rules.columns[COLUMN_MAC])
		return 0;
	t->row_line = 1;
	refuse(in, t, -EINVAL, "which column has the addresses is not known", "", "; write it as the feed's columns: {mac: NAME}");
	return t->err;
}

static void csv_close(struct intake *in)
{
	struct table *t = in->state;

	if (t && t->ready)
		csv_free(&t->csv);
	free(t);
}

const struct format format_csv = {"csv", csv_open, csv_begins, csv_bytes, csv_ends, csv_close};
