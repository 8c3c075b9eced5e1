/* SPDX-License-Identifier: GPL-2.0-only */
/* Where captured frames go: a pcapng file or pipe, or a line each. */
#include "capture_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../feed/entry.h"
#include "../lib/mac.h"
#include "../lib/pcapng.h"
#include "../lib/text.h"
#include "names.h"

#define SECOND 1000000000ull
#define ADDRESSES 12u /* octets of a frame before a tag */
#define TAG 4u
#define STEP_NS 1000000 /* the wall clock was set: it went another way than the time since boot by more than this */

struct sink_port {
	char name[16];
	bool described;
	uint32_t interface;
	uint64_t frames, lost_before;
};

/* ---- Time ---- */
static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* From the programs' clock to the wall's. It stays the same while that one is not set, so that times never jump. */
static uint64_t wall_ns(struct sink *s, uint64_t monotonic)
{
	uint64_t now = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);

	if (llabs((long long)(now - s->offset_ns)) > STEP_NS)
		s->offset_ns = now;
	return monotonic + s->offset_ns;
}

/* ---- Ports ---- */
static uint64_t lost_on(const struct sink *s, unsigned port)
{
	struct lc_totals totals;

	return counters_totals(s->counters, port, &totals) ? 0 : totals.frames[LC_CAPTURE_LOST];
}

static int read_ports(struct sink *s)
{
	struct lc_port *all = calloc(LC_PORTS, sizeof(*all));
	int err = all ? counters_ports(s->counters, all) : -ENOMEM;

	for (unsigned i = 0; !err && i < LC_PORTS; i++)
		if (!s->port[i].described)
			(void)snprintf(s->port[i].name, sizeof(s->port[i].name), "%.15s", all[i].name);
	free(all);
	return err;
}

static void describe(struct sink *s, unsigned number)
{
	struct sink_port *port = &s->port[number];

	if (port->described)
		return;
	if (!port->name[0])
		(void)read_ports(s); /* it came after we began */
	if (!port->name[0])
		(void)snprintf(port->name, sizeof(port->name), "port %u", number % LC_PORTS);
	port->described = true;
	port->interface = s->interfaces++;
	if (s->file)
		s->err = pcapng_interface(s->file, port->name, s->snaplen);
}

int sink_open(struct sink *s, int fd, unsigned only)
{
	int err;

	s->port = calloc(LC_PORTS, sizeof(*s->port));
	if (!s->port)
		return -ENOMEM;
	s->start_ns = clock_ns(CLOCK_REALTIME);
	err = read_ports(s);
	if (!err && fd >= 0)
		err = pcapng_new(fd, "lenscap " LENSCAP_VERSION, s->given_up, &s->file);
	for (unsigned i = 0; !err && i < LC_PORTS; i++) {
		s->port[i].lost_before = lost_on(s, i);
		if (s->port[i].name[0] && (only == LC_CAPTURE_ANY_PORT || only == i))
			describe(s, i);
	}
	return err ? err : s->err;
}

/* ---- pcapng ---- */
/* The frame with the tag that the kernel had taken out. */
static uint32_t put_together(const struct lc_captured *head, const uint8_t *frame, uint8_t *out)
{
	const uint8_t tag[TAG] = {(uint8_t)(head->tag_proto >> 8), (uint8_t)head->tag_proto, (uint8_t)(head->tag_tci >> 8),
				  (uint8_t)head->tag_tci};
	uint32_t before = head->captured < ADDRESSES ? head->captured : ADDRESSES, size = before;

	memcpy(out, frame, before);
	if (head->tag_proto && before == ADDRESSES) {
		memcpy(out + size, tag, TAG);
		size += TAG;
	}
	memcpy(out + size, frame + before, head->captured - before);
	return size + head->captured - before;
}

