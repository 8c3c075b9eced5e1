/* SPDX-License-Identifier: GPL-2.0-only */
#include "switches.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

int switch_get(int fd, enum lc_switch which, uint64_t *ns)
{
	const uint32_t first = 0;
	struct lc_switches all;

	if (bpf_map_lookup_elem(fd, &first, &all))
		return -errno;
	*ns = all.ns[which];
	return 0;
}

static int map_all(int fd, struct lc_switches **all)
{
	*all = mmap(NULL, sizeof(**all), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *all == MAP_FAILED ? -errno : 0;
}

int switch_set(int fd, enum lc_switch which, uint64_t ns)
{
	struct lc_switches *all;
	int err = map_all(fd, &all);

	if (err)
		return err;
	__atomic_store_n((uint64_t *)&all->ns[which], ns, __ATOMIC_RELEASE);
	(void)munmap(all, sizeof(*all));
	return 0;
}

int switch_clear(int fd, enum lc_switch which, uint64_t expected)
{
	struct lc_switches *all;
	int err = map_all(fd, &all);

	if (err)
		return err;
	(void)__atomic_compare_exchange_n((uint64_t *)&all->ns[which], &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	(void)munmap(all, sizeof(*all));
	return 0;
}
