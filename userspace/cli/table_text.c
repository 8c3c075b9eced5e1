/* SPDX-License-Identifier: GPL-2.0-only */
/* Aligned tables: rows are kept until the widths are known, a long table is written in pieces. */
#include "table_text.h"

#include <stdlib.h>
#include <string.h>

#include "clean.h"

#define COLUMNS 24
#define PIECE 4096 /* rows kept: memory stays bounded, later rows get the widths of earlier ones */

struct row {
	char *cell[COLUMNS];
};

struct text_table {
	FILE *to;
	const char *column[COLUMNS];
	size_t width[COLUMNS];
	bool right[COLUMNS];
	size_t columns, rows, total;
	bool headed;
	struct row row[PIECE];
};

struct text_table *text_table_new(FILE *to)
{
	struct text_table *t = calloc(1, sizeof(*t));

	if (t)
		t->to = to;
	return t;
}

static void fill(FILE *to, size_t n)
{
	static const char spaces[] = "                                ";

	for (size_t some; n; n -= some) {
		some = n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1;
		(void)fwrite(spaces, 1, some, to);
	}
}

static void write_cell(const struct text_table *t, size_t i, const char *text)
{
	size_t columns = text_columns(text), rest = t->width[i] > columns ? t->width[i] - columns : 0;
	bool last = i + 1 == t->columns;

	if (t->right[i])
		fill(t->to, rest);
	(void)fputs(text, t->to);
	if (!t->right[i] && !last)
		fill(t->to, rest);
	(void)fputs(last ? "\n" : "  ", t->to);
}

static void write_row(struct text_table *t, struct row *row)
{
	for (size_t i = 0; i < t->columns; i++) {
		write_cell(t, i, row->cell[i] ? row->cell[i] : "-");
		free(row->cell[i]);
		row->cell[i] = NULL;
	}
}

static void write_piece(struct text_table *t)
{
	for (size_t i = 0; i < t->columns && !t->headed; i++)
		write_cell(t, i, t->column[i]);
	t->headed = true;
	for (size_t i = 0; i < t->rows; i++)
		write_row(t, &t->row[i]);
	(void)fflush(t->to);
	t->rows = 0;
}

void text_table_row(struct text_table *t)
{
	if (t->rows == PIECE)
		write_piece(t);
	t->rows++;
	t->total++;
}

/* The place of a column; the first row names them all. */
static size_t column_place(struct text_table *t, const char *column)
{
	size_t i = 0;

	while (i < t->columns && t->column[i] != column && strcmp(t->column[i], column) != 0)
		i++;
	if (i == t->columns && i < COLUMNS && !t->headed) {
		t->column[t->columns++] = column;
		t->width[i] = text_columns(column);
	}
	return i;
}

void text_table_cell(struct text_table *t, const char *column, const char *text, bool right)
{
	size_t i = column_place(t, column);
	size_t width = text_columns(text);

	if (i >= t->columns || t->rows == 0)
		return;
	free(t->row[t->rows - 1].cell[i]);
	t->row[t->rows - 1].cell[i] = strdup(text);
	t->right[i] = right;
	if (width > t->width[i])
		t->width[i] = width;
}

size_t text_table_end(struct text_table *t)
{
	size_t total = t->total;

	if (t->rows)
		write_piece(t);
	free(t);
	return total;
}
