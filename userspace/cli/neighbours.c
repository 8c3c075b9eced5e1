/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's neighbour table, asked by netlink. */
#include "neighbours.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "../../bpf/abi.h"
#include "../lib/mac.h"

#define WAIT_SECONDS 2
#define MOST 65536
#define NOBODY (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP)

static void add(struct neighbours *out, uint8_t family, const struct nlattr *address, const struct nlattr *mac)
{
	size_t size = family == AF_INET ? 4 : 16;
	struct neighbour *bigger, *new;

	if (out->n == MOST || mnl_attr_get_payload_len(address) != size || mnl_attr_get_payload_len(mac) != 6)
		return;
	bigger = reallocarray(out->neighbour, out->n + 1, sizeof(*bigger));
	if (!bigger)
		return;
	out->neighbour = bigger;
	new = &bigger[out->n++];
	*new = (struct neighbour){.mac48 = mac_read(mnl_attr_get_payload(mac)), .family = family == AF_INET ? LC_PERMIT_INET : LC_PERMIT_INET6};
	memcpy(new->address, mnl_attr_get_payload(address), size);
}

static int on_neighbour(const struct nlmsghdr *message, void *arg)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr, *address = NULL, *mac = NULL;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*n) || n->ndm_state & NOBODY ||
	    (n->ndm_family != AF_INET && n->ndm_family != AF_INET6))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*n))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			address = attr;
		if (mnl_attr_get_type(attr) == NDA_LLADDR)
			mac = attr;
	}
	if (address && mac)
		add(arg, n->ndm_family, address, mac);
	return MNL_CB_OK;
}

static void dump(struct mnl_socket *nl, struct neighbours *out)
{
	static char buffer[65536];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	ssize_t size;
	int more = 1;

	message->nlmsg_type = RTM_GETNEIGH;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = 1;
	(void)mnl_nlmsg_put_extra_header(message, sizeof(struct ndmsg));
	if (mnl_socket_sendto(nl, message, message->nlmsg_len) < 0)
		return;
	while (more > 0 && (size = mnl_socket_recvfrom(nl, buffer, sizeof(buffer))) > 0)
		more = mnl_cb_run(buffer, (size_t)size, 1, mnl_socket_get_portid(nl), on_neighbour, out);
}

void neighbours_read(struct neighbours *out)
{
	const struct timeval limit = {.tv_sec = WAIT_SECONDS};
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	*out = (struct neighbours){0};
	if (!nl)
		return;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0) {
		(void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		dump(nl, out);
	}
	(void)mnl_socket_close(nl);
}

void neighbours_free(struct neighbours *neighbours)
{
	free(neighbours->neighbour);
	*neighbours = (struct neighbours){0};
}
