/* SPDX-License-Identifier: GPL-2.0-only */
/* An instance: the programs for one port, with its number and zones as read-only data. */
#ifndef LENSCAP_LOADER_INSTANCE_H
#define LENSCAP_LOADER_INSTANCE_H

#include <stdint.h>

#include "maps.h"

struct program {
	int fd;	     /* -1 = none */
	uint32_t id; /* in the kernel's numbering */
};
#define PROGRAM_NONE ((struct program){.fd = -1})

struct instance {
	struct program xdp, tc;
	struct program egress; /* only where frames to devices are judged (LC_PORT_BOTH) */
};
#define INSTANCE_NONE ((struct instance){PROGRAM_NONE, PROGRAM_NONE, PROGRAM_NONE})

/* Load the programs over MAPS. 0 or a negative errno; *out is untouched on failure. */
int instance_load(const struct maps *maps, const struct lc_port_conf *conf, struct instance *out);
void instance_close(struct instance *instance);

/* The mirror port's own program, which cuts copies short. */
int instance_load_copy(const struct maps *maps, struct program *out);
void program_close(struct program *program);
#endif
