/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the pinned maps with read-only descriptors: the group's readers have no right to more, and need none. Only root, who may
 * write the slots, has the quicker way of mapping them. */
#include "counters.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"
#include "switches.h"

#define BATCH 1024u /* slots read by one system call: 64 KiB */

struct counters {
	struct lc_control control;
	int switches, ports, slots, totals;
	const struct lc_slot *mapped; /* NULL: slots are read through the descriptor */
};

static uint64_t all_slots(const struct counters *c)
{
	return (uint64_t)c->control.cpus * c->control.slots;
}

static int open_map(const char *dir, const char *name, __u32 flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags);
	char *path = path_join(dir, name);
	int fd = path ? bpf_obj_get_opts(path, &opts) : -ENOMEM;

	free(path);
	return fd;
}

/* A look-up writes as many bytes as the map's values have: they must be ours. */
static int check_map(int fd, uint32_t value_size, uint64_t entries)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &size);

	if (err)
		return err;
	return info.type == BPF_MAP_TYPE_ARRAY && info.key_size == sizeof(__u32) && info.value_size == value_size &&
			       info.max_entries == entries
		       ? 0
		       : -EPROTO;
}

static int open_checked(const char *dir, const char *name, uint32_t value_size, uint64_t entries, int *fd)
{
	*fd = open_map(dir, name, BPF_F_RDONLY);
	return *fd < 0 ? *fd : check_map(*fd, value_size, entries);
}

static bool control_is_sound(const struct lc_control *c)
{
	return c->abi == LC_ABI && c->cpus && c->slots && !(c->slots & (c->slots - 1)) &&
	       (uint64_t)c->cpus * c->slots <= UINT32_MAX;
}

static int read_control(const char *dir, struct lc_control *control)
{
	__u32 first = 0;
	int fd, err = open_checked(dir, LC_PIN_CONTROL, sizeof(*control), 1, &fd);

	if (!err)
		err = bpf_map_lookup_elem(fd, &first, control);
	if (fd >= 0)
		(void)close(fd);
	return err ? err : control_is_sound(control) ? 0 : -EPROTO;
}

static int open_rest(const char *dir, struct counters *c)
{
	const uint64_t cpus = c->control.cpus;
	int err = open_checked(dir, LC_PIN_SWITCHES, sizeof(struct lc_switches), 1, &c->switches);

	if (!err)
		err = open_checked(dir, LC_PIN_PORTS, sizeof(struct lc_port), LC_PORTS, &c->ports);
	if (!err)
		err = open_checked(dir, LC_PIN_SLOTS, sizeof(struct lc_slot), cpus * c->control.slots, &c->slots);
	if (!err)
		err = open_checked(dir, LC_PIN_TOTALS, sizeof(struct lc_totals), cpus * LC_PORTS, &c->totals);
	return err;
}

int counters_open(const char *dir, struct counters **out)
{
	struct counters *c = malloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct counters){.switches = -1, .ports = -1, .slots = -1, .totals = -1};
	err = read_control(dir, &c->control);
	if (!err)
		err = open_rest(dir, c);
	if (err)
		counters_close(c);
	else
		*out = c;
	return err;
}

void counters_map_slots(struct counters *c, const char *dir)
{
	int fd = open_map(dir, LC_PIN_SLOTS, 0); /* the kernel maps by a writable descriptor alone, also for reading */
	void *mapped;

	if (fd < 0)
		return;
	if (!c->mapped && check_map(fd, sizeof(struct lc_slot), all_slots(c)) == 0) {
		mapped = mmap(NULL, all_slots(c) * sizeof(struct lc_slot), PROT_READ, MAP_SHARED, fd, 0);
		c->mapped = mapped == MAP_FAILED ? NULL : mapped;
	}
	(void)close(fd);
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	if (c->mapped)
		(void)munmap((void *)c->mapped, all_slots(c) * sizeof(*c->mapped));
	const int fds[] = {c->switches, c->ports, c->slots, c->totals};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(c);
}

const struct lc_control *counters_control(const struct counters *c)
{
	return &c->control;
}

int counters_totals(const struct counters *c, unsigned port, struct lc_totals *sum)
{
	struct lc_totals all = {0}, one;

	if (port >= LC_PORTS)
		return -EINVAL;
	for (__u32 cpu = 0; cpu < c->control.cpus; cpu++) {
		__u32 index = cpu * LC_PORTS + port;
		int err = bpf_map_lookup_elem(c->totals, &index, &one);

		if (err)
			return err;
		for (unsigned reason = 0; reason < LC_REASONS; reason++) {
			all.frames[reason] += one.frames[reason];
			all.bytes[reason] += one.bytes[reason];
		}
	}
	*sum = all;
	return 0;
}

/* The next at most COUNT elements of an array of maps' elements; *next says where to go on. */
static int read_batch(int fd, bool from_start, __u32 *next, void *values, __u32 *keys, __u32 *count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 last = *next;
	int err = bpf_map_lookup_batch(fd, from_start ? NULL : &last, next, keys, values, count, &opts);

	return err == -ENOENT ? 0 : err; /* the last batch */
}

