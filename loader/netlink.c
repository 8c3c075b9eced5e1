/* SPDX-License-Identifier: GPL-2.0-only */
/* Route netlink by libmnl: list the interfaces, follow their changes, ask a driver why it refuses XDP. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "netlink.h"

#define RECEIVE_BYTES (1 << 20) /* a burst of several hundred changes before the list must be read again */
#define LIST_TRIES 10		/* a list that kept changing while it was read */

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	bool done, interrupted;			      /* of the list being read */
	_Alignas(struct nlmsghdr) char buffer[32768]; /* what the kernel fills at most in one message of a list */
};

static int subscribe(struct netlink *nl)
{
	int bytes = RECEIVE_BYTES;
	int fd = mnl_socket_get_fd(nl->socket);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return mnl_socket_bind(nl->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) ? -errno : 0;
}

int netlink_open(struct netlink **out)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int error;

	if (!nl)
		return -ENOMEM;
	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	error = nl->socket ? subscribe(nl) : -errno;
	if (error) {
		netlink_close(nl);
		return error;
	}
	*out = nl;
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl && nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}

int netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

static int ask_list(struct netlink *nl, unsigned char family, uint32_t filter)
{
	_Alignas(struct nlmsghdr) char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = family;
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, filter);
	return mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/* One datagram: changes and parts of a list may come in any order, all are taken. */
static int take(struct netlink *nl, struct ifaces *ifaces, ssize_t size)
{
	int left = (int)size;
	int error;

	for (struct nlmsghdr *nlh = (void *)nl->buffer; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		bool of_list = nlh->nlmsg_seq && nlh->nlmsg_seq == nl->seq;

		if (of_list && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			nl->interrupted = true;
		if (of_list && (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)) {
			nl->done = true;
			continue;
		}
		error = ifaces_message(ifaces, nlh);
		if (error)
			return error;
	}
	return 0;
}

static int read_list(struct netlink *nl, struct ifaces *ifaces, unsigned char family, uint32_t filter)
{
	int error = ask_list(nl, family, filter);

	nl->done = false;
	while (!error && !nl->done) {
		ssize_t size = mnl_socket_recvfrom(nl->socket, nl->buffer, sizeof(nl->buffer));

		if (size >= 0)
			error = take(nl, ifaces, size);
		else if (errno != EINTR)
			error = -errno;
	}
	return error;
}

/* The interfaces, then what bridges say of those that are their ports. */
static int list_once(struct netlink *nl, struct ifaces *ifaces)
{
	int error;

	nl->interrupted = false;
	ifaces_list_begin(ifaces);
	error = read_list(nl, ifaces, AF_UNSPEC, RTEXT_FILTER_SKIP_STATS);
	if (error)
		return error;
	ifaces_list_end(ifaces);
	error = read_list(nl, ifaces, AF_BRIDGE, RTEXT_FILTER_BRVLAN);
	if (error)
		return error;
	return nl->interrupted ? -EAGAIN : 0;
}

int netlink_list(struct netlink *nl, struct ifaces *ifaces)
{
	int error = -EAGAIN;

	for (int i = 0; i < LIST_TRIES && (error == -EAGAIN || error == -ENOBUFS); i++)
		error = list_once(nl, ifaces);
	return error == -EAGAIN ? 0 : error; /* still changing: the changes themselves are on their way */
}

int netlink_read(struct netlink *nl, struct ifaces *ifaces)
{
	int changed = 0;
	int error;

	for (;;) {
		ssize_t size = recv(netlink_fd(nl), nl->buffer, sizeof(nl->buffer), MSG_DONTWAIT);

		if (size < 0 && errno == ENOBUFS)
			return netlink_list(nl, ifaces) ?: 1;
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return errno == EAGAIN ? changed : -errno;
		error = take(nl, ifaces, size);
		if (error)
			return error;
		changed = 1;
	}
}

static int reason_attr(const struct nlattr *attr, void *data)
{
	const char **text = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		*text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* The answer to a request: an errno, and with NETLINK_EXT_ACK the driver's own words. */
static int answer(const struct nlmsghdr *nlh, char *reason, size_t size)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const char *text = NULL;
	size_t skip = sizeof(*err);

	if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*err)))
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&err->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && nlh->nlmsg_len > mnl_nlmsg_size(skip))
		mnl_attr_parse(nlh, skip, reason_attr, &text);
	if (text)
		snprintf(reason, size, "%s", text);
	return err->error;
}

static void put_xdp(struct nlmsghdr *nlh, int ifindex, int prog_fd, uint32_t flags)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct nlattr *nest;

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = ifindex;
	nest = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u32(nlh, IFLA_XDP_FD, (uint32_t)prog_fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, flags);
	mnl_attr_nest_end(nlh, nest);
}

int netlink_xdp(int ifindex, int prog_fd, uint32_t flags, char *reason, size_t size)
{
	_Alignas(struct nlmsghdr) char buffer[4096];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	ssize_t got;
	int on = 1;
	int error;

	if (!socket)
		return -errno;
	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	put_xdp(nlh, ifindex, prog_fd, flags);
	(void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	got = mnl_socket_sendto(socket, nlh, nlh->nlmsg_len);
	if (got >= 0)
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	error = got < (ssize_t)sizeof(*nlh) ? -errno : answer((void *)buffer, reason, size);
	mnl_socket_close(socket);
	return error;
}
