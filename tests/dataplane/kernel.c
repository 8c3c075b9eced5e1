/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps, programs and frames for the tests of the data plane. */
#include "kernel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../bpf/hash.h"
#include "../../userspace/lib/switches.h"

static void die(const char *what)
{
	(void)fprintf(stderr, "%s: %s (these tests need root and a kernel with BPF)\n", what, strerror(errno));
	exit(1);
}

static void *memory(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("memory");
	return p;
}

static int make_map(enum bpf_map_type type, const char *name, uint32_t key, uint32_t value, uint32_t entries,
		    uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, name, key, value, entries, &opts);

	if (fd < 0)
		die(name);
	return fd;
}

static int make_array(const char *name, uint32_t value, uint32_t entries, uint32_t flags)
{
	return make_map(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), value, entries, flags);
}

static int make_grace(int inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = (uint32_t)inner);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "policy_grace", 4, 4, 1, &opts);

	if (fd < 0)
		die("policy_grace");
	return fd;
}

static void *map_in(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap of a map");
	return p;
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

static void make_policy(struct kernel *k)
{
	const struct lc_control *c = &k->control;

	k->head_fd = make_array("policy_head", sizeof(struct lc_policy_head), 1, BPF_F_MMAPABLE);
	k->filter_fd = make_array("policy_filter", sizeof(uint64_t), LC_FILTER_WORDS, BPF_F_MMAPABLE);
	k->table_fd = make_array("policy_table", sizeof(struct lc_bucket), c->buckets + 1, BPF_F_MMAPABLE);
	k->grace = make_grace(k->head_fd);
	k->head = map_in(k->head_fd, sizeof(*k->head));
	k->filter = map_in(k->filter_fd, sizeof(*k->filter) * LC_FILTER_WORDS);
	k->buckets = map_in(k->table_fd, sizeof(*k->buckets) * (c->buckets + 1));
	k->head->abi = LC_ABI;
	k->head->generation = c->generation;
}

static void make_evidence(struct kernel *k, uint32_t ring)
{
	uint32_t n_slots = k->control.cpus * k->control.slots, n_totals = k->control.cpus * LC_PORTS;

	k->slots_fd = make_array("slots", sizeof(struct lc_slot), n_slots, BPF_F_MMAPABLE);
	k->totals_fd = make_array("totals", sizeof(struct lc_totals), n_totals, BPF_F_MMAPABLE);
	k->slots = map_in(k->slots_fd, sizeof(struct lc_slot) * n_slots);
	k->totals = map_in(k->totals_fd, sizeof(struct lc_totals) * n_totals);
	k->events = make_map(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, ring ? ring : LC_EVENT_RING_BYTES, 0);
}

static void make_root_side(struct kernel *k)
{
	uint32_t zero = 0;

	k->control_fd = make_array("control", sizeof(struct lc_control), 1, 0);
	k->switches = make_array("switches", sizeof(struct lc_switches), 1, BPF_F_MMAPABLE);
	k->protect_filter = make_array("protect_filter", sizeof(struct lc_protect_filter), 1, 0);
	k->protect = make_map(BPF_MAP_TYPE_HASH, "protect", 8, 1, LC_PROTECT_MAX, 0);
	k->permits = make_map(BPF_MAP_TYPE_LPM_TRIE, "permits", sizeof(struct lc_permit_key), 1, LC_PERMITS,
			      BPF_F_NO_PREALLOC);
	k->mirror = make_array("mirror", sizeof(struct lc_mirror), 1, 0);
	k->mirror_device = make_map(BPF_MAP_TYPE_DEVMAP, "mirror_device", 4, 4, 1, 0);
	k->capture = make_array("capture", sizeof(struct lc_capture), 1, 0);
	k->capture_ring = make_map(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "capture_ring", 4, 4, k->control.cpus, 0);
	if (bpf_map_update_elem(k->control_fd, &zero, &k->control, BPF_ANY))
		die("control");
}

static int keep_event(void *ctx, void *data, size_t size)
{
	struct kernel *k = ctx;

	if (size == sizeof(struct lc_event) && k->n_event < sizeof(k->event) / sizeof(k->event[0]))
		memcpy(&k->event[k->n_event++], data, size);
	return 0;
}

/* One CPU, so that a test knows whose part of slots and totals it meets. Threads may move away. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

struct kernel *kernel_new(const struct kernel_size *size)
{
	struct kernel *k = memory(sizeof(*k));
	uint32_t capacity = size && size->capacity ? size->capacity : 1024;
	struct table_fds fds;

	stay_on_one_cpu();
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	k->control = (struct lc_control){
		.abi = LC_ABI,
		.generation = 1,
		.seed = {0x0123456789abcdefull, 0xfedcba9876543210ull},
		.buckets = power_of_two(capacity) * 2 / LC_BUCKET_WORDS,
		.slots = size && size->slots ? size->slots : 64,
		.cpus = (uint32_t)libbpf_num_possible_cpus(),
		.capacity = capacity,
	};
	make_root_side(k);
	make_policy(k);
	make_evidence(k, size ? size->ring : 0);
	fds = (struct table_fds){k->head_fd, k->filter_fd, k->table_fd, k->grace};
	errno = -table_open_fds(&fds, &k->control, &k->table);
	if (errno)
		die("table_open_fds");
	k->ring = ring_buffer__new(k->events, keep_event, k, NULL);
	if (!k->ring)
		die("ring_buffer__new");
	return k;
}

void kernel_free(struct kernel *k)
{
	const int fd[] = {k->control_fd, k->switches, k->protect, k->protect_filter, k->slots_fd, k->totals_fd,
			  k->head_fd,	 k->filter_fd, k->table_fd, k->grace,	       k->events,
			  k->permits,	 k->mirror,    k->mirror_device, k->capture, k->capture_ring};

	ring_buffer__free(k->ring);
	table_close(k->table);
	(void)munmap(k->head, sizeof(*k->head));
	(void)munmap(k->filter, sizeof(*k->filter) * LC_FILTER_WORDS);
	(void)munmap(k->buckets, sizeof(*k->buckets) * (k->control.buckets + 1));
	(void)munmap(k->slots, sizeof(*k->slots) * k->control.cpus * k->control.slots);
	(void)munmap(k->totals, sizeof(*k->totals) * k->control.cpus * LC_PORTS);
	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		(void)close(fd[i]);
	free(k);
}

struct lc_port_conf kernel_conf(const struct kernel *k)
{
	return (struct lc_port_conf){
		.seed = {k->control.seed[0], k->control.seed[1]},
		.bucket_mask = k->control.buckets - 1,
		.slot_mask = k->control.slots - 1,
		.cpus = k->control.cpus,
	};
}

void conf_zone_everywhere(struct lc_port_conf *conf, enum lc_action action, unsigned flags)
{
	conf->zone[1] = (struct lc_zone){
		.action = (uint8_t)action,
		.flags = (uint8_t)flags,
		.permitted = 1u << LC_DROP | 1u << LC_MONITOR | 1u << LC_ALLOW,
		.id = 7,
	};
	memset(conf->vlan_zone, 1, sizeof(conf->vlan_zone));
}

/* By its name, or by that of the section of data it is to the object (bpf/maps.h). */
static struct bpf_map *find_map(const struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	char section[64];

	if (map)
		return map;
	(void)snprintf(section, sizeof(section), ".data.%s", name);
	return bpf_object__find_map_by_name(object, section);
}

/* Every map by its pin's name; .rodata and .bss are the instance's own. */
static void give_maps(const struct kernel *k, struct bpf_object *object)
{
	const struct {
		const char *name;
		int fd;
	} maps[] = {
		{LC_PIN_SWITCHES, k->switches},	      {LC_PIN_PROTECT, k->protect},
		{LC_PIN_PROTECT_FILTER, k->protect_filter}, {LC_PIN_SLOTS, k->slots_fd},
		{LC_PIN_TOTALS, k->totals_fd},	      {LC_PIN_POLICY_HEAD, k->head_fd},
		{LC_PIN_POLICY_FILTER, k->filter_fd}, {LC_PIN_POLICY_TABLE, k->table_fd},
		{LC_PIN_EVENTS, k->events},	      {LC_PIN_PERMITS, k->permits},
		{LC_PIN_MIRROR, k->mirror},	      {LC_PIN_MIRROR_DEVICE, k->mirror_device},
		{LC_PIN_CAPTURE, k->capture},	      {LC_PIN_CAPTURE_RING, k->capture_ring},
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct bpf_map *map = find_map(object, maps[i].name);

		if (map && bpf_map__reuse_fd(map, maps[i].fd)) /* no program uses all of them */
			die(maps[i].name);
	}
}

struct kernel_port kernel_load(const struct kernel *k, const struct lc_port_conf *conf)
{
	struct kernel_port port = {lenscap_xdp__open(), lenscap_tc__open(), lenscap_egress__open()};

	if (!port.xdp || !port.tc || !port.egress)
		die("open the programs");
	memcpy((void *)&port.xdp->rodata->port_conf, conf, sizeof(*conf));
	memcpy((void *)&port.tc->rodata->port_conf, conf, sizeof(*conf));
	memcpy((void *)&port.egress->rodata->port_conf, conf, sizeof(*conf));
	give_maps(k, port.xdp->obj);
	give_maps(k, port.tc->obj);
	give_maps(k, port.egress->obj);
	if (lenscap_xdp__load(port.xdp) || lenscap_tc__load(port.tc) || lenscap_egress__load(port.egress))
		die("load the programs");
	return port;
}

void kernel_unload(struct kernel_port *port)
{
	lenscap_xdp__destroy(port->xdp);
	lenscap_tc__destroy(port->tc);
	lenscap_egress__destroy(port->egress);
	*port = (struct kernel_port){NULL, NULL, NULL};
}

void kernel_flag(struct kernel *k, uint64_t mac48, enum lc_length length, unsigned nibble)
{
	table_word word = table_word_make(mac48, length, nibble);

	errno = -table_apply(k->table, &word, 1, NULL, NULL);
	if (errno)
		die("table_apply");
}

void kernel_protect(struct kernel *k, uint64_t mac48)
{
	struct lc_protect_filter filter;
	uint32_t zero = 0, bit = lc_protect_bit(mac48);
	uint8_t one = 1;

	if (bpf_map_update_elem(k->protect, &mac48, &one, BPF_ANY))
		die("protect");
	if (bpf_map_lookup_elem(k->protect_filter, &zero, &filter))
		die("protect_filter");
	filter.bits[bit / 64] |= 1ull << (bit % 64);
	if (bpf_map_update_elem(k->protect_filter, &zero, &filter, BPF_ANY))
		die("protect_filter");
}

void kernel_switch(struct kernel *k, enum lc_switch which, uint64_t ns)
{
	if (switch_set(k->switches, which, ns))
		die("switches");
}

void kernel_permit(struct kernel *k, unsigned zone, const char *address, unsigned bits, uint8_t flags)
{
	bool six = strchr(address, ':') != NULL;
	struct lc_permit_key key = {
		.bits = 32 + bits,
		.zone = (uint16_t)zone,
		.family = six ? LC_PERMIT_INET6 : LC_PERMIT_INET,
	};

	if (inet_pton(six ? AF_INET6 : AF_INET, address, key.address) != 1)
		die(address);
	if (bpf_map_update_elem(k->permits, &key, &flags, BPF_ANY))
		die("permits");
}

void kernel_mirror(struct kernel *k, const struct lc_mirror *mirror)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(k->mirror, &zero, mirror, BPF_ANY))
		die("mirror");
	if (!(mirror->flags & LC_MIRROR_XDP))
		(void)bpf_map_delete_elem(k->mirror_device, &zero);
	else if (bpf_map_update_elem(k->mirror_device, &zero, &mirror->ifindex, BPF_ANY))
		die("mirror_device");
}

