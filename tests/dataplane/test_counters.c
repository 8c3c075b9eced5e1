/* SPDX-License-Identifier: GPL-2.0-only */
/* The evidence as the group reads it: from maps pinned in a bpffs of ours, also by a process without any right. */
#include "../../userspace/lib/counters.h"
#include "../../userspace/lib/switches.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#define CPUS 3u
#define SLOTS 2048u /* two batches a CPU */
#define NOBODY 65534

static char folder[64];
static int slots_fd, totals_fd, ports_fd, switches_fd;

static int make_map(const char *name, unsigned value_size, unsigned entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	char path[96];
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "lc_test", 4, value_size, entries, &opts);

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(chown(path, 0, NOBODY), 0);
	return fd;
}

static void put(int fd, unsigned index, const void *value)
{
	assert_int_equal(bpf_map_update_elem(fd, &index, value, BPF_ANY), 0);
}

static void put_control(unsigned abi)
{
	const struct lc_control control = {.abi = abi, .generation = 7, .slots = SLOTS, .cpus = CPUS};
	int fd = make_map(LC_PIN_CONTROL, sizeof(control), 1);

	put(fd, 0, &control);
	(void)close(fd);
}

static int make_maps(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/lenscap-counters-%d", getpid());
	if (mkdir(folder, 0755) || mount("bpf", folder, "bpf", 0, "mode=0755"))
		return -1;
	put_control(LC_ABI);
	switches_fd = make_map(LC_PIN_SWITCHES, sizeof(struct lc_switches), 1);
	ports_fd = make_map(LC_PIN_PORTS, sizeof(struct lc_port), LC_PORTS);
	slots_fd = make_map(LC_PIN_SLOTS, sizeof(struct lc_slot), CPUS * SLOTS);
	totals_fd = make_map(LC_PIN_TOTALS, sizeof(struct lc_totals), CPUS * LC_PORTS);
	return 0;
}

static int remove_maps(void **state)
{
	(void)state;
	(void)close(switches_fd);
	(void)close(ports_fd);
	(void)close(slots_fd);
	(void)close(totals_fd);
	return umount2(folder, MNT_DETACH) || rmdir(folder) ? -1 : 0;
}

static struct counters *open_counters(void)
{
	struct counters *c = NULL;

	assert_int_equal(counters_open(folder, &c), 0);
	return c;
}

static void totals_are_added_over_cpus(void **state)
{
	struct counters *c = open_counters();
	struct lc_totals one = {0}, sum;

	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		one.frames[LC_STOPPED_XDP] = 10 + cpu;
		one.bytes[LC_STOPPED_TC] = 1000u * (cpu + 1);
		put(totals_fd, cpu * LC_PORTS + 5, &one);
	}
	assert_int_equal(counters_totals(c, 5, &sum), 0);
	assert_int_equal(sum.frames[LC_STOPPED_XDP], 33);
	assert_int_equal(sum.bytes[LC_STOPPED_TC], 6000);
	assert_int_equal(counters_totals(c, 4, &sum), 0);
	assert_int_equal(sum.frames[LC_STOPPED_XDP], 0);
	assert_int_equal(counters_totals(c, LC_PORTS, &sum), -EINVAL);
	counters_close(c);
}

static void ports_have_ended_names(void **state)
{
	static struct lc_port ports[LC_PORTS];
	struct counters *c = open_counters();
	struct lc_port port = {.ifindex = 3};

	(void)state;
	memset(port.name, 'x', sizeof(port.name)); /* no terminator */
	put(ports_fd, LC_PORTS - 1, &port);
	assert_int_equal(counters_ports(c, ports), 0);
	assert_string_equal(ports[LC_PORTS - 1].name, "xxxxxxxxxxxxxxx");
	assert_int_equal(ports[LC_PORTS - 1].ifindex, 3);
	assert_string_equal(ports[0].name, "");
	counters_close(c);
}

/* Has this process a mapping of one of the kernel's maps? */
static bool slots_are_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, "r--s") && strstr(line, "bpf-map");
	(void)fclose(maps);
	return found;
}

static void check_rows(const struct counters *c)
{
	struct lc_slot *rows;
	size_t n;

	assert_int_equal(counters_devices(c, &rows, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].key, 3);
	assert_int_equal(rows[1].key, 9);
	assert_int_equal(rows[1].stopped_frames, 3);
	assert_int_equal(rows[1].stopped_bytes, 60);
	assert_int_equal(rows[1].passed_frames, 3);
	assert_int_equal(rows[1].passed_bytes, 4);
	assert_int_equal(rows[1].first_s, 10);
	assert_int_equal(rows[1].last_ns, 30);
	assert_int_equal(rows[1].vlan, 7);
	assert_int_equal(rows[1].reason, 5);
	assert_int_equal(rows[1].action, 1 | LC_DROP << LC_SLOT_FINAL_SHIFT);
	assert_int_equal(rows[2].key, 9 | LC_SLOT_TO);
	assert_int_equal(rows[2].stopped_frames, 1);
	free(rows);
}

