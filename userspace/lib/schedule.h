/* SPDX-License-Identifier: GPL-2.0-only */
/* When to ask a server next, so that thousands of routers that start together do not ask together. */
#ifndef LENSCAP_LIB_SCHEDULE_H
#define LENSCAP_LIB_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_FIRST_SECONDS 10u /* a feed of which nothing is known is wanted soon */
#define SCHEDULE_MOST_SECONDS 3600u

/* A number from 0 to LIMIT - 1, each as likely. */
typedef uint32_t schedule_random_fn(uint32_t limit);

/* Milliseconds from now. EVERY in seconds. First: anywhere in EVERY when there is content in force, soon otherwise. */
uint64_t schedule_first(unsigned every, int known, schedule_random_fn *random);
/* After an answer: EVERY in the mean, from half of it to one and a half. */
uint64_t schedule_next(unsigned every, schedule_random_fn *random);
/* After FAILURES in a row: anywhere up to EVERY doubled for each, at most an hour (or EVERY), at least a second and what the
 * server asked for, which counts up to the same hour. */
uint64_t schedule_backoff(unsigned every, unsigned failures, int64_t retry_after, schedule_random_fn *random);
#endif
