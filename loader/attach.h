/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting programs on an interface and finding out what is there. */
#ifndef LENSCAP_LOADER_ATTACH_H
#define LENSCAP_LOADER_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "../bpf/abi.h"

#define REASON_TEXT 160

/* What a link is on: its program's id, and the interface, 0 = it was deleted (or the link was detached by force). */
struct link_state {
	uint32_t prog_id;
	uint32_t ifindex;
};
int link_state(int link, struct link_state *state);

/* The XDP program on an interface, whoever's it is: its id, 0 = none. */
uint32_t xdp_present(int ifindex, enum lc_xdp_mode *mode);
/* Is it certain that program ID is not on the interface? Not when nobody can be asked (no descriptor, no memory), and not
 * when the interface is away at this moment. */
bool xdp_surely_not(int ifindex, uint32_t id);

struct xdp_result {
	int link; /* -1 = none */
	enum lc_xdp_mode mode;
	uint32_t foreign_id;	  /* of the program that was there first */
	char reason[REASON_TEXT]; /* why not native; "" when it is */
};
/* Native, else generic, else none. A foreign program stays. */
void xdp_attach(int ifindex, int prog, struct xdp_result *result);
/* Only native. A link, or a negative errno. */
int xdp_attach_native(int ifindex, int prog);

enum tc_side { TC_SIDE_INGRESS, TC_SIDE_EGRESS };

/* tcx link in front of others: a link, or a negative errno. */
int tcx_attach(int ifindex, enum tc_side side, int prog);

/* Our clsact filter: the id of the program it runs, 0 = no filter of our number. */
uint32_t clsact_present(int ifindex, enum tc_side side);
/* Is it certain that our filter does not run program ID? Not when nobody can be asked. */
bool clsact_surely_not(int ifindex, enum tc_side side, uint32_t id);
/* Make it, or replace the program of the one that runs OURS (an id; 0 = there must be none). 0 or negative errno. */
int clsact_attach(int ifindex, enum tc_side side, int prog, uint32_t ours);
int clsact_detach(int ifindex, enum tc_side side, uint32_t ours);
#endif
