/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device's slot remembers (bpf/recall.h), and the shortcut made of it (bpf/quick.h): it says what the long way says, and
 * no longer than the policy, the switches, the zone and the protected addresses say so. That a frame took it is shown by taking the
 * device's word out of the table behind the policy's back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "context.h"

enum { VLAN_ENFORCE = 10, VLAN_DRY_RUN = 20, VLAN_ALLOW = 30, VLAN_DIVERT = 40, VLAN_NONE = 50, UNTAGGED = 0 };
#define PORT 5
#define OUI (TEST_CAMERA & ~0xffffffull)
#define BUCKETS_MOST 512
#define IN_AN_HOUR (kernel_now_ns() + 3600000000000ull)

static struct packet frame_in(uint64_t mac48, unsigned vlan)
{
	struct packet p;

	packet_start(&p, mac48);
	if (vlan != UNTAGGED)
		packet_tag(&p, 0x8100, (uint16_t)vlan);
	packet_u16(&p, 0x88b5);
	packet_pad(&p, 64);
	return p;
}

static int xdp(const struct context *c, unsigned vlan)
{
	const struct packet p = frame_in(TEST_CAMERA, vlan);

	return run_xdp(&c->port, &p);
}

static struct lc_totals totals(const struct context *c)
{
	return kernel_totals(c->kernel, PORT);
}

static void begin(struct context *c)
{
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_QUARANTINE);
}

/* Takes all words out of the table, or brings them back, which nobody may do who does not move the epoch. */
static void swap_table(const struct context *c)
{
	static uint64_t kept[BUCKETS_MOST * LC_BUCKET_WORDS];
	uint64_t *word = (uint64_t *)c->kernel->buckets;
	size_t n = ((size_t)c->kernel->control.buckets + 1) * LC_BUCKET_WORDS;

	assert_true(n <= sizeof(kept) / sizeof(kept[0]));
	for (size_t i = 0; i < n; i++) {
		uint64_t before = word[i];

		word[i] = kept[i];
		kept[i] = before;
	}
}

static void move_epoch(const struct context *c)
{
	c->kernel->head->epoch += 2;
}

/* The next frame is stopped though the table knows nobody: the slot remembers. */
static void assert_remembered(const struct context *c, unsigned vlan)
{
	swap_table(c);
	assert_int_equal(xdp(c, vlan), XDP_DROP);
	swap_table(c);
}

static void begin_remembered(struct context *c, unsigned vlan)
{
	begin(c);
	assert_int_equal(xdp(c, vlan), XDP_DROP);
	assert_remembered(c, vlan);
}

static void test_a_stopped_device_is_remembered_until_the_epoch_moves(void **state)
{
	struct context *c = *state;

	for (unsigned vlan = UNTAGGED; vlan <= VLAN_ENFORCE; vlan += VLAN_ENFORCE) {
		begin_remembered(c, vlan);
		assert_int_equal(totals(c).frames[LC_STOPPED_XDP], 2);
		swap_table(c);
		move_epoch(c);
		assert_int_equal(xdp(c, vlan), XDP_PASS);
		assert_int_equal(xdp(c, vlan), XDP_PASS);
		assert_int_equal(totals(c).frames[LC_STOPPED_XDP], 2);
		swap_table(c);
		assert_int_equal(xdp(c, vlan), XDP_DROP);
	}
}

/* The control: without a frame before, nothing is remembered. */
static void test_nobody_else_is(void **state)
{
	struct context *c = *state;
	const struct packet other = frame_in(TEST_CAMERA + 1, UNTAGGED);

	begin(c);
	kernel_flag(c->kernel, OUI, LC_LEN_24, LC_QUARANTINE);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	swap_table(c);
	assert_int_equal(run_xdp(&c->port, &other), XDP_PASS);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	swap_table(c);
	assert_int_equal(run_xdp(&c->port, &other), XDP_DROP);
}

static void test_a_change_is_met_by_the_next_frame(void **state)
{
	struct context *c = *state;

	begin(c);
	for (unsigned i = 0; i < 3; i++) {
		kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
		assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
		assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
		kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_ALLOW);
		assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
		kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP);
		assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
		kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, 0);
		assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
	}
	assert_int_equal(totals(c).frames[LC_STOPPED_XDP], 9);
	kernel_flag(c->kernel, OUI, LC_LEN_24, LC_QUARANTINE);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_ALLOW); /* an exception under the rule that is remembered */
	assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
}

