/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking over the ports of an earlier loader: it is the device that counts, not the number it happens to have. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pins.h"
#include "port.h"

static uint32_t program_id(const char *dir, const char *name)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = pin_open(dir, name);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info.id = 0;
	close(fd);
	return info.id;
}

static int open_link(const char *dir, const char *name, bool *pinned)
{
	int link = pin_open(dir, name);

	*pinned = link >= 0;
	return link < 0 ? -1 : link;
}

/* The filter runs the program of one of two pins, or it is not ours. */
static uint32_t find_filter(const char *dir, uint32_t ifindex)
{
	uint32_t present = ifindex ? clsact_present((int)ifindex) : 0;

	if (present && (present == program_id(dir, LC_PIN_TC_PROG) || present == program_id(dir, PIN_TC_NEXT)))
		return present;
	return 0;
}

bool port_open_pins(const struct ports *ports, struct port *port)
{
	char dir[PORT_PATH];

	port_dir(ports, port->number, dir, sizeof(dir));
	port->xdp_link = open_link(dir, LC_PIN_XDP_LINK, &port->xdp_pinned);
	port->tc_link = open_link(dir, LC_PIN_TC_LINK, &port->tc_pinned);
	if (port->pub.netns == ports->netns)
		port->filter_id = find_filter(dir, port->pub.ifindex);
	return port->xdp_link >= 0 || port->tc_link >= 0 || port->filter_id;
}

static uint32_t ifindex_of(int link)
{
	struct link_state state;

	return link >= 0 && !link_state(link, &state) ? state.ifindex : 0;
}

bool port_alive(const struct port *port)
{
	return ifindex_of(port->xdp_link) || ifindex_of(port->tc_link);
}

/* The program on a device is one of a kind: each port has an instance of its own. */
static bool runs_our_xdp(const struct port *port, const struct iface *iface)
{
	struct link_state state;
	enum lc_xdp_mode mode;

	return port->xdp_link >= 0 && !link_state(port->xdp_link, &state) && state.prog_id &&
	       state.prog_id == xdp_present(iface->ifindex, &mode);
}

/* A link's number is of the namespace its device is in: here or elsewhere. With XDP the program itself tells; with tc
 * alone the address must do. */
bool port_is_on(const struct port *port, const struct iface *iface)
{
	uint32_t ifindex = (uint32_t)iface->ifindex;

	if (port->filter_id && port->pub.ifindex == ifindex)
		return true;
	if (ifindex_of(port->xdp_link) == ifindex)
		return runs_our_xdp(port, iface);
	return ifindex_of(port->tc_link) == ifindex && !memcmp(port->pub.mac, iface->mac, sizeof(iface->mac));
}

/* Our links live, but on another device than the one that has the number now. */
bool port_replaced(const struct port *port, const struct iface *iface)
{
	uint32_t ifindex = ifindex_of(port->xdp_link);

	return ifindex && (ifindex != (uint32_t)iface->ifindex || !runs_our_xdp(port, iface));
}
