/* SPDX-License-Identifier: GPL-2.0-only */
/* The ports as a whole: numbers, adoption, and the walk that brings every port to what the plan says. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "pins.h"
#include "port.h"

int ports_init(struct ports *ports, const char *dir, enum tc_choice tc)
{
	struct stat st;

	memset(ports, 0, sizeof(*ports));
	if (stat("/proc/self/ns/net", &st))
		return -errno;
	ports->netns = st.st_ino;
	ports->tc = tc;
	ports->dir = strdup(dir);
	return ports->dir ? 0 : -ENOMEM;
}

const char *port_dir(const struct ports *ports, unsigned number, char *out, size_t size)
{
	snprintf(out, size, "%s/" LC_PIN_PORT_DIR "/%u", ports->dir, number);
	return out;
}

struct port *port_new(unsigned number)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->number = (uint16_t)number;
	port->xdp_link = -1;
	tc_hook_init(&port->tc, TC_SIDE_INGRESS);
	tc_hook_init(&port->egress, TC_SIDE_EGRESS);
	port->instance = INSTANCE_NONE;
	return port;
}

void port_free(struct port *port)
{
	if (!port)
		return;
	if (port->xdp_link >= 0)
		close(port->xdp_link);
	tc_hook_close(&port->tc);
	tc_hook_close(&port->egress);
	instance_close(&port->instance);
	notes_clear(&port->warnings);
	free(port);
}

void ports_free(struct ports *ports)
{
	for (unsigned n = 0; n < LC_PORTS; n++)
		port_free(ports->port[n]);
	free(ports->dir);
	memset(ports, 0, sizeof(*ports));
}

static void read_row(const struct maps *maps, uint32_t number, struct lc_port *row)
{
	if (maps->fd[MAP_PORTS] < 0 || bpf_map_lookup_elem(maps->fd[MAP_PORTS], &number, row))
		memset(row, 0, sizeof(*row));
	row->name[sizeof(row->name) - 1] = 0;
}

static bool same_row(const struct lc_port *a, const struct lc_port *b)
{
	return !strcmp(a->name, b->name) && a->ifindex == b->ifindex && a->xdp == b->xdp && a->tc == b->tc &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) && a->netns == b->netns;
}

static int write_row(const struct maps *maps, struct port *port)
{
	const uint32_t number = port->number;

	if (same_row(&port->pub, &port->published))
		return 0;
	if (bpf_map_update_elem(maps->fd[MAP_PORTS], &number, &port->pub, BPF_ANY))
		return -errno;
	port->published = port->pub;
	return 0;
}

/* Whoever our links are on: nobody (gone), one of these interfaces, or a device that went elsewhere. */
static void place(struct port *port, const struct ifaces *ifaces)
{
	const struct iface *iface;
	size_t n;

	iface = ifaces_all(ifaces, &n);
	for (size_t i = 0; i < n; i++) {
		if (!port_is_on(port, &iface[i]))
			continue;
		port->pub.ifindex = (uint32_t)iface[i].ifindex;
		port->present = true;
		return;
	}
	port->pub.ifindex = 0;
	port->elsewhere = port_alive(port);
}

int ports_adopt(struct ports *ports, const struct maps *maps, const struct ifaces *ifaces)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = port_new(n);
		bool pinned;

		if (!port)
			return -ENOMEM;
		read_row(maps, n, &port->pub);
		port->published = port->pub;
		pinned = port_open_pins(ports, port);
		if (!pinned && !port->pub.name[0]) {
			port_free(port);
			continue;
		}
		place(port, ifaces);
		ports->port[n] = port;
	}
	return 0;
}

bool ports_any(const struct ports *ports)
{
	for (unsigned n = 0; n < LC_PORTS; n++)
		if (ports->port[n] && (ports->port[n]->present || ports->port[n]->elsewhere))
			return true;
	return false;
}

static struct port *find_here(const struct ports *ports, const struct iface *iface)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (port && port->present && port->pub.ifindex == (uint32_t)iface->ifindex)
			return port;
	}
	return NULL;
}

/* EXACT: by the XDP program, of which each port has its own. */
static struct port *find_returned(const struct ports *ports, const struct iface *iface, bool exact)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (port && port->elsewhere && (exact ? port_runs_on(port, iface) : port_is_on(port, iface)))
			return port;
	}
	return NULL;
}

/* The number a name had before, so that its counters go on. */
static struct port *find_gone(const struct ports *ports, const char *name)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (port && !port->present && !port->elsewhere && !strcmp(port->pub.name, name))
			return port;
	}
	return NULL;
}

static struct port *find_unused(struct ports *ports)
{
	for (unsigned n = 0; n < LC_PORTS; n++)
		if (!ports->port[n])
			return ports->port[n] = port_new(n);
	return NULL;
}

/* With every number taken once, one whose interface is gone serves again; its counters start at zero. */
static struct port *find_spent(struct ports *ports, const struct maps *maps)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (!port || port->present || port->elsewhere)
			continue;
		maps_forget_port(maps, n);
		port_free(port);
		return ports->port[n] = port_new(n);
	}
	return NULL;
}