/* The slot's counts go on, whichever way a frame took, and say which entry it was. */
static void test_both_ways_count_alike(void **state)
{
	struct context *c = *state;
	const struct lc_slot *slot;
	struct packet p;
	uint64_t bytes = 0;

	begin(c);
	for (unsigned i = 0; i < 100; i++) {
		packet_ipv4(&p, TEST_CAMERA, 60 + 13 * i);
		bytes += 60 + 13 * i;
		if (i % 10 == 9) /* the long way */
			move_epoch(c);
		assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
	}
	slot = kernel_slot(c->kernel, TEST_CAMERA, PORT);
	assert_non_null(slot);
	assert_int_equal(slot->stopped_frames, 100);
	assert_int_equal(slot->stopped_bytes, bytes);
	assert_int_equal(slot->passed_frames, 0);
	assert_int_equal(slot->action & ~LC_SLOT_NO_IP, LC_QUARANTINE | LC_DROP << LC_SLOT_FINAL_SHIFT);
	assert_int_equal(totals(c).frames[LC_STOPPED_XDP], 100);
	assert_int_equal(totals(c).bytes[LC_STOPPED_XDP], bytes);
	assert_int_equal(kernel_events(c->kernel), 1);
	assert_int_equal(c->kernel->event[0].word, table_word_make(TEST_CAMERA, LC_LEN_48, LC_QUARANTINE));
}

static void test_an_event_is_due_on_either_way(void **state)
{
	struct context *c = *state;
	struct lc_slot *slot = NULL;

	begin_remembered(c, UNTAGGED);
	assert_int_equal(kernel_events(c->kernel), 1);
	for (size_t i = 0; i < (size_t)c->kernel->control.cpus * c->kernel->control.slots; i++)
		if (c->kernel->slots[i].key != 0)
			slot = &c->kernel->slots[i];
	assert_non_null(slot);
	slot->event_ms -= LC_EVENT_EVERY_MS;
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	assert_int_equal(kernel_events(c->kernel), 1);
	assert_int_equal(c->kernel->event[0].word, table_word_make(TEST_CAMERA, LC_LEN_48, LC_QUARANTINE));
}

static void test_zone_and_vlan_of_each_frame_decide(void **state)
{
	struct context *c = *state;

	begin_remembered(c, VLAN_ENFORCE);
	assert_int_equal(xdp(c, VLAN_DRY_RUN), XDP_PASS);
	assert_int_equal(xdp(c, VLAN_ALLOW), XDP_PASS);
	assert_int_equal(xdp(c, VLAN_NONE), XDP_PASS);
	assert_int_equal(xdp(c, VLAN_ENFORCE), XDP_DROP);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, PORT)->vlan, LC_VLAN_UNTAGGED);
	assert_int_equal(xdp(c, VLAN_ENFORCE), XDP_DROP);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, PORT)->vlan, VLAN_ENFORCE);
}

/* Priority tags, cut-off ones and short frames are the long way's, which finds their zone. */
static void test_odd_tags_take_the_long_way(void **state)
{
	struct context *c = *state;
	struct packet p;

	begin_remembered(c, UNTAGGED);
	packet_start(&p, TEST_CAMERA);
	packet_tag(&p, 0x8100, 0);
	packet_tag(&p, 0x8100, VLAN_ALLOW);
	packet_u16(&p, 0x0800);
	packet_pad(&p, 64);
	assert_int_equal(run_xdp(&c->port, &p), XDP_PASS);
	packet_start(&p, TEST_CAMERA);
	packet_tag(&p, 0x88a8, VLAN_ENFORCE);
	packet_tag(&p, 0x8100, VLAN_ALLOW);
	packet_u16(&p, 0x0800);
	packet_pad(&p, 64);
	assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
	packet_start(&p, TEST_CAMERA);
	packet_u16(&p, 0x8100);
	assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, PORT)->vlan, LC_VLAN_ODD);
}

static void test_what_holds_back_holds_back_the_remembered(void **state)
{
	struct context *c = *state;

	begin_remembered(c, UNTAGGED);
	kernel_switch(c->kernel, LC_SWITCH_BYPASS_UNTIL, IN_AN_HOUR);
	assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
	kernel_switch(c->kernel, LC_SWITCH_BYPASS_UNTIL, 1);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	kernel_switch(c->kernel, LC_SWITCH_DRY_RUN_AFTER, IN_AN_HOUR);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	kernel_switch(c->kernel, LC_SWITCH_DRY_RUN_AFTER, 1);
	assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
	kernel_switch(c->kernel, LC_SWITCH_DRY_RUN_AFTER, 0);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	kernel_protect(c->kernel, TEST_CAMERA);
	assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
}

static void test_an_entry_on_trial_stops_nothing_remembered(void **state)
{
	struct context *c = *state;

	begin_remembered(c, UNTAGGED);
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_DROP | LC_ENTRY_DRY_RUN);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
}

