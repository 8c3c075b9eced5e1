/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders, and who owns what is in them. */
#ifndef LENSCAP_LOADER_FOLDERS_H
#define LENSCAP_LOADER_FOLDERS_H

#include <sys/types.h>

#include "../userspace/lib/config.h"

struct owners {
	uid_t user;	    /* lenscapd's */
	gid_t group;	    /* may read */
	gid_t policy_group; /* lenscapd alone: may write the policy */
};

/* Look the names up. 0, or -ENOENT after saying which is missing and how to make it. */
int owners_find(const struct config *config, struct owners *owners);

/* Make what is missing of the run and state folders, and set right what is root's. Says what is wrong. */
int folders_make(const struct config *config, const struct owners *owners);

/* DIR must be a bpffs of ours: 0750, the group's. Says what is wrong. */
int folders_bpffs(const char *dir, const struct owners *owners);

/* Make <dir>/port/<number>, closed to all but root. */
int folders_port(const char *dir);
#endif