static void clear_permits(struct kernel *k)
{
	struct lc_permit_key key;

	while (!bpf_map_get_next_key(k->permits, NULL, &key))
		(void)bpf_map_delete_elem(k->permits, &key);
}

static void clear_protect(struct kernel *k)
{
	struct lc_protect_filter none = {{0}};
	uint32_t zero = 0;
	uint64_t key;

	while (!bpf_map_get_next_key(k->protect, NULL, &key))
		(void)bpf_map_delete_elem(k->protect, &key);
	(void)bpf_map_update_elem(k->protect_filter, &zero, &none, BPF_ANY);
}

static void clear_policy(struct kernel *k)
{
	table_word *words;
	size_t n;

	if (table_words(k->table, &words, &n))
		die("table_words");
	for (size_t i = 0; i < n; i++)
		words[i] &= ~15ull;
	errno = -table_apply(k->table, words, n, NULL, NULL);
	if (errno)
		die("table_apply");
	free(words);
}

void kernel_forget(struct kernel *k)
{
	memset(k->slots, 0, sizeof(*k->slots) * k->control.cpus * k->control.slots);
	memset(k->totals, 0, sizeof(*k->totals) * k->control.cpus * LC_PORTS);
	(void)kernel_events(k);
	k->n_event = 0;
}

