/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads copies of flagged frames from the pinned maps. Root opens it; reading on needs no right any more. */
#ifndef LENSCAP_LIB_CAPTURE_H
#define LENSCAP_LIB_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct capture;

/* One frame: HEAD as the kernel gave it, and its first HEAD->captured octets, which are the callee's for the call only. */
typedef void capture_fn(void *arg, const struct lc_captured *head, const uint8_t *frame);

/* Copy what WANTED asks for from now on, until capture_close(), or some seconds after this process has died: a thread
 * renews the deadline that the programs look at. DIR is <run>/bpf. 0 or a negative errno; nothing is left on. There must be
 * one at a time: the caller sees to that. */
int capture_open(const char *dir, const struct lc_capture *wanted, capture_fn *fn, void *arg, struct capture **out);
/* Wait at most so long and call FN for each frame there is, until *STOP is true. Frames of one CPU come in their order. 0, also
 * when a signal came, or a negative errno. */
int capture_poll(struct capture *c, const bool *stop, int milliseconds);
/* Turn it off in the kernel; frames copied before are still there for capture_poll(). */
void capture_stop(struct capture *c);
void capture_close(struct capture *c);
#endif
