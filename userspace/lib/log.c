/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines to standard error, each in one write, so that two programs' lines never mix. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *program;
	enum log_level most;
	bool systemd;
} settings = {"lenscap", LOG_LEVEL_INFO, false};

void log_init(const char *program, enum log_level most)
{
	settings.program = program;
	settings.most = most;
	settings.systemd = getenv("JOURNAL_STREAM") != NULL;
}

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

/* Prefix every line of TEXT: a message may hold several, one an error. */
static void write_lines(FILE *out, enum log_level level, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (settings.systemd)
			(void)fprintf(out, "<%d>%s\n", level, line);
		else
			(void)fprintf(out, "%s: %s%s\n", settings.program, level_word(level), line);
	}
}

static void __attribute__((format(printf, 2, 0))) log_at(enum log_level level, const char *format, va_list args)
{
	char *text = NULL, *lines = NULL;
	size_t size = 0;
	int saved = errno;
	FILE *out;

	if (level > settings.most)
		return;
	out = open_memstream(&lines, &size);
	if (out && vasprintf(&text, format, args) >= 0) {
		write_lines(out, level, text);
		free(text);
	}
	if (out && !fclose(out)) {
		ssize_t ignored = write(STDERR_FILENO, lines, size);
		(void)ignored; /* nobody left to tell */
	}
	free(lines);
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_at(LOG_LEVEL_ERROR, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_at(LOG_LEVEL_WARNING, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_at(LOG_LEVEL_INFO, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_at(LOG_LEVEL_DEBUG, format, args);
	va_end(args);
}