/* With no mirror port divert stops; with the action that a zone gives, not what another zone gave before. */
static void test_another_final_action_is_counted_as_such(void **state)
{
	struct context *c = *state;

	begin_remembered(c, UNTAGGED);
	assert_int_equal(xdp(c, VLAN_DIVERT), XDP_DROP);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, PORT)->action >> LC_SLOT_FINAL_SHIFT & LC_ACTION_MASK, LC_DIVERT);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	assert_int_equal(kernel_slot(c->kernel, TEST_CAMERA, PORT)->action >> LC_SLOT_FINAL_SHIFT & LC_ACTION_MASK, LC_DROP);
}

/* What tc let pass is not remembered, and what it stopped is, for XDP too. */
static void test_tc_and_xdp_share_what_is_remembered(void **state)
{
	struct context *c = *state;
	const struct packet p = frame_in(TEST_CAMERA, UNTAGGED);

	begin(c);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_SHOT);
	swap_table(c);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_SHOT);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	swap_table(c);
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_MONITOR);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
	swap_table(c);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
	swap_table(c);
	assert_int_equal(totals(c).frames[LC_MONITORED], 1);
}

/* Nor at an epoch whose complement is the next one. */
static void test_what_passed_is_not_remembered_under_another_epoch(void **state)
{
	static const uint32_t before[] = {0x1fffffff, 0x3fffffff, 0x7fffffff, 0x1ffffffe};
	struct context *c = *state;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const struct packet p = frame_in(TEST_CAMERA, UNTAGGED);

		begin(c);
		kernel_flag(c->kernel, TEST_CAMERA + 1, LC_LEN_48, LC_DROP); /* the filter goes on to ask for both */
		c->kernel->head->epoch = 0x100000000ull * (i + 1) + before[i];
		kernel_switch(c->kernel, LC_SWITCH_BYPASS_UNTIL, IN_AN_HOUR);
		assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
		kernel_switch(c->kernel, LC_SWITCH_BYPASS_UNTIL, 0);
		for (unsigned n = 0; n < 3; n++) {
			kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, 0);
			assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
		}
	}
}

/* A slot that is given to another device says nothing of the one before. */
static void test_a_slot_given_away_is_forgotten(void **state)
{
	struct context *c = *state;
	uint32_t all = c->kernel->control.cpus * c->kernel->control.slots;

	begin_remembered(c, UNTAGGED);
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, OUI, LC_LEN_24, LC_DROP);
	for (uint64_t i = 0; i < 4ull * all; i++) {
		const struct packet p = frame_in(OUI + i, UNTAGGED);

		assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
	}
	for (uint32_t i = 0; i < all; i++)
		c->kernel->slots[i].last_ns = kernel_now_ns() - LC_SLOT_IDLE_NS - 1000000000u;
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, LC_ALLOW);
	assert_int_equal(xdp(c, UNTAGGED), XDP_PASS);
	kernel_flag(c->kernel, TEST_CAMERA, LC_LEN_48, 0);
	assert_int_equal(xdp(c, UNTAGGED), XDP_DROP);
	assert_int_equal(totals(c).frames[LC_EVICTED], 1);
	assert_int_equal(totals(c).frames[LC_STOPPED_XDP], 4ull * all + 1);
}

static int setup(void **state)
{
	struct kernel *kernel = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.port = PORT;
	conf.zone[2] = conf.zone[1];
	conf.zone[2].flags = LC_ZONE_DRY_RUN;
	conf.zone[3] = (struct lc_zone){.action = LC_ALLOW};
	conf.zone[4] = (struct lc_zone){.action = LC_DIVERT};
	conf.vlan_zone[VLAN_DRY_RUN] = 2;
	conf.vlan_zone[VLAN_ALLOW] = 3;
	conf.vlan_zone[VLAN_DIVERT] = 4;
	conf.vlan_zone[VLAN_NONE] = 0;
	*state = context_new(kernel, &conf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stopped_device_is_remembered_until_the_epoch_moves),
		cmocka_unit_test(test_nobody_else_is),
		cmocka_unit_test(test_a_change_is_met_by_the_next_frame),
		cmocka_unit_test(test_both_ways_count_alike),
		cmocka_unit_test(test_an_event_is_due_on_either_way),
		cmocka_unit_test(test_zone_and_vlan_of_each_frame_decide),
		cmocka_unit_test(test_odd_tags_take_the_long_way),
		cmocka_unit_test(test_what_holds_back_holds_back_the_remembered),
		cmocka_unit_test(test_an_entry_on_trial_stops_nothing_remembered),
		cmocka_unit_test(test_another_final_action_is_counted_as_such),
		cmocka_unit_test(test_tc_and_xdp_share_what_is_remembered),
		cmocka_unit_test(test_what_passed_is_not_remembered_under_another_epoch),
		cmocka_unit_test(test_a_slot_given_away_is_forgotten),
	};

	return cmocka_run_group_tests_name("recall", tests, setup, context_teardown);
}
