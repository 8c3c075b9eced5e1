/* SPDX-License-Identifier: GPL-2.0-only */
/* SIGHUP: a new world from the configuration, or the old one and the reason. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "notify.h"

/* What only a start can change: rights were given up, and files of this process are there. */
static const char *needs_restart(const struct config *a, const struct config *b)
{
	const struct {
		const char *name, *a, *b;
	} fixed[] = {
		{"paths.run", a->run, b->run},	 {"paths.state", a->state, b->state},
		{"paths.log", a->log, b->log},	 {"user", a->user, b->user},
		{"group", a->group, b->group},	 {"policy-group", a->policy_group, b->policy_group},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(fixed[i].a, fixed[i].b) != 0)
			return fixed[i].name;
	return NULL;
}

/* A source that is known now must be known in the new world, or taking it would lift what it flagged. */
static int carry_over(struct world *old, struct world *new, char **error)
{
	for (size_t i = 0; i < new->n_sources; i++) {
		struct source *s = &new->sources[i], *before = world_find(old, s);

		if (!before)
			continue;
		if (before->loaded && !s->loaded) {
			if (asprintf(error, "%s; the configuration in force stays", s->refused.reason) < 0)
				*error = NULL;
			return -EINVAL;
		}
		s->memory = before->memory;
		pull_carry_over(before, s);
		s->pending = before->pending;
		s->stale = before->stale;
		s->expired = before->expired;
		if (s->loaded)
			s->refused = before->refused;
		memcpy(s->told, before->told, sizeof(s->told));
		if (before->applied && !strcmp(s->sha256, before->sha256))
			s->applied = before->applied;
	}
	return 0;
}

static int load(struct daemon *d, struct config **config, char **error)
{
	const char *fixed;
	int err = config_load(d->config_file, config, error);

	if (err)
		return err;
	fixed = needs_restart(d->world.config, *config);
	if (!fixed)
		return 0;
	if (asprintf(error, "%s: '%s' changed, which needs a restart of lenscapd", (*config)->file, fixed) < 0)
		*error = NULL;
	return -EINVAL;
}

static int build(struct daemon *d, char **error)
{
	struct config *config = NULL;
	struct world new = {0};
	int err = load(d, &config, error);

	if (!err)
		err = world_build(d, config, &new);
	if (err) {
		config_free(config);
		return err;
	}
	err = carry_over(&d->world, &new, error);
	if (!err)
		err = hold_prepare(&d->world, &new);
	if (err) {
		world_free(&new);
		return err;
	}
	world_free(&d->world);
	d->world = new;
	return 0;
}

static void notify_reloading(void)
{
	struct timespec now;
	char text[64];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		       (unsigned long long)now.tv_sec * 1000000ull + (unsigned long long)now.tv_nsec / 1000ull);
	notify_send(text);
}

void reload_config(struct daemon *d)
{
	char *error = NULL;
	int err;

	notify_reloading();
	(void)memory_save(d);
	err = build(d, &error);
	free(d->config_error);
	d->config_error = NULL;
	if (err) {
		d->config_error = error ? error : strdup(strerror(-err));
		log_error("the configuration in force stays: %s", d->config_error ? d->config_error : "out of memory");
	} else {
		free(error);
		hold_tell(d);
		if (enforce_all(d) == -ENOSPC)
			hold_end(d, "the table has no room for the old and the new together");
		report_notes(d);
		world_watch(d);
		devices_forget_zones(d->devices);
		loop_devices_soon(d);
		for (size_t i = 0; i < d->world.n_sources; i++)
			d->world.sources[i].dirty = true;
		log_info("took the configuration %s", d->world.config->file);
	}
	expire_arm(d);
	state_write(d);
	loop_wake(d);
	notify_send("READY=1");
}
