/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guards remember, as JSON:
 * {"version":1,"sources":{"auditor":{"serial":42,"sha256":"…","journaled":42,"steps":[[at,n],…]}}}.
 * lenscapd writes it, so it is read as strictly as anything else that may have been damaged.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "guard.h"

#define BYTES_MAX ((size_t)4 << 20)
#define SOURCES_MAX 4096
#define VERSION 1

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool read_step(const json_t *step, struct guard_memory *m)
{
	const json_t *at = json_array_get(step, 0), *weakened = json_array_get(step, 1);

	if (json_array_size(step) != 2 || !json_is_integer(at) || !json_is_integer(weakened) ||
	    json_integer_value(weakened) < 0 || m->n_steps == GUARD_STEPS)
		return false;
	m->step[m->n_steps].at = json_integer_value(at);
	m->step[m->n_steps++].weakened = (uint64_t)json_integer_value(weakened);
	return true;
}

static bool read_source(const char *name, const json_t *value, struct guard_source *out)
{
	const json_t *serial = json_object_get(value, "serial"), *steps = json_object_get(value, "steps");
	const json_t *journaled = json_object_get(value, "journaled"); /* older versions had no journals */
	const char *sha256 = json_string_value(json_object_get(value, "sha256"));

	if (!*name || strlen(name) >= sizeof(out->name) || !json_is_integer(serial) ||
	    json_integer_value(serial) < -1 || !sha256 || (*sha256 && !is_sha256(sha256)) || !json_is_array(steps) ||
	    (journaled && (!json_is_integer(journaled) || json_integer_value(journaled) < -1)))
		return false;
	guard_memory_init(&out->memory);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	(void)snprintf(out->memory.sha256, sizeof(out->memory.sha256), "%s", sha256);
	out->memory.serial = json_integer_value(serial);
	if (journaled)
		out->memory.journaled = json_integer_value(journaled);
	for (size_t i = 0; i < json_array_size(steps); i++)
		if (!read_step(json_array_get(steps, i), &out->memory))
			return false;
	return true;
}

/* All sources or none: 0, -EINVAL or -ENOMEM. */
static int read_sources(json_t *root, struct guard_source **out, size_t *n)
{
	json_t *sources = json_object_get(root, "sources"), *value;
	struct guard_source *list;
	const char *name;
	size_t used = 0;

	if (json_integer_value(json_object_get(root, "version")) != VERSION || !json_is_object(sources) ||
	    json_object_size(sources) > SOURCES_MAX)
		return -EINVAL;
	list = calloc(json_object_size(sources) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	json_object_foreach(sources, name, value)
	{
		if (read_source(name, value, &list[used++]))
			continue;
		free(list);
		return -EINVAL;
	}
	*out = list;
	*n = used;
	return 0;
}

static int refuse(const char *path, int err, char error[static FEED_ERROR])
{
	(void)snprintf(
	    error, FEED_ERROR,
	    "%.200s: the guards' memory is %s; serials are taken from the lists in force and the 24 hours of "
	    "max-weakening begin anew",
	    path, err == -EINVAL ? "damaged" : "not readable");
	return err;
}

int guard_load(const char *path, struct guard_source **out, size_t *n, char error[static FEED_ERROR])
{
	char *data = NULL;
	size_t size = 0;
	json_t *root;
	int err = file_read(path, BYTES_MAX, &data, &size);

	*out = NULL;
	*n = 0;
	if (err == -ENOENT)
		return 0;
	if (err)
		return refuse(path, err == -EFBIG ? -EINVAL : err, error);
	root = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	free(data);
	err = json_is_object(root) ? read_sources(root, out, n) : -EINVAL;
	json_decref(root);
	return err ? refuse(path, err, error) : 0;
}

static json_t *pack_steps(const struct guard_memory *m)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < m->n_steps; i++)
		if (json_array_append_new(
			steps, json_pack("[I,I]", (json_int_t)m->step[i].at, (json_int_t)m->step[i].weakened))) {
			json_decref(steps);
			return NULL;
		}
	return steps;
}

/* NULL when memory is out: a memory with holes would be worse than the old file. */
static json_t *pack_sources(const struct guard_source *sources, size_t n)
{
	json_t *list = json_object();

	for (size_t i = 0; i < n; i++) {
		const struct guard_memory *m = &sources[i].memory;
		json_t *source = json_pack("{s:I,s:s,s:I,s:o}", "serial", (json_int_t)m->serial, "sha256", m->sha256,
					   "journaled", (json_int_t)m->journaled, "steps", pack_steps(m));

		if (json_object_set_new(list, sources[i].name, source)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

int guard_save(const char *path, const struct guard_source *sources, size_t n)
{
	json_t *root = json_pack("{s:i,s:o}", "version", VERSION, "sources", pack_sources(sources, n));
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	int err;

	json_decref(root);
	if (!text)
		return -ENOMEM;
	err = file_write(path, text, strlen(text), 0640, (gid_t)-1, true);
	free(text);
	return err;
}