static struct port *find_port(struct ports *ports, const struct maps *maps, const struct iface *iface)
{
	struct port *port = find_returned(ports, iface, true);

	if (!port)
		port = find_here(ports, iface);
	if (!port)
		port = find_returned(ports, iface, false);
	if (!port)
		port = find_gone(ports, iface->name);
	if (!port)
		port = find_unused(ports);
	return port ? port : find_spent(ports, maps);
}

static bool doubles(const struct port *other, const struct iface *iface)
{
	if (other->present)
		return other->pub.ifindex == (uint32_t)iface->ifindex;
	/* One whose XDP lives somewhere is the device's own port, even if we cannot see it there now. */
	return other->elsewhere && !port_xdp_alive(other) && !strcmp(other->pub.name, iface->name) &&
	       port_is_on(other, iface);
}

/* A device that leaves and comes back while we look is taken for a new one, until its own port is known again. The filter
 * is taken over first, else there would be no room for one. */
static void take_filters(struct ports *ports, struct port *port, const struct iface *iface)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *other = ports->port[n];

		if (!other || other == port || !doubles(other, iface))
			continue;
		if ((int)tc_hook_hand_over(&other->tc, &port->tc) + tc_hook_hand_over(&other->egress, &port->egress))
			memset(&port->conf, 0, sizeof(port->conf)); /* a new program goes into it */
	}
}

/* Then the other goes, but not before the one that stays stops all by itself. */
static void end_doubles(struct ports *ports, const struct port *port, const struct maps *maps, const struct iface *iface)
{
	if (tc_hook_mode(&port->tc) == LC_TC_NONE || port->instance.tc.fd < 0)
		return;
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *other = ports->port[n];

		if (!other || other == port || !doubles(other, iface))
			continue;
		log_info("%s: port %u was the same device: ended", iface->name, n);
		port_release(ports, other);
		(void)write_row(maps, other);
	}
}

static void describe(struct ports *ports, struct port *port, const struct iface *iface)
{
	if (port->present && port->pub.name[0] && strcmp(port->pub.name, iface->name))
		log_info("%s is called %s now", port->pub.name, iface->name);
	port->present = true;
	port->elsewhere = false;
	port->up = iface->up;
	memset(port->pub.name, 0, sizeof(port->pub.name));
	memcpy(port->pub.name, iface->name, strnlen(iface->name, sizeof(port->pub.name) - 1));
	memcpy(port->pub.mac, iface->mac, sizeof(port->pub.mac));
	port->pub.ifindex = (uint32_t)iface->ifindex;
	port->pub.netns = ports->netns;
}

/* A verifier's run for each of many ports takes its time, at the start too. Seldom: a service manager that does not
 * read would hold us up. */
static void still_alive(void)
{
	static time_t last;

	if (port_clock() - last < 5)
		return;
	last = port_clock();
	(void)sd_notify(0, "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000");
}

/* New programs when what they shall know has changed. The old ones stay until the new are in their place. */
static int refresh(const struct ports *ports, struct port *port, const struct maps *maps,
		   const struct lc_port_conf *conf)
{
	struct instance instance;
	int error;

	if (port->instance.tc.fd >= 0 && !memcmp(&port->conf, conf, sizeof(*conf)))
		return 0;
	still_alive();
	error = instance_load(maps, conf, &instance);
	if (error)
		return error;
	error = port_switch(ports, port, &instance);
	if (error)
		instance_close(&instance);
	else
		port->conf = *conf;
	return error;
}

static void warn_of_foreign(struct port *port)
{
	if (port->pub.xdp == LC_XDP_FOREIGN)
		notes_add(
		    &port->warnings,
		    "%s: XDP program %u of somebody else is on it: enforced by tc alone; remove it (bpftool net) and "
		    "Lenscap takes its place",
		    port->pub.name, port->foreign_id);
	else if (port->pub.xdp == LC_XDP_GENERIC)
		notes_add(&port->warnings, "%s: generic XDP, slower than native: %s", port->pub.name, port->xdp_reason);
	else if (port->pub.xdp == LC_XDP_NONE)
		notes_add(&port->warnings, "%s: no XDP, enforced by tc alone: %s", port->pub.name, port->xdp_reason);
	if (port->pub.tc == LC_TC_NONE)
		notes_add(&port->warnings, "%s: %s; what XDP does not see is not enforced", port->pub.name,
			  port->tc.reason);
	if (port->conf.flags & LC_PORT_BOTH && tc_hook_mode(&port->egress) == LC_TC_NONE)
		notes_add(&port->warnings, "%s: egress %s; frames to devices behind it are not stopped here",
			  port->pub.name, port->egress.reason);
}

static void sync_pins(const struct ports *ports, struct port *port)
{
	unsigned again = 0;
	int error = port_pin(ports, port, &again);

	if (again)
		log_warning("%s: a pin was gone and is there again", port->pub.name);
	if (error)
		notes_add(&port->warnings, "%s: cannot pin in %s (%s): enforcement would end with this program",
			  port->pub.name, ports->dir, strerror(-error));
}

