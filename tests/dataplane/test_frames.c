/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of every shape: each is classified by its source address, and its outer VLAN is what the kernel would take. */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "context.h"

#define MAX_TAGS 12
#define QINQ 0x88a8
#define TAG 0x8100

struct row {
	const char *name;
	struct {
		uint16_t type, tci;
	} tag[MAX_TAGS];
	size_t n_tags;
	uint16_t ethertype;
	size_t size; /* the frame is cut or padded to it; 0 = as it comes */
	uint16_t vlan;
};

static const struct row rows[] = {
	{"IPv4, 60 bytes", {{0}}, 0, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"exactly 14 bytes", {{0}}, 0, 0x0800, 14, LC_VLAN_UNTAGGED},
	{"15 bytes", {{0}}, 0, 0x0800, 15, LC_VLAN_UNTAGGED},
	{"802.3 length", {{0}}, 0, 0x0026, 60, LC_VLAN_UNTAGGED},
	{"length 0", {{0}}, 0, 0x0000, 60, LC_VLAN_UNTAGGED},
	{"length 1500", {{0}}, 0, 1500, 1514, LC_VLAN_UNTAGGED},
	{"EtherType 0xffff", {{0}}, 0, 0xffff, 60, LC_VLAN_UNTAGGED},
	{"0x9100 is no tag to the kernel", {{0x9100, 100}}, 1, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"0x9200 is no tag to the kernel", {{0x9200, 100}}, 1, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"VLAN 1", {{TAG, 1}}, 1, 0x0800, 60, 1},
	{"VLAN 4094", {{TAG, 4094}}, 1, 0x0800, 60, 4094},
	{"VLAN 4095", {{TAG, 4095}}, 1, 0x0800, 60, 4095},
	{"802.1ad", {{QINQ, 100}}, 1, 0x0800, 60, 100},
	{"priority 7 and DEI are not the id", {{TAG, 0xf064}}, 1, 0x0800, 60, 100},
	{"priority tag", {{TAG, 0x6000}}, 1, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"priority tag, 802.1ad", {{QINQ, 0x6000}}, 1, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"0,200", {{TAG, 0}, {TAG, 200}}, 2, 0x0800, 60, 200},
	{"0,200 with 802.1ad outside", {{QINQ, 0}, {TAG, 200}}, 2, 0x0800, 60, 200},
	{"0,200 with 802.1ad inside", {{TAG, 0}, {QINQ, 200}}, 2, 0x0800, 60, 200},
	{"QinQ 100,200", {{QINQ, 100}, {TAG, 200}}, 2, 0x0800, 60, 100},
	{"two tags 100,200", {{TAG, 100}, {TAG, 200}}, 2, 0x0800, 60, 100},
	{"100,0", {{TAG, 100}, {TAG, 0}}, 2, 0x0800, 60, 100},
	{"0,0,300", {{TAG, 0}, {TAG, 0}, {TAG, 300}}, 3, 0x0800, 60, 300},
	{"0,0,0", {{TAG, 0}, {TAG, 0}, {TAG, 0}}, 3, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"1,2,3", {{TAG, 1}, {TAG, 2}, {TAG, 3}}, 3, 0x0800, 60, 1},
	{"0,0x9100: the second is no tag", {{TAG, 0}, {0x9100, 200}}, 2, 0x0800, 60, LC_VLAN_UNTAGGED},
	{"8 zero tags", {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}}, 8, 0x0800, 80,
	 LC_VLAN_UNTAGGED},
	{"8 zero tags, then 200",
	 {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 200}}, 9, 0x0800, 80, 200},
	{"9 zero tags", {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}}, 9,
	 0x0800, 80, LC_VLAN_ODD},
	{"9 zero tags, then 200",
	 {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 200}}, 10,
	 0x0800, 80, LC_VLAN_ODD},
	{"tag cut to nothing", {{TAG, 100}}, 1, 0x0800, 14, LC_VLAN_ODD},
	{"tag cut to 1 byte", {{TAG, 100}}, 1, 0x0800, 15, LC_VLAN_ODD},
	{"tag cut to 2 bytes", {{TAG, 100}}, 1, 0x0800, 16, LC_VLAN_ODD},
	{"tag cut to 3 bytes", {{TAG, 100}}, 1, 0x0800, 17, LC_VLAN_ODD},
	{"tag ends with the frame", {{TAG, 100}}, 1, 0x0800, 18, 100},
	{"zero tag ends with the frame", {{TAG, 0}}, 1, 0x0800, 18, LC_VLAN_UNTAGGED},
	{"second tag cut", {{TAG, 0}, {TAG, 200}}, 2, 0x0800, 20, LC_VLAN_ODD},
	{"second tag ends with the frame", {{TAG, 0}, {TAG, 200}}, 2, 0x0800, 22, 200},
	{"second tag cut behind a decided one", {{TAG, 100}, {TAG, 200}}, 2, 0x0800, 20, 100},
	{"1514 bytes", {{0}}, 0, 0x0800, 1514, LC_VLAN_UNTAGGED},
	{"1518 bytes, VLAN 100", {{TAG, 100}}, 1, 0x0800, 1518, 100},
	{"9000 bytes", {{0}}, 0, 0x0800, 9000, LC_VLAN_UNTAGGED},
	{"9000 bytes, 0,200", {{TAG, 0}, {TAG, 200}}, 2, 0x0800, 9000, 200},
};

