/* SPDX-License-Identifier: GPL-2.0-only */
/* Evidence: totals and slots to the frame and byte, what an event says, and how many there are. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "../../bpf/hash.h"
#include "context.h"

#define PORT 5
#define OUI 0x4419b6000000ull

static void stop(const struct context *c, uint64_t mac48, size_t size)
{
	struct packet p;

	packet_ipv4(&p, mac48, size);
	assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
}

static void pass_untouched(const struct context *c, uint64_t mac48)
{
	struct packet p;

	packet_start(&p, mac48);
	packet_tag(&p, 0x8100, 300);
	packet_u16(&p, 0x0800);
	packet_pad(&p, 100);
	assert_int_equal(run_xdp(&c->port, &p), XDP_PASS);
	assert_int_equal(run_tc(&c->port, &p), TC_ACT_UNSPEC);
}

static void flag_oui(struct context *c)
{
	kernel_clear(c->kernel);
	kernel_flag(c->kernel, OUI, LC_LEN_24, LC_QUARANTINE);
}

static void test_totals_and_slots_are_exact(void **state)
{
	struct context *c = *state;
	uint64_t bytes[4] = {0}, all = 0;
	const struct lc_slot *slot;
	struct lc_totals totals;

	flag_oui(c);
	for (unsigned i = 0; i < 1000; i++) {
		size_t size = 60 + i % 1400;

		stop(c, OUI + 1 + i % 4, size);
		bytes[i % 4] += size;
		all += size;
	}
	totals = kernel_totals(c->kernel, PORT);
	assert_int_equal(totals.frames[LC_STOPPED_XDP], 1000);
	assert_int_equal(totals.bytes[LC_STOPPED_XDP], all);
	for (unsigned i = 0; i < 4; i++) {
		slot = kernel_slot(c->kernel, OUI + 1 + i, PORT);
		assert_non_null(slot);
		assert_int_equal(slot->stopped_frames, 250);
		assert_int_equal(slot->stopped_bytes, bytes[i]);
		assert_int_equal(slot->action, LC_QUARANTINE | LC_DROP << LC_SLOT_FINAL_SHIFT);
		assert_int_equal(slot->vlan, LC_VLAN_UNTAGGED);
		assert_true(slot->first_s <= slot->last_ns / 1000000000 && slot->first_s != 0);
	}
	assert_null(kernel_slot(c->kernel, OUI + 9, PORT));
	assert_null(kernel_slot(c->kernel, OUI + 1, PORT + 1));
}

static void test_what_passes_is_counted_apart(void **state)
{
	struct context *c = *state;
	const struct lc_slot *slot;

	flag_oui(c);
	stop(c, OUI + 1, 60);
	pass_untouched(c, OUI + 1);
	pass_untouched(c, OUI + 1);
	slot = kernel_slot(c->kernel, OUI + 1, PORT);
	assert_non_null(slot);
	assert_int_equal(slot->stopped_frames, 1);
	assert_int_equal(slot->passed_frames, 2);
	assert_int_equal(slot->passed_bytes, 200);
	assert_int_equal(slot->vlan, 300);
	assert_int_equal(kernel_totals(c->kernel, PORT).frames[LC_NO_ZONE], 2);
	assert_int_equal(kernel_totals(c->kernel, 0).frames[LC_NO_ZONE], 0);
}

/* GRO makes one of many: each segment is a frame. */
static void test_merged_segments_count(void **state)
{
	struct context *c = *state;
	struct packet p;

	flag_oui(c);
	packet_ipv4(&p, OUI + 1, 1500);
	assert_int_equal(run_tc_merged(&c->port, &p, 14), TC_ACT_SHOT);
	assert_int_equal(run_tc_merged(&c->port, &p, 0), TC_ACT_SHOT);
	assert_int_equal(kernel_totals(c->kernel, PORT).frames[LC_STOPPED_TC], 15);
	assert_int_equal(kernel_totals(c->kernel, PORT).bytes[LC_STOPPED_TC], 3000);
	assert_int_equal(kernel_slot(c->kernel, OUI + 1, PORT)->stopped_frames, 15);
}

/* More devices than slots: some are not seen one by one, no frame is missing in the totals. */
static void test_devices_without_a_slot_are_in_the_totals(void **state)
{
	struct context *c = *state;
	uint64_t in_slots = 0, devices = 0;
	struct lc_totals totals;

	flag_oui(c);
	for (unsigned i = 0; i < 1000; i++)
		stop(c, OUI + 1 + i, 60);
	for (size_t i = 0; i < (size_t)c->kernel->control.cpus * c->kernel->control.slots; i++) {
		in_slots += c->kernel->slots[i].stopped_frames;
		devices += c->kernel->slots[i].key != 0;
	}
	totals = kernel_totals(c->kernel, PORT);
	assert_int_equal(totals.frames[LC_STOPPED_XDP], 1000);
	assert_int_equal(devices, in_slots);
	assert_true(devices > c->kernel->control.slots / 2 && devices <= c->kernel->control.slots);
	assert_int_equal(totals.frames[LC_UNCOUNTED], 1000 - in_slots);
	assert_int_equal(totals.bytes[LC_UNCOUNTED], 60 * (1000 - in_slots));
}

