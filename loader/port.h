/* SPDX-License-Identifier: GPL-2.0-only */
/* One port: the steps that ports.c takes in order. Private to the port files. */
#ifndef LENSCAP_LOADER_PORT_H
#define LENSCAP_LOADER_PORT_H

#include "ports.h"

#define PORT_PATH 512

struct port *port_new(unsigned number);
void port_free(struct port *port);
time_t port_clock(void); /* CLOCK_MONOTONIC seconds */

/* port_adopt.c: open the pins of a number. True when there were any. */
bool port_open_pins(const struct ports *ports, struct port *port);
/* Is IFACE the device our links are on? */
bool port_is_on(const struct port *port, const struct iface *iface);
/* The same by XDP alone, where there can be no mistake: each port runs a program of its own. */
bool port_runs_on(const struct port *port, const struct iface *iface);
bool port_replaced(const struct port *port, const struct iface *iface);
/* Are our programs still on a device, in whatever namespace? */
bool port_alive(const struct port *port);
bool port_xdp_alive(const struct port *port);

/* port_attach.c */
void port_drop_dead(struct port *port, uint32_t ifindex);
/* Put INSTANCE in place of the one the port has: link updates, no gap. Takes the instance over, or leaves it. */
int port_switch(const struct ports *ports, struct port *port, const struct instance *instance);
void port_attach_xdp(struct port *port, const struct iface *iface);
/* Both sides of tc; egress only if frames to devices are judged here, else what was there is taken off. */
void port_attach_tc(const struct ports *ports, struct port *port);
int port_pin(const struct ports *ports, struct port *port, unsigned *again);

/* port_conf.c: what the programs of a port shall know, and its offload on the way. */
void port_configure(struct port *port, const struct maps *maps, const struct config *config,
		    const struct plan_port *want, struct lc_port_conf *conf);
void port_restore_offload(struct port *port);
#endif
