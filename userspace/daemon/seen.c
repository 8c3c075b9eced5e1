/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's events: which device was seen, where, and which entry of whom decided. */
#include "daemon.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../lib/text.h"

#define BUDGET 1024	     /* events at a time; then others have their turn */
#define REPEAT_SECONDS 600   /* a device that does the same all the time is told of this often */
#define TURNS_USEC 250000ull /* at most so many turns in this time: a flood of events costs a bounded share of a CPU */
#define TURNS 10u

static const char *const reasons[LC_REASONS] = {
	[LC_STOPPED_XDP] = "stopped",	   [LC_STOPPED_TC] = "stopped",	      [LC_ALLOWED] = "allowed",
	[LC_MONITORED] = "monitored",	   [LC_NO_ZONE] = "no zone",	      [LC_DRY_RUN] = "dry-run",
	[LC_BYPASSED] = "bypassed",	   [LC_UNCONFIRMED] = "unconfirmed", [LC_PROTECTED] = "protected",
	[LC_UNCOUNTED] = "uncounted",	   [LC_EVENTS_LOST] = "events lost", [LC_EVICTED] = "evicted",
	[LC_MIRRORED] = "mirrored",	   [LC_CONTAINED] = "contained",
};

static bool stopped(unsigned reason)
{
	return reason == LC_STOPPED_XDP || reason == LC_STOPPED_TC;
}

static json_t *vlan_json(unsigned vlan)
{
	if (vlan == LC_VLAN_UNTAGGED)
		return json_string("untagged");
	return vlan == LC_VLAN_ODD ? json_string("odd") : json_sprintf("%u", vlan);
}

static const char *port_name(const struct daemon *d, unsigned number, char buffer[static 16])
{
	const char *name = ports_name(d->ports, number);

	if (name)
		return name;
	(void)snprintf(buffer, 16, "port %u", number % LC_PORTS);
	return buffer;
}

static const char *zone_name(const struct daemon *d, unsigned id)
{
	return id < d->world.config->n_zones ? d->world.config->zones[id].name : NULL;
}

/* The entry the kernel decided by, as the sources have it now: NULL when the policy has changed since. */
static const struct candidate *deciding(const struct daemon *d, const struct lc_event *e, struct candidate *all)
{
	size_t n = policy_explain(d->world.policy, e->mac48, expire_now(d), all);

	for (size_t i = 0; i < n; i++)
		if (all[i].entry->word >> LC_WORD_KEY_SHIFT == e->word >> LC_WORD_KEY_SHIFT)
			return &all[i];
	return NULL;
}

static void entry_text(const struct lc_event *e, char out[static PREFIX_TEXT])
{
	struct prefix prefix = {.mac48 = e->word >> LC_WORD_PREFIX_SHIFT,
				.len = prefix_bits((unsigned)(e->word >> LC_WORD_KEY_SHIFT & 3))};

	prefix_format(&prefix, out);
}

static const char *entry_string(const struct daemon *d, const struct candidate *c, uint32_t handle)
{
	return c && handle ? strings_get(source_set(d, c->source)->strings, handle) : NULL;
}

/* The frame's IP source: the device's own address, or of who talks to it. */
static void source_text(const struct lc_event *e, char out[static INET6_ADDRSTRLEN])
{
	if ((e->family != AF_INET && e->family != AF_INET6) || !inet_ntop(e->family, e->source, out, INET6_ADDRSTRLEN))
		out[0] = '\0';
}

static const char *final_name(const struct lc_event *e)
{
	return e->final ? action_name((enum lc_action)(e->final & LC_ACTION_MASK)) : NULL;
}

static void log_event(struct daemon *d, const struct lc_event *e, const struct device *one, const struct candidate *c)
{
	char mac[MAC_TEXT], entry[PREFIX_TEXT], peer[INET6_ADDRSTRLEN] = "";
	const char *source = c ? policy_source_name(d->world.policy, c->source) : NULL;

	mac_format(e->mac48, mac);
	entry_text(e, entry);
	if (e->to)
		source_text(e, peer);
	eventlog_put(d->log, EVENT_DEVICES, stopped(e->reason) ? "device_dropped" : "device_seen",
		     json_pack("{s:s, s:s, s:o, s:s, s:s*, s:s*, s:s, s:s*, s:s, s:s*, s:s, s:s*, s:I, s:s*, s:s*}", "mac", mac,
			       "direction", e->to ? "to" : "from", "vlan", vlan_json(e->vlan), "port", one->port, "ip",
			       one->ip[0] ? one->ip : NULL, "peer", peer[0] ? peer : NULL, "action",
			       action_name((enum lc_action)(e->word & LC_ACTION_MASK)), "final", final_name(e), "reason", reasons[e->reason], "zone",
			       zone_name(d, e->zone), "entry", entry, "source", source, "frames", (json_int_t)e->frames,
			       "vendor", one->vendor[0] ? one->vendor : NULL, "why",
			       entry_string(d, c, c ? c->entry->reason : 0)));
}

