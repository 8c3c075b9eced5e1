/* SPDX-License-Identifier: GPL-2.0-only */
/* Pins in the bpffs: they appear whole, with their rights, or not at all. */
#ifndef LENSCAP_LOADER_PINS_H
#define LENSCAP_LOADER_PINS_H

#include <stdbool.h>
#include <sys/types.h>

/* Is DIR a bpffs? 0, -ENODEV when it is something else, or a negative errno. */
int pins_check(const char *dir);

/* Pin FD as DIR/NAME: under another name first, then mode and group (gid -1: leave), then renamed over NAME. */
int pin_place(const char *dir, const char *name, int fd, mode_t mode, gid_t gid);

/* Open DIR/NAME: a descriptor, or a negative errno (-ENOENT: no such pin). */
int pin_open(const char *dir, const char *name);
bool pin_exists(const char *dir, const char *name);
/* 0 also when there is none. */
int pin_remove(const char *dir, const char *name);
#endif
