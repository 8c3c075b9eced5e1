/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of interfaces, from messages as the kernel makes them, and from damaged ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "../../loader/links.h"

struct message {
	_Alignas(struct nlmsghdr) char buffer[1024];
	struct nlmsghdr *nlh;
};

static void begin(struct message *m, uint16_t type, int ifindex, unsigned flags, unsigned short arp)
{
	struct ifinfomsg *info;

	memset(m, 0, sizeof(*m));
	m->nlh = mnl_nlmsg_put_header(m->buffer);
	m->nlh->nlmsg_type = type;
	info = mnl_nlmsg_put_extra_header(m->nlh, sizeof(*info));
	info->ifi_index = ifindex;
	info->ifi_flags = flags;
	info->ifi_type = arp;
}

static void put_kind(struct message *m, const char *kind, const char *slave)
{
	struct nlattr *nest = mnl_attr_nest_start(m->nlh, IFLA_LINKINFO);

	if (kind)
		mnl_attr_put_strz(m->nlh, IFLA_INFO_KIND, kind);
	if (slave)
		mnl_attr_put_strz(m->nlh, IFLA_INFO_SLAVE_KIND, slave);
	mnl_attr_nest_end(m->nlh, nest);
}

static void every_attribute(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct ifaces *ifaces = ifaces_new();
	const struct iface *iface;
	struct message m;

	(void)state;
	begin(&m, RTM_NEWLINK, 7, IFF_UP, ARPHRD_ETHER);
	mnl_attr_put_strz(m.nlh, IFLA_IFNAME, "swp7");
	mnl_attr_put(m.nlh, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(m.nlh, IFLA_MASTER, 3);
	mnl_attr_put_u32(m.nlh, IFLA_LINK, 4);
	mnl_attr_put_u32(m.nlh, IFLA_MTU, 9000);
	mnl_attr_put(m.nlh, IFLA_PHYS_SWITCH_ID, 6, mac);
	put_kind(&m, "vlan", "bridge");
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	iface = ifaces_by_index(ifaces, 7);
	assert_non_null(iface);
	assert_string_equal(iface->name, "swp7");
	assert_memory_equal(iface->mac, mac, 6);
	assert_int_equal(iface->master, 3);
	assert_int_equal(iface->lower, 4);
	assert_int_equal(iface->mtu, 9000);
	assert_true(iface->up && iface->ether && iface->switchdev);
	assert_string_equal(iface->kind, "vlan");
	assert_string_equal(iface->slave_kind, "bridge");
	ifaces_free(ifaces);
}

static void plain_ones(void **state)
{
	struct ifaces *ifaces = ifaces_new();
	const struct iface *iface;
	struct message m;

	(void)state;
	begin(&m, RTM_NEWLINK, 1, IFF_UP, ARPHRD_LOOPBACK);
	mnl_attr_put_strz(m.nlh, IFLA_IFNAME, "lo");
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_false(ifaces_by_index(ifaces, 1)->ether);
	/* The peer of a veth in another namespace has a number that means nothing here. */
	begin(&m, RTM_NEWLINK, 2, 0, ARPHRD_ETHER);
	mnl_attr_put_u32(m.nlh, IFLA_LINK, 44);
	mnl_attr_put_u32(m.nlh, IFLA_LINK_NETNSID, 0);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	iface = ifaces_by_index(ifaces, 2);
	assert_int_equal(iface->lower, 0);
	assert_false(iface->up || iface->switchdev);
	assert_true(iface->ether);
	assert_string_equal(iface->kind, "");
	ifaces_free(ifaces);
}

static void add(struct ifaces *ifaces, int ifindex, const char *name)
{
	struct message m;

	begin(&m, RTM_NEWLINK, ifindex, 0, ARPHRD_ETHER);
	mnl_attr_put_strz(m.nlh, IFLA_IFNAME, name);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
}

static size_t count(const struct ifaces *ifaces)
{
	size_t n;

	(void)ifaces_all(ifaces, &n);
	return n;
}

static void changes(void **state)
{
	struct ifaces *ifaces = ifaces_new();
	struct message m;

	(void)state;
	add(ifaces, 5, "a");
	add(ifaces, 6, "b");
	add(ifaces, 7, "c");
	add(ifaces, 6, "b2");
	assert_int_equal(count(ifaces), 3);
	assert_string_equal(ifaces_by_index(ifaces, 6)->name, "b2");
	begin(&m, RTM_DELLINK, 5, 0, ARPHRD_ETHER);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_int_equal(count(ifaces), 2);
	assert_null(ifaces_by_index(ifaces, 5));
	/* A bridge's message about its port's settings is not about the port being gone. */
	begin(&m, RTM_DELLINK, 6, 0, ARPHRD_ETHER);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(m.nlh))->ifi_family = AF_BRIDGE;
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_non_null(ifaces_by_index(ifaces, 6));
	ifaces_free(ifaces);
}

