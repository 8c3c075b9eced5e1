/* SPDX-License-Identifier: GPL-2.0-only */
/* The worker's side: shut itself in, do one job, answer, end. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../feed/kept.h"
#include "../feed/minisign.h"
#include "fetch.h"
#include "sandbox.h"
#include "waiting.h"
#include "worker.h"

#define CPU_SECONDS 300

static int read_job(struct job *job)
{
	char *to = (char *)job;
	size_t have = 0;

	while (have < sizeof(*job)) {
		ssize_t n = read(STDIN_FILENO, to + have, sizeof(*job) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		have += (size_t)n;
	}
	return 0;
}

/* All that can be done before the job is known. */
static int await_job(struct job *job)
{
	int err = sodium_init() < 0 ? -EIO : sandbox_files(NULL, 0);

	return err < 0 ? err : waiting_receive(job);
}

static int answer(const void *data, size_t size)
{
	return write(STDOUT_FILENO, data, size) == (ssize_t)size ? 0 : -EPIPE;
}

/* What resolvers and TLS read, and what the job names. */
static int open_only(const struct job_fetch *job)
{
	const char *const readable[] = {
	    job->ca_file,	   job->client_cert,	   job->client_key,	job->token_file, "/etc/ssl",
	    "/usr/lib/ssl",	   "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ca-certificates",
	    "/etc/resolv.conf",	   "/etc/hosts",	   "/etc/host.conf",	"/etc/nsswitch.conf", "/etc/gai.conf",
	    "/etc/services",	   "/etc/protocols",	   "/etc/localtime",	"/etc/ld.so.cache", "/etc/gnutls",
	    "/etc/crypto-policies", "/lib",		   "/usr/lib",		"/usr/lib64",	"/usr/share/zoneinfo",
	    "/dev/null",	   "/dev/urandom",	   "/dev/random",	"/run/systemd/resolve", "/proc/sys/crypto",
	};
	int abi = sandbox_files(readable, sizeof(readable) / sizeof(readable[0]));

	return abi < 0 ? abi : 0;
}

static int do_fetch(const struct job_fetch *job)
{
	struct fetched out = {0};
	int err = fetch_prepare();

	if (!err)
		err = open_only(job);
	if (!err)
		err = sandbox_for_network();
	if (err)
		return err;
	fetch_run(job, JOB_FD_BYTES, JOB_FD_OTHER, &out);
	return answer(&out, sizeof(out));
}

/* Pointers to what came along. What is wrong with a signature the parser says. */
static void fill_rules(struct job_decode *job)
{
	static char signature[MINISIGN_FILE_MAX + 1];
	static char *columns[FEED_COLUMNS];
	ssize_t size = job->rules.n_keys ? read(JOB_FD_SIGNATURE, signature, sizeof(signature)) : 0;

	if (job->rules.list)
		job->rules.list = job->list;
	for (unsigned i = 0; i < FEED_COLUMNS; i++)
		columns[i] = job->columns[i][0] ? job->columns[i] : NULL;
	job->rules.columns = columns;
	job->rules.keys = job->keys;
	job->rules.signature = NULL;
	job->rules.signature_text = signature;
	job->rules.signature_size = size > 0 ? (size_t)size : 0;
}

struct files { /* opened before the sandbox closes: the filter knows no fcntl(2) */
	FILE *record, *lines, *merged;
};

static struct files open_files(void)
{
	return (struct files){fdopen(JOB_FD_RECORD, "r"), fdopen(JOB_FD_BYTES, "r"), fdopen(JOB_FD_MERGED, "w")};
}

/* A worker that has no journal was given none to read. */
static int write_merged(const struct files *f, FILE *lines, const struct delta *delta)
{
	struct journal journal = {0};
	int err = journal_read_fd(JOB_FD_JOURNAL, &journal);

	if (err == -EBADF)
		err = 0;
	if (!err)
		err = f->record && f->merged ? kept_merge(f->record, &journal, lines, delta, f->merged) : -EBADF;
	journal_free(&journal);
	return !err && lseek(JOB_FD_MERGED, 0, SEEK_SET) < 0 ? -errno : err;
}