static bool is_long_ago(int64_t then, int64_t now)
{
	return now - then >= REPEAT_SECONDS || now < then;
}

/* Is there something to tell that was not told lately? */
static bool is_news(const struct device *one, const struct lc_event *e, int64_t now)
{
	if (is_long_ago(one->told, now) || one->vlan != e->vlan || one->action != (e->word & 0xf) || one->final != e->final)
		return true;
	if (e->final == LC_CONTAIN && (stopped(e->reason) || e->reason == LC_CONTAINED))
		return is_long_ago(one->told_contained[stopped(e->reason)], now);
	return stopped(one->reason) != stopped(e->reason) || (one->reason != e->reason && !stopped(e->reason));
}

static void update(struct daemon *d, struct device *one, const struct lc_event *e, const struct candidate *c)
{
	const char *vendor = entry_string(d, c, c ? c->entry->vendor : 0);
	int64_t at = counters_wall_clock(e->time_ns);

	if (!one->first)
		one->first = at;
	one->last = at;
	if (!e->to && e->family)
		source_text(e, one->ip);
	if (vendor)
		(void)snprintf(one->vendor, sizeof(one->vendor), "%s", vendor);
	if (e->reason == LC_NO_ZONE && !e->to) {
		one->no_zone = at;
		one->no_zone_vlan = e->vlan;
	}
	one->vlan = e->vlan;
	one->reason = e->reason;
	one->action = e->word & 0xf;
	one->final = e->final;
}

static void take(struct daemon *d, const struct lc_event *e)
{
	static struct candidate all[POLICY_CANDIDATES];
	char buffer[16];
	const struct candidate *c;
	struct device *one;
	int64_t now = (int64_t)time(NULL);
	bool news;

	if (e->reason >= LC_REASONS || !reasons[e->reason] || e->port >= LC_PORTS)
		return; /* not by our programs */
	one = devices_touch(d->devices, e->mac48, port_name(d, e->port, buffer), e->to);
	if (!one)
		return;
	c = deciding(d, e, all);
	news = is_news(one, e, now);
	update(d, one, e, c);
	loop_devices_soon(d);
	if (!news)
		return;
	one->told = now;
	if (e->final == LC_CONTAIN)
		one->told_contained[stopped(e->reason)] = now;
	log_event(d, e, one, c);
}

struct turn {
	struct daemon *d;
	unsigned left;
};
static struct turn turn; /* one ring, one loop */

static int on_event(void *arg, void *data, size_t size)
{
	struct turn *now = arg;
	struct lc_event event;

	if (size >= sizeof(event)) {
		memcpy(&event, data, sizeof(event));
		take(now->d, &event);
	}
	return --now->left ? 0 : -EAGAIN;
}

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	turn = (struct turn){.d = arg, .left = BUDGET};
	(void)ring_buffer__consume(turn.d->ring);
	return 0;
}

void seen_stop(struct daemon *d)
{
	d->ring_source = sd_event_source_disable_unref(d->ring_source);
	ring_buffer__free(d->ring);
	d->ring = NULL;
	if (d->ring_fd >= 0)
		(void)close(d->ring_fd);
	d->ring_fd = -1;
}

int seen_start(struct daemon *d)
{
	int err;

	seen_stop(d);
	d->ring_fd = kernel_open_ring(d->kernel);
	if (d->ring_fd < 0)
		return d->ring_fd;
	d->ring = ring_buffer__new(d->ring_fd, on_event, &turn, NULL);
	if (!d->ring) {
		err = -errno;
		seen_stop(d);
		return err;
	}
	err = sd_event_add_io(d->event, &d->ring_source, ring_buffer__epoll_fd(d->ring), EPOLLIN, on_ring, d);
	if (err < 0)
		return err;
	(void)sd_event_source_set_priority(d->ring_source, SD_EVENT_PRIORITY_IDLE);
	(void)sd_event_source_set_ratelimit(d->ring_source, TURNS_USEC, TURNS);
	return 0;
}

void seen_load(struct daemon *d)
{
	char *path = path_join(d->world.config->run, PATH_DAEMON_DEVICES);

	if (path && devices_read(d->devices, path))
		log_warning("%s: damaged; devices seen before are forgotten, their counters are not", path);
	free(path);
}

void seen_save(struct daemon *d)
{
	char *path = path_join(d->world.config->run, PATH_DAEMON_DEVICES);
	int err = path ? devices_write(d->devices, path) : -ENOMEM;

	if (err)
		log_warning("%s: cannot be written: %s", path ? path : "", strerror(-err));
	free(path);
}