int counters_ports(const struct counters *c, struct lc_port ports[static LC_PORTS])
{
	__u32 keys[LC_PORTS], next = 0, count = LC_PORTS;
	int err = read_batch(c->ports, true, &next, ports, keys, &count);

	if (err)
		return err;
	if (count != LC_PORTS)
		return -EPROTO;
	for (unsigned i = 0; i < LC_PORTS; i++)
		ports[i].name[sizeof(ports[i].name) - 1] = '\0';
	return 0;
}

struct rows {
	struct lc_slot *slot;
	size_t n, room;
};

static int keep_used(struct rows *rows, const struct lc_slot *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!slots[i].key)
			continue;
		if (rows->n == rows->room) {
			size_t room = rows->room ? rows->room * 2 : 64;
			struct lc_slot *bigger = reallocarray(rows->slot, room, sizeof(*bigger));

			if (!bigger)
				return -ENOMEM;
			rows->slot = bigger;
			rows->room = room;
		}
		rows->slot[rows->n] = slots[i];
		rows->slot[rows->n].action &= (uint8_t)~LC_SLOT_NO_IP; /* the kernel's own note */
		rows->n += rows->slot[rows->n].key != 0;		/* in a mapping it may just be given away */
	}
	return 0;
}

static int read_batches(const struct counters *c, struct lc_slot *batch, struct rows *rows)
{
	const uint64_t all = all_slots(c);
	__u32 keys[BATCH], next = 0;
	uint64_t done = 0;

	while (done < all) {
		__u32 count = all - done < BATCH ? (__u32)(all - done) : BATCH;
		int err = read_batch(c->slots, done == 0, &next, batch, keys, &count);

		if (!err && !count)
			err = -EPROTO;
		if (!err)
			err = keep_used(rows, batch, count);
		if (err)
			return err;
		done += count;
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct lc_slot *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* What another CPU saw of the same device on the same port. */
static void add_slot(struct lc_slot *sum, const struct lc_slot *other)
{
	sum->stopped_frames += other->stopped_frames;
	sum->stopped_bytes += other->stopped_bytes;
	sum->passed_frames += other->passed_frames;
	sum->passed_bytes += other->passed_bytes;
	if (other->first_s < sum->first_s)
		sum->first_s = other->first_s;
	if (other->last_ns <= sum->last_ns)
		return;
	sum->last_ns = other->last_ns;
	sum->event_ms = other->event_ms;
	sum->vlan = other->vlan;
	sum->reason = other->reason;
	sum->action = other->action;
}

static void merge(struct rows *rows)
{
	size_t kept = 0;

	if (rows->n)
		qsort(rows->slot, rows->n, sizeof(*rows->slot), by_key);
	for (size_t i = 0; i < rows->n; i++) {
		if (kept && rows->slot[kept - 1].key == rows->slot[i].key)
			add_slot(&rows->slot[kept - 1], &rows->slot[i]);
		else
			rows->slot[kept++] = rows->slot[i];
	}
	rows->n = kept;
}

static int read_used(const struct counters *c, struct rows *rows)
{
	struct lc_slot *batch;
	int err;

	if (c->mapped)
		return keep_used(rows, c->mapped, all_slots(c));
	batch = calloc(BATCH, sizeof(*batch));
	err = batch ? read_batches(c, batch, rows) : -ENOMEM;
	free(batch);
	return err;
}

int counters_devices(const struct counters *c, struct lc_slot **slots, size_t *n)
{
	struct rows rows = {0};
	int err = read_used(c, &rows);

	if (err) {
		free(rows.slot);
		return err;
	}
	merge(&rows);
	*slots = rows.slot;
	*n = rows.n;
	return 0;
}

int counters_switch(const struct counters *c, enum lc_switch which, uint64_t *ns)
{
	return switch_get(c->switches, which, ns);
}

int counters_set_switch(const char *dir, enum lc_switch which, uint64_t ns)
{
	int fd = open_map(dir, LC_PIN_SWITCHES, 0), err;

	if (fd < 0)
		return fd;
	err = check_map(fd, sizeof(struct lc_switches), 1);
	if (!err)
		err = switch_set(fd, which, ns);
	(void)close(fd);
	return err;
}

int64_t counters_wall_clock(uint64_t monotonic_ns)
{
	struct timespec wall, since_boot;
	int64_t wall_ns, boot_ns;

	if (clock_gettime(CLOCK_REALTIME, &wall) || clock_gettime(CLOCK_MONOTONIC, &since_boot))
		return 0;
	wall_ns = wall.tv_sec * 1000000000LL + wall.tv_nsec;
	boot_ns = since_boot.tv_sec * 1000000000LL + since_boot.tv_nsec;
	return (wall_ns - boot_ns + (int64_t)monotonic_ns) / 1000000000LL;
}