/* A device that has no slot gets that of one that has been silent for an hour, and only that. */
static void test_an_idle_slot_is_given_away(void **state)
{
	struct context *c = *state;
	struct lc_totals totals;
	uint64_t late;

	test_devices_without_a_slot_are_in_the_totals(state);
	for (late = OUI + 1; kernel_slot(c->kernel, late, PORT); late++)
		;
	for (size_t i = 0; i < (size_t)c->kernel->control.cpus * c->kernel->control.slots; i++)
		c->kernel->slots[i].last_ns = 0 - LC_SLOT_IDLE_NS; /* wraps: idle however short the machine is up */
	stop(c, late, 70);
	totals = kernel_totals(c->kernel, PORT);
	assert_int_equal(totals.frames[LC_EVICTED], 1);
	assert_non_null(kernel_slot(c->kernel, late, PORT));
	assert_int_equal(kernel_slot(c->kernel, late, PORT)->stopped_frames, 1);
	assert_int_equal(kernel_slot(c->kernel, late, PORT)->stopped_bytes, 70);
	assert_int_equal(totals.frames[LC_STOPPED_XDP], 1001);
}

/* ---- events ---- */

static void check_event(const struct lc_event *e, enum lc_reason reason, unsigned vlan, unsigned family,
			const uint8_t *source)
{
	static const uint8_t nothing[16];

	assert_int_equal(e->mac48, OUI + 1);
	assert_int_equal(e->word, OUI << LC_WORD_PREFIX_SHIFT | LC_QUARANTINE);
	assert_int_equal(e->port, PORT);
	assert_int_equal(e->vlan, vlan);
	assert_int_equal(e->reason, reason);
	assert_int_equal(e->family, family);
	assert_memory_equal(e->source, source ? source : nothing, family == 2 ? 4 : 16);
	assert_int_equal(e->first, 1);
	assert_int_equal(e->frames, 1);
	assert_int_equal(e->zone, 7);
	assert_true(e->time_ns != 0);
}

static const uint8_t ipv4[20] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 20, 0, 9, 10, 20, 0, 5};
static const uint8_t ipv6[40] = {0x60, 0, 0, 0, 0, 0, 59, 64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 2};
static const uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1, 0x44, 0x19, 0xb6, 0, 0, 1, 10, 20, 0, 9};
static const uint8_t arp_odd[28] = {0, 1, 8, 0, 6, 16, 0, 1, 0x44, 0x19, 0xb6, 0, 0, 1, 10, 20, 0, 9};
static const uint8_t dhcp[20] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255};
static const uint8_t probe[40] = {0x60, 0, 0, 0, 0, 0, 58, 255, [24] = 0xff, 2};
static const uint8_t version_5[20] = {0x55, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 20, 0, 9, 10, 20, 0, 5};

static const struct event_row {
	const char *name;
	uint16_t tag[3];
	size_t n_tags;
	uint16_t ethertype;
	const uint8_t *payload;
	size_t size; /* of the payload */
	unsigned vlan, family;
	const uint8_t *source;
} event_rows[] = {
	{"IPv4", {0}, 0, 0x0800, ipv4, 20, LC_VLAN_UNTAGGED, 2, ipv4 + 12},
	{"IPv6", {0}, 0, 0x86dd, ipv6, 40, LC_VLAN_UNTAGGED, 10, ipv6 + 8},
	{"ARP: the sender", {0}, 0, 0x0806, arp, 28, LC_VLAN_UNTAGGED, 2, arp + 14},
	{"IPv4 in VLAN 200", {200}, 1, 0x0800, ipv4, 20, 200, 2, ipv4 + 12},
	{"IPv4 behind 0,200", {0, 200}, 2, 0x0800, ipv4, 20, 200, 2, ipv4 + 12},
	{"IPv6 behind 100,200,300", {100, 200, 300}, 3, 0x86dd, ipv6, 40, 100, 10, ipv6 + 8},
	{"IPv4, cut before the source", {0}, 0, 0x0800, ipv4, 15, LC_VLAN_UNTAGGED, 0, NULL},
	{"IPv4, exactly the source", {0}, 0, 0x0800, ipv4, 16, LC_VLAN_UNTAGGED, 2, ipv4 + 12},
	{"IPv4, nothing", {0}, 0, 0x0800, ipv4, 1, LC_VLAN_UNTAGGED, 0, NULL},
	{"IPv6, cut", {0}, 0, 0x86dd, ipv6, 23, LC_VLAN_UNTAGGED, 0, NULL},
	{"IPv6, exactly the source", {0}, 0, 0x86dd, ipv6, 24, LC_VLAN_UNTAGGED, 10, ipv6 + 8},
	{"ARP, cut", {0}, 0, 0x0806, arp, 17, LC_VLAN_UNTAGGED, 0, NULL},
	{"ARP of another kind", {0}, 0, 0x0806, arp_odd, 28, LC_VLAN_UNTAGGED, 0, NULL},
	{"DHCP's first, from 0.0.0.0", {0}, 0, 0x0800, dhcp, 20, LC_VLAN_UNTAGGED, 0, NULL},
	{"a probe from ::", {0}, 0, 0x86dd, probe, 40, LC_VLAN_UNTAGGED, 0, NULL},
	{"version 5", {0}, 0, 0x0800, version_5, 20, LC_VLAN_UNTAGGED, 0, NULL},
	{"IPv6 that says IPv4", {0}, 0, 0x86dd, ipv4, 20, LC_VLAN_UNTAGGED, 0, NULL},
	{"LLC", {0}, 0, 0x0026, ipv4, 20, LC_VLAN_UNTAGGED, 0, NULL},
};

