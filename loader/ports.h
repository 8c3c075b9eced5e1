/* SPDX-License-Identifier: GPL-2.0-only */
/* The ports: which interface has which number, what is attached to it, and why not more. */
#ifndef LENSCAP_LOADER_PORTS_H
#define LENSCAP_LOADER_PORTS_H

#include <time.h>

#include "attach.h"
#include "instance.h"
#include "links.h"
#include "match.h"
#include "notes.h"
#include "offload.h"
#include "options.h"
#include "tc_hook.h"

struct port {
	struct lc_port pub;	  /* as the ports map has it */
	struct lc_port published; /* what was last written there */
	uint16_t number;
	bool present;	/* configured, and in this namespace */
	bool elsewhere; /* moved to another namespace with our programs on it */
	bool up;
	int xdp_link;	 /* -1 = none */
	bool xdp_pinned; /* the pin there is of this link */
	struct tc_hook tc, egress;
	struct instance instance;
	struct lc_port_conf conf; /* of the instance */
	uint32_t foreign_id;
	char xdp_reason[REASON_TEXT];
	enum offload_state offload;
	uint8_t offload_turned_off; /* features we switched off, to be restored */
	uint32_t tried_mtu;	    /* what was so when native was refused, */
	int tried_master;
	bool tried_up;
	time_t retry_at; /* and when to try again anyway (CLOCK_MONOTONIC seconds) */
	unsigned retry_after;
	uint16_t zone[LC_PORT_ZONES - 1];
	size_t n_zones;
	struct notes warnings;
};

struct ports {
	struct port *port[LC_PORTS]; /* by number; NULL = never used */
	uint64_t netns;		     /* inode of this namespace */
	char *dir;		     /* <run>/bpf */
	enum tc_choice tc;
};

int ports_init(struct ports *ports, const char *dir, enum tc_choice tc);
void ports_free(struct ports *ports); /* closes descriptors; pinned links stay in force */

/* Take over what an earlier loader left: numbers from the ports map, links from their pins. */
int ports_adopt(struct ports *ports, const struct maps *maps, const struct ifaces *ifaces);

/* Is any interface under our programs? */
bool ports_any(const struct ports *ports);

/* Bring every port to what PLAN says. Everything that failed is in the ports' warnings and tried again next time. */
void ports_sync(struct ports *ports, const struct maps *maps, const struct config *config, const struct plan *plan,
		const struct ifaces *ifaces);

/* Take our programs off a port (links, filter, pins, offload), whatever state it is in. */
void port_release(struct ports *ports, struct port *port);
const char *port_dir(const struct ports *ports, unsigned number, char *out, size_t size);
#endif
