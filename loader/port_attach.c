/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching one port: links and filter, their renewal by update, their pins. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../userspace/lib/log.h"
#include "folders.h"
#include "pins.h"
#include "port.h"

#define RETRY_FIRST 60 /* seconds until native is tried again with nothing changed */
#define RETRY_MOST 3600

time_t port_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void drop(int *link, bool *pinned)
{
	if (*link >= 0)
		close(*link);
	*link = -1;
	*pinned = false; /* a pin still there is of this one */
}

static bool on(int link, uint32_t ifindex)
{
	struct link_state state;

	return link >= 0 && !link_state(link, &state) && state.ifindex == ifindex && ifindex;
}

/* A link whose device was deleted, or that somebody detached, holds nothing any more. */
void port_drop_dead(struct port *port, uint32_t ifindex)
{
	if (port->xdp_link >= 0 && !on(port->xdp_link, ifindex)) {
		drop(&port->xdp_link, &port->xdp_pinned);
		port->pub.xdp = LC_XDP_NONE;
		port->tried_mtu = 0;
	}
	if (port->tc_link >= 0 && !on(port->tc_link, ifindex)) {
		drop(&port->tc_link, &port->tc_pinned);
		port->pub.tc = LC_TC_NONE;
	}
	if (port->filter_id && (!ifindex || clsact_present((int)ifindex) != port->filter_id)) {
		port->filter_id = 0;
		port->pub.tc = LC_TC_NONE;
	}
}

static int pin_tc_prog(const struct ports *ports, const struct port *port, const char *name, int prog)
{
	char dir[PORT_PATH];

	port_dir(ports, port->number, dir, sizeof(dir));
	(void)folders_port(dir);
	return pin_place(dir, name, prog, 0600, (gid_t)-1);
}

/* Both programs are pinned while the filter changes, so that a loader that dies here finds its filter again. */
static int put_filter(const struct ports *ports, struct port *port, const struct instance *instance)
{
	char dir[PORT_PATH];
	int error = pin_tc_prog(ports, port, PIN_TC_NEXT, instance->tc);

	if (!error)
		error = clsact_attach((int)port->pub.ifindex, instance->tc, port->filter_id);
	if (error)
		return error;
	port->filter_id = instance->tc_id;
	error = pin_tc_prog(ports, port, LC_PIN_TC_PROG, instance->tc);
	port_dir(ports, port->number, dir, sizeof(dir));
	if (!error)
		(void)pin_remove(dir, PIN_TC_NEXT);
	return error;
}

static int update(int link, int prog)
{
	if (link < 0 || !bpf_link_update(link, prog, NULL))
		return 0;
	return errno == ENOLINK ? 0 : -errno; /* a dead link: port_drop_dead() finds it */
}

int port_switch(const struct ports *ports, struct port *port, const struct instance *instance)
{
	int error = update(port->xdp_link, instance->xdp);

	if (!error)
		error = update(port->tc_link, instance->tc);
	if (!error && port->filter_id && port->pub.ifindex)
		error = put_filter(ports, port, instance);
	if (error)
		return error;
	instance_close(&port->instance);
	port->instance = *instance;
	return 0;
}

static void take_result(struct port *port, const struct iface *iface, const struct xdp_result *result)
{
	port->xdp_link = result->link;
	port->pub.xdp = (uint8_t)result->mode;
	port->foreign_id = result->foreign_id;
	memcpy(port->xdp_reason, result->reason, sizeof(port->xdp_reason));
	port->tried_mtu = iface->mtu;
	port->tried_master = iface->master;
	port->tried_up = iface->up;
	if (port->retry_after == 0)
		port->retry_after = RETRY_FIRST;
	else if (port->retry_after < RETRY_MOST)
		port->retry_after *= 2;
	port->retry_at = port_clock() + port->retry_after;
}

static bool changed(const struct port *port, const struct iface *iface)
{
	return port->tried_mtu != iface->mtu || port->tried_master != iface->master || port->tried_up != iface->up;
}

static const char *mode_text(enum lc_xdp_mode mode)
{
	static const char *const text[] = {
	    [LC_XDP_NONE] = "without XDP",
	    [LC_XDP_NATIVE] = "native XDP",
	    [LC_XDP_GENERIC] = "generic XDP",
	    [LC_XDP_FOREIGN] = "without XDP",
	};

	return text[mode];
}

