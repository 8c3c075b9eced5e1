/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's evidence, read from the pinned maps by whoever may read them: totals, device slots, ports, switches. */
#ifndef LENSCAP_LIB_COUNTERS_H
#define LENSCAP_LIB_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

struct counters; /* open read-only descriptors of <run>/bpf, perhaps a read-only mapping of the slots */

int counters_open(const char *dir, struct counters **out);
void counters_close(struct counters *c);
/* For root, before it is given up: map the slots for reading, so that counters_devices() takes them from memory and not in copies
 * by the kernel, which cost 230 ns a slot, used or not. That takes a writable descriptor, which is closed again here. Where it is not
 * allowed nothing changes. */
void counters_map_slots(struct counters *c, const char *dir);
const struct lc_control *counters_control(const struct counters *c);

/* Sum over CPUs for one port number. */
int counters_totals(const struct counters *c, unsigned port, struct lc_totals *sum);
/* The port table; names are zero-terminated. */
int counters_ports(const struct counters *c, struct lc_port ports[static LC_PORTS]);
/* One row per device, direction and port, CPUs added up (first = earliest, last = latest with its vlan, reason, action),
 * sorted by key; newly allocated. */
int counters_devices(const struct counters *c, struct lc_slot **slots, size_t *n);
int counters_switch(const struct counters *c, enum lc_switch which, uint64_t *ns);
/* Write a switch (root): opens its own writable descriptor. */
int counters_set_switch(const char *dir, enum lc_switch which, uint64_t ns);
/* CLOCK_MONOTONIC nanoseconds of the maps to seconds since 1970. */
int64_t counters_wall_clock(uint64_t monotonic_ns);
#endif
