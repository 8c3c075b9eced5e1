/* SPDX-License-Identifier: GPL-2.0-only */
/* A feed's way through workers: one at a time for each feed, and few at a time for all. */
#include "pull.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "ask.h"
#include "pull_private.h"
#include "record.h"
#include "../lib/schedule.h"

#define FETCHES_MAX 8 /* workers at a time: one slow server must not keep the others waiting, nor many fill the memory */
#define DECODES_MAX 2
#define LATE_SECONDS 5 /* a fetch ends by its own limits; this is for a worker that hangs */
#define SIGNATURE_SUFFIX ".minisig"

struct pull *pull_new(void)
{
	struct pull *p = calloc(1, sizeof(*p));

	if (p)
		p->bytes = p->signature = p->set = p->record = p->merged = p->journal = p->fold.record = p->fold.journal = p->fold.out = -1;
	return p;
}

void pull_clean_up(struct pull *p)
{
	close_fd(&p->bytes);
	close_fd(&p->signature);
	close_fd(&p->set);
	close_fd(&p->record);
	close_fd(&p->merged);
	close_fd(&p->journal);
	if (p->copy)
		(void)unlink(p->copy);
	free(p->copy);
	p->copy = NULL;
}

void pull_free(struct pull *p)
{
	if (!p)
		return;
	worker_free(p->worker);
	fold_stop(&p->fold);
	pull_clean_up(p);
	free(p);
}

void pull_carry_over(const struct source *before, struct source *s)
{
	if (!before->pull || !s->pull || !before->feed->url || !s->feed->url || strcmp(before->feed->url, s->feed->url) != 0)
		return;
	s->pull->server = before->pull->server;
	if (strcmp(before->sha256, s->sha256) != 0)
		s->pull->server.etag[0] = s->pull->server.modified[0] = '\0';
}

bool pull_is_busy(const struct source *s)
{
	return s->pull && s->pull->worker;
}

bool pull_has_room(const struct daemon *d, const struct source *s)
{
	size_t busy = 0;

	if (!s->pull)
		return true;
	for (size_t i = 0; i < d->world.n_sources; i++) {
		const struct source *other = &d->world.sources[i];

		busy += pull_is_busy(other) && !other->feed->url == !s->feed->url;
	}
	return busy < (s->feed->url ? FETCHES_MAX : DECODES_MAX);
}

/* ---- When ---- */
static void plan(struct pull *p, uint64_t milliseconds)
{
	p->server.next = monotonic_ms() + (int64_t)milliseconds + 1;
}

void pull_plan_first(struct source *s)
{
	if (!s->pull || !s->feed->url)
		return;
	s->dirty = false;
	plan(s->pull, schedule_first(s->feed->every, s->header.serial >= 0, randombytes_uniform));
}

bool pull_is_due(const struct source *s, int64_t monotonic_seconds)
{
	return s->pull && s->pull->server.next && monotonic_seconds * 1000 + 999 >= s->pull->server.next;
}

static void plan_next(struct pull *p, const struct source *s, bool failed)
{
	p->server.failures = failed ? p->server.failures + 1 : 0;
	plan(p, failed ? schedule_backoff(s->feed->every, p->server.failures, p->answer.retry_after, randombytes_uniform)
		       : schedule_next(s->feed->every, randombytes_uniform));
}

void pull_describe(const struct source *s, struct pull_status *out)
{
	const struct server *server = &s->pull->server;

	*out = (struct pull_status){
	    .tried = server->tried,
	    .answered = server->answered,
	    .next = server->next ? (int64_t)time(NULL) + (server->next - monotonic_ms() + 999) / 1000 : 0,
	    .http = server->http,
	    .failures = server->failures,
	    .etag = server->etag,
	    .error = server->error,
	};
}

/* ---- The end of a pull ---- */
static bool has_delta(struct source *s)
{
	if (!s->feed->url && !stat(s->delta, &s->looked_delta))
		return true;
	s->looked_delta = (struct stat){0};
	return false;
}

/* The pipeline judged it; a URL's validators count only for what is in force. */
static void conclude(struct pull *p)
{
	struct daemon *d = p->d;
	struct source *s = &d->world.sources[p->source];
	bool refused = s->refused.at != 0;

	pull_clean_up(p);
	p->whole = p->slow = false;
	worker_keep_one(d->event, &d->spare);
	p->fold.failed = false;
	fold_tend(d, p->source);
	if (s->feed->url) {
		if (!refused && !s->pending.at) {
			memcpy(p->server.url, p->url, sizeof(p->server.url));
			memcpy(p->server.etag, p->answer.etag, sizeof(p->server.etag));
			memcpy(p->server.modified, p->answer.modified, sizeof(p->server.modified));
			server_save(s);
		}
		plan_next(p, s, refused);
		state_write(d);
	}
	loop_wake(d);
}