static void renew(struct port *port, const struct iface *iface)
{
	struct xdp_result result;

	xdp_attach(iface->ifindex, port->instance.xdp, &result);
	if (result.mode != port->pub.xdp || port->tried_mtu == 0)
		log_info("%s: %s%s%s", iface->name, mode_text(result.mode), result.reason[0] ? ": " : "",
			 result.reason);
	take_result(port, iface, &result);
}

void port_attach_xdp(struct port *port, const struct iface *iface)
{
	bool retry = changed(port, iface) || port_clock() >= port->retry_at;
	enum lc_xdp_mode mode;

	if (port->xdp_link >= 0 && !port->tried_mtu) { /* adopted: see what it is */
		(void)xdp_present(iface->ifindex, &mode);
		port->pub.xdp = (uint8_t)mode;
		port->tried_mtu = iface->mtu;
		port->tried_master = iface->master;
		port->tried_up = iface->up;
		retry = mode == LC_XDP_GENERIC; /* the reason is wanted too */
	}
	if (port->xdp_link >= 0 && (port->pub.xdp == LC_XDP_NATIVE || !retry))
		return;
	if (port->xdp_link < 0 && port->pub.xdp == LC_XDP_FOREIGN) {
		port->foreign_id = xdp_present(iface->ifindex, &mode);
		if (port->foreign_id)
			return;
	} else if (port->xdp_link < 0 && port->tried_mtu && port->xdp_reason[0] && !retry) {
		return; /* neither native nor generic: not every five seconds */
	}
	if (port->xdp_link >= 0) { /* generic, and native may work now; tc enforces meanwhile */
		(void)bpf_link_detach(port->xdp_link);
		drop(&port->xdp_link, &port->xdp_pinned);
	}
	renew(port, iface);
}

static int attach_filter(const struct ports *ports, struct port *port)
{
	int error = put_filter(ports, port, &port->instance);

	if (!error)
		port->pub.tc = LC_TC_CLSACT;
	return error;
}

void port_attach_tc(const struct ports *ports, struct port *port)
{
	int error = -EOPNOTSUPP;

	if (port->tc_link >= 0)
		port->pub.tc = LC_TC_TCX;
	else if (port->filter_id)
		port->pub.tc = LC_TC_CLSACT;
	if (port->pub.tc != LC_TC_NONE)
		return;
	port->tc_reason[0] = 0;
	if (ports->tc != TC_CLSACT) {
		error = tcx_attach((int)port->pub.ifindex, port->instance.tc);
		if (error >= 0) {
			port->tc_link = error;
			port->pub.tc = LC_TC_TCX;
			return;
		}
		snprintf(port->tc_reason, sizeof(port->tc_reason), "no tcx (kernel 6.6 and later have it): %s",
			 strerror(-error));
	}
	if (ports->tc != TC_TCX)
		error = attach_filter(ports, port);
	if (error)
		snprintf(port->tc_reason, sizeof(port->tc_reason), "tc: %s", strerror(-error));
}

/* Pin a link that is not pinned (any more); unpin what is gone. */
static int keep_pin(const char *dir, const char *name, int link, bool *pinned, unsigned *again)
{
	int error;

	if (link < 0)
		return pin_remove(dir, name);
	if (*pinned && pin_exists(dir, name))
		return 0;
	error = folders_port(dir);
	if (!error)
		error = pin_place(dir, name, link, 0600, (gid_t)-1);
	*again += !error && *pinned;
	*pinned = !error;
	return error;
}

int port_pin(const struct ports *ports, struct port *port, unsigned *again)
{
	char dir[PORT_PATH];
	int error;

	port_dir(ports, port->number, dir, sizeof(dir));
	error = keep_pin(dir, LC_PIN_XDP_LINK, port->xdp_link, &port->xdp_pinned, again);
	if (!error)
		error = keep_pin(dir, LC_PIN_TC_LINK, port->tc_link, &port->tc_pinned, again);
	if (error)
		return error;
	if (!port->filter_id)
		return pin_remove(dir, LC_PIN_TC_PROG);
	if (pin_exists(dir, LC_PIN_TC_PROG))
		return 0;
	*again += 1;
	return pin_tc_prog(ports, port, LC_PIN_TC_PROG, port->instance.tc);
}
