/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a running Lenscap is degraded, and what is only worth a warning. */
#ifndef LENSCAP_CLI_HEALTH_JUDGE_H
#define LENSCAP_CLI_HEALTH_JUDGE_H

#include "health.h"

/* Fills problems and warnings from the rest. */
void health_judge(struct health *h);
/* Permitted addresses of flagged devices: health_permits.c. */
void health_judge_permits(struct health *h);
#endif