static void start_file(struct pull *p, const struct source *s);

/* A delta counts from what is in force: after the snapshot, and not while that is in question. */
void pull_deliver(struct pull *p, struct delivery *delivery)
{
	struct source *s = &p->d->world.sources[p->source];
	bool taken;

	delivery->from = place_of(p);
	delivery->copy = p->copy;
	delivery->bytes = p->bytes;
	delivery->more = !p->delta && has_delta(s);
	taken = pipeline_deliver(p->d, p->source, delivery);
	entry_set_free(&delivery->set);
	free(delivery->text);
	conclude(p);
	p->delta = taken && delivery->more;
	if (p->delta)
		start_file(p, s);
}

void pull_fail(struct pull *p, int err, const char *reason)
{
	struct delivery delivery = {.err = err};

	(void)snprintf(delivery.error, sizeof(delivery.error), "%.200s: %.300s", place_of(p), reason);
	pull_deliver(p, &delivery);
}

/* ---- Files ---- */
/* When there is none the worker says so. */
static void open_signature(struct pull *p, const struct source *s)
{
	struct stat st;
	char *path = NULL;

	if (!s->feed->n_keys || asprintf(&path, "%s" SIGNATURE_SUFFIX, place_of(p)) < 0)
		return;
	p->signature = file_open(path, &st);
	p->signature_err = p->signature < 0 ? p->signature : 0;
	free(path);
}

