/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders watched by inotify. The folder, not the file: a rename over a file ends a watch on it. */
#include "watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "../lib/paths.h"

#define WATCH_MASK                                                                                                     \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |   \
	 IN_ONLYDIR)

struct watch {
	struct watches *all;
	char *folder;
	size_t number;
	sd_event_source *source; /* NULL = not watched now */
	dev_t dev;
	ino_t ino;
	struct watch *next;
};

struct watches {
	sd_event *event;
	watch_fn *fn;
	void *arg;
	struct watch *first;
};

int watches_new(sd_event *event, watch_fn *fn, void *arg, struct watches **out)
{
	struct watches *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct watches){.event = event, .fn = fn, .arg = arg};
	*out = w;
	return 0;
}

void watches_free(struct watches *w)
{
	while (w && w->first) {
		struct watch *one = w->first;

		w->first = one->next;
		(void)sd_event_source_disable_unref(one->source);
		free(one->folder);
		free(one);
	}
	free(w);
}

/* A new regular file is being written, and closing it will tell; a link or a FIFO appears whole. */
static bool is_being_written(const struct watch *one, const char *name)
{
	char *path = path_join(one->folder, name);
	struct stat st;
	bool writing = path && !lstat(path, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1;

	free(path);
	return writing;
}

static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	struct watch *one = arg;

	(void)source;
	if (event->mask & IN_CREATE && event->len && is_being_written(one, event->name))
		return 0;
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
		one->source = sd_event_source_disable_unref(one->source); /* watches_follow() looks for its successor */
	one->all->fn(one->all->arg, one->number, event->len ? event->name : NULL);
	return 0;
}

static void try_watch(struct watch *one)
{
	struct stat st;

	if (stat(one->folder, &st) ||
	    sd_event_add_inotify(one->all->event, &one->source, one->folder, WATCH_MASK, on_inotify, one) < 0)
		return;
	one->dev = st.st_dev;
	one->ino = st.st_ino;
	one->all->fn(one->all->arg, one->number, NULL);
}

int watches_add(struct watches *w, const char *folder, size_t number)
{
	struct watch *one = calloc(1, sizeof(*one));

	if (!one)
		return -ENOMEM;
	*one = (struct watch){.all = w, .folder = strdup(folder), .number = number, .next = w->first};
	if (!one->folder) {
		free(one);
		return -ENOMEM;
	}
	w->first = one;
	try_watch(one);
	return 0;
}

void watches_follow(struct watches *w)
{
	for (struct watch *one = w->first; one; one = one->next) {
		struct stat st;

		if (one->source && (stat(one->folder, &st) || st.st_dev != one->dev || st.st_ino != one->ino))
			one->source = sd_event_source_disable_unref(one->source);
		if (!one->source)
			try_watch(one);
	}
}
