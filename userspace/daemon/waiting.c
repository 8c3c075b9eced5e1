/* SPDX-License-Identifier: GPL-2.0-only */
/* Workers that wait: made ahead, given their job over a socket. */
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker_private.h"

#define EXTRA (JOB_FDS - JOB_FD_BYTES)

struct parcel { /* message and descriptors as they go */
	unsigned char there[EXTRA]; /* which of the job's descriptors follow, in their order */
	struct iovec part[2];
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(EXTRA * sizeof(int))];
	struct msghdr message;
};

static void wrap(struct parcel *p, struct job *job)
{
	*p = (struct parcel){.part = {{job, sizeof(*job)}, {p->there, sizeof(p->there)}}};
	p->message = (struct msghdr){.msg_iov = p->part, .msg_iovlen = 2, .msg_control = p->room, .msg_controllen = sizeof(p->room)};
}

/* ---- lenscapd ---- */
static void pack(struct parcel *p, const int *fds)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(&p->message);
	size_t n = 0;

	for (size_t i = 0; i < EXTRA; i++) {
		p->there[i] = fds[i] >= 0;
		if (fds[i] >= 0)
			memcpy(CMSG_DATA(control) + n++ * sizeof(int), &fds[i], sizeof(int));
	}
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(n * sizeof(int));
	p->message.msg_controllen = n ? CMSG_SPACE(n * sizeof(int)) : 0;
}

static int start(sd_event *event, struct worker *w)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	w->jobs = pair[0];
	err = worker_spawn(w, WAITING_OPTION, pair[1], NULL);
	(void)close(pair[1]);
	return err ? err : sd_event_add_child(event, &w->child, w->pid, WEXITED, worker_on_end, w);
}

void worker_keep_one(sd_event *event, struct worker **spare)
{
	struct worker *w = *spare ? NULL : calloc(1, sizeof(*w));

	if (!w)
		return;
	*w = (struct worker){.answer = -1, .jobs = -1, .place = spare};
	if (start(event, w) < 0)
		worker_free(w); /* one is started when it is needed */
	else
		*spare = w;
}

int worker_give(sd_event *event, struct worker **spare, const struct job *job, const int fds[static EXTRA], size_t answer_size,
		unsigned seconds, worker_fn *fn, void *arg, struct worker **out)
{
	struct worker *w = *spare;
	struct parcel p;
	int err;

	if (!w)
		return -ESRCH;
	*spare = NULL;
	wrap(&p, (struct job *)job);
	pack(&p, fds);
	w->answer_size = answer_size;
	w->seconds = seconds;
	err = sendmsg(w->jobs, &p.message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : worker_limit(event, w);
	if (err < 0) {
		worker_free(w);
		return err;
	}
	(void)close(w->jobs);
	w->jobs = -1;
	w->fn = fn;
	w->arg = arg;
	*out = w;
	return 0;
}

/* ---- The worker ---- */
/* Out of the way first, for the places may be taken by others of them. */
static int put_in_places(const struct parcel *p, const int *fds, size_t n)
{
	int moved[EXTRA];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		moved[i] = fcntl(fds[i], F_DUPFD, JOB_FDS + EXTRA);
		if (moved[i] < 0)
			return -errno;
		(void)close(fds[i]);
	}
	for (size_t i = 0; i < EXTRA && used < n; i++) {
		if (!p->there[i])
			continue;
		if (dup2(moved[used], JOB_FD_BYTES + (int)i) < 0)
			return -errno;
		(void)close(moved[used++]);
	}
	return 0;
}

int waiting_receive(struct job *job)
{
	const struct cmsghdr *control;
	int fds[EXTRA];
	struct parcel p;
	ssize_t got;
	size_t n = 0;

	wrap(&p, job);
	do
		got = recvmsg(STDIN_FILENO, &p.message, 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)(sizeof(*job) + sizeof(p.there)) || p.message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return got < 0 ? -errno : -EPIPE; /* lenscapd ended */
	control = CMSG_FIRSTHDR(&p.message);
	if (control && control->cmsg_type == SCM_RIGHTS)
		n = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (n)
		memcpy(fds, CMSG_DATA(control), n * sizeof(int));
	return put_in_places(&p, fds, n);
}
