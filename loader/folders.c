/* SPDX-License-Identifier: GPL-2.0-only */
/* The folders of a run: root's with the group's right to look, lenscapd's where it may write. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../userspace/lib/file.h"
#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "folders.h"
#include "pins.h"
#include "privileges.h"

static int find_group(const char *name, const char *key, gid_t *gid)
{
	const struct group *group = getgrnam(name);

	if (!group) {
		log_error("%s: there is no group %s: make it (systemd-sysusers, or groupadd -r %s)", key, name, name);
		return -ENOENT;
	}
	*gid = group->gr_gid;
	return 0;
}

int owners_find(const struct config *config, struct owners *owners)
{
	const struct passwd *user = getpwnam(config->user);
	int error;

	if (!user) {
		log_error("user: there is no user %s: make it (systemd-sysusers, or useradd -r %s)", config->user,
			  config->user);
		return -ENOENT;
	}
	owners->user = user->pw_uid;
	error = find_group(config->group, "group", &owners->group);
	return error ? error : find_group(config->policy_group, "policy-group", &owners->policy_group);
}

/* A folder of root's: ours, 0750, the group's. */
static int set_right(int fd, const char *path, gid_t group)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid != geteuid()) {
		log_error("%s belongs to uid %u: it must be root's (chown root %s)", path, st.st_uid, path);
		return -EPERM;
	}
	if (st.st_gid != group && fchown(fd, (uid_t)-1, group)) {
		log_error("%s: cannot give it to its group: %s; run as root, or with that group as a supplementary one",
			  path, strerror(errno));
		return -errno;
	}
	if ((st.st_mode & 07777) != 0750 && fchmod(fd, 0750))
		return -errno;
	return 0;
}

static int roots(const char *path, gid_t group)
{
	int error = file_make_dir(path, 0750);
	int fd;

	if (error) {
		log_error("%s: cannot make it: %s", path, strerror(-error));
		return error;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		log_error("%s: %s; it must be a folder of root's", path, strerror(-error));
		return error;
	}
	error = set_right(fd, path, group);
	close(fd);
	return error;
}

/* lenscapd's folders come from the package (tmpfiles); full root makes them too, so that it works without. */
static int daemons(const char *path, const struct owners *owners)
{
	struct stat st;

	if (!lstat(path, &st) || !privileges_may_chown())
		return 0;
	if (mkdir(path, 0750) || lchown(path, owners->user, owners->group)) {
		log_error("%s: cannot make it: %s", path, strerror(errno));
		return -errno;
	}
	return 0;
}

static int below(const char *base, const char *name, const struct owners *owners, bool of_daemon)
{
	char *path = path_join(base, name);
	int error = -ENOMEM;

	if (path)
		error = of_daemon ? daemons(path, owners) : roots(path, owners->group);
	free(path);
	return error;
}

int folders_make(const struct config *config, const struct owners *owners)
{
	int error = roots(config->run, owners->group);

	if (!error)
		error = below(config->run, "loader", owners, false);
	if (!error)
		error = file_make_dir(config->state, 0755);
	if (!error)
		error = below(config->state, "loader", owners, false);
	if (!error)
		error = below(config->run, "daemon", owners, true);
	if (!error)
		error = below(config->state, "daemon", owners, true);
	return error ? error : daemons(config->log, owners);
}

int folders_bpffs(const char *dir, const struct owners *owners)
{
	int error = file_make_dir(dir, 0750);

	if (!error)
		error = pins_check(dir);
	if (error == -ENODEV)
		log_error("%s is not a bpffs: mount it first (systemctl start the mount unit, or: mount -t bpf bpf %s)",
			  dir, dir);
	else if (error)
		log_error("%s: %s", dir, strerror(-error));
	return error ? error : roots(dir, owners->group);
}

int folders_port(const char *dir)
{
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}