static void sync_here(struct ports *ports, struct port *port, const struct maps *maps, const struct config *config,
		      const struct plan_port *want)
{
	struct lc_port_conf conf;
	int error;

	notes_clear(&port->warnings);
	describe(ports, port, &want->iface);
	notes_copy(&port->warnings, &want->warnings);
	port_drop_dead(port, port->pub.ifindex);
	port_configure(port, maps, config, want, &conf);
	error = refresh(ports, port, maps, &conf);
	if (error)
		notes_add(&port->warnings, "%s: cannot load its programs (%s): %s", port->pub.name, strerror(-error),
			  port->instance.tc.fd >= 0 ? "the former ones stay" : "nothing is enforced here");
	if (port->instance.tc.fd >= 0) {
		port_attach_tc(ports, port);
		port_attach_xdp(port, &want->iface);
	}
	warn_of_foreign(port);
	sync_pins(ports, port);
	error = write_row(maps, port);
	if (error)
		notes_add(&port->warnings, "%s: cannot write the ports map: %s", port->pub.name, strerror(-error));
}

static void sync_one(struct ports *ports, struct port *port, const struct maps *maps, const struct config *config,
		     const struct plan_port *want)
{
	take_filters(ports, port, &want->iface);
	sync_here(ports, port, maps, config, want);
	end_doubles(ports, port, maps, &want->iface);
}

/* A device that left: gone with our links, or still under them in another namespace, where it goes on being stopped. */
static void sync_left(struct ports *ports, struct port *port, const struct maps *maps)
{
	struct lc_port_conf conf;

	notes_clear(&port->warnings);
	if (port->present)
		log_info("%s is gone from this network namespace", port->pub.name);
	port->present = false;
	port->pub.ifindex = 0;
	port->tc.filter = port->egress.filter = 0;
	port->offload_turned_off = 0;
	port->elsewhere = port_alive(port);
	if (port->elsewhere) {
		notes_add(&port->warnings,
			  "%s was moved to another network namespace with its programs on it: %s; move it back, or end it "
			  "with lenscap-loader --detach",
			  port->pub.name,
			  port->tc.link >= 0 ? "it is enforced as before, but not followed"
					     : "XDP goes on there, but its tc filter is gone, and what only tc stops passes");
		port_configure(port, maps, NULL, NULL, &conf);
		if (port->instance.tc.fd >= 0 && refresh(ports, port, maps, &conf))
			notes_add(&port->warnings, "%s: its programs cannot be renewed", port->pub.name);
	} else {
		port_drop_dead(port, 0);
		port->pub.xdp = LC_XDP_NONE;
		port->pub.tc = LC_TC_NONE;
	}
	sync_pins(ports, port);
	(void)write_row(maps, port);
}

void port_release(struct ports *ports, struct port *port)
{
	char dir[PORT_PATH];

	port_dir(ports, port->number, dir, sizeof(dir));
	if (port->xdp_link >= 0)
		(void)bpf_link_detach(port->xdp_link); /* it may be held open elsewhere too */
	tc_hook_release(&port->tc, dir, port->pub.ifindex);
	tc_hook_release(&port->egress, dir, port->pub.ifindex);
	port_drop_dead(port, 0);
	port_restore_offload(port);
	(void)pin_remove(dir, LC_PIN_XDP_LINK);
	(void)rmdir(dir);
	instance_close(&port->instance);
	port->present = port->elsewhere = false;
	port->pub.ifindex = 0;
	port->pub.xdp = LC_XDP_NONE;
	port->pub.tc = LC_TC_NONE;
}

/* An interface that is there, but in no zone any more. */
static void sync_unwanted(struct ports *ports, struct port *port, const struct maps *maps)
{
	log_info("%s is in no zone any more: detached", port->pub.name);
	notes_clear(&port->warnings);
	port_release(ports, port);
	(void)write_row(maps, port);
}

static bool has_left(const struct port *port, const struct ifaces *ifaces)
{
	const struct iface *iface;

	if (!port->present)
		return port->elsewhere || port->xdp_link >= 0 || port->tc.link >= 0 || port->egress.link >= 0 ||
		       port->pub.ifindex;
	iface = ifaces_by_index(ifaces, (int)port->pub.ifindex);
	return !iface || port_replaced(port, iface);
}

void ports_sync(struct ports *ports, const struct maps *maps, const struct config *config, const struct plan *plan,
		const struct ifaces *ifaces)
{
	for (unsigned n = 0; n < LC_PORTS; n++)
		if (ports->port[n] && has_left(ports->port[n], ifaces))
			sync_left(ports, ports->port[n], maps);
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (port && port->present && !plan_find(plan, (int)port->pub.ifindex))
			sync_unwanted(ports, port, maps);
	}
	for (size_t i = 0; i < plan->n; i++) {
		struct port *port = find_port(ports, maps, &plan->port[i].iface);

		if (port)
			sync_one(ports, port, maps, config, &plan->port[i]);
		else
			log_error("%s: more than %d ports: not enforced", plan->port[i].iface.name, LC_PORTS);
	}
}
