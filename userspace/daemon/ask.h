/* SPDX-License-Identifier: GPL-2.0-only */
/* What lenscapd and lenscapd-fetch say to each other, over a socket of kind SOCK_SEQPACKET: one struct ask with the files to
 * write to (SCM_RIGHTS), then one struct fetched. Whoever closes it first gives up. */
#ifndef LENSCAP_DAEMON_ASK_H
#define LENSCAP_DAEMON_ASK_H

#include "worker.h"

#define ASK_FILES 2 /* the feed's bytes, its signature (-1 = none is wanted) */

struct ask {
	char version[32]; /* of who asks: structs go as they are, so it must be the same */
	struct job_fetch job;
};

/* As worker_start(), by the service behind the socket PATH. FILES stay the caller's. */
int ask_fetch(sd_event *event, const char *path, const struct job_fetch *job, const int files[static ASK_FILES], unsigned seconds,
	      worker_fn *fn, void *arg, struct worker **out);

/* lenscapd --fetch: the service. The exit code. */
#define FETCH_OPTION "--fetch"
int fetchd_main(void);
#endif
