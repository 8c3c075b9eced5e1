/* SPDX-License-Identifier: GPL-2.0-only */
/* The doctor on the machine: kernel, accounts, folders, room. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "doctor.h"

#define LEAST_ROOM (64u << 20) /* bytes: a feed of 100,000 entries, kept twice, and some log */

/* First number of a small file below /proc, -1 = not there. */
static long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		(void)close(fd);
	return size > 0 ? strtol(text, NULL, 10) : -1;
}

void doctor_kernel(struct doctor *d)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	long unprivileged = read_number("/proc/sys/kernel/unprivileged_bpf_disabled");

	if (uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 && major * 1000 + minor >= 6001)
		doctor_say(d, FINDING_GOOD, "kernel", NULL, "%s, %s", name.release,
			   major * 1000 + minor >= 6006 ? "tc by tcx links"
							: "tc by clsact filters (tcx came with 6.6)");
	else
		doctor_say(d, FINDING_PROBLEM, "kernel", "run Linux 6.1 or later", "%u.%u is too old", major, minor);
	if (access("/sys/kernel/btf/vmlinux", R_OK) == 0)
		doctor_say(d, FINDING_GOOD, "BTF", NULL, "the kernel describes its types");
	else
		doctor_say(d, FINDING_WARNING, "BTF", "use a kernel with CONFIG_DEBUG_INFO_BTF",
			   "/sys/kernel/btf/vmlinux: %s", strerror(errno));
	if (unprivileged == 0)
		doctor_say(d, FINDING_WARNING, "unprivileged BPF", "sysctl kernel.unprivileged_bpf_disabled=2",
			   "everybody may load programs; Lenscap does not need that");
	else
		doctor_say(d, FINDING_GOOD, "unprivileged BPF", NULL, "off");
}

static void say_account(struct doctor *d, const char *kind, const char *name, bool exists)
{
	char what[96];

	(void)snprintf(what, sizeof(what), "%s %.64s", kind, name);
	if (exists)
		doctor_say(d, FINDING_GOOD, what, NULL, "exists");
	else
		doctor_say(d, FINDING_PROBLEM, what, "systemd-sysusers", "does not exist");
}

void doctor_accounts(struct doctor *d)
{
	const struct config *c = d->cli->config;

	say_account(d, "user", c->user, getpwnam(c->user) != NULL);
	say_account(d, "group", c->group, getgrnam(c->group) != NULL);
	say_account(d, "group", c->policy_group, getgrnam(c->policy_group) != NULL);
}

struct folder {
	const char *base, *name; /* name NULL: the base itself */
	bool daemons;		 /* lenscapd owns it; else root */
};

/* Nobody but its owner may write it; and the owner is the one who is meant to. */
static void examine_folder(struct doctor *d, const struct folder *f)
{
	const struct passwd *user = getpwnam(d->cli->config->user);
	uid_t owner = f->daemons && user ? user->pw_uid : 0;
	char *path = f->name ? path_join(f->base, f->name) : strdup(f->base);
	struct stat st;

	if (!path)
		return;
	if (lstat(path, &st) != 0)
		doctor_say(d, FINDING_PROBLEM, "folder", "systemd-tmpfiles --create", "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_say(d, FINDING_PROBLEM, "folder", "remove it; systemd-tmpfiles --create", "%s: is no folder",
			   path);
	else if (st.st_uid != owner)
		doctor_say(d, FINDING_PROBLEM, "folder", "systemd-tmpfiles --create", "%s: belongs to user %u, not %s",
			   path, st.st_uid, owner ? d->cli->config->user : "root");
	else if (st.st_mode & 0022)
		doctor_say(d, FINDING_PROBLEM, "folder", "chmod go-w", "%s: others may write it (mode %04o)", path,
			   st.st_mode & 07777);
	else
		doctor_say(d, FINDING_GOOD, "folder", NULL, "%s", path);
	free(path);
}

void doctor_folders(struct doctor *d)
{
	const struct config *c = d->cli->config;
	const struct folder folders[] = {
	    {c->run, NULL, false},	 {c->run, "loader", false},  {c->run, "daemon", true},
	    {c->state, "loader", false}, {c->state, "daemon", true}, {c->log, NULL, true},
	    {c->overrides, NULL, false},
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		examine_folder(d, &folders[i]);
}

static void examine_space(struct doctor *d, const char *path)
{
	struct statvfs st;
	unsigned long long room;

	if (statvfs(path, &st) != 0)
		return; /* the folder's own row says so */
	room = (unsigned long long)st.f_bavail * st.f_frsize;
	if (room < LEAST_ROOM || (st.f_files && st.f_favail < 64))
		doctor_say(d, FINDING_PROBLEM, "room", "make room; changes of the policy cannot be recorded without",
			   "%s: %llu MiB and %llu files left", path, room >> 20, (unsigned long long)st.f_favail);
	else
		doctor_say(d, FINDING_GOOD, "room", NULL, "%s: %llu MiB left", path, room >> 20);
}

void doctor_space(struct doctor *d)
{
	const struct config *c = d->cli->config;

	examine_space(d, c->state);
	examine_space(d, c->log);
	examine_space(d, c->overrides);
}
