/* SPDX-License-Identifier: GPL-2.0-only */
/* The short way of a delta: a worker says what it adds and of what it speaks, and only those entries are changed. */
#ifndef LENSCAP_DAEMON_CHANGE_H
#define LENSCAP_DAEMON_CHANGE_H

#include "pull_private.h"

/* May the bytes that P has be a change, if they are a delta? False: what they make of the list is worked out as a whole. */
bool change_allowed(const struct pull *p, const struct source *s);

/* SET and NAMES, a worker's answer OUT, become a change of what is in force in DELIVERY; both are the caller's still. -EAGAIN: it
 * has to be worked out as a whole. -EBADMSG: no parser says that. */
int change_take(struct pull *p, const struct decoded *out, struct entry_set *set, const struct names *names, struct delivery *delivery);
#endif
