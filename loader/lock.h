/* SPDX-License-Identifier: GPL-2.0-only */
/* One loader at a time for a run folder. */
#ifndef LENSCAP_LOADER_LOCK_H
#define LENSCAP_LOADER_LOCK_H

#include <sys/types.h>

/* Hold <run>/loader/lock until the process ends: a descriptor. -EBUSY with *holder the other's pid (0 = unknown), or
 * another negative errno. */
int lock_take(const char *run, pid_t *holder);
#endif
