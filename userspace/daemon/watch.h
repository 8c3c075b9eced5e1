/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders watched by inotify, also those that do not exist yet or are put in place of another. */
#ifndef LENSCAP_DAEMON_WATCH_H
#define LENSCAP_DAEMON_WATCH_H

#include <stddef.h>
#include <systemd/sd-event.h>

struct watches;

/* A file NAME of the folder appeared, went or was closed after writing; NULL = look at all of them. */
typedef void watch_fn(void *arg, size_t number, const char *name);

int watches_new(sd_event *event, watch_fn *fn, void *arg, struct watches **out);
void watches_free(struct watches *w);
/* Watch FOLDER (copied); NUMBER is given back to the callback. A folder that cannot be watched now is tried again. */
int watches_add(struct watches *w, const char *folder, size_t number);
/* Try those not watched, and find folders that another took the place of; each found is reported with NULL. */
void watches_follow(struct watches *w);
#endif
