/* SPDX-License-Identifier: GPL-2.0-only */
/* One HTTPS download by libcurl, in a worker. */
#ifndef LENSCAP_DAEMON_FETCH_H
#define LENSCAP_DAEMON_FETCH_H

#include "job.h"

/* Read what libraries read from files before they first meet the network. */
int fetch_prepare(void);
/* The feed to BYTES, its signature to SIGNATURE where the job wants one. */
void fetch_run(const struct job_fetch *job, int bytes, int signature, struct fetched *out);
#endif
