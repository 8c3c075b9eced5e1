/* SPDX-License-Identifier: GPL-2.0-only */
/* When policy maps must be made anew, and the order that lets no frame through: fill, switch, pin, publish. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../userspace/lib/log.h"
#include "generation.h"
#include "loader.h"
#include "port.h"

#define REBUILD_FIRST 5
#define REBUILD_MOST 300L

static int wanted(const struct loader *loader, struct lc_control *want)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	maps_control(loader->config->capacity, loader->config->devices, cpus, want);
	return 0;
}

static int make(struct loader *loader, const struct lc_control *want, struct maps *fresh)
{
	notes_clear(&loader->standing);
	return generation_make(&loader->maps, want, loader->snapshot, fresh, &loader->standing);
}

/* More entries are in force than the configuration has room for: none is dropped, the room stays as it was. */
static int make_with_room(struct loader *loader, struct lc_control *want, struct maps *fresh)
{
	int error = make(loader, want, fresh);

	free(loader->capacity_warning);
	loader->capacity_warning = NULL;
	if (error != -ENOSPC || loader->maps.fd[MAP_TABLE] < 0)
		return error;
	if (asprintf(&loader->capacity_warning,
		     "capacity %u is less than the entries in force: %u stays; raise it or flag fewer", want->capacity,
		     loader->maps.control.capacity) < 0)
		loader->capacity_warning = NULL;
	want->capacity = loader->maps.control.capacity;
	want->buckets = loader->maps.control.buckets;
	return generation_fits(&loader->maps, want) ? -EALREADY : make(loader, want, fresh);
}

/* What is pinned goes on if it fits; else a new set takes its place once the ports run on it. */
int loader_first_generation(struct loader *loader)
{
	struct lc_control want;
	struct maps fresh;
	bool any;
	int error = wanted(loader, &want);

	if (error)
		return error;
	any = !maps_adopt(&loader->maps, loader->bpf_dir);
	if (generation_fits(&loader->maps, &want))
		return 0;
	if (any && loader->maps.control.abi && loader->maps.control.abi != LC_ABI)
		log_info("what is pinned in %s is of ABI %u: the maps are made anew, the policy in force is taken over",
			 loader->bpf_dir, loader->maps.control.abi);
	else if (any && loader->maps.fd[MAP_TABLE] < 0)
		log_warning(
		    "what is pinned in %s is of another ABI or not whole: the maps are made anew, the policy comes "
		    "from %s",
		    loader->bpf_dir, loader->snapshot);
	error = make_with_room(loader, &want, &fresh);
	if (error)
		return error == -EALREADY ? 0 : error;
	maps_close(&loader->maps);
	loader->maps = fresh;
	return 0;
}

/* Every port runs on the new maps before a pin of the old ones goes; lenscapd follows when it sees the new state. */
static int move_to(struct loader *loader, struct maps *fresh)
{
	struct maps old = loader->maps;
	int error;

	loader->maps = *fresh;
	loader_bring(loader);
	error = maps_pin(&loader->maps, loader->bpf_dir, loader->owners.group, loader->owners.policy_group);
	if (!error)
		error = maps_publish_control(&loader->maps);
	maps_close(&old);
	return error;
}

static void renew(struct loader *loader, struct lc_control *want)
{
	struct maps fresh;
	int error = make_with_room(loader, want, &fresh);

	if (error == -EALREADY)
		return;
	if (!error)
		error = move_to(loader, &fresh);
	if (error)
		log_error("policy maps cannot be made anew: %s; the former ones stay", strerror(-error));
	else
		log_info("generation %u of the policy maps is in use", loader->maps.control.generation);
}

/* Whoever freezes again and again only slows himself down: enforcement goes on with the words as they were. */
static bool too_soon(struct loader *loader)
{
	time_t now = port_clock();

	if (now - loader->rebuilt_at > 2 * REBUILD_MOST)
		loader->rebuild_after = REBUILD_FIRST;
	if (loader->rebuilt_at && now - loader->rebuilt_at < (time_t)loader->rebuild_after)
		return true;
	if (loader->rebuilt_at && loader->rebuild_after < REBUILD_MOST)
		loader->rebuild_after *= 2;
	loader->rebuilt_at = now;
	return false;
}

void loader_check_generation(struct loader *loader, bool reload)
{
	struct lc_control want;

	if (wanted(loader, &want) || generation_fits(&loader->maps, &want) || (!reload && too_soon(loader)))
		return;
	if (maps_policy_broken(&loader->maps))
		log_warning("a policy map was frozen or its head overwritten: the policy maps are made anew");
	renew(loader, &want);
}