static void build(struct packet *p, const struct row *row, uint64_t source)
{
	packet_start(p, source);
	for (size_t i = 0; i < row->n_tags; i++)
		packet_tag(p, row->tag[i].type, row->tag[i].tci);
	packet_u16(p, row->ethertype);
	if (row->size)
		packet_pad(p, row->size);
}

static void check_counted(const struct context *c, const struct row *row, const struct packet *p, enum lc_reason reason)
{
	struct lc_totals totals = kernel_totals(c->kernel, 0);
	const struct lc_slot *slot = kernel_slot(c->kernel, TEST_CAMERA, 0);

	for (size_t i = 0; i < LC_REASONS; i++) {
		assert_int_equal(totals.frames[i], i == reason);
		assert_int_equal(totals.bytes[i], i == reason ? p->size : 0);
	}
	assert_non_null(slot);
	if (slot->vlan != row->vlan)
		fail_msg("%s: VLAN %u, expected %u", row->name, slot->vlan, row->vlan);
	assert_int_equal(slot->stopped_frames, 1);
	assert_int_equal(slot->stopped_bytes, p->size);
	assert_int_equal(slot->passed_frames, 0);
}

/* Larger than a page: test_run gives tc only what fits; XDP gets fragments. */
#define TC_MOST 3500

/* test_run refuses frames shorter than their headers for tc on newer kernels: a longer one is cut on the way. */
static int run_tc_exactly(const struct context *c, struct packet *p)
{
	size_t size = p->size;
	int verdict;

	if (size >= 60)
		return run_tc(&c->port, p);
	packet_pad(p, 60);
	c->harness->bss->tags = 0;
	c->harness->bss->trim = (uint32_t)size;
	verdict = run_program(bpf_program__fd(c->harness->progs.tc_tags), p);
	c->harness->bss->trim = 0;
	p->size = size;
	return verdict;
}

static void test_every_shape_of_a_camera_is_stopped(void **state)
{
	struct context *c = *state;
	struct packet p;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		build(&p, &rows[i], TEST_CAMERA);
		kernel_forget(c->kernel);
		if (run_xdp(&c->port, &p) != XDP_DROP)
			fail_msg("XDP: %s", rows[i].name);
		check_counted(c, &rows[i], &p, LC_STOPPED_XDP);
		if (p.size > TC_MOST)
			continue;
		kernel_forget(c->kernel);
		if (run_tc_exactly(c, &p) != TC_ACT_SHOT)
			fail_msg("tc: %s", rows[i].name);
		check_counted(c, &rows[i], &p, LC_STOPPED_TC);
	}
}

static void test_every_shape_of_a_laptop_passes(void **state)
{
	struct context *c = *state;
	const struct lc_totals none = {{0}, {0}};
	struct lc_totals totals;
	struct packet p;

	kernel_forget(c->kernel);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		build(&p, &rows[i], TEST_LAPTOP);
		assert_int_equal(run_xdp(&c->port, &p), XDP_PASS);
		if (p.size <= TC_MOST)
			assert_int_equal(run_tc_exactly(c, &p), TC_ACT_UNSPEC);
	}
	totals = kernel_totals(c->kernel, 0);
	assert_memory_equal(&totals, &none, sizeof(none));
	assert_int_equal(kernel_events(c->kernel), 0);
}

