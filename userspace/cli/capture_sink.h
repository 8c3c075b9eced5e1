/* SPDX-License-Identifier: GPL-2.0-only */
/* Where captured frames go: a pcapng file or pipe, or a line each. */
#ifndef LENSCAP_CLI_CAPTURE_SINK_H
#define LENSCAP_CLI_CAPTURE_SINK_H

#include <signal.h>

#include "../lib/counters.h"
#include "capture_label.h"

struct sink {
	struct cli *cli;
	struct labels *labels;
	const struct counters *counters;
	struct pcapng *file; /* NULL: lines */
	const volatile sig_atomic_t *given_up; /* true: wait no more for the reader */
	uint32_t snaplen;
	uint64_t most; /* frames; 0 = no end */
	uint64_t frames, lost;
	uint64_t start_ns; /* since 1970 */
	uint64_t offset_ns; /* from the programs' clock to the wall's */
	uint32_t interfaces; /* described so far */
	bool done; /* enough frames, or nowhere to put them */
	int err;   /* why nowhere: -EPIPE, -EINTR and others */
	struct sink_port *port; /* LC_PORTS of them */
};

/* FD: pcapng goes there; -1 = lines. ONLY: this port alone is described, LC_CAPTURE_ANY_PORT = all there are. The rest of
 * SINK is filled by the caller. 0 or a negative errno; sink_close() in any case. */
int sink_open(struct sink *s, int fd, unsigned only);
/* A capture_fn: ARG is the sink. */
void sink_frame(void *arg, const struct lc_captured *head, const uint8_t *frame);
/* What is waiting goes out. */
void sink_flush(struct sink *s);
/* How many were lost, and the blocks that say so. */
void sink_finish(struct sink *s);
void sink_close(struct sink *s);
#endif