static void write_frame(struct sink *s, const struct lc_captured *head, const uint8_t *frame)
{
	static uint8_t whole[LC_CAPTURE_MOST + TAG];
	char label[LABEL_TEXT];
	struct pcapng_packet packet = {
		.interface = s->port[head->port].interface,
		.time_ns = wall_ns(s, head->time_ns),
		.captured = put_together(head, frame, whole),
		.original = head->bytes + (head->tag_proto ? TAG : 0),
		.data = whole,
		.direction = head->hook == LC_HOOK_TC_EGRESS ? PCAPNG_OUTBOUND : PCAPNG_INBOUND,
		.comment = label,
	};

	if (packet.captured > s->snaplen)
		packet.captured = s->snaplen;
	label_text(s->labels, head, label);
	s->err = pcapng_packet(s->file, &packet);
}

/* ---- Lines ---- */
static void time_text(uint64_t ns, char *out, size_t size)
{
	char seconds[TIME_TEXT];

	time_format((int64_t)(ns / SECOND), seconds);
	(void)snprintf(out, size, "%.19s.%09lluZ", seconds, (unsigned long long)(ns % SECOND));
}

static void show_fields(struct sink *s, const struct lc_captured *head, const char *time, const char *mac, const char *vlan)
{
	struct out *o = s->cli->out;
	char entry[ENTRY_TEXT];

	entry_format(head->word, entry);
	out_string(o, "time", NULL, time);
	out_string(o, "port", NULL, s->port[head->port].name);
	out_string(o, "mac", NULL, mac);
	out_string(o, "direction", NULL, head->to ? "to" : "from");
	out_string(o, "way", NULL, head->hook == LC_HOOK_TC_EGRESS ? "out" : "in");
	out_string(o, "vlan", NULL, vlan);
	out_uint(o, "bytes", NULL, head->bytes + (head->tag_proto ? TAG : 0));
	out_string(o, "reason", NULL, reason_key(head->reason));
	out_string(o, "final", NULL, head->final ? action_name(head->final) : NULL);
	out_string(o, "zone", NULL, label_zone(s->labels, head));
	out_string(o, "entry", NULL, entry);
	out_string(o, "action", NULL, action_name(head->word & LC_ACTION_MASK));
	out_string(o, "source", NULL, label_source(s->labels, head));
}

static void show_frame(struct sink *s, const struct lc_captured *head)
{
	char time[TIME_TEXT + 16], mac[MAC_TEXT], vlan[VLAN_TEXT], label[LABEL_TEXT];

	time_text(wall_ns(s, head->time_ns), time, sizeof(time));
	mac_format(head->mac48, mac);
	vlan_format(head->vlan, vlan);
	label_text(s->labels, head, label);
	show_fields(s, head, time, mac, vlan);
	out_line(s->cli->out, "%s  %s %s  %s %s  VLAN %s  %u bytes  %s", time, s->port[head->port].name,
		 head->hook == LC_HOOK_TC_EGRESS ? "out" : "in", head->to ? "to" : "from", mac, vlan,
		 head->bytes + (head->tag_proto ? TAG : 0), label);
	out_flush(s->cli->out);
	if (ferror(stdout))
		s->err = -EPIPE;
}

void sink_frame(void *arg, const struct lc_captured *head, const uint8_t *frame)
{
	struct sink *s = arg;

	if (s->done || head->port >= LC_PORTS)
		return;
	describe(s, head->port);
	if (!s->err && s->file)
		write_frame(s, head, frame);
	else if (!s->err)
		show_frame(s, head);
	s->frames += !s->err;
	s->port[head->port].frames += !s->err;
	s->done = s->err || s->frames == s->most;
}

void sink_flush(struct sink *s)
{
	if (!s->err && s->file)
		s->err = pcapng_flush(s->file);
	s->done |= s->err != 0;
}

void sink_finish(struct sink *s)
{
	struct pcapng_statistics statistics = {.start_ns = s->start_ns, .end_ns = clock_ns(CLOCK_REALTIME)};

	for (unsigned i = 0; i < LC_PORTS; i++) {
		const struct sink_port *port = &s->port[i];

		if (!port->described)
			continue;
		statistics.interface = port->interface;
		statistics.dropped = lost_on(s, i) - port->lost_before;
		statistics.received = port->frames + statistics.dropped;
		s->lost += statistics.dropped;
		if (s->file && !s->err)
			s->err = pcapng_statistics(s->file, &statistics);
	}
	sink_flush(s);
}

void sink_close(struct sink *s)
{
	pcapng_free(s->file);
	free(s->port);
}
