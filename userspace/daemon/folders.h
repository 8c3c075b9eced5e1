/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may write where this process keeps what it believes. */
#ifndef LENSCAP_DAEMON_FOLDERS_H
#define LENSCAP_DAEMON_FOLDERS_H

#include "../lib/config.h"

#define FOLDERS_ERROR 512

/* At start, as the user who runs: <run>/daemon, <state>/daemon with every file in it, <log>, <overrides> must belong to
 * root or to this user and be writable by nobody else. What is not there is none of its business. 0, or -EPERM (or
 * another negative errno) with what is wrong and the way out in ERROR. */
int folders_check(const struct config *config, char error[static FOLDERS_ERROR]);
#endif
