/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guards remember across restarts, and the latest time that was certainly right. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/paths.h"

#define PATH_CLOCK "daemon/clock"
#define REMEMBERED_MAX 1024 /* sources, also those no longer configured */

static void load_clock(struct daemon *d)
{
	char *path = path_join(d->world.config->state, PATH_CLOCK), *text = NULL;
	size_t size;

	if (path && !file_read(path, 32, &text, &size)) {
		char *end;
		long long seconds = strtoll(text, &end, 10);

		if (end > text && *end == '\n' && seconds > 0)
			d->clock = seconds;
	}
	free(text);
	free(path);
}

void memory_load(struct daemon *d)
{
	char *path = path_join(d->world.config->state, PATH_GUARD);
	char error[FEED_ERROR] = "";

	load_clock(d);
	if (path && guard_load(path, &d->remembered, &d->n_remembered, error)) {
		log_warning("%s", error);
		(void)snprintf(d->state_error, sizeof(d->state_error), "%s", error);
		d->remembered = NULL;
		d->n_remembered = 0;
	}
	free(path);
}

void memory_free(struct daemon *d)
{
	free(d->remembered);
	d->remembered = NULL;
	d->n_remembered = 0;
}

static struct guard_source *find(const struct daemon *d, const char *name)
{
	for (size_t i = 0; i < d->n_remembered; i++)
		if (!strcmp(d->remembered[i].name, name))
			return &d->remembered[i];
	return NULL;
}

const struct guard_memory *memory_of(const struct daemon *d, const char *name)
{
	const struct guard_source *one = find(d, name);

	return one ? &one->memory : NULL;
}

static int remember(struct daemon *d, const struct source *s)
{
	struct guard_source *one = find(d, s->name);

	if (!one) {
		one = d->n_remembered < REMEMBERED_MAX
			      ? reallocarray(d->remembered, d->n_remembered + 1, sizeof(*one))
			      : NULL;
		if (!one)
			return -ENOMEM;
		d->remembered = one;
		one += d->n_remembered++;
		(void)snprintf(one->name, sizeof(one->name), "%s", s->name);
	}
	one->memory = s->memory;
	return 0;
}

int memory_save(struct daemon *d)
{
	char *path = path_join(d->world.config->state, PATH_GUARD);
	int err = path ? 0 : -ENOMEM;

	for (size_t i = 0; i < d->world.n_sources && !err; i++)
		if (d->world.sources[i].kind == SOURCE_FEED)
			err = remember(d, &d->world.sources[i]);
	if (!err)
		err = guard_save(path, d->remembered, d->n_remembered);
	free(path);
	return err;
}

/* Not durable: losing it means that ended entries count again until the clock is trusted, as without it. */
void memory_save_clock(const struct daemon *d)
{
	char *path = path_join(d->world.config->state, PATH_CLOCK), text[32];
	int size = snprintf(text, sizeof(text), "%lld\n", (long long)d->clock);

	if (path && d->trusted)
		(void)file_write(path, text, (size_t)size, 0640, (gid_t)-1, false);
	free(path);
}
