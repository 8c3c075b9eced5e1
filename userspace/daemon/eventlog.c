/* SPDX-License-Identifier: GPL-2.0-only */
/* The event log: whole lines only, into the file that has the name now, so that logrotate needs no signal. */
#include "eventlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "../lib/paths.h"
#include "../lib/text.h"

#define RATE 100.0   /* lines a second in the long run */
#define BURST 1000.0 /* lines at once */
#define RESUME 100.0 /* lines that must be free again before suppressing ends, so that it does not flicker */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct bucket { /* of tokens, one a line */
	double tokens;
	struct timespec filled;
	uint64_t suppressed;
};

struct eventlog {
	char *path;
	int fd;
	struct bucket bucket[EVENT_CLASSES];
	bool journal;
	char problem[256];
};

int eventlog_new(const char *log_folder, struct eventlog **out)
{
	struct eventlog *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->fd = -1;
	l->journal = access(JOURNAL_SOCKET, W_OK) == 0;
	for (int i = 0; i < EVENT_CLASSES; i++) {
		l->bucket[i].tokens = BURST;
		(void)clock_gettime(CLOCK_MONOTONIC, &l->bucket[i].filled);
	}
	l->path = path_join(log_folder, PATH_EVENTS);
	if (!l->path) {
		free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void eventlog_free(struct eventlog *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		(void)close(l->fd);
	free(l->path);
	free(l);
}

const char *eventlog_problem(const struct eventlog *l)
{
	return l->problem[0] ? l->problem : NULL;
}

json_t *eventlog_text(const char *text)
{
	json_t *plain;
	char *copy;

	if (!text)
		return json_null();
	plain = json_string(text);
	if (plain)
		return plain;
	copy = strdup(text);
	if (!copy)
		return json_null();
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	plain = json_string(copy);
	free(copy);
	return plain;
}

static void refill(struct bucket *b)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	b->tokens += RATE * ((double)(now.tv_sec - b->filled.tv_sec) + (double)(now.tv_nsec - b->filled.tv_nsec) / 1e9);
	b->filled = now;
	if (b->tokens > BURST)
		b->tokens = BURST;
}

/* The file that has the name now: another one after a rotation. */
static int current_file(struct eventlog *l)
{
	struct stat named, ours;

	if (l->fd >= 0 && !stat(l->path, &named) && !fstat(l->fd, &ours) && named.st_ino == ours.st_ino &&
	    named.st_dev == ours.st_dev)
		return 0;
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (l->fd < 0)
		return -errno;
	return fstat(l->fd, &ours) ? -errno : S_ISREG(ours.st_mode) ? 0 : -EINVAL;
}

/* A line cut by a full disk is taken back: the log stays JSON Lines. */
static int append(struct eventlog *l, const char *line, size_t size)
{
	struct stat st;
	ssize_t written;
	int err = current_file(l);

	if (err)
		return err;
	if (fstat(l->fd, &st))
		return -errno;
	written = write(l->fd, line, size);
	if (written == (ssize_t)size)
		return 0;
	err = written < 0 ? -errno : -ENOSPC;
	if (written > 0 && ftruncate(l->fd, st.st_size))
		err = -errno;
	return err;
}

static void write_line(struct eventlog *l, char *line)
{
	size_t size = strlen(line);
	int err;

	line[size] = '\n'; /* over the terminator: the line has room for no other byte */
	err = append(l, line, size + 1);
	line[size] = '\0';
	if (err)
		(void)snprintf(l->problem, sizeof(l->problem),
			       "%s: cannot write events: %s; make room or set the folder's rights", l->path, strerror(-err));
	else
		l->problem[0] = '\0';
}

static void put(struct eventlog *l, const char *name, json_t *body)
{
	char now[TIME_TEXT];
	json_t *whole = json_object();
	char *line;

	time_format(time(NULL), now);
	(void)json_object_set_new(whole, "time", json_string(now));
	(void)json_object_set_new(whole, "event", json_string(name));
	(void)json_object_update(whole, body);
	line = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	if (!line) {
		(void)snprintf(l->problem, sizeof(l->problem), "%s: an event was lost: out of memory", l->path);
		return;
	}
	if (l->journal)
		(void)sd_journal_send("MESSAGE=%s", line, "PRIORITY=6", "SYSLOG_IDENTIFIER=lenscapd", "LENSCAP_EVENT=%s",
				      name, NULL);
	write_line(l, line);
	free(line);
}

static void resume(struct eventlog *l, struct bucket *b)
{
	json_t *body;

	refill(b);
	if (!b->suppressed || b->tokens < RESUME)
		return;
	b->tokens -= 1;
	body = json_pack("{s:I}", "count", (json_int_t)b->suppressed);
	b->suppressed = 0;
	put(l, "suppressed", body);
	json_decref(body);
}

void eventlog_put(struct eventlog *l, enum event_class class, const char *name, json_t *body)
{
	struct bucket *b = &l->bucket[class];

	resume(l, b);
	if (body && !b->suppressed && b->tokens >= 1) {
		b->tokens -= 1;
		put(l, name, body);
	} else {
		b->suppressed++;
	}
	json_decref(body);
}

void eventlog_flush(struct eventlog *l)
{
	for (int i = 0; i < EVENT_CLASSES; i++)
		resume(l, &l->bucket[i]);
}
