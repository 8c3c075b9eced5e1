/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy table: open, check that both sides mean the same, map, close. */
#include "table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "paths.h"
#include "table_private.h"

#define MAX_BUCKETS (1u << 22)

/* An unprivileged process may ask a descriptor it holds what it is. */
static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

static int check_map(int fd, uint32_t value_size, uint32_t entries)
{
	struct bpf_map_info info;
	int err = map_info(fd, &info);

	if (err)
		return err;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != value_size || info.max_entries != entries)
		return -EPROTO;
	return info.map_flags & BPF_F_MMAPABLE ? 0 : -EPROTO;
}

/* Updating any other kind of map would not wait. */
static int check_grace(int fd)
{
	struct bpf_map_info info;
	int err = fd < 0 ? 0 : map_info(fd, &info);

	if (err || fd < 0)
		return err;
	return info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ? 0 : -EPROTO;
}

static int map_in(int fd, uint32_t value_size, uint32_t entries, void **out)
{
	int err = check_map(fd, value_size, entries);
	void *p;

	if (err)
		return err;
	p = mmap(NULL, (size_t)value_size * entries, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

static bool control_sound(const struct lc_control *c)
{
	if (c->abi != LC_ABI || c->buckets == 0 || c->buckets > MAX_BUCKETS || c->buckets & (c->buckets - 1))
		return false;
	return c->capacity <= (uint64_t)c->buckets * LC_BUCKET_WORDS / 2;
}

static int map_all(struct table *t, const struct table_fds *fds)
{
	int err = map_in(fds->head, sizeof(*t->head), 1, (void **)&t->head);

	if (!err && (t->head->abi != LC_ABI || t->head->generation != t->control.generation))
		return -EPROTO;
	if (!err)
		err = check_grace(fds->grace);
	if (!err)
		err = map_in(fds->filter, sizeof(*t->filter), LC_FILTER_WORDS, (void **)&t->filter);
	if (!err)
		err = map_in(fds->table, sizeof(*t->buckets), t->control.buckets + 1, (void **)&t->buckets);
	return err;
}

static struct table *table_new(const struct lc_control *control)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->control = *control;
	t->head_fd = t->grace_fd = -1;
	t->under = calloc((size_t)FILTER_PLACES * LC_LENGTHS, sizeof(*t->under));
	if (t->under)
		return t;
	free(t);
	return NULL;
}

int table_open_fds(const struct table_fds *fds, const struct lc_control *control, struct table **out)
{
	struct table *t;
	int err;

	if (!control_sound(control))
		return -EPROTO;
	t = table_new(control);
	if (!t)
		return -ENOMEM;
	t->mapped = true;
	t->head_fd = fds->head;
	t->grace_fd = fds->grace;
	t->wait = fds->grace < 0 ? NULL : table_wait_rcu;
	err = map_all(t, fds);
	if (!err)
		err = table_repair(t);
	if (err)
		table_close(t);
	else
		*out = t;
	return err;
}

int table_over(const struct table_memory *memory, const struct lc_control *control, struct table **out)
{
	struct table *t = control_sound(control) ? table_new(control) : NULL;

	if (!t)
		return -ENOMEM;
	t->head = memory->head;
	t->filter = memory->filter;
	t->buckets = memory->buckets;
	t->wait = memory->wait;
	*out = t;
	return table_repair(t);
}

static int open_pin(const char *dir, const char *name, uint32_t flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags);
	char *path = path_join(dir, name);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = bpf_obj_get_opts(path, &opts);
	free(path);
	return fd < 0 ? -errno : fd;
}

static int read_control(const char *dir, struct lc_control *control)
{
	int fd = open_pin(dir, LC_PIN_CONTROL, BPF_F_RDONLY), err;
	uint32_t zero = 0;

	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, control) ? -errno : 0;
	(void)close(fd);
	return err;
}

static void close_fds(const struct table_fds *fds)
{
	const int fd[] = {fds->head, fds->filter, fds->table, fds->grace};

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		if (fd[i] >= 0)
			(void)close(fd[i]);
	}
}

static int open_fds(const char *dir, struct table_fds *fds)
{
	fds->head = open_pin(dir, LC_PIN_POLICY_HEAD, 0);
	fds->filter = open_pin(dir, LC_PIN_POLICY_FILTER, 0);
	fds->table = open_pin(dir, LC_PIN_POLICY_TABLE, 0);
	fds->grace = open_pin(dir, LC_PIN_POLICY_GRACE, 0);
	if (fds->head < 0)
		return fds->head;
	if (fds->filter < 0)
		return fds->filter;
	if (fds->table < 0)
		return fds->table;
	return fds->grace < 0 ? fds->grace : 0;
}

int table_open(const char *dir, struct table **out)
{
	struct table_fds fds = {-1, -1, -1, -1};
	struct lc_control control;
	int err = read_control(dir, &control);

	if (!err)
		err = open_fds(dir, &fds);
	if (!err)
		err = table_open_fds(&fds, &control, out);
	if (err) {
		close_fds(&fds);
		return err;
	}
	(*out)->owns_fds = true;
	(void)close(fds.filter);
	(void)close(fds.table);
	return 0;
}

static void unmap_all(struct table *t)
{
	if (t->head)
		(void)munmap(t->head, sizeof(*t->head));
	if (t->filter)
		(void)munmap(t->filter, sizeof(*t->filter) * LC_FILTER_WORDS);
	if (t->buckets)
		(void)munmap(t->buckets, sizeof(*t->buckets) * ((size_t)t->control.buckets + 1));
}

void table_close(struct table *t)
{
	if (!t)
		return;
	if (t->mapped)
		unmap_all(t);
	if (t->owns_fds) {
		(void)close(t->head_fd);
		(void)close(t->grace_fd);
	}
	free(t->under);
	free(t);
}

size_t table_count(const struct table *t)
{
	return t->live;
}

size_t table_capacity(const struct table *t)
{
	return t->control.capacity;
}

uint32_t table_generation(const struct table *t)
{
	return t->control.generation;
}
