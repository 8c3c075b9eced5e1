/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of sources, for `status` and `feed list`. */
#ifndef LENSCAP_CLI_SOURCES_H
#define LENSCAP_CLI_SOURCES_H

#include <jansson.h>

#include "out.h"

/* From lenscapd's state (NULL: an empty table). */
void sources_show(struct out *o, const json_t *daemon);
#endif
