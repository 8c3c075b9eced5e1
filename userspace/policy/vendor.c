/* SPDX-License-Identifier: GPL-2.0-only */
/* Shows which compiled vendor lists a folder holds: only their headers are read. */
#include "vendor.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/text.h"

#define MAX_BYTES (256u << 20)

static void free_list(struct vendor_list *l)
{
	free(l->path);
	free(l->name);
	free(l->title);
	free(l->basis);
	free(l->caution);
	free(l->error);
}

void vendor_lists_free(struct vendor_lists *lists)
{
	for (size_t i = 0; i < lists->n; i++)
		free_list(&lists->list[i]);
	free(lists->list);
	*lists = (struct vendor_lists){0};
}

/* A string of the header made safe; NULL when it is not there. */
static char *take_text(const json_t *header, const char *key)
{
	const json_t *value = json_object_get(header, key);
	char clean[TEXT_MAX + 1];

	if (!json_is_string(value))
		return NULL;
	text_clean(json_string_value(value), json_string_length(value), clean);
	return strdup(clean);
}

static bool take_header(struct vendor_list *l, const json_t *header)
{
	const json_t *count = json_object_get(header, "count");
	char *generated = take_text(header, "generated");
	bool good = json_integer_value(json_object_get(header, "lenscap")) == 1 && json_is_integer(count) &&
		    generated && !time_parse(generated, &l->edition);

	free(generated);
	if (!good)
		return false;
	l->count = (uint64_t)json_integer_value(count);
	l->title = take_text(header, "title");
	l->basis = take_text(header, "basis");
	l->caution = take_text(header, "caution");
	return true;
}

static int complain(struct vendor_list *l, const char *reason)
{
	if (asprintf(&l->error, "%s: %s; make it anew with lenscap vendor compile", l->path, reason) >= 0)
		return 0;
	l->error = NULL;
	return -ENOMEM;
}

static int read_header(struct vendor_list *l)
{
	char *data = NULL, *end;
	size_t size = 0;
	json_t *header;
	bool good;
	int err = file_read(l->path, MAX_BYTES, &data, &size);

	if (err)
		return complain(l, strerror(-err));
	end = memchr(data, '\n', size);
	header = json_loadb(data, end ? (size_t)(end - data) : size, JSON_REJECT_DUPLICATES, NULL);
	good = header && take_header(l, header);
	json_decref(header);
	free(data);
	if (good)
		return 0;
	return complain(l, "line 1 is not the header of a list (see lenscap-feed(5))");
}

static int take_file(struct vendor_list *l, const char *path)
{
	const char *base = strrchr(path, '/') + 1;

	l->path = strdup(path);
	l->name = strndup(base, strlen(base) - strlen(".jsonl"));
	return l->path && l->name ? read_header(l) : -ENOMEM;
}

static int take_all(const glob_t *found, struct vendor_lists *out)
{
	int err = 0;

	out->list = calloc(found->gl_pathc + 1, sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (size_t i = 0; i < found->gl_pathc && !err; i++)
		err = take_file(&out->list[out->n++], found->gl_pathv[i]);
	return err;
}

/* glob() does not say why a folder cannot be read. */
static int check_folder(const char *folder)
{
	DIR *dir = opendir(folder);

	if (!dir)
		return -errno;
	closedir(dir);
	return 0;
}

int vendor_lists(const char *folder, struct vendor_lists *out, char error[static FEED_ERROR])
{
	char *pattern = NULL;
	glob_t found = {0};
	int err;

	*out = (struct vendor_lists){0};
	if (asprintf(&pattern, "%s/*.jsonl", folder) < 0) {
		snprintf(error, FEED_ERROR, "out of memory");
		return -ENOMEM;
	}
	err = check_folder(folder);
	if (!err)
		err = glob(pattern, 0, NULL, &found) ? -ENODATA : take_all(&found, out);
	free(pattern);
	globfree(&found);
	if (err)
		vendor_lists_free(out);
	if (err)
		snprintf(error, FEED_ERROR, "%s: %s; check paths.data, or reinstall Lenscap", folder,
			 err == -ENODATA ? "no vendor list there" : strerror(-err));
	return err;
}