static void build_event_packet(struct packet *p, const struct event_row *row)
{
	packet_start(p, OUI + 1);
	for (size_t i = 0; i < row->n_tags; i++)
		packet_tag(p, 0x8100, row->tag[i]);
	packet_u16(p, row->ethertype);
	packet_bytes(p, row->payload, row->size);
}

static void test_what_an_event_says(void **state)
{
	struct context *c = *state;
	struct packet p;

	flag_oui(c);
	for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++) {
		const struct event_row *row = &event_rows[i];

		print_message("%s\n", row->name);
		build_event_packet(&p, row);
		kernel_forget(c->kernel);
		assert_int_equal(run_xdp(&c->port, &p), XDP_DROP);
		assert_int_equal(kernel_events(c->kernel), 1);
		assert_int_equal(c->kernel->event[0].hook, LC_HOOK_XDP);
		check_event(&c->kernel->event[0], LC_STOPPED_XDP, row->vlan, row->family, row->source);
		kernel_forget(c->kernel);
		if (run_tc(&c->port, &p) == -EINVAL)
			continue; /* newer kernels run no cut IP frames for tc */
		assert_int_equal(kernel_events(c->kernel), 1);
		assert_int_equal(c->kernel->event[0].hook, LC_HOOK_TC_INGRESS);
		check_event(&c->kernel->event[0], LC_STOPPED_TC, row->vlan, row->family, row->source);
	}
}

static struct lc_slot *own_slot(const struct context *c, uint64_t mac48)
{
	for (size_t i = 0; i < (size_t)c->kernel->control.cpus * c->kernel->control.slots; i++) {
		if (c->kernel->slots[i].key == (mac48 << 16 | PORT))
			return &c->kernel->slots[i];
	}
	fail_msg("no slot");
	return NULL;
}

static void test_a_device_makes_few_events(void **state)
{
	struct context *c = *state;

	flag_oui(c);
	for (unsigned i = 0; i < 100; i++)
		stop(c, OUI + 1, 60);
	assert_int_equal(kernel_events(c->kernel), 1);
	own_slot(c, OUI + 1)->event_ms -= LC_EVENT_EVERY_MS;
	stop(c, OUI + 1, 60);
	stop(c, OUI + 1, 60);
	assert_int_equal(kernel_events(c->kernel), 1);
	assert_int_equal(c->kernel->event[0].first, 0);
	assert_int_equal(c->kernel->event[0].frames, 101);
	stop(c, OUI + 2, 60);
	assert_int_equal(kernel_events(c->kernel), 1);
}