/* 13 bytes: the kernel itself refuses to run a program over less than an Ethernet header. */
static void test_short_frames_never_stop(void **state)
{
	struct context *c = *state;
	struct packet p;

	packet_start(&p, TEST_CAMERA);
	packet_pad(&p, 13);
	assert_int_equal(run_xdp(&c->port, &p), -EINVAL);
	assert_int_equal(run_tc(&c->port, &p), -EINVAL);
	packet_pad(&p, 14);
	assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
}

static const struct meta {
	const char *name;
	struct row row; /* inline tags, and the VLAN expected */
	struct {
		uint16_t type, tci;
	} push[2];
	uint32_t n_push;
} metas[] = {
	{"200 in metadata", {"", {{0}}, 0, 0x0800, 60, 200}, {{TAG, 200}}, 1},
	{"802.1ad 200 in metadata", {"", {{0}}, 0, 0x0800, 60, 200}, {{QINQ, 200}}, 1},
	{"priority tag in metadata", {"", {{0}}, 0, 0x0800, 60, LC_VLAN_UNTAGGED}, {{TAG, 0x6000}}, 1},
	{"0 in metadata, 200 inline", {"", {{TAG, 200}}, 1, 0x0800, 60, 200}, {{TAG, 0}}, 1},
	{"0 in metadata, 0,300 inline", {"", {{TAG, 0}, {TAG, 300}}, 2, 0x0800, 60, 300}, {{TAG, 0}}, 1},
	{"200 in metadata, 100 inline", {"", {{TAG, 100}}, 1, 0x0800, 60, 200}, {{TAG, 200}}, 1},
	{"200 in metadata, priority bits", {"", {{0}}, 0, 0x0800, 60, 200}, {{TAG, 0xf0c8}}, 1},
	{"pushed 200, then 0", {"", {{0}}, 0, 0x0800, 60, 200}, {{TAG, 200}, {TAG, 0}}, 2},
	{"pushed 0, then 200", {"", {{0}}, 0, 0x0800, 60, 200}, {{TAG, 0}, {TAG, 200}}, 2},
	{"0 in metadata, 7 zero tags, 300",
	 {"", {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 300}}, 8, 0x0800, 80, 300},
	 {{TAG, 0}},
	 1},
	{"0 in metadata, 8 zero tags",
	 {"", {{TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}, {TAG, 0}}, 8, 0x0800, 80, LC_VLAN_ODD},
	 {{TAG, 0}},
	 1},
};

static void test_tags_in_metadata(void **state)
{
	struct context *c = *state;
	struct packet p;

	for (size_t i = 0; i < sizeof(metas) / sizeof(metas[0]); i++) {
		const struct lc_slot *slot;

		build(&p, &metas[i].row, TEST_CAMERA);
		kernel_forget(c->kernel);
		c->harness->bss->tags = metas[i].n_push;
		for (uint32_t j = 0; j < metas[i].n_push; j++) {
			c->harness->bss->tag_type[j] = metas[i].push[j].type;
			c->harness->bss->tag_tci[j] = metas[i].push[j].tci;
		}
		if (run_program(bpf_program__fd(c->harness->progs.tc_tags), &p) != TC_ACT_SHOT)
			fail_msg("%s: not stopped", metas[i].name);
		slot = kernel_slot(c->kernel, TEST_CAMERA, 0);
		assert_non_null(slot);
		if (slot->vlan != metas[i].row.vlan)
			fail_msg("%s: VLAN %u, expected %u", metas[i].name, slot->vlan, metas[i].row.vlan);
	}
}

static int setup(void **state)
{
	struct context *c;

	(void)context_setup(state);
	c = *state;
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_QUARANTINE);
	c->harness = tags_before(bpf_program__fd(c->port.tc->progs.lenscap_tc));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_shape_of_a_camera_is_stopped),
		cmocka_unit_test(test_every_shape_of_a_laptop_passes),
		cmocka_unit_test(test_short_frames_never_stop),
		cmocka_unit_test(test_tags_in_metadata),
	};

	return cmocka_run_group_tests_name("frames", tests, setup, context_teardown);
}
