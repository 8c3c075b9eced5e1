/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces of this network namespace: one row each, kept up to date by the kernel's messages. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"

struct ifaces {
	struct iface *row;
	size_t n;
};

struct ifaces *ifaces_new(void)
{
	return calloc(1, sizeof(struct ifaces));
}

void ifaces_free(struct ifaces *ifaces)
{
	if (ifaces)
		free(ifaces->row);
	free(ifaces);
}

/* A text attribute, cut to what fits: the kernel's own names are shorter. */
static void copy_text(char *out, size_t size, const struct nlattr *attr)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (length >= size)
		length = size - 1;
	memcpy(out, mnl_attr_get_payload(attr), length);
	out[length] = 0;
}

static int bridge_attr(const struct nlattr *attr, void *data)
{
	struct iface *iface = data;

	if (mnl_attr_get_type(attr) == IFLA_BR_VLAN_FILTERING && mnl_attr_get_payload_len(attr) >= 1)
		iface->filtering = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static int linkinfo_attr(const struct nlattr *attr, void *data)
{
	struct iface *iface = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		copy_text(iface->kind, sizeof(iface->kind), attr);
	if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
		copy_text(iface->slave_kind, sizeof(iface->slave_kind), attr);
	if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && !strcmp(iface->kind, "bridge")) /* the kind comes first */
		mnl_attr_parse_nested(attr, bridge_attr, iface);
	return MNL_CB_OK;
}

static void number(const struct nlattr *attr, uint32_t *out)
{
	if (mnl_attr_get_payload_len(attr) >= sizeof(*out))
		*out = mnl_attr_get_u32(attr);
}

static int link_attr(const struct nlattr *attr, void *data)
{
	struct iface *iface = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		copy_text(iface->name, sizeof(iface->name), attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(iface->mac))
			memcpy(iface->mac, mnl_attr_get_payload(attr), sizeof(iface->mac));
		break;
	case IFLA_MASTER:
		number(attr, (uint32_t *)&iface->master);
		break;
	case IFLA_LINK:
		number(attr, (uint32_t *)&iface->lower);
		break;
	case IFLA_LINK_NETNSID: /* the lower one is elsewhere: its number means nothing here */
		iface->seen = false;
		break;
	case IFLA_MTU:
		number(attr, &iface->mtu);
		break;
	case IFLA_PHYS_SWITCH_ID:
		iface->switchdev = true;
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, linkinfo_attr, iface);
		break;
	}
	return MNL_CB_OK;
}

static struct iface *find(const struct ifaces *ifaces, int ifindex)
{
	for (size_t i = 0; i < ifaces->n; i++)
		if (ifaces->row[i].ifindex == ifindex)
			return &ifaces->row[i];
	return NULL;
}

static int put(struct ifaces *ifaces, const struct iface *iface)
{
	struct iface *row = find(ifaces, iface->ifindex);
	uint16_t pvid;

	if (!row) {
		struct iface *bigger = reallocarray(ifaces->row, ifaces->n + 1, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		ifaces->row = bigger;
		row = &ifaces->row[ifaces->n++];
		row->pvid = 0;
	}
	pvid = row->pvid; /* comes by messages of its own */
	*row = *iface;
	row->pvid = pvid;
	return 0;
}

static void take_out(struct ifaces *ifaces, int ifindex)
{
	struct iface *row = find(ifaces, ifindex);

	if (row)
		*row = ifaces->row[--ifaces->n];
}

static int vlan_attr(const struct nlattr *attr, void *data)
{
	const struct bridge_vlan_info *info = mnl_attr_get_payload(attr);
	uint16_t *pvid = data;

	if (mnl_attr_get_type(attr) == IFLA_BRIDGE_VLAN_INFO && mnl_attr_get_payload_len(attr) >= sizeof(*info) &&
	    info->flags & BRIDGE_VLAN_INFO_PVID)
		*pvid = info->vid;
	return MNL_CB_OK;
}

/* What a bridge says of its port: here the PVID counts. */
static int bridge_port_attr(const struct nlattr *attr, void *data)
{
	struct iface *row = data;

	if (mnl_attr_get_type(attr) != IFLA_AF_SPEC)
		return MNL_CB_OK;
	row->pvid = 0;
	mnl_attr_parse_nested(attr, vlan_attr, &row->pvid);
	return MNL_CB_OK;
}

static void bridge_message(struct ifaces *ifaces, const struct nlmsghdr *nlh, const struct ifinfomsg *info)
{
	struct iface *row = find(ifaces, info->ifi_index);

	if (row && nlh->nlmsg_type == RTM_NEWLINK)
		mnl_attr_parse(nlh, sizeof(*info), bridge_port_attr, row);
}

int ifaces_message(struct ifaces *ifaces, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info;
	struct iface iface = {.seen = true};

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return 0;
	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)))
		return -EBADMSG;
	info = mnl_nlmsg_get_payload(nlh);
	if (info->ifi_family == AF_BRIDGE) /* its RTM_DELLINK: the port has left the bridge, not the machine */
		bridge_message(ifaces, nlh, info);
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		take_out(ifaces, info->ifi_index);
		return 0;
	}
	iface.ifindex = info->ifi_index;
	iface.up = info->ifi_flags & IFF_UP;
	iface.ether = info->ifi_type == ARPHRD_ETHER;
	mnl_attr_parse(nlh, sizeof(*info), link_attr, &iface);
	if (!iface.seen)
		iface.lower = 0;
	iface.seen = true;
	return put(ifaces, &iface);
}

void ifaces_list_begin(struct ifaces *ifaces)
{
	for (size_t i = 0; i < ifaces->n; i++)
		ifaces->row[i].seen = false;
}

void ifaces_list_end(struct ifaces *ifaces)
{
	for (size_t i = ifaces->n; i-- > 0;)
		if (!ifaces->row[i].seen)
			ifaces->row[i] = ifaces->row[--ifaces->n];
}

const struct iface *ifaces_all(const struct ifaces *ifaces, size_t *n)
{
	*n = ifaces->n;
	return ifaces->row;
}

const struct iface *ifaces_by_index(const struct ifaces *ifaces, int ifindex)
{
	return find(ifaces, ifindex);
}
