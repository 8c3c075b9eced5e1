/* SPDX-License-Identifier: GPL-2.0-only */
/* Rights of this process: take what the pins' groups need, then give up all but three capabilities. */
#ifndef LENSCAP_LOADER_PRIVILEGES_H
#define LENSCAP_LOADER_PRIVILEGES_H

#include <stdbool.h>

#include "folders.h"

bool privileges_may_chown(void);

/* Be a member of both groups (chgrp then needs no capability), where this process may say so. */
int privileges_join(const struct owners *owners);

/* Keep CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON only, for good. */
int privileges_limit(void);
#endif
