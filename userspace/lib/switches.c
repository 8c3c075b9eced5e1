/* SPDX-License-Identifier: GPL-2.0-only */
#include "switches.h"

#include <bpf/bpf.h>
#include <errno.h>
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

int switch_set(int fd, enum lc_switch which, uint64_t ns)
{
	struct lc_switches *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (all == MAP_FAILED)
		return -errno;
	__atomic_store_n((uint64_t *)&all->ns[which], ns, __ATOMIC_RELEASE);
	(void)munmap(all, sizeof(*all));
	return 0;
}
