/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the two readers of a line: yajl's for all of JSON, and a quick one for what most lines look like. */
#ifndef LENSCAP_FEED_RECORD_PRIVATE_H
#define LENSCAP_FEED_RECORD_PRIVATE_H

#include "record.h"

/* The field of a name in a kind of line; FIELDS = not known there. */
enum field record_field(const char *name, size_t size, enum record_kind kind);
/* Is its value a number (or else a string)? */
bool record_field_is_number(enum field field);
/* For people. */
const char *record_field_name(enum field field);

/* Read a line that is one flat object of known fields, printable ASCII without escapes, and whole numbers. False for all
 * else, good or bad, and R then means nothing: yajl has to look at it. */
bool record_read_plain(struct record *r, enum record_kind kind, const char *line, size_t size);
#endif
