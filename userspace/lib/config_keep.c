/* SPDX-License-Identifier: GPL-2.0-only */
/* The last valid configuration: a copy the programs start with when the present one is broken. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_internal.h"
#include "file.h"
#include "paths.h"

/* Remove what config_keep() makes: the main file and drop-ins. Anything else there stays, and rmdir() then fails. */
static void remove_copy(const char *folder)
{
	char *drop_ins = path_join(folder, CONFIG_DROP_IN_DIR), *main_file = path_join(folder, CONFIG_MAIN_NAME);
	struct config_sources sources;
	struct complaints ignored;

	if (drop_ins && main_file && !complaints_open(&ignored)) {
		(void)config_sources_read(main_file, &sources, &ignored);
		for (size_t i = 0; i < sources.n; i++)
			if (sources.source[i].path)
				(void)unlink(sources.source[i].path);
		config_sources_free(&sources);
		free(complaints_close(&ignored));
		(void)rmdir(drop_ins);
		(void)rmdir(folder);
	}
	free(drop_ins);
	free(main_file);
}

/* Modes and groups are those of the originals, less everybody's right to write: lenscapd must be able to read them. */
static int copy_sources(const struct config_sources *sources, const char *folder)
{
	char *drop_ins = path_join(folder, CONFIG_DROP_IN_DIR);
	int err = drop_ins ? file_make_dir(folder, 0755) : -ENOMEM;

	if (!err && sources->n > 1)
		err = file_make_dir(drop_ins, 0755);
	for (size_t i = 0; i < sources->n && !err; i++) {
		const struct config_source *s = &sources->source[i];
		char *path = path_join(folder, s->name);

		err = path ? file_write(path, s->data, s->size, s->mode & 0644, s->gid, true) : -ENOMEM;
		free(path);
	}
	free(drop_ins);
	return err;
}

/* The copy as it lies on disk must be one that would be accepted: the original may have changed since it was. */
static int check_copy(const char *folder)
{
	char *main_file = path_join(folder, CONFIG_MAIN_NAME), *error = NULL;
	struct config *config = NULL;
	int err = main_file ? config_load(main_file, &config, &error) : -ENOMEM;

	config_free(config);
	free(error);
	free(main_file);
	return err;
}

/* A folder with files in it cannot be renamed over: exchange the two, then the old one is aside. */
static int put_in_place(const char *aside, const char *folder)
{
	if (!rename(aside, folder))
		return file_sync_parent(folder);
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, folder, RENAME_EXCHANGE))
		return -errno;
	remove_copy(aside);
	return file_sync_parent(folder);
}

static int keep_sources(const struct config_sources *sources, const char *folder)
{
	char *aside;
	int err;

	if (asprintf(&aside, "%s.new", folder) < 0)
		return -ENOMEM;
	remove_copy(aside); /* left by one who died here */
	err = copy_sources(sources, aside);
	if (!err)
		err = check_copy(aside);
	if (!err)
		err = put_in_place(aside, folder);
	if (err)
		remove_copy(aside);
	free(aside);
	return err;
}

int config_keep(const char *file, const char *last_valid)
{
	struct config_sources sources;
	struct complaints complaints;
	int err = complaints_open(&complaints);

	if (err)
		return err;
	err = config_sources_read(file ? file : CONFIG_PATH, &sources, &complaints);
	if (!err)
		err = keep_sources(&sources, last_valid ? last_valid : CONFIG_LAST_VALID);
	config_sources_free(&sources);
	free(complaints_close(&complaints));
	return err;
}

/* Both are invalid: say both. */
static char *join_errors(char *first, char *second)
{
	char *both;

	if (asprintf(&both, "%s\n%s", first ? first : "", second ? second : "") < 0)
		both = NULL;
	free(first);
	free(second);
	return both;
}

int config_load_or_last(const char *file, const char *last_valid, struct config **out, char **error)
{
	char *why = NULL, *why_last = NULL, *copy;
	int err = config_load(file, out, &why);

	if (!err)
		return 0;
	copy = path_join(last_valid ? last_valid : CONFIG_LAST_VALID, CONFIG_MAIN_NAME);
	if (copy && !config_load(copy, out, &why_last)) {
		(*out)->fallback = true;
		(*out)->error = why;
		err = 0;
	} else {
		*error = join_errors(why, why_last);
	}
	free(copy);
	return err;
}
