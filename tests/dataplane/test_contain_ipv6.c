/* SPDX-License-Identifier: GPL-2.0-only */
/* contain: IPv6, neighbour discovery (RFC 4861) and DHCPv6 (RFC 8415); each way round it that we know is a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contain.h"

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

#define IP "86dd "
#define TAG "8100 0064 " /* the kernel itself takes no untagged frame that ends in its IP header */
#define HEAD(next, hops) "60000000 0020 " next hops " "
#define CAM_IP "20010db8000000000000000000000009 "
#define CAM_LOCAL "fe800000000000004619b6fffe010203 "
#define REC_IP "20010db8000000000000000000000005 "     /* permitted */
#define NET_IP "20010db8003000010000000000000007 "     /* in the permitted 2001:db8:30::/48 */
#define BEHIND_NET_IP "20010db8003100000000000000000007 "
#define GATE_IP "20010db8000000000000000000000001 "
#define GATE_LOCAL "fe800000000000000000000000000001 " /* a gateway too */
#define OTHER_IP "20010db8000000000000000000000042 "
#define OTHER_LOCAL "fe800000000000000000000000000042 "
#define NO_IP "00000000000000000000000000000000 "
#define UDP_PORTS "d4310035 00080000 "
#define TCP_PORTS "d431022a 00000001 00000000 5002ffff 00000000 "

static const struct contain_row ipv6_from[] = {
	{"TCP to the recorder", FROM_CAMERA IP HEAD("06", "40") CAM_IP REC_IP TCP_PORTS, true},
	{"UDP to the recorder", FROM_CAMERA IP HEAD("11", "40") CAM_IP REC_IP UDP_PORTS, true},
	{"an echo request to the recorder", FROM_CAMERA IP HEAD("3a", "40") CAM_IP REC_IP "80000000 00000000 ", true},
	{"UDP into the permitted prefix", FROM_CAMERA IP HEAD("11", "40") CAM_IP NET_IP UDP_PORTS, true},
	{"UDP just behind the permitted prefix", FROM_CAMERA IP HEAD("11", "40") CAM_IP BEHIND_NET_IP UDP_PORTS, false},
	{"UDP to somebody else", FROM_CAMERA IP HEAD("11", "40") CAM_IP OTHER_IP UDP_PORTS, false},
	{"UDP to the gateway itself", FROM_CAMERA IP HEAD("11", "40") CAM_IP GATE_IP UDP_PORTS, false},
	{"an IPv4-mapped recorder", FROM_CAMERA IP HEAD("11", "40") CAM_IP "00000000000000000000ffff0a140005 " UDP_PORTS, false},
	{"to all nodes", "333300000001 " CAMERA IP HEAD("11", "40") CAM_IP "ff020000000000000000000000000001 " UDP_PORTS, false},
	{"the recorder's address in a multicast frame", "333300000001 " CAMERA IP HEAD("11", "40") CAM_IP REC_IP UDP_PORTS, false},
	{"hop-by-hop options", FROM_CAMERA IP HEAD("00", "40") CAM_IP REC_IP "1100050200000000 " UDP_PORTS, false},
	{"a routing header", FROM_CAMERA IP HEAD("2b", "40") CAM_IP REC_IP "1102000100000000 " OTHER_IP UDP_PORTS, false},
	{"a segment routing header", FROM_CAMERA IP HEAD("2b", "40") CAM_IP REC_IP "1102040100000000 " OTHER_IP UDP_PORTS, false},
	{"a first fragment", FROM_CAMERA IP HEAD("2c", "40") CAM_IP REC_IP "1100000100000001 " UDP_PORTS, false},
	{"a later fragment", FROM_CAMERA IP HEAD("2c", "40") CAM_IP REC_IP "110000b800000001 " UDP_PORTS, false},
	{"an atomic fragment", FROM_CAMERA IP HEAD("2c", "40") CAM_IP REC_IP "1100000000000001 " UDP_PORTS, false},
	{"destination options", FROM_CAMERA IP HEAD("3c", "40") CAM_IP REC_IP "1100010400000000 " UDP_PORTS, false},
	{"an authentication header", FROM_CAMERA IP HEAD("33", "40") CAM_IP REC_IP "1104000000000001 00000001 ", false},
	{"no next header", FROM_CAMERA IP HEAD("3b", "40") CAM_IP REC_IP, false},
	{"a tunnel: IPv6 in IPv6", FROM_CAMERA IP HEAD("29", "40") CAM_IP REC_IP HEAD("11", "40") CAM_IP OTHER_IP, false},
	{"a tunnel: IPv4 in IPv6", FROM_CAMERA IP HEAD("04", "40") CAM_IP REC_IP "45000028 ", false},
	{"version 4 in an IPv6 frame", FROM_CAMERA IP "40000000 0020 1140 " CAM_IP REC_IP UDP_PORTS, false},
	{"a header one byte too short", FROM_CAMERA TAG IP HEAD("11", "40") CAM_IP "20010db80000000000000000000000", false},
	{"ICMPv6 without its type", FROM_CAMERA IP HEAD("3a", "40") CAM_IP REC_IP, false},
	{"a listener report", "333300000016 " CAMERA IP HEAD("00", "01") CAM_LOCAL "ff020000000000000000000000000016 3a00050200000000 8f000000 ", false},
	{"a listener report without its header", "333300000016 " CAMERA IP HEAD("3a", "01") CAM_LOCAL "ff020000000000000000000000000016 8f000000 00000001 ", false},
};

