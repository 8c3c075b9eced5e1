/* SPDX-License-Identifier: GPL-2.0-only */
/* The job of a worker that waits: one message with the descriptors it is about. */
#ifndef LENSCAP_DAEMON_WAITING_H
#define LENSCAP_DAEMON_WAITING_H

#include "job.h"

/* In the worker: wait for it at the standard input, and put the descriptors where a job has them. 0 or a negative errno. */
int waiting_receive(struct job *job);
#endif
