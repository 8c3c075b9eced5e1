/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parsers of all formats share: rules, limits, the line that is read, entries taken in, the refusal. */
#ifndef LENSCAP_FEED_INTAKE_H
#define LENSCAP_FEED_INTAKE_H

#include "../lib/mac.h"
#include "native.h"

#define NAME_SHOWN 160 /* the end of a longer file name is shown, so that the reason fits */
#define WHAT_SHOWN 48  /* bytes of a bad value that a refusal repeats, see intake_shown() */

struct intake {
	struct source_rules rules; /* with its defaults filled in */
	struct entry_builder *builder;
	struct feed_header header;
	char name[NAME_SHOWN + 4];
	uint64_t line; /* of this file */
	size_t bytes;  /* of all files */
	char *rest;    /* the begin of a line whose end has not come */
	size_t rest_size;
	const struct format *format; /* NULL until the first bytes told */
	void *state;		     /* the format's own */
	char error[FEED_ERROR];
};

/* One format's parser. After an error only close() is called. */
struct format {
	const char *name;
	int (*open)(struct intake *in); /* sets in->state, also for close() when it fails */
	int (*begin)(struct intake *in); /* a file begins; may be NULL */
	int (*feed)(struct intake *in, const char *data, size_t size);
	int (*end)(struct intake *in);
	void (*close)(struct intake *in); /* accepts a NULL in->state */
};
extern const struct format format_native, format_plain, format_csv, format_stix;

/* Note why it is refused: "FILE:LINE: reason; way out". Returns ERR. */
int intake_refuse(struct intake *in, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The begin of a value fit to be shown; lives until the next call. */
const char *intake_shown(const char *text, size_t size);

/* ---- Values, refused with the line ---- */
/* "" = absent: 0. NAME is what the format calls it. */
int intake_time(struct intake *in, const char *name, const char *text, int64_t *out);
/* "" = absent: quarantine. */
int intake_action(struct intake *in, const char *text, enum lc_action *out);
/* prefix_parse() and min-length. SPELLED with x for octets that may be anything (44:19:b6:xx:xx:xx) where X is true. */
int intake_prefix(struct intake *in, const char *text, bool x, struct prefix *out);

struct intake_entry { /* texts: "" = none */
	struct prefix prefix;
	enum lc_action action;
	int64_t until;
	const char *vendor, *model, *reason;
};
int intake_add(struct intake *in, const struct intake_entry *e);

/* ---- Lines ---- */
/* Cuts pieces into lines and calls FN for each, without its end (LF or CRLF), in->line being its number. */
typedef int intake_line_fn(struct intake *in, const char *line, size_t size);
int intake_lines(struct intake *in, const char *data, size_t size, intake_line_fn *fn);
/* The last line, when it has no end. */
int intake_last_line(struct intake *in, intake_line_fn *fn);
#endif