#define NS "87000000 00000000 "
#define NA "88000000 60000000 "
#define RS "85000000 00000000 "
#define OWN_LINK "01014419b6010203 "
#define GROUP_OF_REC "ff0200000000000000000001ff000005 "
#define GROUP_OF_CAM "ff0200000000000000000001ff000009 "
#define GROUP_OF_OTHER "ff0200000000000000000001ff000042 "
#define MAC_OF_REC_GROUP "3333ff000005 "
#define MAC_OF_CAM_GROUP "3333ff000009 "
#define ALL_ROUTERS "ff020000000000000000000000000002 "
#define ALL_NODES "ff020000000000000000000000000001 "

static const struct contain_row nd_from[] = {
	{"asks for the recorder", MAC_OF_REC_GROUP CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_REC NS REC_IP OWN_LINK, true},
	{"asks the recorder itself", FROM_CAMERA IP HEAD("3a", "ff") CAM_IP REC_IP NS REC_IP OWN_LINK, true},
	{"asks for the gateway", "3333ff000001 " CAMERA IP HEAD("3a", "ff") CAM_IP "ff0200000000000000000001ff000001 " NS GATE_LOCAL OWN_LINK, true},
	{"asks for somebody else", "3333ff000042 " CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_OTHER NS OTHER_IP OWN_LINK, false},
	{"asks for the recorder in another's group", "3333ff000042 " CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_OTHER NS REC_IP OWN_LINK, false},
	{"asks for the recorder in another's frame", "3333ff000042 " CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_REC NS REC_IP OWN_LINK, false},
	{"asks somebody else for the recorder", FROM_CAMERA IP HEAD("3a", "ff") CAM_IP OTHER_IP NS REC_IP OWN_LINK, false},
	{"asks for the recorder from afar", MAC_OF_REC_GROUP CAMERA IP HEAD("3a", "fe") CAM_IP GROUP_OF_REC NS REC_IP OWN_LINK, false},
	{"asks with a code", MAC_OF_REC_GROUP CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_REC "87010000 00000000 " REC_IP OWN_LINK, false},
	{"asks with a load", MAC_OF_REC_GROUP CAMERA IP "60000000 0400 3aff " CAM_IP GROUP_OF_REC NS REC_IP OWN_LINK, false},
	{"asks, cut off in the target", MAC_OF_REC_GROUP CAMERA IP HEAD("3a", "ff") CAM_IP GROUP_OF_REC NS "20010db8", false},
	{"looks whether its own address is free", MAC_OF_CAM_GROUP CAMERA IP HEAD("3a", "ff") NO_IP GROUP_OF_CAM NS CAM_IP, true},
	{"looks for its own address in another group", "3333ff000042 " CAMERA IP HEAD("3a", "ff") NO_IP GROUP_OF_OTHER NS CAM_IP, false},
	{"from no address to somebody else", FROM_CAMERA IP HEAD("3a", "ff") NO_IP OTHER_IP NS OTHER_IP, false},
	{"answers the recorder", FROM_CAMERA IP HEAD("3a", "ff") CAM_IP REC_IP NA CAM_IP, true},
	{"answers the gateway", FROM_CAMERA IP HEAD("3a", "ff") CAM_IP GATE_LOCAL NA CAM_IP, true},
	{"answers somebody else", FROM_CAMERA IP HEAD("3a", "ff") CAM_IP OTHER_IP NA CAM_IP, false},
	{"tells everybody", "333300000001 " CAMERA IP HEAD("3a", "ff") CAM_IP ALL_NODES NA CAM_IP, false},
	{"asks for routers", "333300000002 " CAMERA IP HEAD("3a", "ff") CAM_LOCAL ALL_ROUTERS RS OWN_LINK, true},
	{"asks all nodes for routers", "333300000001 " CAMERA IP HEAD("3a", "ff") CAM_LOCAL ALL_NODES RS OWN_LINK, false},
	{"is a router", "333300000001 " CAMERA IP HEAD("3a", "ff") CAM_LOCAL ALL_NODES "86000000 40000708 0000000000000000 ", false},
	{"is a router to the recorder", FROM_CAMERA IP HEAD("3a", "ff") CAM_LOCAL REC_IP "86000000 40000708 0000000000000000 ", false},
	{"redirects the recorder", FROM_CAMERA IP HEAD("3a", "ff") CAM_LOCAL REC_IP "89000000 00000000 " OTHER_IP OTHER_IP, false},
};

