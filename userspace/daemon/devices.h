/* SPDX-License-Identifier: GPL-2.0-only */
/* What events told of flagged devices: address, port, direction, VLAN, IP, vendor, first and last time; bounded, the least
 * recently seen is forgotten first. */
#ifndef LENSCAP_DAEMON_DEVICES_H
#define LENSCAP_DAEMON_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICES_MAX 65536

struct device { /* key: mac48, port and to */
	uint64_t mac48;
	char port[16];
	bool to; /* frames to the device; else from it */
	uint16_t vlan; /* as in lc_event */
	uint8_t reason, action, final;
	char ip[46]; /* the device's; known from its own frames only */
	char vendor[129];
	int64_t first, last; /* seconds since 1970 */
	int64_t no_zone;     /* when it last passed in no zone, 0 = never; not kept across restarts */
	uint16_t no_zone_vlan;
	int64_t told;	     /* when its last event was logged, 0 = not yet */
	int64_t told_contained[2]; /* contained devices pass and are stopped in turn: when each was logged, stopped last */
};

struct devices;
int devices_new(struct devices **out);
void devices_free(struct devices *d);
/* The device, made when it is new (then first is 0), now the most recently seen. NULL when out of memory. */
struct device *devices_touch(struct devices *d, uint64_t mac48, const char *port, bool to);
/* The zones have changed: who passed in none is to be found out anew. */
void devices_forget_zones(struct devices *d);
size_t devices_count(const struct devices *d);

/* <run>/daemon/devices.json. Reading a missing file is 0, a damaged one -EINVAL and nothing is taken from it. */
int devices_read(struct devices *d, const char *path);
int devices_write(const struct devices *d, const char *path);
#endif
