/* SPDX-License-Identifier: GPL-2.0-only */
/* Rights of this process, by the plain system calls: two groups and three capabilities, and never more again. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileges.h"

#define BIT(cap) (1ull << (cap))
static const uint64_t kept = BIT(CAP_NET_ADMIN) | BIT(CAP_PERFMON) | BIT(CAP_BPF);

static int read_caps(uint64_t *effective, uint64_t *permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static int write_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
	    {.effective = (uint32_t)caps, .permitted = (uint32_t)caps},
	    {.effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32)},
	};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static bool have(int cap)
{
	uint64_t effective = 0, permitted = 0;

	return !read_caps(&effective, &permitted) && effective & BIT(cap);
}

bool privileges_may_chown(void)
{
	return have(CAP_CHOWN);
}

int privileges_join(const struct owners *owners)
{
	const gid_t groups[] = {owners->group, owners->policy_group};

	if (!have(CAP_SETGID))
		return 0; /* the unit's SupplementaryGroups= did it */
	return setgroups(sizeof(groups) / sizeof(groups[0]), groups) ? -errno : 0;
}

int privileges_limit(void)
{
	uint64_t effective = 0, permitted = 0;
	int error = read_caps(&effective, &permitted);

	if (error)
		return error;
	for (int cap = 0; have(CAP_SETPCAP) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_SETPCAP && !(kept & BIT(cap)))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (have(CAP_SETPCAP))
		(void)prctl(PR_CAPBSET_DROP, CAP_SETPCAP, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	error = write_caps(permitted & kept);
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		error = -errno;
	return error;
}
