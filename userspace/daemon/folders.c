/* SPDX-License-Identifier: GPL-2.0-only */
/* What somebody else could have written is not believed: the start is refused, and the policy in the kernel stays. */
#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/paths.h"

static int refuse(const char *path, const char *why, char *error)
{
	(void)snprintf(error, FOLDERS_ERROR,
		       "%s: %s; nothing read from there could be believed, so lenscapd does not start", path, why);
	return -EPERM;
}

static int judge(const char *path, const struct stat *st, char *error)
{
	if (S_ISLNK(st->st_mode))
		return refuse(path, "is a symbolic link; put the folder or file itself there", error);
	if (st->st_uid && st->st_uid != geteuid())
		return refuse(path,
			      "belongs to another user, who could change it (chown root, or the user lenscapd runs as)",
			      error);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(path, "may be written by others (chmod go-w)", error);
	return 0;
}

static int check_one(const char *path, bool *is_folder, char *error)
{
	struct stat st;

	*is_folder = false;
	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		(void)snprintf(error, FOLDERS_ERROR, "%s: %s", path, strerror(errno));
		return -EPERM;
	}
	*is_folder = S_ISDIR(st.st_mode);
	return judge(path, &st, error);
}

/* The folder, and down to DEPTH what is in it. */
static int check_below(const char *path, int depth, char *error)
{
	bool is_folder;
	int err = check_one(path, &is_folder, error);
	DIR *folder = !err && is_folder && depth ? opendir(path) : NULL;
	const struct dirent *entry;

	while (folder && !err && (entry = readdir(folder))) {
		char *name;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		name = path_join(path, entry->d_name);
		err = name ? check_below(name, depth - 1, error) : -ENOMEM;
		free(name);
	}
	if (folder)
		(void)closedir(folder);
	return err;
}

int folders_check(const struct config *config, char error[static FOLDERS_ERROR])
{
	const struct {
		const char *base, *name;
		int depth;
	} places[] = {
	    {config->run, "daemon", 0}, {config->state, "", 0},	    {config->state, "daemon", 2},
	    {config->log, "", 0},	{config->overrides, "", 0}, {config->overrides, PATH_ACCEPT, 1},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !err; i++) {
		char *path = places[i].name[0] ? path_join(places[i].base, places[i].name) : strdup(places[i].base);

		err = path ? check_below(path, places[i].depth, error) : -ENOMEM;
		free(path);
	}
	return err;
}