static void devices_are_one_row_each(void **state)
{
	const struct lc_slot early = {.key = 9, .stopped_frames = 1, .stopped_bytes = 60, .first_s = 10, .last_ns = 20, .vlan = 1, .reason = 1, .action = 2 | LC_SLOT_NO_IP};
	const struct lc_slot late = {.key = 9, .stopped_frames = 2, .passed_frames = 3, .passed_bytes = 4, .first_s = 15, .last_ns = 30, .vlan = 7, .reason = 5, .action = 1 | LC_DROP << LC_SLOT_FINAL_SHIFT | LC_SLOT_NO_IP};
	const struct lc_slot to = {.key = 9 | LC_SLOT_TO, .stopped_frames = 1, .first_s = 1, .last_ns = 1};
	const struct lc_slot other = {.key = 3, .passed_frames = 1, .first_s = 1, .last_ns = 1};
	struct counters *c = open_counters();
	struct lc_slot *rows;
	size_t n = 99;

	(void)state;
	assert_int_equal(counters_devices(c, &rows, &n), 0);
	assert_int_equal(n, 0);
	free(rows);
	put(slots_fd, 0, &late);
	put(slots_fd, SLOTS + 1500, &other);
	put(slots_fd, CPUS * SLOTS - 1, &early);
	put(slots_fd, 1, &to);
	check_rows(c);
	assert_false(slots_are_mapped());
	counters_map_slots(c, folder);
	assert_true(slots_are_mapped());
	check_rows(c);
	counters_close(c);
	assert_false(slots_are_mapped());
}

static void switches_are_set_and_read(void **state)
{
	struct counters *c = open_counters();
	uint64_t ns = 1;

	(void)state;
	assert_int_equal(counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &ns), 0);
	assert_int_equal(ns, 0);
	assert_int_equal(counters_set_switch(folder, LC_SWITCH_BYPASS_UNTIL, 12345), 0);
	assert_int_equal(counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &ns), 0);
	assert_int_equal(ns, 12345);
	assert_int_equal(counters_switch(c, LC_SWITCH_DRY_RUN_AFTER, &ns), 0);
	assert_int_equal(ns, 0);
	assert_int_equal(switch_clear(switches_fd, LC_SWITCH_BYPASS_UNTIL, 12344), 0); /* somebody set it anew */
	assert_int_equal(counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &ns), 0);
	assert_int_equal(ns, 12345);
	assert_int_equal(switch_clear(switches_fd, LC_SWITCH_BYPASS_UNTIL, 12345), 0);
	assert_int_equal(counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &ns), 0);
	assert_int_equal(ns, 0);
	counters_close(c);
}

/* What a reader of the group may do, as bits. */
enum { MAY_READ = 1, MAY_SWITCH = 2, MAY_MAP = 4 };
static int as_reader(void)
{
	struct counters *c = NULL;
	struct lc_slot *rows;
	struct lc_totals sum;
	int can = 0;
	size_t n;

	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		return 99;
	if (!counters_open(folder, &c) && !counters_devices(c, &rows, &n) && !counters_totals(c, 0, &sum))
		can |= MAY_READ;
	if (c)
		counters_map_slots(c, folder);
	if (slots_are_mapped())
		can |= MAY_MAP;
	if (!counters_set_switch(folder, LC_SWITCH_BYPASS_UNTIL, 1))
		can |= MAY_SWITCH;
	return can;
}

static void the_group_reads_and_does_not_write(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(as_reader());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), MAY_READ);
}

static void another_layout_is_refused(void **state)
{
	struct counters *c = NULL;

	(void)state;
	put_control(LC_ABI + 1);
	assert_int_equal(counters_open(folder, &c), -EPROTO);
	put_control(LC_ABI);
	(void)close(make_map(LC_PIN_SWITCHES, 16, LC_SWITCHES)); /* its values would not fit where ours do */
	assert_int_equal(counters_open(folder, &c), -EPROTO);
	assert_int_equal(counters_set_switch(folder, LC_SWITCH_BYPASS_UNTIL, 1), -EPROTO);
	(void)close(make_map(LC_PIN_SWITCHES, sizeof(struct lc_switches), 1));
	assert_int_equal(counters_open("/tmp/lenscap-none", &c), -ENOENT);
	assert_null(c);
	counters_close(open_counters());
}

static void kernel_time_becomes_wall_time(void **state)
{
	struct timespec boot;
	int64_t now = time(NULL), seen;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &boot), 0);
	seen = counters_wall_clock((uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec);
	assert_true(seen >= now - 1 && seen <= time(NULL) + 1);
	seen = counters_wall_clock((uint64_t)boot.tv_sec * 1000000000u + 100000000000u);
	assert_true(seen >= now + 98 && seen <= time(NULL) + 101);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_are_added_over_cpus),	     cmocka_unit_test(ports_have_ended_names),
		cmocka_unit_test(devices_are_one_row_each),	     cmocka_unit_test(switches_are_set_and_read),
		cmocka_unit_test(the_group_reads_and_does_not_write), cmocka_unit_test(another_layout_is_refused),
		cmocka_unit_test(kernel_time_becomes_wall_time),
	};
	return cmocka_run_group_tests(tests, make_maps, remove_maps);
}
