/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's side of workers: start, wait, bound, believe nothing. */
#include "worker_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define EXTRA (JOB_FDS - JOB_FD_BYTES)

int worker_file(void)
{
	int fd = memfd_create("lenscap", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

int worker_seal(int fd)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return -errno;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

void worker_free_parts(struct worker *w)
{
	w->child = sd_event_source_disable_unref(w->child);
	w->timer = sd_event_source_disable_unref(w->timer);
	w->io = sd_event_source_disable_unref(w->io);
	if (w->answer >= 0)
		(void)close(w->answer);
	if (w->jobs >= 0)
		(void)close(w->jobs);
	free(w);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	worker_free_parts(w);
}

/* More or less than the whole is no answer. */
static bool read_answer(const struct worker *w, char *to)
{
	size_t have = 0;
	char more;

	while (have < w->answer_size) {
		ssize_t n = read(w->answer, to + have, w->answer_size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return read(w->answer, &more, 1) == 0;
}

static void describe(const struct worker *w, const siginfo_t *how, char *out, size_t size)
{
	if (w->late)
		(void)snprintf(out, size, "its worker did not end within %u s and was killed", w->seconds);
	else if (how->si_code == CLD_EXITED)
		(void)snprintf(out, size, "its worker ended with %d and no answer", how->si_status);
	else
		(void)snprintf(out, size, "its worker was ended by signal %d", how->si_status);
}

static void conclude(struct worker *w, const siginfo_t *how)
{
	char error[96] = "";
	char *answer = calloc(1, w->answer_size);
	bool good = answer && !w->late && how->si_code == CLD_EXITED && !how->si_status && read_answer(w, answer);

	if (!good)
		describe(w, how, error, sizeof(error));
	w->fn(w->arg, good ? answer : NULL, good ? NULL : error);
	free(answer);
}

int worker_on_end(sd_event_source *source, const siginfo_t *how, void *arg)
{
	struct worker *w = arg;

	(void)source;
	w->pid = 0; /* waited for */
	if (w->fn)
		conclude(w, how);
	else /* it was only waiting */
		*w->place = NULL;
	worker_free_parts(w);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *arg)
{
	struct worker *w = arg;

	(void)source;
	(void)usec;
	w->late = true;
	(void)kill(w->pid, SIGKILL);
	return 0;
}

/* Numbers as the worker expects them. A descriptor that has its number already would stay close-on-exec, so all are moved
 * out of the way first. */
static int place(posix_spawn_file_actions_t *actions, const int *from, size_t n, int moved[])
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		moved[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, JOB_FDS + (int)n);
		if (from[i] >= 0)
			err = moved[i] < 0 ? -errno : -posix_spawn_file_actions_adddup2(actions, moved[i], (int)i);
	}
	return err;
}

static int spawn(struct worker *w, const char *option, int in, int out, const int *extra)
{
	char *const argv[] = {"lenscapd", (char *)option, NULL};
	static char *const envp[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	int from[JOB_FDS] = {in, out, STDERR_FILENO}, moved[JOB_FDS];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int err;

	for (size_t i = 0; i < EXTRA; i++)
		from[JOB_FD_BYTES + i] = extra ? extra[i] : -1;
	for (size_t i = 0; i < JOB_FDS; i++)
		moved[i] = -1;
	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	err = place(&actions, from, JOB_FDS, moved);
	if (!err)
		err = -posix_spawn(&w->pid, SELF, &actions, &attributes, argv, envp);
	for (size_t i = 0; i < JOB_FDS; i++)
		if (moved[i] >= 0)
			(void)close(moved[i]);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return err;
}

int worker_spawn(struct worker *w, const char *option, int in, const int *extra)
{
	int out[2], err;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	err = spawn(w, option, in, out[1], extra);
	if (!err && fcntl(out[0], F_SETFL, O_NONBLOCK)) /* whatever it left behind may hold the other end */
		err = -errno;
	w->answer = out[0];
	(void)close(out[1]);
	return err;
}

/* The pipe has room for a whole job, so nothing waits. */
static int start_process(struct worker *w, const struct job *job, const int *fds)
{
	int in[2], err = 0;

	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (write(in[1], job, sizeof(*job)) != (ssize_t)sizeof(*job))
		err = -EIO;
	if (!err)
		err = worker_spawn(w, WORKER_OPTION, in[0], fds);
	(void)close(in[0]);
	(void)close(in[1]);
	return err;
}

int worker_limit(sd_event *event, struct worker *w)
{
	return sd_event_add_time_relative(event, &w->timer, CLOCK_MONOTONIC, w->seconds * 1000000ull, 0, on_late, w);
}

int worker_start(sd_event *event, const struct job *job, const int fds[static EXTRA], size_t answer_size, unsigned seconds,
		 worker_fn *fn, void *arg, struct worker **out)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){.answer = -1, .jobs = -1, .answer_size = answer_size, .seconds = seconds, .fn = fn, .arg = arg};
	err = start_process(w, job, fds);
	if (!err)
		err = sd_event_add_child(event, &w->child, w->pid, WEXITED, worker_on_end, w);
	if (err >= 0)
		err = worker_limit(event, w);
	if (err < 0) {
		worker_free(w);
		return err;
	}
	*out = w;
	return 0;
}
