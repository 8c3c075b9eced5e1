/* SPDX-License-Identifier: GPL-2.0-only */
/* Workers: this program once more, with nothing but a job. What comes from outside is read there; whatever becomes of a
 * worker is one source's failure and no more. */
#ifndef LENSCAP_DAEMON_WORKER_H
#define LENSCAP_DAEMON_WORKER_H

#include <systemd/sd-event.h>

#include "job.h"

struct worker;

/* It ended. ERROR NULL: ANSWER has exactly the bytes that were asked for. Else why there is none. The worker is freed
 * after it. */
typedef void worker_fn(void *arg, const void *answer, const char *error);

/* FDS: JOB_FD_BYTES and on, -1 = none there; they stay the caller's. */
int worker_start(sd_event *event, const struct job *job, const int fds[static JOB_FDS - JOB_FD_BYTES], size_t answer_size,
		 unsigned seconds, worker_fn *fn, void *arg, struct worker **out);
/* One that has started already and waits, so that a small job is not longer in starting than in being done: made when *SPARE is
 * NULL, which it becomes again when that worker dies or gets its job. It has met nothing from outside until then. */
void worker_keep_one(sd_event *event, struct worker **spare);
/* As worker_start(), by the one that waits. A negative errno when there is none: then start one. */
int worker_give(sd_event *event, struct worker **spare, const struct job *job, const int fds[static JOB_FDS - JOB_FD_BYTES],
		size_t answer_size, unsigned seconds, worker_fn *fn, void *arg, struct worker **out);
/* Kill it; FN is not called. NULL is fine. */
void worker_free(struct worker *w);

/* A file without a name, to be filled by a worker; worker_seal() before it is read: nobody changes it from then on. */
int worker_file(void);
int worker_seal(int fd);

/* lenscapd --worker, --waiting-worker. */
int worker_main(bool waiting);
#endif