#define ALL_SERVERS "ff020000000000000000000000010002 "

static const struct contain_row dhcp_from[] = {
	{"DHCPv6", "333300010002 " CAMERA IP HEAD("11", "01") CAM_LOCAL ALL_SERVERS "02220223 00080000 ", true},
	{"DHCPv6 in another's frame", FROM_CAMERA IP HEAD("11", "01") CAM_LOCAL ALL_SERVERS "02220223 00080000 ", false},
	{"DHCPv6 to all nodes", "333300000001 " CAMERA IP HEAD("11", "01") CAM_LOCAL ALL_NODES "02220223 00080000 ", false},
	{"DHCPv6 as a server", "333300010002 " CAMERA IP HEAD("11", "01") CAM_LOCAL ALL_SERVERS "02230222 00080000 ", false},
	{"DHCPv6 cut off", "333300010002 " CAMERA IP HEAD("11", "01") CAM_LOCAL ALL_SERVERS "022202", false},
};

static const struct contain_row ipv6_to[] = {
	{"TCP of the recorder", TO_CAMERA IP HEAD("06", "40") REC_IP CAM_IP TCP_PORTS, true},
	{"UDP out of the permitted prefix", TO_CAMERA IP HEAD("11", "40") NET_IP CAM_IP UDP_PORTS, true},
	{"UDP of somebody else", TO_CAMERA IP HEAD("11", "40") OTHER_IP CAM_IP UDP_PORTS, false},
	{"UDP of somebody else to the recorder", TO_CAMERA IP HEAD("11", "40") OTHER_IP REC_IP UDP_PORTS, false},
	{"a routing header of the recorder", TO_CAMERA IP HEAD("2b", "40") REC_IP CAM_IP "1102000100000000 " OTHER_IP, false},
	{"a fragment of the recorder", TO_CAMERA IP HEAD("2c", "40") REC_IP CAM_IP "1100000100000001 ", false},
	{"the recorder asks", TO_CAMERA IP HEAD("3a", "ff") REC_IP CAM_IP NS CAM_IP, true},
	{"the gateway asks", TO_CAMERA IP HEAD("3a", "ff") GATE_LOCAL CAM_IP NS CAM_IP, true},
	{"somebody else asks", TO_CAMERA IP HEAD("3a", "ff") OTHER_LOCAL CAM_IP NS CAM_IP, false},
	{"the recorder is told of", TO_CAMERA IP HEAD("3a", "ff") REC_IP CAM_IP NA REC_IP, true},
	{"somebody else is told of", TO_CAMERA IP HEAD("3a", "ff") OTHER_IP CAM_IP NA OTHER_IP, false},
	{"the gateway is a router", TO_CAMERA IP HEAD("3a", "ff") GATE_LOCAL CAM_LOCAL "86000000 40000708 0000000000000000 ", true},
	{"somebody else is a router", TO_CAMERA IP HEAD("3a", "ff") OTHER_LOCAL CAM_LOCAL "86000000 40000708 0000000000000000 ", false},
	{"the gateway redirects", TO_CAMERA IP HEAD("3a", "ff") GATE_LOCAL CAM_IP "89000000 00000000 " OTHER_IP OTHER_IP, false},
	{"a DHCPv6 answer", TO_CAMERA IP HEAD("11", "40") OTHER_LOCAL CAM_LOCAL "02230222 00080000 ", true},
	{"a DHCPv6 answer from afar", TO_CAMERA IP HEAD("11", "40") OTHER_IP CAM_LOCAL "02230222 00080000 ", false},
};

static void test_ipv6_of_the_camera(void **state)
{
	contain_from(*state, ROWS(ipv6_from));
}

static void test_neighbour_discovery_of_the_camera(void **state)
{
	contain_from(*state, ROWS(nd_from));
}

static void test_dhcpv6_of_the_camera(void **state)
{
	contain_from(*state, ROWS(dhcp_from));
}

static void test_frames_to_the_camera(void **state)
{
	contain_to(*state, ROWS(ipv6_to));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv6_of_the_camera),
		cmocka_unit_test(test_neighbour_discovery_of_the_camera),
		cmocka_unit_test(test_dhcpv6_of_the_camera),
		cmocka_unit_test(test_frames_to_the_camera),
	};

	return cmocka_run_group_tests(tests, contain_setup, context_teardown);
}
