/* SPDX-License-Identifier: GPL-2.0-only */
/* A worker as its two kinds share it: a process of ours (worker.c), or an answer from lenscapd-fetch (ask.c). */
#ifndef LENSCAP_DAEMON_WORKER_PRIVATE_H
#define LENSCAP_DAEMON_WORKER_PRIVATE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "worker.h"

struct worker {
	pid_t pid;  /* 0 = not ours, or waited for */
	int answer; /* what the answer is read from */
	int jobs;   /* of one that waits: where its job goes */
	struct worker **place; /* of one that waits: who knows it */
	size_t answer_size;
	bool late;
	unsigned seconds;
	sd_event_source *child, *timer, *io;
	worker_fn *fn;
	void *arg;
};

/* A process with IN as its standard input, and EXTRA (NULL = none) as worker_start()'s; its answer is W's. */
int worker_spawn(struct worker *w, const char *option, int in, const int *extra);
/* For sd_event_add_child(): W ended. */
int worker_on_end(sd_event_source *source, const siginfo_t *how, void *arg);
/* For what W is given to do. */
int worker_limit(sd_event *event, struct worker *w);

/* All but the process. */
void worker_free_parts(struct worker *w);
#endif
