/* SPDX-License-Identifier: GPL-2.0-only */
/* Our place in tc on one side of one interface: a tcx link or a clsact filter, and the pins by which it is found again.
 * A port has one on ingress, one on egress when frames to devices are judged; the mirror port has one on egress. */
#ifndef LENSCAP_LOADER_TC_HOOK_H
#define LENSCAP_LOADER_TC_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "attach.h"
#include "instance.h"
#include "options.h"

struct tc_hook {
	enum tc_side side;
	int link;		  /* tcx, -1 = none */
	bool pinned;		  /* the pin there is of this link */
	uint32_t filter;	  /* id of the program that our clsact filter runs, 0 = none */
	char reason[REASON_TEXT]; /* why not tcx, or nothing; "" when it is tcx or was not asked */
};

void tc_hook_init(struct tc_hook *hook, enum tc_side side);
/* Close the descriptor; what is pinned stays in force. */
void tc_hook_close(struct tc_hook *hook);

/* Take over what the pins in DIR tell of; a filter is looked for on IFINDEX (0 = not at all). */
void tc_hook_adopt(struct tc_hook *hook, const char *dir, uint32_t ifindex);

/* Where the link is: an interface number of the namespace its device is in; 0 = nowhere. */
uint32_t tc_hook_ifindex(const struct tc_hook *hook);
enum lc_tc_mode tc_hook_mode(const struct tc_hook *hook);

/* What is not on IFINDEX (0: anywhere) any more holds nothing: let go of it. */
void tc_hook_drop_dead(struct tc_hook *hook, uint32_t ifindex);

/* Run PROGRAM in place of what it runs, without a gap; nothing when it holds nothing. 0 or a negative errno. */
int tc_hook_switch(struct tc_hook *hook, const char *dir, uint32_t ifindex, const struct program *program);

/* TO, holding nothing, has the filter of FROM from now on. True when there was one: it still runs FROM's program. */
bool tc_hook_hand_over(struct tc_hook *from, struct tc_hook *to);

/* Put PROGRAM on IFINDEX unless something of ours is there; what failed is in hook->reason. */
void tc_hook_attach(struct tc_hook *hook, const char *dir, uint32_t ifindex, const struct program *program,
		    enum tc_choice choice);

/* Pin what is not pinned (any more; *again counts those), unpin what is gone. */
int tc_hook_pin(struct tc_hook *hook, const char *dir, const struct program *program, unsigned *again);

/* Off with it, link, filter (where it can be reached: IFINDEX is not 0) and pins. */
void tc_hook_release(struct tc_hook *hook, const char *dir, uint32_t ifindex);
#endif
