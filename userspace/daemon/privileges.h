/* SPDX-License-Identifier: GPL-2.0-only */
/* Root is given up before any byte of others is read, and that no capability is left is checked. */
#ifndef LENSCAP_DAEMON_PRIVILEGES_H
#define LENSCAP_DAEMON_PRIVILEGES_H

#include "../lib/config.h"

#define PRIVILEGES_ERROR 256

/* Started as root: make the folders that are missing (<run>, <state>, their daemon/, <log>), then become config->user
 * with group config->group and supplementary config->policy_group. Then, or started as another user: refuse to go on with
 * any capability, set no_new_privs, and be no core-dumpable process. 0 or a negative errno with error. */
int privileges_give_up(const struct config *config, char error[static PRIVILEGES_ERROR]);
/* Only the second half. */
int privileges_refuse(char error[static PRIVILEGES_ERROR]);
#endif
