/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of a native feed: a flat JSON object, its known fields with their types checked. */
#ifndef LENSCAP_FEED_RECORD_H
#define LENSCAP_FEED_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/text.h"

enum record_kind { RECORD_HEADER = 1, RECORD_ENTRY = 2 };

enum field {
	FIELD_LENSCAP,
	FIELD_LIST,
	FIELD_SERIAL,
	FIELD_GENERATED,
	FIELD_EXPIRES,
	FIELD_SINCE,
	FIELD_COUNT,
	FIELD_SNAPSHOT,
	FIELD_DELTA,
	FIELD_MAC,
	FIELD_PREFIX,
	FIELD_ACTION,
	FIELD_VENDOR,
	FIELD_MODEL,
	FIELD_REASON,
	FIELD_UNTIL,
	FIELD_OP,
	FIELDS
};

struct record {
	uint32_t seen, present; /* bit (1 << field): the key was there; its value was not null */
	union {
		int64_t number;
		char text[TEXT_MAX + 1]; /* cleaned by text_clean() */
	} value[FIELDS];
};

static inline bool record_has(const struct record *r, enum field field)
{
	return r->present >> field & 1;
}

struct record_reader; /* reused line after line */
struct record_reader *record_reader_new(void);
void record_reader_free(struct record_reader *reader);

/* Read one line (without its end) as a record of a kind; fields that the kind does not know are ignored. The record
 * lives until the next call. NULL when refused, with *reason ("reason; way out"); the reader is then of no further use.
 */
const struct record *record_read(struct record_reader *reader, enum record_kind kind, const char *line, size_t size,
				 const char **reason);
#endif