/* What the delta makes of the record takes the delta's place, and is parsed as any list. */
static int merge(const struct job_decode *job, const struct files *f, const struct delta *delta, struct entry_set *set,
		 struct decoded *out)
{
	struct source_rules rules = source_rules_of_record(&job->rules);
	int err = f->lines ? write_merged(f, f->lines, delta) : -EBADF;
	char merged[65];

	if (err) {
		(void)snprintf(out->error, sizeof(out->error), "%.200s: cannot be put onto the list in force: %s; it is tried again",
			       job->name, strerror(-err));
		return -ENOMEM;
	}
	entry_set_free(set);
	err = native_parse_fd(JOB_FD_MERGED, job->name, &rules, &out->header, set, merged, out->error);
	out->merged = !err;
	return err;
}

/* What a small delta speaks of: what it makes of the list is then found without reading the list. */
static bool take_names(const struct job_decode *job, const struct files *f, struct names *names)
{
	if (!job->change || !f->lines || delta_names(f->lines, names))
		return false;
	if (names->n <= PATCH_KEYS_MAX)
		return true;
	names_free(names);
	return false;
}

static int put_on_record(const struct job_decode *job, const struct files *files, struct entry_set *set, struct names *names,
			 struct decoded *out)
{
	const struct feed_header header = out->header;
	char sha256[65];
	struct delta delta = {.header = &header, .sha256 = sha256, .snapshot = job->snapshot};
	int err;

	memcpy(sha256, out->sha256, sizeof(sha256));
	err = delta_follows(&delta, &job->in_force, out->error);
	out->change = !err && take_names(job, files, names);
	if (!err)
		return out->change ? 0 : merge(job, files, &delta, set, out);
	out->known = err > 0;
	entry_set_free(set);
	return out->known ? 0 : err;
}

static int shut_in(void)
{
	int err = sodium_init() < 0 ? -EIO : sandbox_files(NULL, 0);

	return err < 0 ? err : sandbox_for_decoding();
}

static int do_decode(struct job_decode *job)
{
	const struct files files = open_files();
	struct decoded out = {0};
	struct entry_set set = {0};
	struct names names = {0};
	int err = shut_in();

	if (err)
		return err;
	fill_rules(job);
	out.err = native_parse_fd(JOB_FD_BYTES, job->name, &job->rules, &out.header, &set, out.sha256, out.error);
	if (!out.err && out.header.since >= 0)
		out.err = put_on_record(job, &files, &set, &names, &out);
	if (!out.err && !out.known && transfer_write(JOB_FD_OTHER, &set, out.change ? &names : NULL, &out.set)) {
		out.err = -ENOMEM;
		(void)snprintf(out.error, sizeof(out.error), "%.200s: no memory to hand its entries over; stop other programs", job->name);
	}
	return answer(&out, sizeof(out));
}

/* The journal into the record, on the disk, and read back: what comes of it has to be as good as a record. */
static int do_fold(struct job_decode *job)
{
	const struct files files = open_files();
	const struct delta last = {.header = &job->in_force, .sha256 = job->in_force.delta, .snapshot = job->snapshot};
	struct decoded out = {0};
	struct entry_set set = {0};
	int err = shut_in();

	if (err)
		return err;
	fill_rules(job);
	job->rules = source_rules_of_record(&job->rules);
	out.err = write_merged(&files, NULL, &last);
	if (!out.err)
		out.err = native_parse_fd(JOB_FD_MERGED, "", &job->rules, &out.header, &set, out.sha256, out.error);
	if (!out.err && fsync(JOB_FD_MERGED))
		out.err = -errno;
	return answer(&out, sizeof(out));
}

int worker_main(bool waiting)
{
	struct job *job = calloc(1, sizeof(*job));
	int err = job ? sandbox_limit(waiting ? JOB_FD_BYTES : JOB_FDS, CPU_SECONDS) : -ENOMEM;

	if (!err)
		err = waiting ? await_job(job) : read_job(job);
	if (!err && job->kind == JOB_FETCH)
		err = do_fetch(&job->fetch);
	else if (!err && job->kind == JOB_FOLD)
		err = do_fold(&job->decode);
	else if (!err)
		err = job->kind == JOB_DECODE ? do_decode(&job->decode) : -EINVAL;
	_exit(err ? EXIT_FAILURE : EXIT_SUCCESS); /* nothing is left to be flushed, and memory goes by itself */
}
