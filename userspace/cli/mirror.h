/* SPDX-License-Identifier: GPL-2.0-only */
/* The mirror port: how it is, what was copied to it, and what is wrong with it. */
#ifndef LENSCAP_CLI_MIRROR_H
#define LENSCAP_CLI_MIRROR_H

#include "health.h"
#include "out.h"

/* An object "mirror" (null without a mirror port), one line in text. */
void mirror_show(struct out *o, const struct health *h);
/* Adds to problems and warnings. */
void mirror_judge(struct health *h);
#endif
