/* SPDX-License-Identifier: GPL-2.0-only */
/* A feed's journal: begun for every record, and put into the record by a worker when it has grown long. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "../feed/kept.h"
#include "../lib/file.h"
#include "../lib/log.h"
#include "pull_private.h"

#define FOLD_SECONDS 300
#define QUIET_SECONDS 10

void fold_stop(struct fold *f)
{
	worker_free(f->worker);
	f->worker = NULL;
	close_fd(&f->record);
	close_fd(&f->journal);
	close_fd(&f->out);
	if (f->copy)
		(void)unlink(f->copy);
	free(f->copy);
	f->copy = NULL;
}

/* What came to be a record or another snapshot meanwhile is newer. */
static bool is_still_wanted(const struct source *s, const struct fold *f)
{
	return s->loaded && s->end.there && s->records == f->records && s->header.serial >= f->in_force.serial;
}

static int check(const struct fold *f, const void *data)
{
	const struct decoded *out = data;

	if (out->err)
		return out->err < 0 ? out->err : -EBADMSG;
	return out->header.serial == f->in_force.serial && is_terminated(out->header.delta, sizeof(out->header.delta)) &&
			       !strcmp(out->header.delta, f->in_force.delta)
		       ? 0
		       : -EBADMSG;
}

/* First the record, with all that the journal has up to there; then that leaves the journal, once the guards' memory has what
 * only its steps had. */
static int put_in_place(struct daemon *d, struct source *s, const struct fold *f)
{
	int err = rename(f->copy, s->record) ? -errno : file_sync_parent(s->record);

	if (!err)
		err = memory_save(d);
	if (!err)
		err = journal_drop(s->journal, f->in_force.serial, &s->end);
	return err;
}

static void on_folded(void *arg, const void *data, const char *error)
{
	struct pull *p = arg;
	struct source *s = &p->d->world.sources[p->source];
	int err = data ? check(&p->fold, data) : -EPIPE;

	p->fold.worker = NULL;
	if (!err && is_still_wanted(s, &p->fold))
		err = put_in_place(p->d, s, &p->fold);
	if (err)
		log_warning("%s: its deltas could not be put into the record: %s; it is tried again with the next", s->name,
			    error ? error : strerror(-err));
	p->fold.failed = err != 0;
	fold_stop(&p->fold);
	fold_tend_all(p->d);
}

static int open_files(struct fold *f, const struct source *s)
{
	struct stat st;

	if (asprintf(&f->copy, "%s.fold", s->record) < 0) {
		f->copy = NULL;
		return -ENOMEM;
	}
	(void)unlink(f->copy);
	f->record = file_open(s->record, &st);
	f->journal = file_open(s->journal, &st);
	f->out = open(f->copy, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (f->record < 0 || f->journal < 0)
		return -EIO;
	return f->out < 0 ? -errno : 0;
}

static int start_worker(struct daemon *d, struct pull *p, const struct source *s)
{
	struct job *job = calloc(1, sizeof(*job));
	const int fds[JOB_FDS - JOB_FD_BYTES] = {[JOB_FD_RECORD - JOB_FD_BYTES] = p->fold.record,
						 [JOB_FD_MERGED - JOB_FD_BYTES] = p->fold.out,
						 [JOB_FD_JOURNAL - JOB_FD_BYTES] = p->fold.journal,
						 [JOB_FD_OTHER - JOB_FD_BYTES] = -1,
						 [JOB_FD_SIGNATURE - JOB_FD_BYTES] = -1,
						 [0] = -1};
	int err;

	if (!job)
		return -ENOMEM;
	job->kind = JOB_FOLD;
	pull_fill_rules(&job->decode, d, s, 0);
	err = worker_start(d->event, job, fds, sizeof(struct decoded), FOLD_SECONDS, on_folded, p, &p->fold.worker);
	free(job);
	return err;
}

static void start(struct daemon *d, size_t source)
{
	struct source *s = &d->world.sources[source];
	struct pull *p = s->pull;
	int err = open_files(&p->fold, s);

	p->d = d;
	p->source = source;
	p->fold.in_force = s->header;
	p->fold.records = s->records;
	if (!err)
		err = start_worker(d, p, s);
	if (!err)
		return;
	log_warning("%s: its deltas could not be put into the record: %s; it is tried again with the next", s->name, strerror(-err));
	p->fold.failed = true;
	fold_stop(&p->fold);
}

/* One at a time: each takes as much memory as a list. */
static bool is_any_folding(const struct daemon *d)
{
	for (size_t i = 0; i < d->world.n_sources; i++)
		if (d->world.sources[i].pull && d->world.sources[i].pull->fold.worker)
			return true;
	return false;
}

static void begin(struct source *s)
{
	int err = journal_begin(s->journal, kept_snapshot(&s->header, s->sha256), &s->end);

	if (!err)
		return;
	(void)unlink(s->journal); /* an old one must not be taken for this record's, whatever comes */
	log_warning("%s: cannot be written: %s; deltas take longer", s->journal, strerror(-err));
}

/* It writes as much as a list, and a delta that comes meanwhile waits for the disk: better when none comes for a while. */
static bool is_due(const struct source *s)
{
	int64_t now = (int64_t)time(NULL);
	bool quiet = now < s->applied || now - s->applied >= QUIET_SECONDS;
	size_t times = quiet ? 1 : 2;

	return s->end.steps >= times * JOURNAL_STEPS || s->end.size >= times * JOURNAL_BYTES;
}

void fold_tend(struct daemon *d, size_t source)
{
	struct source *s = &d->world.sources[source];

	if (!s->pull || !s->loaded || s->header.serial < 0)
		return;
	if (!s->end.there)
		begin(s);
	else if (!s->pull->fold.failed && is_due(s) && !is_any_folding(d))
		start(d, source);
}

void fold_tend_all(struct daemon *d)
{
	for (size_t i = 0; i < d->world.n_sources; i++)
		if (!pull_is_busy(&d->world.sources[i]))
			fold_tend(d, i);
}
