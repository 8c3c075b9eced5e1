/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that pull feeds share: pull.c (when, from where) and decode.c (bytes to entries). */
#ifndef LENSCAP_DAEMON_PULL_PRIVATE_H
#define LENSCAP_DAEMON_PULL_PRIVATE_H

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "worker.h"

#define URL_SINCE "{since}" /* in a URL: the serial in force goes there */

struct server { /* what is known of where a feed comes from; a reload keeps it */
	char url[JOB_URL]; /* that the next two are about, {since} filled in */
	char etag[JOB_TAG], modified[JOB_MODIFIED]; /* of what is in force */
	unsigned failures;
	long http;
	int64_t tried, answered, next; /* next: CLOCK_MONOTONIC milliseconds, 0 = not planned */
	char error[FEED_ERROR];
};

struct fold { /* of the journal into the record, beside everything else */
	struct worker *worker;
	int record, journal, out; /* -1 = none */
	char *copy;		  /* where the new record is made */
	struct feed_header in_force; /* up to where */
	unsigned records;
	bool failed; /* not again before the next delta */
};

struct pull {
	struct daemon *d;
	size_t source;
	struct worker *worker;
	bool fetching;
	int bytes, signature, set, record, merged, journal; /* -1 = none */
	struct fold fold;
	bool slow; /* a delta that sets of entries cannot tell the end of: the whole list is made */
	int signature_err;			   /* why there is none */
	char *copy;		   /* of a file's bytes, beside its record */
	bool delta;		   /* the file is the delta, not the snapshot */
	bool again[2];		   /* by delta: the signature did not fit, this is the second look */
	bool whole;		   /* the delta of a URL did not follow: ask for the whole */
	struct server server;
	char url[JOB_URL];
	struct fetched answer;
};

static inline int64_t monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static inline bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static inline void copy_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text ? text : "");
}

/* The file that is looked at, or the URL. */
static inline const char *place_of(const struct pull *p)
{
	const struct source *s = &p->d->world.sources[p->source];

	return p->delta ? s->delta : s->path;
}

/* pull.c: the end of a pull, with what came of it. */
void pull_deliver(struct pull *p, struct delivery *delivery);
void pull_fail(struct pull *p, int err, const char *reason);
void pull_clean_up(struct pull *p);
void pull_start_url(struct pull *p, const struct source *s);

/* server.c: what the server called the content in force, from and to the file beside the record. */
void server_save(const struct source *s);

/* decode.c: give the bytes that P has to a worker. */
void pull_decode(struct pull *p);
void pull_fill_rules(struct job_decode *job, const struct daemon *d, const struct source *s, int signature_err);

/* fold.c: it is given up, and what there is of it removed. */
void fold_stop(struct fold *f);
#endif
