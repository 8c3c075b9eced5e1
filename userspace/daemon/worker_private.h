/* SPDX-License-Identifier: GPL-2.0-only */
/* A worker as its two kinds share it: a process of ours (worker.c), or an answer from lenscapd-fetch (ask.c). */
#ifndef LENSCAP_DAEMON_WORKER_PRIVATE_H
#define LENSCAP_DAEMON_WORKER_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "worker.h"

struct worker {
	pid_t pid;  /* 0 = not ours, or waited for */
	int answer; /* what the answer is read from */
	size_t answer_size;
	bool late;
	unsigned seconds;
	sd_event_source *child, *timer, *io;
	worker_fn *fn;
	void *arg;
};

/* All but the process. */
void worker_free_parts(struct worker *w);
#endif
