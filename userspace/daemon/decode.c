/* SPDX-License-Identifier: GPL-2.0-only */
/* A feed's bytes through a worker: what it needs, and what of its answer is believed. */
#include <errno.h>
#include <stdlib.h>

#include "../feed/kept.h"
#include "../lib/file.h"
#include "change.h"

#define DECODE_SECONDS 120

/* A digest the daemon made itself is not needed: it is compared, shown and kept, and a wrong one harms its own feed only. */
static bool is_sound(const struct decoded *out)
{
	size_t hex = strspn(out->sha256, "0123456789abcdef");

	return is_terminated(out->sha256, sizeof(out->sha256)) && (hex == 64 || (!hex && out->err)) && !out->sha256[hex] &&
	       is_terminated(out->error, sizeof(out->error)) && is_terminated(out->header.list, sizeof(out->header.list)) &&
	       is_terminated(out->header.snapshot, sizeof(out->header.snapshot)) &&
	       is_terminated(out->header.delta, sizeof(out->header.delta)) &&
	       out->err <= 0 && out->header.serial >= -1 && out->header.generated >= 0 && out->header.expires >= 0;
}

/* What the delta made of the record is what is recorded. */
static int take_merged(struct pull *p)
{
	int err = p->merged < 0 ? -EBADMSG : worker_seal(p->merged);

	if (err)
		return err;
	if (p->copy)
		(void)unlink(p->copy);
	free(p->copy);
	p->copy = NULL;
	close_fd(&p->bytes);
	p->bytes = p->merged;
	p->merged = -1;
	return 0;
}

/* Back to the begin of what was read, and what was made is made anew. */
static void decode_whole(struct pull *p)
{
	p->slow = true;
	close_fd(&p->set);
	close_fd(&p->record);
	close_fd(&p->merged);
	close_fd(&p->journal);
	if (lseek(p->bytes, 0, SEEK_SET) < 0 || (p->signature >= 0 && lseek(p->signature, 0, SEEK_SET) < 0))
		pull_fail(p, -EIO, strerror(errno));
	else
		pull_decode(p);
}

/* -EAGAIN: the delta is to be decoded once more, with the list. */
static int take_set(struct pull *p, const struct decoded *out, struct delivery *delivery)
{
	const struct source *s = &p->d->world.sources[p->source];
	struct entry_set set = {0};
	struct names names = {0};
	int err = transfer_read(p->set, &out->set, &s->rules, &set, out->change ? &names : NULL);

	if (!err && out->change) {
		err = change_take(p, out, &set, &names, delivery);
	} else if (!err) {
		delivery->set = set;
		set = (struct entry_set){0};
	}
	entry_set_free(&set);
	names_free(&names);
	return err;
}

static void take_answer(struct pull *p, const struct decoded *out, struct delivery *delivery)
{
	const struct source *s = &p->d->world.sources[p->source];

	if (!is_sound(out)) {
		delivery->err = -EBADMSG;
	} else {
		delivery->err = out->err;
		delivery->header = out->header;
		memcpy(delivery->sha256, out->sha256, sizeof(delivery->sha256));
		memcpy(delivery->error, out->error, sizeof(delivery->error));
		delivery->known = out->known;
		if (!out->err && out->merged)
			delivery->err = take_merged(p);
		if (!delivery->err && !out->known)
			delivery->err = worker_seal(p->set);
		if (!delivery->err && !out->known)
			delivery->err = take_set(p, out, delivery);
	}
	if (delivery->err && delivery->err != -EAGAIN && !delivery->error[0])
		(void)snprintf(delivery->error, sizeof(delivery->error),
			       "%.200s: its worker answered what no parser makes (%s); keep the file and report it", s->path,
			       strerror(-delivery->err));
}

static void on_decoded(void *arg, const void *data, const char *error)
{
	struct pull *p = arg;
	struct source *s = &p->d->world.sources[p->source];
	struct delivery delivery = {.header = {.serial = -1, .since = -1}};

	p->worker = NULL;
	if (!data) {
		pull_fail(p, -EBADMSG, error);
		return;
	}
	take_answer(p, data, &delivery);
	if (delivery.err == -EAGAIN) {
		free(delivery.text);
		decode_whole(p);
		return;
	}
	if (delivery.err == -ESTALE && s->feed->url && strstr(s->feed->url, URL_SINCE) && !p->whole) {
		p->whole = true;
		pull_clean_up(p);
		pull_start_url(p, s);
		return;
	}
	if (delivery.err == -EKEYREJECTED && !p->again[p->delta]) { /* feed and signature may be half replaced */
		p->again[p->delta] = true;
		p->delta = false;
		s->retry_at = monotonic_ms() / 1000 + 1;
		pull_clean_up(p);
		loop_wake(p->d);
		return;
	}
	p->again[p->delta] = false;
	pull_deliver(p, &delivery);
}

/* A delta needs the record, what came after it, and a place for what it makes of them. */
static int open_record(struct pull *p, const struct source *s)
{
	struct stat st;

	if (!s->loaded || s->header.serial < 0)
		return 0;
	p->record = file_open(s->record, &st);
	p->journal = file_open(s->journal, &st);
	p->merged = worker_file();
	return p->merged < 0 ? p->merged : 0;
}

void pull_fill_rules(struct job_decode *job, const struct daemon *d, const struct source *s, int signature_err)
{
	job->rules = s->rules;
	job->rules.max_bytes = s->feed->max_bytes;
	job->rules.signature_err = signature_err;
	job->in_force = s->header;
	copy_text(job->snapshot, sizeof(job->snapshot), kept_snapshot(&s->header, s->sha256));
	job->rules.now = d->trusted ? (int64_t)time(NULL) : 0;
	(void)snprintf(job->list, sizeof(job->list), "%s", s->rules.list ? s->rules.list : "");
	memcpy(job->keys, s->rules.keys ? s->rules.keys : job->keys, s->rules.n_keys * sizeof(job->keys[0]));
	for (unsigned i = 0; i < FEED_COLUMNS; i++)
		copy_text(job->columns[i], sizeof(job->columns[i]), s->feed->columns[i]);
}

static int start(struct pull *p, const struct job *job, const int *fds)
{
	struct daemon *d = p->d;

	if (!worker_give(d->event, &d->spare, job, fds, sizeof(struct decoded), DECODE_SECONDS, on_decoded, p, &p->worker))
		return 0;
	return worker_start(d->event, job, fds, sizeof(struct decoded), DECODE_SECONDS, on_decoded, p, &p->worker);
}

void pull_decode(struct pull *p)
{
	struct source *s = &p->d->world.sources[p->source];
	struct job *job = calloc(1, sizeof(*job));
	int fds[JOB_FDS - JOB_FD_BYTES], err = job ? 0 : -ENOMEM;

	p->fetching = false;
	p->set = worker_file();
	if (p->set < 0)
		err = p->set;
	if (!err)
		err = open_record(p, s);
	if (!err) {
		job->kind = JOB_DECODE;
		pull_fill_rules(&job->decode, p->d, s, p->signature_err);
		job->decode.change = change_allowed(p, s);
		copy_text(job->decode.name, sizeof(job->decode.name), place_of(p));
		fds[0] = p->bytes;
		fds[1] = p->set;
		fds[2] = p->signature;
		fds[3] = p->record;
		fds[4] = p->merged;
		fds[5] = p->journal;
		err = start(p, job, fds);
	}
	free(job);
	if (err)
		pull_fail(p, -ENOMEM, "cannot start a worker; stop other programs, it is tried again");
}