static void put_vlan(struct message *m, uint16_t vid, uint16_t flags)
{
	const struct bridge_vlan_info info = {.flags = flags, .vid = vid};

	mnl_attr_put(m->nlh, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* The PVID comes by the bridge's own messages and outlasts the others. */
static void pvid(void **state)
{
	struct ifaces *ifaces = ifaces_new();
	struct nlattr *nest;
	struct message m;

	(void)state;
	add(ifaces, 5, "a");
	begin(&m, RTM_NEWLINK, 5, 0, ARPHRD_ETHER);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(m.nlh))->ifi_family = AF_BRIDGE;
	nest = mnl_attr_nest_start(m.nlh, IFLA_AF_SPEC);
	put_vlan(&m, 20, 0);
	put_vlan(&m, 10, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	mnl_attr_put(m.nlh, IFLA_BRIDGE_VLAN_INFO, 2, "xx"); /* cut short */
	mnl_attr_nest_end(m.nlh, nest);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_int_equal(ifaces_by_index(ifaces, 5)->pvid, 10);
	add(ifaces, 5, "a2");
	assert_int_equal(ifaces_by_index(ifaces, 5)->pvid, 10);
	begin(&m, RTM_NEWLINK, 5, 0, ARPHRD_ETHER);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(m.nlh))->ifi_family = AF_BRIDGE;
	mnl_attr_nest_end(m.nlh, mnl_attr_nest_start(m.nlh, IFLA_AF_SPEC));
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_int_equal(ifaces_by_index(ifaces, 5)->pvid, 0);
	ifaces_free(ifaces);
}

static void bridge_that_filters(void **state)
{
	struct ifaces *ifaces = ifaces_new();
	struct nlattr *nest, *data;
	struct message m;

	(void)state;
	for (uint8_t on = 0; on < 2; on++) {
		begin(&m, RTM_NEWLINK, 3, 0, ARPHRD_ETHER);
		nest = mnl_attr_nest_start(m.nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(m.nlh, IFLA_INFO_KIND, "bridge");
		data = mnl_attr_nest_start(m.nlh, IFLA_INFO_DATA);
		mnl_attr_put_u8(m.nlh, IFLA_BR_VLAN_FILTERING, on);
		mnl_attr_nest_end(m.nlh, data);
		mnl_attr_nest_end(m.nlh, nest);
		assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
		assert_int_equal(ifaces_by_index(ifaces, 3)->filtering, on);
	}
	ifaces_free(ifaces);
}

static void whole_list(void **state)
{
	struct ifaces *ifaces = ifaces_new();

	(void)state;
	add(ifaces, 5, "a");
	add(ifaces, 6, "b");
	add(ifaces, 7, "c");
	ifaces_list_begin(ifaces);
	add(ifaces, 6, "b");
	add(ifaces, 8, "d");
	assert_int_equal(count(ifaces), 4);
	ifaces_list_end(ifaces);
	assert_int_equal(count(ifaces), 2);
	assert_non_null(ifaces_by_index(ifaces, 6));
	assert_non_null(ifaces_by_index(ifaces, 8));
	ifaces_free(ifaces);
}

static void damaged(void **state)
{
	struct ifaces *ifaces = ifaces_new();
	struct message m;

	(void)state;
	begin(&m, RTM_NEWLINK, 5, 0, ARPHRD_ETHER);
	m.nlh->nlmsg_len = NLMSG_HDRLEN + 4;
	assert_int_equal(ifaces_message(ifaces, m.nlh), -EBADMSG);
	/* A name and a kind without an end, longer than any may be; a number cut short. */
	begin(&m, RTM_NEWLINK, 5, 0, ARPHRD_ETHER);
	mnl_attr_put(m.nlh, IFLA_IFNAME, 40, "0123456789012345678901234567890123456789");
	mnl_attr_put(m.nlh, IFLA_MTU, 2, "xx");
	mnl_attr_put(m.nlh, IFLA_ADDRESS, 4, "xxxx");
	put_kind(&m, "0123456789012345678901234567890123456789", NULL);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_string_equal(ifaces_by_index(ifaces, 5)->name, "012345678901234");
	assert_string_equal(ifaces_by_index(ifaces, 5)->kind, "012345678901234");
	assert_int_equal(ifaces_by_index(ifaces, 5)->mtu, 0);
	assert_int_equal(ifaces_by_index(ifaces, 5)->mac[0], 0);
	/* Not about interfaces. */
	begin(&m, RTM_NEWADDR, 9, 0, ARPHRD_ETHER);
	assert_int_equal(ifaces_message(ifaces, m.nlh), 0);
	assert_null(ifaces_by_index(ifaces, 9));
	ifaces_free(ifaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_attribute), cmocka_unit_test(plain_ones), cmocka_unit_test(changes),
	    cmocka_unit_test(whole_list),      cmocka_unit_test(pvid),	     cmocka_unit_test(bridge_that_filters),
	    cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
