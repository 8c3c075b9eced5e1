/* SPDX-License-Identifier: GPL-2.0-only */
/* Plain text: one address or prefix a line, # begins a comment. It says no more, so every entry means quarantine. */
#include <errno.h>
#include <string.h>

#include "intake.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* What is left of a line without its comment and the spaces around. */
static size_t trim(const char **line, size_t size)
{
	const char *comment = memchr(*line, '#', size);

	if (comment)
		size = (size_t)(comment - *line);
	while (size && is_space(**line)) {
		(*line)++;
		size--;
	}
	while (size && is_space((*line)[size - 1]))
		size--;
	return size;
}

static int read_line(struct intake *in, const char *line, size_t size)
{
	struct intake_entry e = {.action = LC_QUARANTINE, .vendor = "", .model = "", .reason = ""};
	const char *text;
	int err;

	if (memchr(line, '\0', size))
		return intake_refuse(in, -EINVAL, "a zero byte is in the line; save the file as text");
	if (in->line == 1 && size >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		size -= 3;
	}
	size = trim(&line, size);
	if (!size)
		return 0;
	text = intake_shown(line, size);
	err = size >= WHAT_SHOWN ? intake_refuse(in, -EINVAL, "\"%s\" is not an address; write one a line, comments behind #", text)
				 : intake_prefix(in, text, true, &e.prefix);
	return err ? err : intake_add(in, &e);
}

static int plain_open(struct intake *in)
{
	in->state = NULL;
	return 0;
}

static int plain_bytes(struct intake *in, const char *data, size_t size)
{
	return intake_lines(in, data, size, read_line);
}

/* No count tells that a file is whole: at least its last line must be. */
static int plain_ends(struct intake *in)
{
	in->line++;
	if (in->rest_size)
		return intake_refuse(in, -EINVAL, "the last line has no end: the file is cut off; end it with a line feed");
	if (in->line == 1)
		return intake_refuse(in, -EINVAL, "the file is empty; write at least a comment to say that nothing is flagged");
	return 0;
}

static void plain_close(struct intake *in)
{
	(void)in;
}

const struct format format_plain = {"plain", plain_open, NULL, plain_bytes, plain_ends, plain_close};