/* Without an address in its last event, a device's next event comes sooner; with one, no more. */
static void test_an_address_is_told_soon(void **state)
{
	struct context *c = *state;
	struct packet llc;

	flag_oui(c);
	packet_start(&llc, OUI + 1);
	packet_u16(&llc, 0x0026);
	packet_pad(&llc, 60);
	for (unsigned i = 0; i < 3; i++) { /* the second one still has none, and so the third event is as soon */
		assert_int_equal(run_xdp(&c->port, &llc), XDP_DROP);
		assert_int_equal(run_xdp(&c->port, &llc), XDP_DROP);
		assert_int_equal(kernel_events(c->kernel), 1);
		assert_int_equal(c->kernel->event[0].family, 0);
		assert_true(own_slot(c, OUI + 1)->action ==
			    (LC_QUARANTINE | LC_DROP << LC_SLOT_FINAL_SHIFT | LC_SLOT_NO_IP));
		own_slot(c, OUI + 1)->event_ms -= LC_EVENT_NO_IP_MS;
	}
	stop(c, OUI + 1, 60);
	assert_int_equal(kernel_events(c->kernel), 1);
	assert_int_equal(c->kernel->event[0].family, 2);
	assert_int_equal(own_slot(c, OUI + 1)->action, LC_QUARANTINE | LC_DROP << LC_SLOT_FINAL_SHIFT);
	own_slot(c, OUI + 1)->event_ms -= LC_EVENT_NO_IP_MS;
	stop(c, OUI + 1, 60);
	assert_int_equal(kernel_events(c->kernel), 0);
}

static void test_a_changed_reason_is_told_soon(void **state)
{
	struct context *c = *state;

	flag_oui(c);
	stop(c, OUI + 1, 60);
	assert_int_equal(kernel_events(c->kernel), 1);
	own_slot(c, OUI + 1)->event_ms -= LC_EVENT_CHANGE_MS;
	pass_untouched(c, OUI + 1);
	assert_int_equal(kernel_events(c->kernel), 1);
	assert_int_equal(c->kernel->event[0].reason, LC_NO_ZONE);
	assert_int_equal(c->kernel->event[0].zone, 0xff);
	assert_int_equal(c->kernel->event[0].vlan, 300);
}

/* A device that alternates between a zone and none could otherwise fill the ring: here it makes one event, and
 * the machine would have to take 100 ms between two frames for more. */
static void test_alternating_reasons_do_not_flood(void **state)
{
	struct context *c = *state;
	uint64_t begin = kernel_now_ns(), periods;

	flag_oui(c);
	for (unsigned i = 0; i < 200; i++) {
		stop(c, OUI + 1, 60);
		pass_untouched(c, OUI + 1);
	}
	periods = (kernel_now_ns() - begin) / (LC_EVENT_CHANGE_MS * 1000000ull);
	assert_in_range(kernel_events(c->kernel), 1, 2 + periods);
}

static void test_devices_without_a_slot_share_their_events(void **state)
{
	struct context *c = *state;
	uint64_t begin = kernel_now_ns(), without, periods;

	test_devices_without_a_slot_are_in_the_totals(state);
	periods = (kernel_now_ns() - begin) / (LC_EVENT_CHANGE_MS * 1000000ull);
	without = kernel_totals(c->kernel, PORT).frames[LC_UNCOUNTED];
	assert_true(without > 500);
	assert_in_range(kernel_events(c->kernel), 1000 - without, 1000 - without + 2 + periods);
}

static void test_lost_events_are_counted(void **state)
{
	const struct kernel_size size = {.ring = 4096, .slots = 4096};
	struct context small = {.kernel = kernel_new(&size)};
	struct lc_port_conf conf = kernel_conf(small.kernel);
	uint64_t lost;

	(void)state;
	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.port = PORT;
	small.port = kernel_load(small.kernel, &conf);
	flag_oui(&small);
	for (unsigned i = 0; i < 200; i++)
		stop(&small, OUI + 1 + i, 60);
	lost = kernel_totals(small.kernel, PORT).frames[LC_EVENTS_LOST];
	assert_true(lost > 0);
	assert_int_equal(kernel_totals(small.kernel, PORT).frames[LC_UNCOUNTED], 0);
	assert_int_equal(kernel_events(small.kernel) + lost, 200);
	kernel_unload(&small.port);
	kernel_free(small.kernel);
}

/* Zone 7 everywhere: drop; no zone on VLAN 300. */
static int setup(void **state)
{
	struct kernel *kernel = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_DROP, 0);
	conf.port = PORT;
	conf.vlan_zone[300] = 0;
	*state = context_new(kernel, &conf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals_and_slots_are_exact),
		cmocka_unit_test(test_what_passes_is_counted_apart),
		cmocka_unit_test(test_merged_segments_count),
		cmocka_unit_test(test_devices_without_a_slot_are_in_the_totals),
		cmocka_unit_test(test_an_idle_slot_is_given_away),
		cmocka_unit_test(test_what_an_event_says),
		cmocka_unit_test(test_a_device_makes_few_events),
		cmocka_unit_test(test_an_address_is_told_soon),
		cmocka_unit_test(test_a_changed_reason_is_told_soon),
		cmocka_unit_test(test_alternating_reasons_do_not_flood),
		cmocka_unit_test(test_devices_without_a_slot_share_their_events),
		cmocka_unit_test(test_lost_events_are_counted),
	};

	return cmocka_run_group_tests_name("account", tests, setup, context_teardown);
}
