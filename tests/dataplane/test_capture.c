/* SPDX-License-Identifier: GPL-2.0-only */
/* What `lenscap capture` gets of the frames that programs count: all that were asked for, once, with their tag. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel.h"
#include "tags.h"

#define CAUGHT 64

struct caught {
	struct lc_captured head;
	uint8_t data[2048];
};

struct context {
	struct kernel *kernel;
	struct kernel_port port;
	struct harness *harness;
	struct perf_buffer *buffer;
	struct caught caught[CAUGHT];
	size_t n;
};

static void take(void *ctx, int cpu, void *data, uint32_t size)
{
	struct context *c = ctx;
	struct caught *caught = &c->caught[c->n];

	(void)cpu;
	assert_true(c->n < CAUGHT && size >= sizeof(caught->head));
	memcpy(&caught->head, data, sizeof(caught->head));
	assert_true(caught->head.captured <= sizeof(caught->data) && size >= sizeof(caught->head) + caught->head.captured);
	memcpy(caught->data, (const uint8_t *)data + sizeof(caught->head), caught->head.captured);
	c->n++;
}

static int setup(void **state)
{
	struct context *c = calloc(1, sizeof(*c));
	struct lc_port_conf conf;

	assert_non_null(c);
	c->kernel = kernel_new(NULL);
	conf = kernel_conf(c->kernel);
	conf_zone_everywhere(&conf, LC_DROP, 0);
	c->port = kernel_load(c->kernel, &conf);
	c->buffer = perf_buffer__new(c->kernel->capture_ring, 16, take, NULL, c, NULL);
	assert_non_null(c->buffer);
	c->harness = tags_before(bpf_program__fd(c->port.tc->progs.lenscap_tc));
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct context *c = *state;

	harness__destroy(c->harness);
	perf_buffer__free(c->buffer);
	kernel_unload(&c->port);
	kernel_free(c->kernel);
	free(c);
	return 0;
}

static void begin(struct context *c, struct lc_capture wanted)
{
	uint32_t zero = 0;

	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_QUARANTINE);
	kernel_flag(c->kernel, TEST_CAMERA + 1, LC_LEN_48, LC_MONITOR);
	assert_int_equal(bpf_map_update_elem(c->kernel->capture, &zero, &wanted, BPF_ANY), 0);
	kernel_switch(c->kernel, LC_SWITCH_CAPTURE_UNTIL, UINT64_MAX);
	(void)perf_buffer__consume(c->buffer);
	c->n = 0;
}

/* Through XDP, and through tc where it passes, as on a port. */
static void send(const struct context *c, const struct packet *p)
{
	if (run_xdp(&c->port, p) == XDP_PASS)
		(void)run_tc(&c->port, p);
}

static void send_camera(const struct context *c, unsigned number, size_t size)
{
	struct packet p;

	packet_ipv4(&p, TEST_CAMERA + number, size);
	send(c, &p);
}

static size_t caught(struct context *c)
{
	c->n = 0;
	(void)perf_buffer__consume(c->buffer);
	return c->n;
}

static void test_each_flagged_frame_once(void **state)
{
	const struct lc_capture all = {.snaplen = 1500, .port = LC_CAPTURE_ANY_PORT};
	struct context *c = *state;
	struct packet p;

	begin(c, all);
	send_camera(c, 0, 60);
	send_camera(c, 1, 590);
	send_camera(c, 2, 60); /* not flagged */
	assert_int_equal(caught(c), 2);
	assert_int_equal(c->caught[0].head.reason, LC_STOPPED_XDP);
	assert_int_equal(c->caught[0].head.final, LC_DROP);
	assert_int_equal(c->caught[0].head.hook, LC_HOOK_XDP);
	assert_int_equal(c->caught[0].head.zone, 7);
	assert_int_equal(c->caught[0].head.vlan, LC_VLAN_UNTAGGED);
	assert_int_equal(c->caught[1].head.reason, LC_MONITORED);
	assert_int_equal(c->caught[1].head.hook, LC_HOOK_TC_INGRESS);
	assert_int_equal(c->caught[1].head.bytes, 590);
	assert_int_equal(c->caught[1].head.mac48, TEST_CAMERA + 1);
	packet_ipv4(&p, TEST_CAMERA + 1, 590);
	assert_int_equal(c->caught[1].head.captured, 590);
	assert_memory_equal(c->caught[1].data, p.data, 590);
	assert_true(c->caught[0].head.time_ns < c->caught[1].head.time_ns);
}

