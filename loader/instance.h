/* SPDX-License-Identifier: GPL-2.0-only */
/* An instance: the programs for one port, with its number and zones as read-only data. */
#ifndef LENSCAP_LOADER_INSTANCE_H
#define LENSCAP_LOADER_INSTANCE_H

#include <stdint.h>

#include "maps.h"

struct instance {
	int xdp, tc;		/* programs, -1 = none */
	uint32_t xdp_id, tc_id; /* of the programs, in the kernel's numbering */
};

/* Load both programs over MAPS. 0 or a negative errno; *out is untouched on failure. */
int instance_load(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out);
void instance_close(struct instance *instance);
#define INSTANCE_NONE ((struct instance){.xdp = -1, .tc = -1})
#endif
