/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking over the ports of an earlier loader: it is the device that counts, not the number it happens to have. */
#include <string.h>

#include "pins.h"
#include "port.h"

bool port_open_pins(const struct ports *ports, struct port *port)
{
	uint32_t ifindex = port->pub.netns == ports->netns ? port->pub.ifindex : 0;
	char dir[PORT_PATH];

	port_dir(ports, port->number, dir, sizeof(dir));
	port->xdp_link = pin_open(dir, LC_PIN_XDP_LINK);
	port->xdp_pinned = port->xdp_link >= 0;
	tc_hook_adopt(&port->tc, dir, ifindex);
	tc_hook_adopt(&port->egress, dir, ifindex);
	return port->xdp_link >= 0 || tc_hook_mode(&port->tc) != LC_TC_NONE ||
	       tc_hook_mode(&port->egress) != LC_TC_NONE;
}

static uint32_t ifindex_of(int link)
{
	struct link_state state;

	return link >= 0 && !link_state(link, &state) ? state.ifindex : 0;
}

bool port_alive(const struct port *port)
{
	return ifindex_of(port->xdp_link) || tc_hook_ifindex(&port->tc) || tc_hook_ifindex(&port->egress);
}

bool port_xdp_alive(const struct port *port)
{
	return ifindex_of(port->xdp_link) != 0;
}

/* The program on a device is one of a kind: each port has an instance of its own. */
static bool runs_our_xdp(const struct port *port, const struct iface *iface)
{
	struct link_state state;
	enum lc_xdp_mode mode;

	return port->xdp_link >= 0 && !link_state(port->xdp_link, &state) && state.prog_id &&
	       state.prog_id == xdp_present(iface->ifindex, &mode);
}

bool port_runs_on(const struct port *port, const struct iface *iface)
{
	return ifindex_of(port->xdp_link) == (uint32_t)iface->ifindex && runs_our_xdp(port, iface);
}

/* A link's number is of the namespace its device is in: here or elsewhere. With XDP the program itself tells; with tc
 * alone the address must do. */
bool port_is_on(const struct port *port, const struct iface *iface)
{
	uint32_t ifindex = (uint32_t)iface->ifindex;

	if ((port->tc.filter || port->egress.filter) && port->pub.ifindex == ifindex)
		return true;
	if (ifindex_of(port->xdp_link) == ifindex)
		return runs_our_xdp(port, iface);
	return (tc_hook_ifindex(&port->tc) == ifindex || tc_hook_ifindex(&port->egress) == ifindex) &&
	       !memcmp(port->pub.mac, iface->mac, sizeof(iface->mac));
}

/* Our links live, but on another device than the one that has the number now. */
bool port_replaced(const struct port *port, const struct iface *iface)
{
	struct link_state state;

	if (port->xdp_link < 0 || link_state(port->xdp_link, &state) || !state.ifindex)
		return false;
	return state.ifindex != (uint32_t)iface->ifindex || xdp_surely_not(iface->ifindex, state.prog_id);
}
