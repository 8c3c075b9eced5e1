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

#define RETRY_SOON 5   /* seconds until XDP is tried again where there is none at all, */
#define RETRY_FIRST 60 /* and until native is, with nothing changed */
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
	tc_hook_drop_dead(&port->tc, ifindex);
	tc_hook_drop_dead(&port->egress, ifindex);
	port->pub.tc = (uint8_t)tc_hook_mode(&port->tc);
}

static int update(int link, int prog)
{
	if (link < 0 || !bpf_link_update(link, prog, NULL))
		return 0;
	return errno == ENOLINK ? 0 : -errno; /* a dead link: port_drop_dead() finds it */
}

int port_switch(const struct ports *ports, struct port *port, const struct instance *instance)
{
	char dir[PORT_PATH];
	int error = update(port->xdp_link, instance->xdp.fd);

	port_dir(ports, port->number, dir, sizeof(dir));
	if (!error)
		error = tc_hook_switch(&port->tc, dir, port->pub.ifindex, &instance->tc);
	if (!error && instance->egress.fd >= 0)
		error = tc_hook_switch(&port->egress, dir, port->pub.ifindex, &instance->egress);
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
	if (result->mode == LC_XDP_NATIVE)
		port->retry_after = 0; /* what comes later has other reasons */
	else if (port->retry_after == 0)
		port->retry_after = result->link < 0 ? RETRY_SOON : RETRY_FIRST;
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

	xdp_attach(iface->ifindex, port->instance.xdp.fd, &result);
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

void port_attach_tc(const struct ports *ports, struct port *port)
{
	const struct instance *instance = &port->instance;
	char dir[PORT_PATH];

	port_dir(ports, port->number, dir, sizeof(dir));
	tc_hook_attach(&port->tc, dir, port->pub.ifindex, &instance->tc, ports->tc);
	port->pub.tc = (uint8_t)tc_hook_mode(&port->tc);
	if (instance->egress.fd >= 0)
		tc_hook_attach(&port->egress, dir, port->pub.ifindex, &instance->egress, ports->tc);
	else
		tc_hook_release(&port->egress, dir, port->pub.ifindex);
}

/* Pin a link that is not pinned (any more); unpin what is gone. */
static int pin_xdp(struct port *port, const char *dir, unsigned *again)
{
	int error;

	if (port->xdp_link < 0)
		return pin_remove(dir, LC_PIN_XDP_LINK);
	if (port->xdp_pinned && pin_exists(dir, LC_PIN_XDP_LINK))
		return 0;
	error = folders_port(dir);
	if (!error)
		error = pin_place(dir, LC_PIN_XDP_LINK, port->xdp_link, 0600, (gid_t)-1);
	*again += !error && port->xdp_pinned;
	port->xdp_pinned = !error;
	return error;
}

int port_pin(const struct ports *ports, struct port *port, unsigned *again)
{
	char dir[PORT_PATH];
	int error;

	port_dir(ports, port->number, dir, sizeof(dir));
	error = pin_xdp(port, dir, again);
	if (!error)
		error = tc_hook_pin(&port->tc, dir, &port->instance.tc, again);
	return error ? error : tc_hook_pin(&port->egress, dir, &port->instance.egress, again);
}
