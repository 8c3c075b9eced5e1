/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files a worker may open, by Landlock, where the kernel has it (5.13 and later, when it is switched on). */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

/* Later than the headers of Debian 12; numbers are the kernel's for ever. */
#define FS_TRUNCATE (1ull << 14)      /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15)     /* ABI 5 */
#define NET_BIND_TCP (1ull << 0)      /* ABI 4 */
#define SCOPE_ABSTRACT_UNIX (1ull << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ull << 1)      /* ABI 6 */

struct ruleset { /* struct landlock_ruleset_attr as it is today; an older kernel takes the beginning that it knows */
	uint64_t fs, net, scoped;
};

/* Everything that the kernel can forbid. */
static struct ruleset all_of(int abi)
{
	struct ruleset r = {.fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};

	r.fs |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
	r.net = abi >= 4 ? NET_BIND_TCP : 0;
	r.scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0;
	return r;
}

static size_t size_for(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

/* A file, or a folder with all below it; one that is not there is left out. */
static int permit(int rules, const char *path)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	int err = 0;

	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -errno;
	if (fstat(rule.parent_fd, &st))
		err = -errno;
	rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | (S_ISDIR(st.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0u);
	if (!err && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		err = -errno;
	(void)close(rule.parent_fd);
	return err;
}

int sandbox_files(const char *const *readable, size_t n)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), rules, err = 0;
	struct ruleset all;

	if (abi < 1)
		return 0;
	all = all_of(abi);
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, size_for(abi), 0);
	if (rules < 0)
		return -errno;
	for (size_t i = 0; i < n && !err; i++)
		err = readable[i] && readable[i][0] ? permit(rules, readable[i]) : 0;
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	(void)close(rules);
	return err ? err : abi;
}
