/* SPDX-License-Identifier: GPL-2.0-only */
/* The loop: what wakes lenscapd, and in which order it then works. Asleep when nothing happens but for a tick. */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "../feed/minisign.h"
#include "../lib/log.h"
#include "../lib/paths.h"
#include "../lib/text.h"
#include "notify.h"

#define TICK_USEC 2000000ull	 /* bypass, clock, missing folders and maps */
#define LOOK_TICKS 15u		 /* files whose change no inotify told (NFS, a link's target) */
#define SNAPSHOT_USEC 1000000ull /* changes in this time are one snapshot */
#define SNAPSHOT_RETRY_USEC 30000000ull
#define MEMORY_USEC 1000000ull
#define DEVICES_USEC 5000000ull

enum watched { WATCH_LOADER, WATCH_ACCEPT, WATCH_SOURCES }; /* the last: plus the source's index */

void loop_wake(struct daemon *d)
{
	(void)sd_event_source_set_enabled(d->work, SD_EVENT_ONESHOT);
}

/* One thing at a time, the quickest first: an override never waits for a large feed behind it. */
static bool work_once(struct daemon *d)
{
	if (d->reload) {
		d->reload = false;
		reload_config(d);
		return true;
	}
	if (d->loader_changed) {
		d->loader_changed = false;
		report_ports(d);
		enforce_follow(d);
		return true;
	}
	if (hold_is_over(d)) {
		hold_end(d, NULL);
		return true;
	}
	for (size_t i = 0; i < d->world.n_sources; i++) {
		const struct source *s = &d->world.sources[i];

		if (s->leaving || (!s->dirty && !s->delta_dirty) || pull_is_busy(s) || !pull_has_room(d, s)) /* the end of a worker wakes */
			continue;
		pipeline_look(d, i);
		return true;
	}
	return false;
}

static int on_work(sd_event_source *source, void *arg)
{
	struct daemon *d = arg;

	(void)source;
	if (work_once(d))
		loop_wake(d);
	return 0;
}

static void mark_accepted(struct daemon *d, const char *name)
{
	for (size_t i = 0; i < d->world.n_sources; i++) {
		struct source *s = &d->world.sources[i];

		s->dirty |= (s->pending.at || s->refused.at) && (!name || !strcmp(name, s->name));
	}
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The file, or its signature. */
static bool is_about(const char *name, const char *path)
{
	const char *file = last_part(path);
	size_t length = strlen(file);

	return !strncmp(name, file, length) && (!name[length] || !strcmp(name + length, MINISIGN_SUFFIX));
}

static void mark_source(struct source *s, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	if (!name)
		s->dirty = true;
	else if (s->kind == SOURCE_LOCAL)
		s->dirty |= name[0] != '.' && length > 6 && !strcmp(name + length - 6, ".jsonl");
	else
		s->dirty |= is_about(name, s->path);
	if (name && s->delta)
		s->delta_dirty |= is_about(name, s->delta);
}

static void on_watch(void *arg, size_t number, const char *name)
{
	struct daemon *d = arg;

	if (number == WATCH_LOADER)
		d->loader_changed |= !name || !strcmp(name, last_part(PATH_LOADER_STATE));
	else if (number == WATCH_ACCEPT)
		mark_accepted(d, name);
	else if (number - WATCH_SOURCES < d->world.n_sources)
		mark_source(&d->world.sources[number - WATCH_SOURCES], name);
	loop_wake(d);
}

static int watch_folder_of(struct daemon *d, const char *file, size_t number)
{
	char *folder = strdup(file), *slash = folder ? strrchr(folder, '/') : NULL;
	int err = -ENOMEM;

	if (slash) {
		slash[slash == folder] = '\0';
		err = watches_add(d->watches, folder, number);
	}
	free(folder);
	return err;
}

static int watch_path(struct daemon *d, const char *base, const char *name, size_t number, bool itself)
{
	char *path = path_join(base, name);
	int err = !path ? -ENOMEM : itself ? watches_add(d->watches, path, number) : watch_folder_of(d, path, number);

	free(path);
	return err;
}

/* Watch what the present world is made of; whatever appears is looked at. */
void world_watch(struct daemon *d)
{
	const struct config *c = d->world.config;
	int err;

	watches_free(d->watches);
	d->watches = NULL;
	err = watches_new(d->event, on_watch, d, &d->watches);
	if (!err)
		err = watch_path(d, c->run, PATH_LOADER_STATE, WATCH_LOADER, false);
	if (!err)
		err = watch_path(d, c->overrides, PATH_ACCEPT, WATCH_ACCEPT, true);
	for (size_t i = 0; i < d->world.n_sources && !err; i++) {
		const struct source *s = &d->world.sources[i];

		if ((s->feed && s->feed->url) || s->leaving)
			continue;
		err = s->kind == SOURCE_LOCAL ? watches_add(d->watches, s->path, WATCH_SOURCES)
					      : watch_folder_of(d, s->path, WATCH_SOURCES + i);
	}
	if (err)
		log_error("cannot watch every folder: %s; files are looked at every %u s", strerror(-err), LOOK_TICKS * 2);
}

static bool is_other_file(const char *path, const struct stat *looked)
{
	struct stat st;

	if (stat(path, &st))
		return looked->st_ino != 0;
	return st.st_ino != looked->st_ino || st.st_dev != looked->st_dev || st.st_size != looked->st_size ||
	       st.st_mtim.tv_sec != looked->st_mtim.tv_sec || st.st_mtim.tv_nsec != looked->st_mtim.tv_nsec;
}

static void look_around(struct daemon *d)
{
	struct timespec now;
	bool all = ++d->ticks % LOOK_TICKS == 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < d->world.n_sources; i++) {
		struct source *s = &d->world.sources[i];

		s->dirty |= s->retry_at && now.tv_sec >= s->retry_at;
		s->dirty |= pull_is_due(s, now.tv_sec);
		if (!all || (s->feed && s->feed->url))
			continue;
		s->dirty |= is_other_file(s->path, &s->looked);
		s->delta_dirty |= s->delta && is_other_file(s->delta, &s->looked_delta);
	}
}

