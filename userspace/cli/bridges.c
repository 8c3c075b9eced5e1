/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports of bridges, asked of the kernel by netlink. */
#include "bridges.h"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define WAIT_SECONDS 2
#define MOST 4096 /* ports, and bridges that filter */

struct search {
	struct bridge_ports *out;
	int *filtering; /* bridges that filter VLANs */
	size_t n_filtering;
};

static const struct nlattr *find(const struct nlattr *nest, unsigned type)
{
	const struct nlattr *attr;

	if (nest)
		mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

static const struct nlattr *find_top(const struct nlmsghdr *message, unsigned type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

/* The meaning of the data depends on the kind. */
static bool is_bridge(const struct nlattr *info)
{
	const struct nlattr *kind = find(info, IFLA_INFO_KIND);

	return kind && mnl_attr_get_payload_len(kind) == sizeof("bridge") &&
	       strcmp(mnl_attr_get_str(kind), "bridge") == 0;
}

/* First dump: which bridges filter. */
static int on_device(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *filtering;
	struct search *s = arg;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*link))
		return MNL_CB_OK;
	filtering = find(find(find_top(message, IFLA_LINKINFO), IFLA_INFO_DATA), IFLA_BR_VLAN_FILTERING);
	if (filtering && is_bridge(find_top(message, IFLA_LINKINFO)) && mnl_attr_get_payload_len(filtering) == 1 &&
	    mnl_attr_get_u8(filtering) && s->n_filtering < MOST)
		s->filtering[s->n_filtering++] = link->ifi_index;
	return MNL_CB_OK;
}

static unsigned read_pvid(const struct nlattr *spec)
{
	const struct nlattr *attr;

	if (spec)
		mnl_attr_for_each_nested(attr, spec)
		{
			const struct bridge_vlan_info *info = mnl_attr_get_payload(attr);

			if (mnl_attr_get_type(attr) == IFLA_BRIDGE_VLAN_INFO &&
			    mnl_attr_get_payload_len(attr) >= sizeof(*info) && info->flags & BRIDGE_VLAN_INFO_PVID)
				return info->vid;
		}
	return 0;
}

static bool is_filtering(const struct search *s, int bridge)
{
	for (size_t i = 0; i < s->n_filtering; i++)
		if (s->filtering[i] == bridge)
			return true;
	return false;
}

/* Second dump, of family AF_BRIDGE: bridge ports alone, with their VLANs. */
static int on_port(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *master;
	struct search *s = arg;
	struct bridge_port *port = &s->out->port[s->out->n];

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*link) || s->out->n == MOST)
		return MNL_CB_OK;
	master = find_top(message, IFLA_MASTER);
	if (!master || mnl_attr_get_payload_len(master) != sizeof(uint32_t))
		return MNL_CB_OK;
	*port = (struct bridge_port){.ifindex = link->ifi_index, .bridge = (int)mnl_attr_get_u32(master)};
	if (port->bridge == port->ifindex)
		return MNL_CB_OK; /* the bridge itself */
	if (is_filtering(s, port->bridge))
		port->pvid = read_pvid(find_top(message, IFLA_AF_SPEC));
	s->out->n++;
	return MNL_CB_OK;
}

static void dump(struct mnl_socket *nl, unsigned char family, mnl_cb_t callback, struct search *s)
{
	static char buffer[65536];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;
	static unsigned number;
	ssize_t size;
	int more = 1;

	number++;
	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = number;
	link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	link->ifi_family = family;
	if (family == AF_BRIDGE)
		mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
	if (mnl_socket_sendto(nl, message, message->nlmsg_len) < 0)
		return;
	while (more > 0 && (size = mnl_socket_recvfrom(nl, buffer, sizeof(buffer))) > 0)
		more = mnl_cb_run(buffer, (size_t)size, number, mnl_socket_get_portid(nl), callback, s);
}

void bridge_ports_read(struct bridge_ports *out)
{
	const struct timeval limit = {.tv_sec = WAIT_SECONDS};
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct search s = {.out = out, .filtering = calloc(MOST, sizeof(int))};

	*out = (struct bridge_ports){.port = calloc(MOST + 1, sizeof(*out->port))};
	if (nl && s.filtering && out->port && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0) {
		(void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		dump(nl, AF_UNSPEC, on_device, &s);
		dump(nl, AF_BRIDGE, on_port, &s);
	}
	if (nl)
		(void)mnl_socket_close(nl);
	free(s.filtering);
}

const struct bridge_port *bridge_ports_find(const struct bridge_ports *ports, const char *name)
{
	int ifindex = (int)if_nametoindex(name);

	for (size_t i = 0; ifindex && i < ports->n; i++)
		if (ports->port[i].ifindex == ifindex)
			return &ports->port[i];
	return NULL;
}

void bridge_ports_free(struct bridge_ports *ports)
{
	free(ports->port);
	*ports = (struct bridge_ports){0};
}