static void test_filters(void **state)
{
	static const struct {
		struct lc_capture wanted;
		size_t caught;
	} rows[] = {
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT}, 2},
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT, .mac48 = TEST_CAMERA}, 1},
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT, .mac48 = TEST_CAMERA + 2}, 0},
		{{.snaplen = 100, .port = 0}, 2},
		{{.snaplen = 100, .port = 1}, 0},
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT, .action = LC_MONITOR}, 1},
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT, .action = LC_DROP}, 1}, /* what quarantine means here */
		{{.snaplen = 100, .port = LC_CAPTURE_ANY_PORT, .action = LC_QUARANTINE}, 0},
	};
	struct context *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(c, rows[i].wanted);
		send_camera(c, 0, 60);
		send_camera(c, 1, 60);
		assert_int_equal(caught(c), rows[i].caught);
	}
}

static void test_long_frames_are_cut_and_keep_their_length(void **state)
{
	struct context *c = *state;

	begin(c, (struct lc_capture){.snaplen = 64, .port = LC_CAPTURE_ANY_PORT});
	send_camera(c, 0, 9000);
	assert_int_equal(caught(c), 1);
	assert_int_equal(c->caught[0].head.bytes, 9000);
	assert_int_equal(c->caught[0].head.captured, 64);
}

static void test_a_tag_in_the_metadata_is_told(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_capture){.snaplen = 100, .port = LC_CAPTURE_ANY_PORT});
	packet_ipv4(&p, TEST_CAMERA, 60);
	(void)tags_run(c->harness, &p, 0x88a8, 0x6064);
	assert_int_equal(caught(c), 1);
	assert_int_equal(c->caught[0].head.tag_proto, 0x88a8);
	assert_int_equal(c->caught[0].head.tag_tci & 0x6fff, 0x6064); /* older kernels set a bit of their own */
	assert_int_equal(c->caught[0].head.vlan, 100);
	assert_int_equal(c->caught[0].head.bytes, 60);
}

static void test_nobody_reads_nothing_is_copied(void **state)
{
	struct context *c = *state;

	begin(c, (struct lc_capture){.snaplen = 100, .port = LC_CAPTURE_ANY_PORT});
	kernel_switch(c->kernel, LC_SWITCH_CAPTURE_UNTIL, kernel_now_ns() - 1);
	send_camera(c, 0, 60);
	assert_int_equal(caught(c), 0);
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_STOPPED_XDP], 1);
}

static void test_a_slow_reader_loses_copies_and_no_verdict(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin(c, (struct lc_capture){.snaplen = 1500, .port = LC_CAPTURE_ANY_PORT});
	packet_ipv4(&p, TEST_CAMERA, 1500);
	for (int i = 0; i < 100; i++)
		assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
	assert_in_range(caught(c), 1, 60);
	assert_int_equal(c->n + kernel_totals(c->kernel, 0).frames[LC_CAPTURE_LOST], 100);
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_STOPPED_XDP], 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_flagged_frame_once),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_long_frames_are_cut_and_keep_their_length),
		cmocka_unit_test(test_a_tag_in_the_metadata_is_told),
		cmocka_unit_test(test_nobody_reads_nothing_is_copied),
		cmocka_unit_test(test_a_slow_reader_loses_copies_and_no_verdict),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
