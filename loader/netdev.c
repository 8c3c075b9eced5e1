/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic netlink by libmnl: two questions, what number the family has, then what the device can do. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "netdev.h"

/* include/uapi/linux/netdev.h, Linux 6.3 */
#define FAMILY "netdev"
#define NETDEV_CMD_DEV_GET 1
#define NETDEV_A_DEV_IFINDEX 1
#define NETDEV_A_DEV_XDP_FEATURES 3

#define SEQ 1

static struct nlmsghdr *question(char *buffer, uint16_t family, uint8_t command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = SEQ;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

/* Ask, and hand the answer to TAKE; BUFFER is used for both. */
static int ask(struct mnl_socket *socket, const struct nlmsghdr *nlh, char *buffer, size_t size, mnl_cb_t take,
	       void *data)
{
	int result = MNL_CB_OK;

	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(socket, buffer, size);

		result = got < 0 ? -1 : mnl_cb_run(buffer, (size_t)got, SEQ, mnl_socket_get_portid(socket), take, data);
	}
	return result < 0 ? -errno : 0;
}

static int family_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && mnl_attr_get_payload_len(attr) >= sizeof(uint16_t))
		*(uint16_t *)data = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, data);
}

static int features_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == NETDEV_A_DEV_XDP_FEATURES && mnl_attr_get_payload_len(attr) >= sizeof(uint64_t))
		*(uint64_t *)data = mnl_attr_get_u64(attr);
	return MNL_CB_OK;
}

static int take_features(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), features_attr, data);
}

static int both_questions(struct mnl_socket *socket, int ifindex, uint64_t *features)
{
	_Alignas(struct nlmsghdr) char buffer[8192];
	struct nlmsghdr *nlh = question(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t family = 0;
	int error;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FAMILY);
	error = ask(socket, nlh, buffer, sizeof(buffer), take_family, &family);
	if (error)
		return error;
	if (!family)
		return -ENOENT;
	nlh = question(buffer, family, NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, NETDEV_A_DEV_IFINDEX, (uint32_t)ifindex);
	return ask(socket, nlh, buffer, sizeof(buffer), take_features, features);
}

int netdev_xdp_features(int ifindex, uint64_t *features)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int error;

	if (!socket)
		return -errno;
	*features = 0;
	error = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ? -errno : 0;
	if (!error)
		error = both_questions(socket, ifindex, features);
	mnl_socket_close(socket);
	return error;
}
