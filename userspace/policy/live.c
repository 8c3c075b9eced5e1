/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is on the wire now: neighbours, bridge tables and default routes, asked of the kernel by netlink. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "../lib/mac.h"
#include "guard.h"

#define ROWS_MAX (1u << 20) /* as many as a router's tables are ever set to hold */
#define GATEWAYS_MAX 256u
#define TRIES 4 /* of a dump that changed while it ran */
#define WAIT_SECONDS 5
#define PIECE 32768 /* the most the kernel puts into one message of a dump */

struct next_hop {
	uint8_t family, address[16];
	int ifindex;
};

struct row {
	struct live live;
	int ifindex;
	bool bridged; /* the bridge knows the port better than the neighbour table */
};

struct dump {
	struct next_hop gateway[GATEWAYS_MAX];
	size_t n_gateways;
	struct row *row;
	size_t n, room;
	bool bridge; /* rows come from the forwarding tables */
};

/* Addresses that only routers that stand in for each other use: VRRP (RFC 5798), HSRP 1 and 2, GLBP. */
static const struct {
	uint64_t mac48, mask;
} virtual_routers[] = {
    {0x00005e000100, 0xffffffffff00}, {0x00005e000200, 0xffffffffff00}, {0x00000c07ac00, 0xffffffffff00},
    {0x00000c9ff000, 0xfffffffff000}, {0x000573a00000, 0xfffffffff000}, {0x0007b4000000, 0xffffff000000},
};

static bool is_virtual_router(uint64_t mac48)
{
	for (size_t i = 0; i < sizeof(virtual_routers) / sizeof(virtual_routers[0]); i++)
		if ((mac48 & virtual_routers[i].mask) == virtual_routers[i].mac48)
			return true;
	return false;
}

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

/* ---- Default routes ---- */
static void add_gateway(struct dump *d, int family, const void *address, size_t size, int ifindex)
{
	struct next_hop *g = &d->gateway[d->n_gateways];

	if (d->n_gateways == GATEWAYS_MAX || !size || size < address_size(family))
		return;
	*g = (struct next_hop){.family = (uint8_t)family, .ifindex = ifindex};
	memcpy(g->address, address, address_size(family));
	d->n_gateways++;
}

/* RTA_GATEWAY is of the route's family, RTA_VIA names its own. */
static void read_hop(struct dump *d, const struct nlattr *attr, int family, int ifindex)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t size = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == RTA_GATEWAY)
		add_gateway(d, family, mnl_attr_get_payload(attr), size, ifindex);
	else if (mnl_attr_get_type(attr) == RTA_VIA && size > sizeof(*via))
		add_gateway(d, via->rtvia_family, via->rtvia_addr, size - sizeof(*via), ifindex);
}

static void read_multipath(struct dump *d, const struct nlattr *multipath, int family)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath), step;

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		const struct nlattr *attr;

		mnl_attr_for_each_payload((const void *)RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop))
		    read_hop(d, attr, family, hop->rtnh_ifindex);
		step = (size_t)RTNH_ALIGN(hop->rtnh_len);
		if (step >= left)
			break;
		left -= step;
		hop = (const struct rtnexthop *)((const char *)hop + step);
	}
}

static int on_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	struct dump *d = arg;
	int ifindex = 0;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*route) || route->rtm_dst_len || route->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*route)) if (mnl_attr_get_type(attr) == RTA_OIF &&
							     mnl_attr_validate(attr, MNL_TYPE_U32) >= 0) ifindex =
	    (int)mnl_attr_get_u32(attr);
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		read_hop(d, attr, route->rtm_family, ifindex);
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			read_multipath(d, attr, route->rtm_family);
	}
	return MNL_CB_OK;
}

/* ---- Neighbours ---- */
static bool is_gateway(const struct dump *d, const struct nlattr *dst, int family, int ifindex)
{
	size_t size = address_size(family);

	if (!dst || !size || mnl_attr_get_payload_len(dst) < size)
		return false;
	for (size_t i = 0; i < d->n_gateways; i++) {
		const struct next_hop *g = &d->gateway[i];

		if (g->family == family && g->ifindex == ifindex &&
		    !memcmp(g->address, mnl_attr_get_payload(dst), size))
			return true;
	}
	return false;
}

static int add_row(struct dump *d, uint64_t mac48, int ifindex, bool gateway)
{
	if (d->n == ROWS_MAX)
		return MNL_CB_OK;
	if (d->n == d->room) {
		size_t room = d->room ? d->room * 2 : 64;
		struct row *more = realloc(d->row, room * sizeof(*more));

		if (!more) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		d->row = more;
		d->room = room;
	}
	d->row[d->n++] = (struct row){
	    .live = {.mac48 = mac48, .gateway = gateway || is_virtual_router(mac48)},
	    .ifindex = ifindex,
	    .bridged = d->bridge,
	};
	return MNL_CB_OK;
}

