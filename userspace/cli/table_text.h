/* SPDX-License-Identifier: GPL-2.0-only */
/* Aligned tables: rows are kept until the widths are known, a long table is written in pieces. */
#ifndef LENSCAP_CLI_TABLE_TEXT_H
#define LENSCAP_CLI_TABLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct text_table;

struct text_table *text_table_new(FILE *to);
void text_table_row(struct text_table *t);
/* TEXT is copied; RIGHT aligns numbers. COLUMN must live as long as the table. */
void text_table_cell(struct text_table *t, const char *column, const char *text, bool right);
/* Writes what is left and frees; how many rows there were. */
size_t text_table_end(struct text_table *t);
#endif
