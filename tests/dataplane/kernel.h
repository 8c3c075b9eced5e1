/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps and programs of one port, loaded as the loader does it, and frames run through them. For tests and benches. */
#ifndef LENSCAP_TESTS_KERNEL_H
#define LENSCAP_TESTS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../../userspace/lib/table.h"

#include "lenscap_copy.skel.h"
#include "lenscap_egress.skel.h"
#include "lenscap_tc.skel.h"
#include "lenscap_xdp.skel.h"

struct kernel_size { /* 0 = the default */
	uint32_t capacity; /* entries: 1024 */
	uint32_t slots;	   /* per CPU: 64 */
	uint32_t ring;	   /* bytes: LC_EVENT_RING_BYTES */
};

struct kernel {
	struct lc_control control;
	int control_fd, switches, protect, protect_filter, slots_fd, totals_fd, head_fd, filter_fd, table_fd, grace, events;
	int permits, mirror, mirror_device, capture, capture_ring;
	struct lc_policy_head *head; /* mapped */
	uint64_t *filter;
	struct lc_bucket *buckets;
	struct lc_slot *slots;
	struct lc_totals *totals;
	struct table *table;
	struct ring_buffer *ring;
	struct lc_event event[4096]; /* what kernel_events took, n_event of it */
	size_t n_event;
};

struct kernel_port { /* one instance of the programs */
	struct lenscap_xdp *xdp;
	struct lenscap_tc *tc;
	struct lenscap_egress *egress;
};

/* Make the maps and open the table. Every function here ends the program with a message when the kernel refuses. */
struct kernel *kernel_new(const struct kernel_size *size);
void kernel_free(struct kernel *k);

/* The port's read-only data with what the maps need filled in; no zone anywhere, port number 0. */
struct lc_port_conf kernel_conf(const struct kernel *k);
/* One zone on every VLAN: id 7, ACTION, drop, monitor and allow permitted. */
void conf_zone_everywhere(struct lc_port_conf *conf, enum lc_action action, unsigned flags);
struct kernel_port kernel_load(const struct kernel *k, const struct lc_port_conf *conf);
void kernel_unload(struct kernel_port *port);

/* Put one entry in force, or take it away (nibble 0). */
void kernel_flag(struct kernel *k, uint64_t mac48, enum lc_length length, unsigned nibble);
void kernel_protect(struct kernel *k, uint64_t mac48);
void kernel_switch(struct kernel *k, enum lc_switch which, uint64_t ns);
/* Permit an address or prefix in ZONE: ADDRESS as text, FLAGS as in struct lc_permit_key's value. */
void kernel_permit(struct kernel *k, unsigned zone, const char *address, unsigned bits, uint8_t flags);
/* Where copies go; mirror->ifindex goes to mirror_device too, when it takes frames from XDP. */
void kernel_mirror(struct kernel *k, const struct lc_mirror *mirror);
/* No entries, no evidence, no protected or permitted address, no mirror port, switches off, events read away. */
void kernel_clear(struct kernel *k);
/* No evidence, events read away. */
void kernel_forget(struct kernel *k);
struct lc_totals kernel_totals(const struct kernel *k, unsigned port);
/* The slot of a device, CPUs added up; NULL when it has none. Valid until the next call. */
const struct lc_slot *kernel_slot(const struct kernel *k, uint64_t mac48, unsigned port);
/* And of the frames to it. */
const struct lc_slot *kernel_slot_to(const struct kernel *k, uint64_t mac48, unsigned port);
/* Take what is in the ring: k->event, k->n_event. */
size_t kernel_events(struct kernel *k);
uint64_t kernel_now_ns(void);

/* ---- frames ---- */
#define FRAME_MAX 9216
struct packet {
	uint8_t data[FRAME_MAX];
	size_t size;
};
#define TEST_CAMERA 0x4419b6010203ull
#define TEST_LAPTOP 0x3c5282112233ull

/* Destination and source; the EtherType or length follows. */
void packet_start(struct packet *p, uint64_t source);
void packet_u16(struct packet *p, uint16_t value);
void packet_tag(struct packet *p, uint16_t ethertype, uint16_t tci);
void packet_bytes(struct packet *p, const void *bytes, size_t n);
/* Zeroes until SIZE. */
void packet_pad(struct packet *p, size_t size);
/* A whole IPv4 frame of SIZE bytes. */
void packet_ipv4(struct packet *p, uint64_t source, size_t size);

/* Run a program over a frame. The verdict, or a negative errno. */
int run_program(int prog_fd, const struct packet *p);
int run_xdp(const struct kernel_port *port, const struct packet *p);
int run_tc(const struct kernel_port *port, const struct packet *p);
/* With the number of segments that GRO merged. */
int run_tc_merged(const struct kernel_port *port, const struct packet *p, uint32_t segments);

#endif