static int open_copy(struct pull *p, const struct source *s, char error[static FEED_ERROR])
{
	int err;

	p->copy = record_copy_path(s->record);
	if (!p->copy)
		return -ENOMEM;
	err = record_take(place_of(p), p->copy, s->feed->max_bytes, error);
	if (err)
		return err;
	p->bytes = open(p->copy, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (p->bytes < 0)
		return -errno;
	open_signature(p, s);
	return 0;
}

static void start_file(struct pull *p, const struct source *s)
{
	struct delivery delivery = {.header = {.serial = -1, .since = -1}};

	delivery.err = open_copy(p, s, delivery.error);
	if (delivery.err)
		pull_deliver(p, &delivery);
	else
		pull_decode(p);
}

/* ---- URLs ---- */
/* The serial in force in place of {since}; 0 asks for the whole. */
static int expand(const char *url, int64_t serial, char out[static JOB_URL])
{
	const char *mark = strstr(url, URL_SINCE);
	int size;

	if (!mark)
		size = snprintf(out, JOB_URL, "%s", url);
	else
		size = snprintf(out, JOB_URL, "%.*s%" PRId64 "%s", (int)(mark - url), url, serial > 0 ? serial : 0, mark + strlen(URL_SINCE));
	return size < JOB_URL ? 0 : -ENAMETOOLONG;
}

/* Behind the path, before a query. */
static int signature_of(const char *url, char out[static JOB_URL])
{
	size_t path = strcspn(url, "?");

	return snprintf(out, JOB_URL, "%.*s" SIGNATURE_SUFFIX "%s", (int)path, url, url + path) < JOB_URL ? 0 : -ENAMETOOLONG;
}

static int fill_fetch(struct pull *p, const struct source *s, struct job_fetch *job)
{
	const struct config_feed *feed = s->feed;
	int err = expand(feed->url, p->whole ? 0 : s->header.serial, p->url);

	if (!err && feed->n_keys)
		err = signature_of(p->url, job->signature_url);
	memcpy(job->url, p->url, sizeof(job->url));
	if (s->loaded && !strcmp(p->url, p->server.url)) {
		memcpy(job->etag, p->server.etag, sizeof(job->etag));
		memcpy(job->modified, p->server.modified, sizeof(job->modified));
	}
	copy_text(job->ca_file, sizeof(job->ca_file), feed->ca_file);
	copy_text(job->client_cert, sizeof(job->client_cert), feed->client_cert);
	copy_text(job->client_key, sizeof(job->client_key), feed->client_key);
	copy_text(job->token_file, sizeof(job->token_file), feed->token_file);
	copy_text(job->proxy, sizeof(job->proxy), feed->proxy);
	job->max_bytes = feed->max_bytes;
	job->timeout = feed->timeout;
	return err;
}

/* No content came, so what waits for a person goes on waiting. */
static void fetch_failed(struct pull *p, const char *reason)
{
	struct source *s = &p->d->world.sources[p->source];

	copy_text(p->server.error, sizeof(p->server.error), reason);
	if (!s->pending.at) {
		pull_fail(p, -EAGAIN, reason);
		return;
	}
	pull_clean_up(p);
	plan_next(p, s, true);
	state_write(p->d);
	loop_wake(p->d);
}

static void fetch_unchanged(struct pull *p)
{
	struct source *s = &p->d->world.sources[p->source];

	pull_clean_up(p);
	pipeline_unchanged(p->d, p->source);
	plan_next(p, s, false);
	state_write(p->d);
	loop_wake(p->d);
}

static bool is_sound_answer(const struct fetched *out)
{
	return is_terminated(out->etag, sizeof(out->etag)) && is_terminated(out->modified, sizeof(out->modified)) &&
	       is_terminated(out->error, sizeof(out->error));
}

static void on_fetched(void *arg, const void *data, const char *error)
{
	struct pull *p = arg;
	int err;

	p->worker = NULL;
	p->answer = (struct fetched){0};
	if (data && is_sound_answer(data))
		p->answer = *(const struct fetched *)data;
	else if (data)
		error = "its worker answered what no worker says; it is tried again";
	p->server.http = p->answer.status;
	p->server.answered = p->answer.status ? (int64_t)time(NULL) : p->server.answered;
	p->server.error[0] = '\0';
	if (error || p->answer.err) {
		fetch_failed(p, error ? error : p->answer.error);
		return;
	}
	if (p->answer.status == 304) {
		fetch_unchanged(p);
		return;
	}
	err = worker_seal(p->bytes);
	if (!err && p->signature >= 0)
		err = worker_seal(p->signature);
	if (err)
		fetch_failed(p, "its worker holds on to the bytes; it is tried again");
	else
		pull_decode(p);
}

static int start_fetch(struct pull *p, const struct source *s, const struct job *job, const int *fds)
{
	unsigned seconds = s->feed->timeout * 2 + LATE_SECONDS;

	if (p->d->fetch_socket) /* which has a limit of its own, and says more */
		return ask_fetch(p->d->event, p->d->fetch_socket, &job->fetch, fds, seconds + LATE_SECONDS, on_fetched, p, &p->worker);
	return worker_start(p->d->event, job, fds, sizeof(struct fetched), seconds, on_fetched, p, &p->worker);
}

void pull_start_url(struct pull *p, const struct source *s)
{
	struct job *job = calloc(1, sizeof(*job));
	int fds[JOB_FDS - JOB_FD_BYTES], err = job ? 0 : -ENOMEM;
	char why[FEED_ERROR] = "cannot start a worker; stop other programs, it is tried again";

	p->fetching = true;
	p->server.tried = (int64_t)time(NULL);
	p->server.next = 0;
	p->answer = (struct fetched){0};
	p->bytes = worker_file();
	p->signature = s->feed->n_keys ? worker_file() : -1;
	p->signature_err = 0;
	if (!err && (p->bytes < 0 || (s->feed->n_keys && p->signature < 0)))
		err = -ENOMEM;
	if (!err) {
		job->kind = JOB_FETCH;
		err = fill_fetch(p, s, &job->fetch);
	}
	fds[0] = p->bytes;
	fds[1] = p->signature;
	fds[2] = fds[3] = fds[4] = fds[5] = -1;
	if (!err)
		err = start_fetch(p, s, job, fds);
	free(job);
	if (!err)
		return;
	if (p->d->fetch_socket)
		(void)snprintf(why, sizeof(why), "cannot ask %.100s: %.100s; systemctl start lenscapd-fetch.socket", p->d->fetch_socket,
			       strerror(-err));
	fetch_failed(p, why);
}

void pull_start(struct daemon *d, size_t source, bool all)
{
	struct source *s = &d->world.sources[source];

	s->pull->d = d;
	s->pull->source = source;
	s->pull->delta = !all && !s->feed->url;
	if (s->pull->delta && !has_delta(s))
		return;
	if (s->feed->url)
		pull_start_url(s->pull, s);
	else
		start_file(s->pull, s);
}
