/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap events: the last lines of the event log, and those to come. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <jansson.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "cli.h"
#include "state.h"

enum { FOLLOW, LINES, SINCE };
const struct cli_option events_options[] = {
    {'f', "follow", NULL, "go on with events as they come (with -j one object a line)"},
    {'n', "lines", "N", "the last N (default 50)"},
    {'s', "since", "TIME", "from this time on: RFC 3339, or a duration back from now"},
    {0, NULL, NULL, NULL},
};

#define LINES_DEFAULT 50
#define LINES_MOST 1000000
#define LINE_GUESS 512
#define LINE_MAX_BYTES 65536 /* lenscapd's lines are shorter than 4,096 */

struct log {
	struct cli *cli;
	char *path;
	FILE *file;
	struct stat st;
	char line[LINE_MAX_BYTES];
	int64_t since;
	bool follow;
};

static int open_log(struct log *l)
{
	int fd = file_open(l->path, &l->st);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (!file)
		return fd < 0 ? fd : -ENOMEM;
	if (l->file)
		(void)fclose(l->file);
	l->file = file;
	return 0;
}

/* A whole line, without its end; a line not finished yet is left for later, one that is too long comes in pieces that
 * are no JSON. */
static bool read_line(struct log *l)
{
	long start = ftell(l->file);
	size_t size;

	if (!fgets(l->line, sizeof(l->line), l->file))
		return false;
	size = strlen(l->line);
	if (size > 0 && l->line[size - 1] == '\n') {
		l->line[size - 1] = '\0';
		return true;
	}
	if (size + 1 == sizeof(l->line))
		return true;
	(void)fseek(l->file, start, SEEK_SET);
	return false;
}

/* Where the last N lines begin. */
static long find_tail(struct log *l, uint64_t n)
{
	long size, from, here;
	uint64_t found = 0, back = n * LINE_GUESS;

	(void)fseek(l->file, 0, SEEK_END);
	size = ftell(l->file);
	for (;;) {
		from = back < (uint64_t)size ? size - (long)back : 0;
		(void)fseek(l->file, from, SEEK_SET);
		if (from > 0)
			(void)read_line(l); /* the rest of a line */
		for (here = ftell(l->file), found = 0; read_line(l); found++)
			continue;
		if (found >= n || from == 0)
			break;
		back *= 4;
	}
	(void)fseek(l->file, here, SEEK_SET);
	for (; found > n; found--)
		(void)read_line(l);
	return ftell(l->file);
}

static void show_value(struct out *o, const char *key, const json_t *value)
{
	if (json_is_integer(value))
		out_int(o, key, NULL, json_integer_value(value));
	else if (json_is_boolean(value))
		out_bool(o, key, NULL, json_is_true(value));
	else
		out_string(o, key, NULL, json_string_value(value));
}

/* "TIME EVENT key=value …" */
static void show_text(struct out *o, const json_t *event)
{
	const char *time = state_string(event, "time"), *name = state_string(event, "event"), *key;
	const json_t *value;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return;
	(void)fprintf(to, "%s  %-14s", time ? time : "-", name ? name : "-");
	json_object_foreach((json_t *)event, key, value)
	{
		const char *word = json_string_value(value);

		if (strcmp(key, "time") == 0 || strcmp(key, "event") == 0)
			continue;
		if (json_is_integer(value))
			(void)fprintf(to, " %s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
		else if (word)
			(void)fprintf(to, strpbrk(word, " =\"") ? " %s=\"%s\"" : " %s=%s", key, word);
	}
	if (fclose(to) == 0)
		out_line(o, "%s", text);
	free(text);
}

static void show_event(struct log *l)
{
	struct out *o = l->cli->out;
	json_t *event = json_loads(l->line, 0, NULL);
	const json_t *value;
	const char *key;

	if (json_is_object(event) && (l->since == 0 || state_time(event, "time") >= l->since)) {
		if (!l->follow)
			out_row(o);
		json_object_foreach(event, key, value) show_value(o, key, value);
		show_text(o, event);
		if (l->follow)
			out_flush(o);
		else
			out_row_end(o);
	}
	json_decref(event);
}

static void show_lines(struct log *l)
{
	clearerr(l->file); /* the end may have moved on */
	while (read_line(l))
		show_event(l);
}

/* After a rotation another file has the name. */
static bool rotated(const struct log *l)
{
	struct stat now;

	return stat(l->path, &now) == 0 && (now.st_ino != l->st.st_ino || now.st_dev != l->st.st_dev);
}

static int follow(struct log *l)
{
	int fd = inotify_init1(IN_CLOEXEC);
	char buffer[4096];

	if (fd < 0 || inotify_add_watch(fd, l->cli->config->log, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return cli_say(l->cli, CLI_FAILED, "%s: cannot be watched: %s", l->cli->config->log, strerror(errno));
	for (;;) {
		struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

		show_lines(l);
		if (rotated(l) && open_log(l) == 0)
			show_lines(l);
		if (poll(fds, 2, -1) < 0 || fds[1].revents || read(fd, buffer, sizeof(buffer)) <= 0)
			break; /* who listened has gone */
	}
	(void)close(fd);
	return CLI_DONE;
}

static int show_log(struct log *l, uint64_t lines)
{
	if (!l->since || l->cli->option[LINES])
		(void)find_tail(l, lines);
	if (l->follow)
		return follow(l);
	out_table(l->cli->out, "events", NULL, NULL);
	show_lines(l);
	out_table_end(l->cli->out);
	return CLI_DONE;
}

int cmd_events(struct cli *cli)
{
	static struct log l;
	uint64_t lines = LINES_DEFAULT;
	int code, err;

	l.cli = cli;
	l.follow = cli->option[FOLLOW] != NULL;

	if (!cli_uint(cli, LINES, LINES_MOST, &lines) || !cli_when(cli, SINCE, true, &l.since))
		return CLI_USAGE;
	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	l.path = path_join(cli->config->log, PATH_EVENTS);
	if (!l.path)
		return cli_say(cli, CLI_FAILED, "out of memory");
	err = open_log(&l);
	if (err == 0)
		code = show_log(&l, lines);
	else
		code = cli_say(cli, CLI_FAILED, "%s: %s; has lenscapd run, and are you root or in group %s?", l.path,
			       strerror(-err), cli->config->group);
	if (l.file)
		(void)fclose(l.file);
	free(l.path);
	return code;
}
