/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One walk over what a command shows, two writers: aligned text for people, JSON for programs.
 *
 * Each call names the thing twice: KEY is its name in JSON (NULL: text only), LABEL its title or column in text (NULL:
 * JSON only). Strings may come from anywhere: both writers replace control and bidirectional characters.
 * A table, list or object inside a row is for JSON alone: give the row a text column that sums it up.
 * The outermost object is begun by out_new() and ended by out_end().
 */
#ifndef LENSCAP_CLI_OUT_H
#define LENSCAP_CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct out;

struct out *out_new(FILE *to, bool json);
/* Ends the outermost object and frees. 0, or -EIO when something could not be written (a full disk, a closed pipe). */
int out_end(struct out *o);
bool out_is_json(const struct out *o);

/* Fields: of the object begun last, or of the row begun last (LABEL is then the column). */
void out_string(struct out *o, const char *key, const char *label, const char *value); /* NULL: null, "-" */
void out_uint(struct out *o, const char *key, const char *label, uint64_t value);
void out_int(struct out *o, const char *key, const char *label, int64_t value);	   /* negative: null, "-" */
void out_bool(struct out *o, const char *key, const char *label, bool value);	   /* text: yes, no */
void out_time(struct out *o, const char *key, const char *label, int64_t seconds); /* 0: null, "-" */
/* Between these, only JSON says anything: for what text has summed up already. */
void out_json_only(struct out *o);
void out_json_only_end(struct out *o);

/* Text only. */
void out_text(struct out *o, const char *label, const char *format, ...) __attribute__((format(printf, 3, 4)));
void out_line(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An object in an object; in text its fields stand below the title LABEL (NULL: go on in the same block). */
void out_object(struct out *o, const char *key, const char *label);
void out_object_end(struct out *o);

/* An array of objects: in text a table whose columns are the labels in the order of first use. LABEL: its title, NULL =
 * none; EMPTY is said when there is no row (NULL: then the title is left out too). */
void out_table(struct out *o, const char *key, const char *label, const char *empty);
void out_row(struct out *o);
void out_row_end(struct out *o);
void out_table_end(struct out *o);

/* An array of strings: in text one line each below the title, nothing when there is none. */
void out_list(struct out *o, const char *key, const char *label);
void out_item(struct out *o, const char *value);
void out_list_end(struct out *o);

/* JSON Lines: ends the object begun last as a line of its own and begins the next (events -f). */
void out_flush(struct out *o);
#endif