static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	if (d->watches)
		watches_follow(d->watches);
	else
		world_watch(d);
	look_around(d);
	enforce_follow(d);
	report_bypass(d);
	expire_check(d);
	fold_tend_all(d);
	eventlog_flush(d->log);
	state_notify(d);
	loop_wake(d);
	(void)sd_event_source_set_time(source, usec + TICK_USEC);
	return 0;
}

static int write_snapshot(struct daemon *d)
{
	char *path = path_join(d->world.config->state, PATH_SNAPSHOT);
	table_word *words = NULL;
	size_t n = 0;
	int err = path ? kernel_words(d->kernel, &words, &n) : -ENOMEM;

	if (!err)
		err = snapshot_write(path, words, n);
	if (err == -ENOTCONN)
		err = 0;
	if (err)
		log_warning("%s: cannot be written: %s; the next boot would start with an older policy until lenscapd runs",
			    path ? path : "", strerror(-err));
	free(words);
	free(path);
	return err;
}

static int on_snapshot(sd_event_source *source, uint64_t usec, void *arg)
{
	if (!write_snapshot(arg))
		return 0;
	(void)sd_event_source_set_time(source, usec + SNAPSHOT_RETRY_USEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_devices(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	seen_save(arg);
	return 0;
}

/* Once in DELAY: what comes until then is part of it. */
static void soon(struct daemon *d, sd_event_source **source, uint64_t delay, sd_event_time_handler_t handler)
{
	int enabled = SD_EVENT_OFF;

	if (!*source) {
		(void)sd_event_add_time_relative(d->event, source, CLOCK_MONOTONIC, delay, 0, handler, d);
		return;
	}
	(void)sd_event_source_get_enabled(*source, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(*source, delay);
	(void)sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

void loop_snapshot_soon(struct daemon *d)
{
	soon(d, &d->snapshot, SNAPSHOT_USEC, on_snapshot);
}

/* At the end: a change of the last second must not be missing at the next boot. */
void loop_snapshot_flush(struct daemon *d)
{
	int enabled = SD_EVENT_OFF;

	if (d->snapshot)
		(void)sd_event_source_get_enabled(d->snapshot, &enabled);
	if (enabled != SD_EVENT_OFF)
		(void)write_snapshot(d);
}

static int on_memory(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	(void)memory_save(arg);
	return 0;
}

void loop_memory_soon(struct daemon *d)
{
	soon(d, &d->memory_timer, MEMORY_USEC, on_memory);
}

/* The file is written whole: the more it holds, the less often. */
void loop_devices_soon(struct daemon *d)
{
	soon(d, &d->devices_timer, DEVICES_USEC + devices_count(d->devices) * 1000u, on_devices);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct daemon *d = arg;

	(void)source;
	(void)info;
	d->reload = true;
	loop_wake(d);
	return 0;
}

static int add_signals(struct daemon *d)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	if (sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d) < 0 ||
	    sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL) < 0)
		return -EIO;
	return sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL) < 0 ? -EIO : 0;
}

static int add_sources(struct daemon *d)
{
	int err = add_signals(d);

	if (!err)
		err = sd_event_add_defer(d->event, &d->work, on_work, d);
	if (err >= 0) /* after all that only marks what changed: one look for many events */
		err = sd_event_source_set_priority(d->work, SD_EVENT_PRIORITY_NORMAL + 10);
	if (err >= 0)
		err = sd_event_add_time_relative(d->event, &d->tick, CLOCK_MONOTONIC, TICK_USEC, TICK_USEC / 4, on_tick, d);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->tick, SD_EVENT_ON);
	return err < 0 ? err : 0;
}

/* In force first, from what is known; then files are looked at, one by one, in the loop. */
int loop_run(struct daemon *d)
{
	int err = add_sources(d);

	if (err)
		return err;
	d->trusted = d->world.config->trust_clock || clock_synchronised();
	(void)enforce_all(d);
	enforce_follow(d);
	report_ports(d);
	report_notes(d);
	world_watch(d);
	for (size_t i = 0; i < d->world.n_sources; i++) {
		d->world.sources[i].dirty = true;
		pull_plan_first(&d->world.sources[i]);
	}
	loop_wake(d);
	state_write(d);
	(void)sd_event_set_watchdog(d->event, 1);
	(void)sd_notify(0, "READY=1");
	state_notify(d);
	err = sd_event_loop(d->event);
	notify_send("STOPPING=1");
	seen_save(d);
	if (d->memory_timer)
		(void)memory_save(d);
	memory_save_clock(d);
	return err < 0 ? err : 0;
}
