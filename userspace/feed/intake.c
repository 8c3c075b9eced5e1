/* SPDX-License-Identifier: GPL-2.0-only */
/* Values, entries and lines as every format takes them in. */
#include "intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/text.h"

int intake_refuse(struct intake *in, int err, const char *format, ...)
{
	int used = snprintf(in->error, sizeof(in->error), "%s:%" PRIu64 ": ", in->name, in->line);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(in->error + used, sizeof(in->error) - (size_t)used, format, args);
	va_end(args);
	return err;
}

const char *intake_shown(const char *text, size_t size)
{
	static _Thread_local char clean[TEXT_MAX + 1];

	(void)text_clean(text, size < WHAT_SHOWN ? size : WHAT_SHOWN, clean);
	return clean;
}

/* ---- Values ---- */
int intake_time(struct intake *in, const char *name, const char *text, int64_t *out)
{
	*out = 0;
	if (!*text)
		return 0;
	if (time_parse(text, out) || *out <= 0)
		return intake_refuse(in, -EINVAL, "\"%s\" is \"%s\", not a time; write it like 2026-11-23T21:43:54Z", name, text);
	return 0;
}

int intake_action(struct intake *in, const char *text, enum lc_action *out)
{
	*out = *text ? action_parse(text) : LC_QUARANTINE;
	if (*out == LC_ABSENT)
		return intake_refuse(in, -EINVAL, "\"%s\" is not an action; use " ACTION_NAMES, text);
	if (!in->rules.may_allow && (*out == LC_ALLOW || *out == LC_MONITOR))
		return intake_refuse(in, -EINVAL,
				     "this source may flag only, the entry says \"%s\"; leave it out or set may: [flag, allow]", text);
	return 0;
}

/* "44:19:b6:xx:xx:xx" to "44:19:b6/24". False when TEXT is no such thing. */
static bool fold_any(const char *text, char out[static PREFIX_TEXT])
{
	size_t size = strlen(text), fixed = size;

	if (size != MAC_TEXT - 1)
		return false;
	while (fixed >= 3 && (text[fixed - 1] | 0x20) == 'x' && (text[fixed - 2] | 0x20) == 'x' &&
	       (text[fixed - 3] == ':' || text[fixed - 3] == '-'))
		fixed -= 3;
	if (fixed == size)
		return false;
	(void)snprintf(out, PREFIX_TEXT, "%.*s/%zu", (int)fixed, text, (fixed + 1) / 3 * 8);
	return true;
}

int intake_prefix(struct intake *in, const char *text, bool x, struct prefix *out)
{
	char folded[PREFIX_TEXT];
	const char *reason = NULL;

	if (prefix_parse(x && fold_any(text, folded) ? folded : text, out, &reason))
		return intake_refuse(in, -EINVAL, "\"%s\": %s", text, reason);
	if (out->len < in->rules.min_length)
		return intake_refuse(in, -EINVAL,
				     "\"%s\" is shorter than min-length %u; list longer prefixes or lower min-length", text,
				     in->rules.min_length);
	return 0;
}

/* ---- Entries ---- */
/* The handle of a text; 0 and *err set when the pool is full. */
static uint32_t keep_text(struct intake *in, const char *text, int *err)
{
	uint32_t handle;

	if (*err || !*text)
		return 0;
	handle = strings_add(entry_builder_strings(in->builder), text);
	if (!handle)
		*err = intake_refuse(in, -EFBIG, "vendor, model and reason texts take more than %u MiB; shorten or repeat them",
				     STRINGS_MAX >> 20);
	return handle;
}

int intake_add(struct intake *in, const struct intake_entry *e)
{
	struct entry made = {.word = e->action | (in->rules.dry_run ? LC_ENTRY_DRY_RUN : 0u), .until = e->until};
	int err = 0;

	made.vendor = keep_text(in, e->vendor, &err);
	made.model = keep_text(in, e->model, &err);
	made.reason = keep_text(in, e->reason, &err);
	if (err)
		return err;
	err = entry_builder_add(in->builder, &e->prefix, &made);
	if (err == -EFBIG)
		return intake_refuse(in, err,
				     "over %" PRIu64 " entries (a /25 counts as eight /28); raise %s or shorten the list",
				     in->rules.max_entries, in->rules.header ? "max-entries" : "policy.capacity");
	return err ? intake_refuse(in, err, "out of memory; stop other programs or shorten the list") : 0;
}

/* ---- Lines ---- */
static int one_line(struct intake *in, const char *line, size_t size, intake_line_fn *fn)
{
	in->line++;
	if (size > in->rules.max_line)
		return intake_refuse(in, -EFBIG, "the line is over %zu bytes; shorten it", in->rules.max_line);
	if (size && line[size - 1] == '\r')
		size--;
	return fn(in, line, size);
}

/* Keep the begin of a line; more than a line may have is kept to be refused, no more. */
static void keep_rest(struct intake *in, const char *data, size_t size)
{
	size_t room = in->rules.max_line + 1 - in->rest_size;

	if (size > room)
		size = room;
	memcpy(in->rest + in->rest_size, data, size);
	in->rest_size += size;
}

static int end_rest(struct intake *in, intake_line_fn *fn)
{
	size_t size = in->rest_size;

	in->rest_size = 0;
	return one_line(in, in->rest, size, fn);
}

int intake_lines(struct intake *in, const char *data, size_t size, intake_line_fn *fn)
{
	const char *stop = data + size;
	int err = 0;

	while (!err && data < stop) {
		const char *end = memchr(data, '\n', (size_t)(stop - data));

		if (!end || in->rest_size)
			keep_rest(in, data, (size_t)((end ? end : stop) - data));
		if (!end)
			return in->rest_size > in->rules.max_line ? end_rest(in, fn) : 0;
		err = in->rest_size ? end_rest(in, fn) : one_line(in, data, (size_t)(end - data), fn);
		data = end + 1;
	}
	return err;
}

int intake_last_line(struct intake *in, intake_line_fn *fn)
{
	return in->rest_size ? end_rest(in, fn) : 0;
}
