/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscapd --fetch: takes jobs from its socket and gives each to a worker. It has the network and nothing else: no map, no
 * configuration, no file of lenscapd's but those that come with a job. It ends when nobody has asked for a while. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../lib/log.h"
#include "ask.h"
#include "privileges.h"

#define CLIENTS_MAX 16 /* lenscapd asks for eight at most */
#define IDLE_SECONDS 30
#define LATE_SECONDS 5
#define SECONDS_MAX 7200u
#define EXIT_FAILED 3

struct fetchd;
struct client {
	struct fetchd *f;
	int socket; /* -1 = this place is free */
	struct worker *worker;
	sd_event_source *io;
};

struct fetchd {
	sd_event *event;
	sd_event_source *listening, *idle;
	struct client clients[CLIENTS_MAX];
	unsigned busy;
};

static int on_idle(sd_event_source *source, uint64_t usec, void *arg)
{
	struct fetchd *f = arg;

	(void)source;
	(void)usec;
	return f->busy ? 0 : sd_event_exit(f->event, 0);
}

static int arm_idle(struct fetchd *f)
{
	f->idle = sd_event_source_disable_unref(f->idle);
	return sd_event_add_time_relative(f->event, &f->idle, CLOCK_MONOTONIC, IDLE_SECONDS * 1000000ull, 0, on_idle, f);
}

/* Kills its worker, if there is one. */
static void end_client(struct client *c)
{
	struct fetchd *f = c->f;

	worker_free(c->worker);
	c->io = sd_event_source_disable_unref(c->io);
	(void)close(c->socket);
	*c = (struct client){.f = f, .socket = -1};
	f->busy--;
	(void)sd_event_source_set_enabled(f->listening, SD_EVENT_ON);
	(void)arm_idle(f);
}

static void on_fetched(void *arg, const void *answer, const char *error)
{
	struct client *c = arg;

	c->worker = NULL; /* freed by whom it told us */
	if (error)
		log_warning("a fetch failed: %s", error);
	else if (send(c->socket, answer, sizeof(struct fetched), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("lenscapd did not wait for an answer: %s", strerror(errno));
	end_client(c);
}

/* Texts that end, and times that end. */
static bool is_sound(const struct ask *ask)
{
	const struct job_fetch *j = &ask->job;
	const struct {
		const char *text;
		size_t size;
	} texts[] = {{j->url, sizeof(j->url)}, {j->signature_url, sizeof(j->signature_url)}, {j->etag, sizeof(j->etag)},
		     {j->modified, sizeof(j->modified)}, {j->ca_file, sizeof(j->ca_file)}, {j->client_cert, sizeof(j->client_cert)},
		     {j->client_key, sizeof(j->client_key)}, {j->token_file, sizeof(j->token_file)}, {j->proxy, sizeof(j->proxy)}};
	bool sound = j->timeout && j->timeout <= SECONDS_MAX;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		sound = sound && memchr(texts[i].text, '\0', texts[i].size);
	return sound;
}

/* The message and the files with it; -1 in FILES where there is none. */
static bool receive(int fd, struct ask *ask, int files[static ASK_FILES])
{
	struct iovec part = {ask, sizeof(*ask)};
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(ASK_FILES * sizeof(int))];
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *control = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	files[0] = files[1] = -1;
	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
		memcpy(files, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
	return got == (ssize_t)sizeof(*ask) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
}

static int start(struct client *c, const struct ask *ask, const int files[static ASK_FILES])
{
	int fds[JOB_FDS - JOB_FD_BYTES] = {files[0], files[1], -1, -1, -1};
	struct job *job = calloc(1, sizeof(*job));
	int err;

	if (!job)
		return -ENOMEM;
	job->kind = JOB_FETCH;
	job->fetch = ask->job;
	err = worker_start(c->f->event, job, fds, sizeof(struct fetched), ask->job.timeout * 2 + LATE_SECONDS, on_fetched, c, &c->worker);
	free(job);
	return err;
}

/* A job, once; after it, or instead of it, that lenscapd gave up. */
static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	static struct ask ask; /* one at a time, and large for a stack */
	struct client *c = arg;
	struct fetchd *f = c->f;
	int files[ASK_FILES];
	bool whole;

	(void)source;
	(void)events;
	if (c->worker) {
		end_client(c);
		return 0;
	}
	whole = receive(fd, &ask, files);
	if (whole && memcmp(ask.version, LENSCAP_VERSION, sizeof(LENSCAP_VERSION)) != 0) {
		log_warning("asked by another version of lenscapd: ending, to be started anew");
		(void)sd_event_exit(f->event, 0);
	} else if (!whole || !is_sound(&ask) || files[0] < 0 || start(c, &ask, files)) {
		end_client(c);
	}
	for (size_t i = 0; i < ASK_FILES; i++)
		if (files[i] >= 0)
			(void)close(files[i]);
	return 0;
}

/* Only who runs as the same user asks; the socket's mode says so as well. */
static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) && who.uid == geteuid();
}

static int on_listening(sd_event_source *source, int listening, uint32_t events, void *arg)
{
	struct fetchd *f = arg;
	struct client *c = f->clients;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return 0;
	while (c->socket >= 0)
		c++;
	if (!may_ask(fd) || sd_event_add_io(f->event, &c->io, fd, EPOLLIN | EPOLLRDHUP, on_client, c) < 0) {
		(void)close(fd);
		return 0;
	}
	c->socket = fd;
	if (++f->busy == CLIENTS_MAX)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int run(int listening)
{
	struct fetchd f = {0};
	int err = sd_event_default(&f.event);

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		f.clients[i] = (struct client){.f = &f, .socket = -1};
	if (err >= 0)
		err = sd_event_add_io(f.event, &f.listening, listening, EPOLLIN, on_listening, &f);
	if (err >= 0)
		err = arm_idle(&f);
	if (err >= 0)
		err = sd_event_loop(f.event);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (f.clients[i].socket >= 0)
			end_client(&f.clients[i]);
	(void)sd_event_source_disable_unref(f.listening);
	(void)sd_event_source_disable_unref(f.idle);
	(void)sd_event_unref(f.event);
	return err;
}

int fetchd_main(void)
{
	char error[PRIVILEGES_ERROR] = "";
	sigset_t child;
	int err;

	log_init("lenscapd-fetch", LOG_LEVEL_INFO);
	if (sd_listen_fds(1) != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, NULL, 0) <= 0) {
		log_error("no socket was given to listen on; lenscapd-fetch.socket starts this");
		return 2;
	}
	if (privileges_refuse(error)) {
		log_error("%s", error);
		return EXIT_FAILED;
	}
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL); /* sd-event waits for children */
	err = run(SD_LISTEN_FDS_START);
	if (err < 0)
		log_error("cannot go on: %s", strerror(-err));
	return err < 0 ? EXIT_FAILED : 0;
}