/* A permanent row of a bridge is the bridge's own address or somebody's wish, not a device that was heard. */
static bool is_heard(const struct dump *d, const struct ndmsg *n)
{
	if (d->bridge)
		return !(n->ndm_state & NUD_PERMANENT);
	return !(n->ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP));
}

static int on_neighbour(const struct nlmsghdr *message, void *arg)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr, *lladdr = NULL, *dst = NULL;
	struct dump *d = arg;
	uint64_t mac48;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*n) || !is_heard(d, n))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*n))
	{
		if (mnl_attr_get_type(attr) == NDA_LLADDR)
			lladdr = attr;
		if (mnl_attr_get_type(attr) == NDA_DST)
			dst = attr;
	}
	if (!lladdr || mnl_attr_get_payload_len(lladdr) != 6)
		return MNL_CB_OK;
	mac48 = mac_read(mnl_attr_get_payload(lladdr));
	if (!mac48 || mac48 >> 40 & 1)
		return MNL_CB_OK;
	return add_row(d, mac48, n->ndm_ifindex, !d->bridge && is_gateway(d, dst, n->ndm_family, n->ndm_ifindex));
}

/* ---- Asking ---- */
static int receive(struct mnl_socket *nl, unsigned seq, mnl_cb_t callback, struct dump *d)
{
	char buffer[PIECE] __attribute__((aligned(8)));
	unsigned port = mnl_socket_get_portid(nl);
	int more = 1;

	while (more > 0) {
		ssize_t got = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));

		if (got < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)got, seq, port, callback, d);
	}
	return more < 0 ? -errno : 0;
}

/* Every dump message begins with the family in its first byte, the rest zero: ndmsg and rtmsg are 12 bytes. */
static int ask(struct mnl_socket *nl, uint16_t type, uint8_t family, unsigned seq, mnl_cb_t callback, struct dump *d)
{
	char buffer[64] __attribute__((aligned(8)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	uint8_t *body;

	_Static_assert(sizeof(struct ndmsg) == sizeof(struct rtmsg), "one size serves both");
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = seq;
	body = mnl_nlmsg_put_extra_header(message, sizeof(struct ndmsg));
	body[0] = family;
	if (mnl_socket_sendto(nl, message, message->nlmsg_len) < 0)
		return -errno;
	return receive(nl, seq, callback, d);
}

static int ask_all(struct mnl_socket *nl, struct dump *d)
{
	int err = ask(nl, RTM_GETROUTE, AF_INET, 1, on_route, d);

	if (!err)
		err = ask(nl, RTM_GETROUTE, AF_INET6, 2, on_route, d);
	if (!err)
		err = ask(nl, RTM_GETNEIGH, AF_UNSPEC, 3, on_neighbour, d);
	d->bridge = true;
	return err ? err : ask(nl, RTM_GETNEIGH, AF_BRIDGE, 4, on_neighbour, d);
}

/* One try on a socket of its own, so that an interrupted dump leaves nothing behind. */
static int try_dump(struct dump *d)
{
	struct timeval wait = {.tv_sec = WAIT_SECONDS};
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = 0;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		err = -errno;
	if (!err)
		err = ask_all(nl, d);
	(void)mnl_socket_close(nl);
	return err;
}

/* ---- Result ---- */
static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->live.mac48 != b->live.mac48)
		return a->live.mac48 < b->live.mac48 ? -1 : 1;
	return (int)b->bridged - (int)a->bridged;
}

/* One row an address, a gateway if any of its rows is one. */
static size_t merge(struct row *row, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && row[kept - 1].live.mac48 == row[i].live.mac48)
			row[kept - 1].live.gateway |= row[i].live.gateway;
		else
			row[kept++] = row[i];
	}
	return kept;
}

static void name_port(struct live *live, const struct if_nameindex *names, int ifindex)
{
	while (names && names->if_index && names->if_index != (unsigned)ifindex)
		names++;
	(void)snprintf(live->port, sizeof(live->port), "%s", names && names->if_name ? names->if_name : "?");
}

static int hand_over(struct dump *d, struct live_set *out)
{
	struct if_nameindex *names;
	struct live *live;

	if (d->row) {
		qsort(d->row, d->n, sizeof(*d->row), compare);
		d->n = merge(d->row, d->n);
	}
	live = calloc(d->n + 1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	names = if_nameindex();
	for (size_t i = 0; d->row && i < d->n; i++) {
		live[i] = d->row[i].live;
		name_port(&live[i], names, d->row[i].ifindex);
	}
	if (names)
		if_freenameindex(names);
	*out = (struct live_set){.live = live, .n = d->n};
	return 0;
}

int live_read(struct live_set *out)
{
	struct dump *d = calloc(1, sizeof(*d));
	int err = d ? -EINTR : -ENOMEM;

	for (int i = 0; err == -EINTR && i < TRIES; i++) {
		d->n = d->n_gateways = 0;
		d->bridge = false;
		err = try_dump(d);
	}
	if (!err)
		err = hand_over(d, out);
	if (d)
		free(d->row);
	free(d);
	return err;
}

void live_free(struct live_set *set)
{
	free(set->live);
	*set = (struct live_set){0};
}