void kernel_clear(struct kernel *k)
{
	clear_policy(k);
	clear_protect(k);
	clear_permits(k);
	kernel_mirror(k, &(struct lc_mirror){0});
	for (uint32_t i = 0; i < LC_SWITCHES; i++)
		kernel_switch(k, i, 0);
	kernel_forget(k);
}

struct lc_totals kernel_totals(const struct kernel *k, unsigned port)
{
	struct lc_totals sum = {{0}, {0}};

	for (uint32_t cpu = 0; cpu < k->control.cpus; cpu++) {
		const struct lc_totals *one = &k->totals[cpu * LC_PORTS + port];

		for (size_t i = 0; i < LC_REASONS; i++) {
			sum.frames[i] += one->frames[i];
			sum.bytes[i] += one->bytes[i];
		}
	}
	return sum;
}

static const struct lc_slot *sum_slots(const struct kernel *k, uint64_t key)
{
	static struct lc_slot sum;
	bool found = false;

	for (size_t i = 0; i < (size_t)k->control.cpus * k->control.slots; i++) {
		const struct lc_slot *slot = &k->slots[i];

		if (slot->key != key)
			continue;
		if (!found)
			sum = *slot;
		else {
			sum.stopped_frames += slot->stopped_frames;
			sum.stopped_bytes += slot->stopped_bytes;
			sum.passed_frames += slot->passed_frames;
			sum.passed_bytes += slot->passed_bytes;
		}
		found = true;
	}
	return found ? &sum : NULL;
}

const struct lc_slot *kernel_slot(const struct kernel *k, uint64_t mac48, unsigned port)
{
	return sum_slots(k, mac48 << 16 | port);
}

const struct lc_slot *kernel_slot_to(const struct kernel *k, uint64_t mac48, unsigned port)
{
	return sum_slots(k, mac48 << 16 | LC_SLOT_TO | port);
}

size_t kernel_events(struct kernel *k)
{
	k->n_event = 0;
	if (ring_buffer__consume(k->ring) < 0)
		die("ring_buffer__consume");
	return k->n_event;
}

uint64_t kernel_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
