/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of flagged frames: a perf buffer for each CPU over the pinned array, and a deadline that a thread renews. */
#include "capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"
#include "switches.h"

#define PAGES 512 /* of a CPU's buffer: 2 MiB */
#define RENEW_SECONDS 1
#define LAST_NS (3 * 1000000000ull) /* after the last renewal */

struct capture {
	struct perf_buffer *buffer;
	capture_fn *fn;
	void *arg;
	const bool *stop; /* while polling */
	int switches, filter, ring;
	pthread_t renewer;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool renews, ended;
};

static int open_map(const char *dir, const char *name, enum bpf_map_type type, uint32_t value_size, uint32_t entries)
{
	char *path = path_join(dir, name);
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int fd = path ? bpf_obj_get(path) : -ENOMEM, err;

	free(path);
	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!err && (info.type != type || info.key_size != sizeof(__u32) || info.value_size != value_size ||
		     (entries && info.max_entries != entries)))
		err = -EPROTO;
	if (!err)
		return fd;
	(void)close(fd);
	return err;
}

static int open_maps(struct capture *c, const char *dir)
{
	c->switches = open_map(dir, LC_PIN_SWITCHES, BPF_MAP_TYPE_ARRAY, sizeof(struct lc_switches), 1);
	if (c->switches < 0)
		return c->switches;
	c->filter = open_map(dir, LC_PIN_CAPTURE, BPF_MAP_TYPE_ARRAY, sizeof(struct lc_capture), 1);
	if (c->filter < 0)
		return c->filter;
	c->ring = open_map(dir, LC_PIN_CAPTURE_RING, BPF_MAP_TYPE_PERF_EVENT_ARRAY, sizeof(__u32), 0);
	return c->ring < 0 ? c->ring : 0;
}

/* ---- The deadline ---- */
static int set_deadline(const struct capture *c, bool on)
{
	struct timespec now;
	uint64_t until = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (on)
		until = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + LAST_NS;
	return switch_set(c->switches, LC_SWITCH_CAPTURE_UNTIL, until);
}

/* The caller may wait for a slow reader of what it writes, and must not lose frames unseen meanwhile. */
static void *renew(void *arg)
{
	struct capture *c = arg;
	struct timespec next;

	(void)pthread_mutex_lock(&c->lock);
	(void)clock_gettime(CLOCK_MONOTONIC, &next);
	while (!c->ended) {
		next.tv_sec += RENEW_SECONDS;
		while (!c->ended && pthread_cond_timedwait(&c->end, &c->lock, &next) != ETIMEDOUT)
			continue;
		if (!c->ended)
			(void)set_deadline(c, true);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int start_renewing(struct capture *c)
{
	pthread_condattr_t monotonic;
	sigset_t all, before;
	int err = set_deadline(c, true);

	if (err)
		return err;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->end, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)sigfillset(&all); /* signals are for who waits for the reader */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&c->renewer, NULL, renew, c);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->renews = !err;
	if (err)
		(void)set_deadline(c, false);
	return err;
}

void capture_stop(struct capture *c)
{
	if (!c->renews)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->ended = true;
	(void)pthread_cond_signal(&c->end);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->renewer, NULL);
	(void)pthread_cond_destroy(&c->end);
	(void)pthread_mutex_destroy(&c->lock);
	(void)set_deadline(c, false);
	c->renews = false;
}

/* ---- The frames ---- */
static enum bpf_perf_event_ret on_record(void *arg, int cpu, struct perf_event_header *event)
{
	/* PERF_SAMPLE_RAW, as the buffer asks for: a size, then the bytes */
	const struct {
		struct perf_event_header header;
		uint32_t size;
		uint8_t data[];
	} *sample = (const void *)event;
	struct capture *c = arg;
	struct lc_captured head;

	(void)cpu;
	if (event->type != PERF_RECORD_SAMPLE)
		return LIBBPF_PERF_EVENT_CONT; /* what was lost the programs count themselves, for each port */
	if (sample->size < sizeof(head))
		return LIBBPF_PERF_EVENT_CONT;
	memcpy(&head, sample->data, sizeof(head));
	if (head.captured <= sample->size - sizeof(head) && head.captured <= LC_CAPTURE_MOST)
		c->fn(c->arg, &head, sample->data + sizeof(head));
	return c->stop && *c->stop ? LIBBPF_PERF_EVENT_DONE : LIBBPF_PERF_EVENT_CONT;
}

static int open_buffer(struct capture *c)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	c->buffer = perf_buffer__new_raw(c->ring, PAGES, &attr, on_record, c, NULL);
	return c->buffer ? 0 : -errno;
}

int capture_open(const char *dir, const struct lc_capture *wanted, capture_fn *fn, void *arg, struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));
	__u32 zero = 0;
	int err;

	if (!c)
		return -ENOMEM;
	c->switches = c->filter = c->ring = -1;
	c->fn = fn;
	c->arg = arg;
	err = open_maps(c, dir);
	if (!err)
		err = bpf_map_update_elem(c->filter, &zero, wanted, BPF_ANY);
	if (!err)
		err = open_buffer(c);
	if (!err)
		err = start_renewing(c);
	if (err)
		capture_close(c);
	else
		*out = c;
	return err;
}

int capture_poll(struct capture *c, const bool *stop, int milliseconds)
{
	int done;

	c->stop = stop;
	done = perf_buffer__poll(c->buffer, milliseconds);
	c->stop = NULL;
	return done < 0 && done != -EINTR ? done : 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	capture_stop(c);
	perf_buffer__free(c->buffer);
	const int fds[] = {c->switches, c->filter, c->ring};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(c);
}
