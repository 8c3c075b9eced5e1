/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes and pins the maps that lenscapd meets, with the loader's owners and modes but no program behind them:
 * make_maps DIR GENERATION CAPACITY. Pins that are there are replaced. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../bpf/abi.h"
#include "../../userspace/lib/paths.h"

#define SLOTS 64u
#define CPUS 2u

struct plan {
	const char *name;
	enum bpf_map_type type;
	unsigned key, value, entries, flags;
	mode_t mode;
	const char *group;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "make_maps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void own(const char *path, mode_t mode, const char *group)
{
	const struct group *entry = getgrnam(group);

	if (!entry || chown(path, 0, entry->gr_gid) || chmod(path, mode))
		fail(path);
}

static int make(const char *dir, const struct plan *p)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = p->flags);
	char *path = path_join(dir, p->name);
	int fd = bpf_map_create(p->type, NULL, p->key, p->value, p->entries, &opts);

	if (fd < 0 || !path)
		fail(p->name);
	(void)unlink(path);
	if (bpf_obj_pin(fd, path))
		fail(path);
	own(path, p->mode, p->group);
	free(path);
	return fd;
}

/* What the writer puts into it, to wait, is the head: so the inner map must be of its kind. */
static void make_grace(const char *dir, int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = (__u32)inner);
	int outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, NULL, 4, 4, 1, &opts);
	char *path = path_join(dir, LC_PIN_POLICY_GRACE);
	__u32 zero = 0;

	if (outer < 0 || !path || bpf_map_update_elem(outer, &zero, &inner, BPF_ANY))
		fail(LC_PIN_POLICY_GRACE);
	(void)unlink(path);
	if (bpf_obj_pin(outer, path))
		fail(path);
	own(path, 0664, "lenscap-policy");
	free(path);
}

int main(int argc, char **argv)
{
	struct lc_control control = {.abi = LC_ABI, .seed = {1, 2}, .buckets = 1, .slots = SLOTS, .cpus = CPUS};
	struct lc_policy_head head = {.abi = LC_ABI};
	__u32 zero = 0;
	int fd;

	if (argc != 4) {
		(void)fputs("usage: make_maps DIR GENERATION CAPACITY\n", stderr);
		return 2;
	}
	control.generation = head.generation = (__u32)atoi(argv[2]);
	control.capacity = (__u32)atoi(argv[3]);
	while (control.buckets * LC_BUCKET_WORDS / 2 < control.capacity)
		control.buckets *= 2;
	const struct plan plans[] = {
		{LC_PIN_SWITCHES, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_switches), 1, BPF_F_MMAPABLE, 0640, "lenscap"},
		{LC_PIN_PORTS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_port), LC_PORTS, 0, 0640, "lenscap"},
		{LC_PIN_SLOTS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_slot), SLOTS * CPUS, BPF_F_MMAPABLE, 0640, "lenscap"},
		{LC_PIN_TOTALS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_totals), LC_PORTS * CPUS, BPF_F_MMAPABLE, 0640, "lenscap"},
		{LC_PIN_EVENTS, BPF_MAP_TYPE_RINGBUF, 0, 0, LC_EVENT_RING_BYTES, 0, 0660, "lenscap-policy"},
		{LC_PIN_POLICY_FILTER, BPF_MAP_TYPE_ARRAY, 4, 8, LC_FILTER_WORDS, BPF_F_MMAPABLE, 0664, "lenscap-policy"},
		{LC_PIN_POLICY_TABLE, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct lc_bucket), control.buckets + 1, BPF_F_MMAPABLE, 0664,
		 "lenscap-policy"},
	};
	const struct plan head_plan = {LC_PIN_POLICY_HEAD, BPF_MAP_TYPE_ARRAY, 4, sizeof(head), 1, BPF_F_MMAPABLE, 0664,
				       "lenscap-policy"};
	const struct plan control_plan = {LC_PIN_CONTROL, BPF_MAP_TYPE_ARRAY, 4, sizeof(control), 1, 0, 0640, "lenscap"};

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		(void)make(argv[1], &plans[i]);
	fd = make(argv[1], &head_plan);
	make_grace(argv[1], fd);
	if (bpf_map_update_elem(fd, &zero, &head, BPF_ANY))
		fail(LC_PIN_POLICY_HEAD);
	fd = make(argv[1], &control_plan);
	if (bpf_map_update_elem(fd, &zero, &control, BPF_ANY))
		fail(LC_PIN_CONTROL);
	return 0;
}
