/* SPDX-License-Identifier: GPL-2.0-only */
/* Give root up: folders first, then user and groups, then proof that no capability is left. */
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/paths.h"

struct identity {
	uid_t uid;
	gid_t gid, policy_gid;
};

static int find_group(const char *name, gid_t *gid, char *error)
{
	const struct group *group = getgrnam(name);

	if (!group) {
		(void)snprintf(error, PRIVILEGES_ERROR, "no group '%s' on this machine; create it (dist/ has a sysusers file)",
			       name);
		return -ESRCH;
	}
	*gid = group->gr_gid;
	return 0;
}

static int find_identity(const struct config *config, struct identity *id, char *error)
{
	const struct passwd *user = getpwnam(config->user);
	int err;

	if (!user || user->pw_uid == 0) {
		(void)snprintf(error, PRIVILEGES_ERROR, "%s user '%s'; set 'user' to an unprivileged one",
			       user ? "will not run as root:" : "no such", config->user);
		return -ESRCH;
	}
	id->uid = user->pw_uid;
	err = find_group(config->group, &id->gid, error);
	return err ? err : find_group(config->policy_group, &id->policy_gid, error);
}

/* Ownership is given only to a folder made here: what exists is root's decision. */
static int make_folder(const char *path, uid_t uid, gid_t gid)
{
	int fd, err = 0;
	char *parent = strdup(path);

	if (!parent)
		return -ENOMEM;
	err = file_make_dir(dirname(parent), 0755);
	free(parent);
	if (err)
		return err;
	if (mkdir(path, 0700))
		return errno == EEXIST ? 0 : -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchown(fd, uid, gid) || fchmod(fd, 0750))
		err = -errno;
	(void)close(fd);
	return err;
}

static int make_folders(const struct config *config, const struct identity *id, char *error)
{
	const struct {
		const char *base, *name;
		uid_t uid;
	} folders[] = {
		{config->run, "", 0},	{config->run, "daemon", id->uid},
		{config->state, "", 0}, {config->state, "daemon", id->uid},
		{config->log, "", id->uid},
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *path = folders[i].name[0] ? path_join(folders[i].base, folders[i].name) : strdup(folders[i].base);
		int err = path ? make_folder(path, folders[i].uid, id->gid) : -ENOMEM;

		if (err)
			(void)snprintf(error, PRIVILEGES_ERROR, "%s: cannot make this folder: %s", path ? path : "",
				       strerror(-err));
		free(path);
		if (err)
			return err;
	}
	return 0;
}

/* The bounding set goes too, while it may: nothing executed later could bring a capability back. */
static void drop_bounding_set(void)
{
	for (unsigned long cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* EINVAL ends the kernel's list */
}

static int become(const struct identity *id)
{
	drop_bounding_set();
	if (setgroups(1, &id->policy_gid) || setresgid(id->gid, id->gid, id->gid) ||
	    setresuid(id->uid, id->uid, id->uid))
		return -errno;
	return setuid(0) == 0 ? -EPERM : 0; /* proof: there is no way back */
}

static int refuse_capabilities(char *error)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data)) {
		(void)snprintf(error, PRIVILEGES_ERROR, "cannot read the capabilities of this process: %s", strerror(errno));
		return -EPERM;
	}
	for (int i = 0; i < 2; i++) {
		if (!(data[i].effective | data[i].permitted | data[i].inheritable))
			continue;
		(void)snprintf(error, PRIVILEGES_ERROR,
			       "this process has capabilities (permitted %08x%08x); lenscapd runs with none: start it as root "
			       "or as an ordinary user",
			       data[1].permitted, data[0].permitted);
		return -EPERM;
	}
	return 0;
}

int privileges_refuse(char error[static PRIVILEGES_ERROR])
{
	int err = refuse_capabilities(error);

	if (!err && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))) {
		err = -errno;
		(void)snprintf(error, PRIVILEGES_ERROR, "cannot give up rights: %s", strerror(-err));
	}
	return err;
}

int privileges_give_up(const struct config *config, char error[static PRIVILEGES_ERROR])
{
	struct identity id;
	int err = 0;

	if (geteuid() == 0) {
		err = find_identity(config, &id, error);
		if (!err)
			err = make_folders(config, &id, error);
		if (!err && (err = become(&id)))
			(void)snprintf(error, PRIVILEGES_ERROR, "cannot become user '%s': %s", config->user, strerror(-err));
	}
	return err ? err : privileges_refuse(error);
}
