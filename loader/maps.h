/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps that programs, lenscapd and lenscap share: made, adopted, pinned and looked after here. */
#ifndef LENSCAP_LOADER_MAPS_H
#define LENSCAP_LOADER_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/abi.h"

enum map_id {
	MAP_CONTROL,
	MAP_SWITCHES,
	MAP_PROTECT,
	MAP_PROTECT_FILTER,
	MAP_PORTS,
	MAP_SLOTS,
	MAP_TOTALS,
	MAP_HEAD,
	MAP_FILTER,
	MAP_TABLE,
	MAP_GRACE,
	MAP_EVENTS,
	MAP_PERMITS,
	MAP_MIRROR,
	MAP_MIRROR_DEVICE,
	MAP_CAPTURE,
	MAP_CAPTURE_RING,
	MAPS,
};

struct maps {
	int fd[MAPS]; /* -1 = none */
	struct lc_control control;
	struct lc_switches switches; /* of an older ABI's map, for the one that takes its place */
	uint64_t epoch;			/* that new policy maps begin with; 0 = any */
	uint64_t permits;		/* digest of what MAP_PERMITS holds; 0 = not known */
};

void maps_init(struct maps *maps);
void maps_close(struct maps *maps);
const char *map_name(enum map_id id);
/* Of the policy, made anew together and never apart. */
bool map_is_policy(enum map_id id);

/* Sizes for a configuration; seed and generation are left zero. */
void maps_control(uint32_t capacity, uint32_t devices, int cpus, struct lc_control *control);

/* Open the pins in DIR. Missing ones, and those whose shape is not this ABI's for the pinned control, stay -1. The
 * control may be of an older ABI with the same policy words (maps->control.abi says so), whose words can be taken over.
 * 0 when any pin is there, -ENOENT when none. */
int maps_adopt(struct maps *maps, const char *dir);

/* Make every map that is missing (-1), sized by maps->control; policy maps get a head with ABI, generation and maps->epoch. */
int maps_create(struct maps *maps);

/* The policy's head. False when there is none or it is not that of maps->control: somebody overwrote it. */
bool maps_head(const struct maps *maps, struct lc_policy_head *head);

/* Give FRESH descriptors of its own for those maps of OLD that are no policy and have the size fresh->control asks, but not slots of another
 * ABI; and an epoch behind OLD's. */
int maps_share(const struct maps *old, struct maps *fresh);

/* Write maps->control to its map: the last step of a change, readers compare its generation with the head's. */
int maps_publish_control(const struct maps *maps);

/* Pin all (or only those whose pin is gone: *again counts them). */
int maps_pin(const struct maps *maps, const char *dir, gid_t group, gid_t policy_group);
int maps_pin_missing(const struct maps *maps, const char *dir, gid_t group, gid_t policy_group, unsigned *again);
/* Pin one over what is there. */
int maps_pin_one(const struct maps *maps, enum map_id id, const char *dir, gid_t group, gid_t policy_group);

/* Another map of the kind that maps->fd[ID] is, empty: a descriptor, or a negative errno. */
int maps_another(const struct maps *maps, enum map_id id);

/* A port's number gets another owner: its totals and device slots are emptied. */
void maps_forget_port(const struct maps *maps, uint32_t port);

/* Is a policy map frozen (nobody can change it any more), or its head no longer ours? */
bool maps_policy_broken(const struct maps *maps);

/* How many words the head says there are. */
uint64_t maps_words_in_force(const struct maps *maps);

/* The words in force of the maps, sorted, unique, newly allocated; works for frozen maps too. */
int maps_words(const struct maps *maps, uint64_t **words, size_t *n);
#endif
