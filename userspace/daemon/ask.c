/* SPDX-License-Identifier: GPL-2.0-only */
/* Fetching by lenscapd-fetch: where lenscapd itself may not reach any network. One message there (the job, with the files to
 * write to), one back. */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker_private.h"

static void conclude(struct worker *w, const void *answer, const char *error)
{
	w->fn(w->arg, answer, error);
	worker_free_parts(w);
}

/* One whole message or no answer; descriptors that came along would have been thrown away. */
static int on_answer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct worker *w = arg;
	char *answer = malloc(w->answer_size + 1);
	ssize_t got = answer ? recv(fd, answer, w->answer_size + 1, MSG_DONTWAIT) : -1;
	bool good = got == (ssize_t)w->answer_size;

	(void)source;
	(void)events;
	conclude(w, good ? answer : NULL, good ? NULL : "lenscapd-fetch gave no answer; see its journal, it is tried again");
	free(answer);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *arg)
{
	struct worker *w = arg;
	char error[96];

	(void)source;
	(void)usec;
	(void)snprintf(error, sizeof(error), "lenscapd-fetch did not answer within %u s", w->seconds);
	conclude(w, NULL, error);
	return 0;
}

/* It waits in no case: a full backlog is an error. */
static int reach(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = -errno;
	(void)close(fd);
	return err;
}

static int send_job(int fd, const struct job_fetch *job, const int files[static ASK_FILES])
{
	struct ask request = {.version = LENSCAP_VERSION, .job = *job};
	struct iovec part = {&request, sizeof(request)};
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(ASK_FILES * sizeof(int))] = {0};
	size_t n = files[1] >= 0 ? 2 : 1;
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(control), files, n * sizeof(int));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(request) ? 0 : -errno;
}

int ask_fetch(sd_event *event, const char *path, const struct job_fetch *job, const int files[static ASK_FILES], unsigned seconds,
	      worker_fn *fn, void *arg, struct worker **out)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){.jobs = -1, .answer = reach(path), .answer_size = sizeof(struct fetched), .seconds = seconds, .fn = fn, .arg = arg};
	err = w->answer < 0 ? w->answer : send_job(w->answer, job, files);
	if (!err)
		err = sd_event_add_io(event, &w->io, w->answer, EPOLLIN, on_answer, w);
	if (err >= 0)
		err = sd_event_add_time_relative(event, &w->timer, CLOCK_MONOTONIC, seconds * 1000000ull, 0, on_late, w);
	if (err < 0) {
		worker_free(w);
		return err;
	}
	*out = w;
	return 0;
}
