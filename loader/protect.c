/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that are never stopped. The hash is written before the filter that leads to it, and emptied after it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "../bpf/hash.h"
#include "../userspace/lib/mac.h"
#include "protect.h"

struct set {
	uint64_t mac[LC_PROTECT_MAX];
	size_t n;
	bool full;
};

static bool in_set(const struct set *set, uint64_t mac)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->mac[i] == mac)
			return true;
	return false;
}

static void add(struct set *set, uint64_t mac)
{
	if (!mac || in_set(set, mac))
		return;
	if (set->n == LC_PROTECT_MAX)
		set->full = true;
	else
		set->mac[set->n++] = mac;
}

/* The configuration's first: they are wanted by name, should there be too many. */
static void wanted(const struct config *config, const struct ifaces *ifaces, struct set *set)
{
	const struct iface *iface;
	size_t n;

	for (size_t i = 0; i < config->n_protect; i++)
		add(set, config->protect[i]);
	iface = ifaces_all(ifaces, &n);
	for (size_t i = 0; i < n; i++)
		add(set, mac_read(iface[i].mac));
}

static void present(int fd, struct set *set)
{
	uint64_t key, *from = NULL;

	while (set->n < LC_PROTECT_MAX && !bpf_map_get_next_key(fd, from, &key)) {
		set->mac[set->n++] = key;
		from = &key;
	}
}

static int add_missing(int fd, const struct set *want, const struct set *have)
{
	const uint8_t one = 1;

	for (size_t i = 0; i < want->n; i++)
		if (!in_set(have, want->mac[i]) && bpf_map_update_elem(fd, &want->mac[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

static int remove_extra(int fd, const struct set *want, const struct set *have)
{
	for (size_t i = 0; i < have->n; i++)
		if (!in_set(want, have->mac[i]) && bpf_map_delete_elem(fd, &have->mac[i]) && errno != ENOENT)
			return -errno;
	return 0;
}

static int write_filter(int fd, const struct set *want)
{
	struct lc_protect_filter filter = {0};
	const uint32_t zero = 0;

	for (size_t i = 0; i < want->n; i++) {
		uint32_t bit = lc_protect_bit(want->mac[i]);

		filter.bits[bit / 64] |= 1ull << bit % 64;
	}
	return bpf_map_update_elem(fd, &zero, &filter, BPF_ANY) ? -errno : 0;
}

/* A full map leaves no room to add before removing: then what is obsolete goes first. */
static int change(const struct maps *maps, const struct set *want, const struct set *have)
{
	int error = add_missing(maps->fd[MAP_PROTECT], want, have);

	if (error == -E2BIG || error == -ENOSPC) {
		error = remove_extra(maps->fd[MAP_PROTECT], want, have);
		if (!error)
			error = add_missing(maps->fd[MAP_PROTECT], want, have);
	}
	if (!error)
		error = write_filter(maps->fd[MAP_PROTECT_FILTER], want);
	return error ? error : remove_extra(maps->fd[MAP_PROTECT], want, have);
}

int protect_sync(const struct maps *maps, const struct config *config, const struct ifaces *ifaces,
		 struct notes *warnings)
{
	struct set *want = calloc(1, sizeof(*want)), *have = calloc(1, sizeof(*have));
	int error = -ENOMEM;

	if (want && have) {
		wanted(config, ifaces, want);
		present(maps->fd[MAP_PROTECT], have);
		error = change(maps, want, have);
		if (want->full)
			notes_add(
			    warnings,
			    "more than %d addresses to protect: some of the router's own are not; protect fewer, or "
			    "remove interfaces",
			    LC_PROTECT_MAX);
	}
	free(want);
	free(have);
	return error;
}
