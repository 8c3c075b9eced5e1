/* SPDX-License-Identifier: GPL-2.0-only */
/* contain: IPv4, ARP, DHCP, tags and everything that is neither; each way round it that we know is a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contain.h"

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

#define IP "0800 "
#define TAG "8100 0064 " /* the kernel itself takes no untagged frame that ends in its IP header */
#define TCP_PORTS "d431022a 00000001 00000000 5002ffff 00000000 "
#define UDP_PORTS "d4310035 00080000 "
#define HEAD(protocol) "45000028 00010000 40" protocol "0000 "
#define CAM_IP "0a140009 "
#define REC_IP "0a140005 "	/* 10.20.0.5, permitted */
#define NET_IP "0a1e0307 "	/* 10.30.3.7, in the permitted 10.30.0.0/16 */
#define BEHIND_NET_IP "0a1f0001 " /* 10.31.0.1, one behind it */
#define GATE_IP "0a140001 "	/* 10.20.0.1, the gateway */
#define OTHER_IP "0a140042 "	/* 10.20.0.66, nobody's here */
#define BROADCAST_IP "ffffffff "

static const struct contain_row ipv4_from[] = {
	{"TCP to the recorder", FROM_CAMERA IP HEAD("06") CAM_IP REC_IP TCP_PORTS, true},
	{"UDP to the recorder", FROM_CAMERA IP HEAD("11") CAM_IP REC_IP UDP_PORTS, true},
	{"ICMP to the recorder", FROM_CAMERA IP HEAD("01") CAM_IP REC_IP "0800f7ff 00000000 ", true},
	{"UDP into the permitted prefix", FROM_CAMERA IP HEAD("11") CAM_IP NET_IP UDP_PORTS, true},
	{"UDP just behind the permitted prefix", FROM_CAMERA IP HEAD("11") CAM_IP BEHIND_NET_IP UDP_PORTS, false},
	{"UDP to somebody else", FROM_CAMERA IP HEAD("11") CAM_IP OTHER_IP UDP_PORTS, false},
	{"UDP to the gateway itself", FROM_CAMERA IP HEAD("11") CAM_IP GATE_IP UDP_PORTS, false},
	{"UDP to everybody", EVERYBODY CAMERA IP HEAD("11") CAM_IP BROADCAST_IP UDP_PORTS, false},
	{"multicast", "01005e7ffffa " CAMERA IP HEAD("11") CAM_IP "effffffa " UDP_PORTS, false},
	{"the recorder's address in a broadcast frame", EVERYBODY CAMERA IP HEAD("11") CAM_IP REC_IP UDP_PORTS, false},
	{"the recorder's address in a multicast frame", "01005e000001 " CAMERA IP HEAD("11") CAM_IP REC_IP UDP_PORTS, false},
	{"the recorder as source only", FROM_CAMERA IP HEAD("11") REC_IP OTHER_IP UDP_PORTS, false},
	{"a source route behind the recorder", FROM_CAMERA IP "4700002c 00010000 40110000 " CAM_IP REC_IP "83070400 00000000 " UDP_PORTS, false},
	{"an option that does nothing", FROM_CAMERA IP "4600002c 00010000 40110000 " CAM_IP REC_IP "01010101 " UDP_PORTS, false},
	{"a first fragment to the recorder", FROM_CAMERA IP "45000028 00012000 40110000 " CAM_IP REC_IP UDP_PORTS, true},
	{"a later fragment to the recorder", FROM_CAMERA IP "45000028 000100b9 40110000 " CAM_IP REC_IP UDP_PORTS, true},
	{"a later fragment to somebody else", FROM_CAMERA IP "45000028 000100b9 40110000 " CAM_IP OTHER_IP UDP_PORTS, false},
	{"a tunnel to the recorder: IPv4 in IPv4", FROM_CAMERA IP HEAD("04") CAM_IP REC_IP HEAD("11") CAM_IP OTHER_IP, false},
	{"a tunnel to the recorder: GRE", FROM_CAMERA IP HEAD("2f") CAM_IP REC_IP "00006558 ", false},
	{"a tunnel to the recorder: IPv6 in IPv4", FROM_CAMERA IP HEAD("29") CAM_IP REC_IP "60000000 ", false},
	{"IGMP", "01005e000016 " CAMERA IP "46c00028 00010000 01020000 " CAM_IP "e0000016 94040000 22000000 ", false},
	{"a header of four words", FROM_CAMERA IP "44000028 00010000 40110000 " CAM_IP REC_IP UDP_PORTS, false},
	{"version 6 in an IPv4 frame", FROM_CAMERA IP "65000028 00010000 40110000 " CAM_IP REC_IP UDP_PORTS, false},
	{"a header one byte too short", FROM_CAMERA TAG IP HEAD("11") CAM_IP "0a1400", false},
	{"a header that ends the frame", FROM_CAMERA IP HEAD("11") CAM_IP REC_IP, true},
};

#define ASK "0001 "
#define ANSWER "0002 "
#define ARP_HEAD "0806 0001 0800 06 04 "
#define NOBODY "000000000000 "

static const struct contain_row arp_from[] = {
	{"ARP for the recorder", EVERYBODY CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY REC_IP, true},
	{"ARP for the gateway", EVERYBODY CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY GATE_IP, true},
	{"ARP for the recorder, to it alone", FROM_CAMERA ARP_HEAD ASK CAMERA CAM_IP RECORDER REC_IP, true},
	{"ARP for somebody else", EVERYBODY CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY OTHER_IP, false},
	{"ARP for the recorder, in a multicast frame", "01005e000001 " CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY REC_IP, false},
	{"an answer to the recorder", FROM_CAMERA ARP_HEAD ANSWER CAMERA CAM_IP RECORDER REC_IP, true},
	{"an answer to the gateway", FROM_CAMERA ARP_HEAD ANSWER CAMERA CAM_IP RECORDER GATE_IP, true},
	{"an answer to somebody else", FROM_CAMERA ARP_HEAD ANSWER CAMERA CAM_IP RECORDER OTHER_IP, false},
	{"an answer to everybody", EVERYBODY CAMERA ARP_HEAD ANSWER CAMERA CAM_IP RECORDER REC_IP, false},
	{"an answer in another's name", FROM_CAMERA ARP_HEAD ANSWER "020000000042 " CAM_IP RECORDER REC_IP, false},
	{"a question in another's name", EVERYBODY CAMERA ARP_HEAD ASK "020000000042 " CAM_IP NOBODY REC_IP, false},
	{"a probe of its own address", EVERYBODY CAMERA ARP_HEAD ASK CAMERA "00000000 " NOBODY CAM_IP, false},
	{"an announcement of its own address", EVERYBODY CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY CAM_IP, false},
	{"reverse ARP", EVERYBODY CAMERA ARP_HEAD "0003 " CAMERA CAM_IP NOBODY REC_IP, false},
	{"ARP for other hardware", EVERYBODY CAMERA "0806 0006 0800 06 04 " ASK CAMERA CAM_IP NOBODY REC_IP, false},
	{"ARP for another protocol", EVERYBODY CAMERA "0806 0001 86dd 06 04 " ASK CAMERA CAM_IP NOBODY REC_IP, false},
	{"ARP with long addresses", EVERYBODY CAMERA "0806 0001 0800 06 10 " ASK CAMERA CAM_IP NOBODY REC_IP, false},
	{"ARP one byte too short", EVERYBODY CAMERA ARP_HEAD ASK CAMERA CAM_IP NOBODY "0a1400", false},
};

#define DHCP_ASK "00440043 00080000 "
#define NO_IP "00000000 "

static const struct contain_row dhcp_from[] = {
	{"DHCP to everybody", EVERYBODY CAMERA IP HEAD("11") NO_IP BROADCAST_IP DHCP_ASK, true},
	{"DHCP to everybody in another's frame", FROM_CAMERA IP HEAD("11") NO_IP BROADCAST_IP DHCP_ASK, false},
	{"DHCP to a server that is not permitted", FROM_CAMERA IP HEAD("11") CAM_IP OTHER_IP DHCP_ASK, false},
	{"DHCP as a server", EVERYBODY CAMERA IP HEAD("11") CAM_IP BROADCAST_IP "00430044 00080000 ", false},
	{"a fragment as DHCP", EVERYBODY CAMERA IP "45000028 00012000 40110000 " NO_IP BROADCAST_IP DHCP_ASK, false},
	{"a later fragment as DHCP", EVERYBODY CAMERA IP "45000028 00010001 40110000 " NO_IP BROADCAST_IP DHCP_ASK, false},
	{"TCP on DHCP's ports", EVERYBODY CAMERA IP HEAD("06") NO_IP BROADCAST_IP DHCP_ASK, false},
	{"DHCP cut off before its ports", EVERYBODY CAMERA IP HEAD("11") NO_IP BROADCAST_IP "004400", false},
};

#define GOOD_IP IP HEAD("11") CAM_IP REC_IP UDP_PORTS

static const struct contain_row other_from[] = {
	{"one tag", FROM_CAMERA "8100 0064 " GOOD_IP, true},
	{"a priority tag and a tag", FROM_CAMERA "8100 0000 8100 0064 " GOOD_IP, true},
	{"a service tag", FROM_CAMERA "88a8 0064 " GOOD_IP, true},
	{"two tags", FROM_CAMERA "8100 0064 8100 0065 " GOOD_IP, false},
	{"QinQ", FROM_CAMERA "88a8 0064 8100 0065 " GOOD_IP, false},
	{"a tag that ends the frame", FROM_CAMERA "8100 0064", false},
	{"the old QinQ type", FROM_CAMERA "9100 0064 " GOOD_IP, false},
	{"an 802.3 length", FROM_CAMERA "0040 aaaa03000000 " GOOD_IP, false},
	{"PPPoE", FROM_CAMERA "8864 11000001002a 0021 " HEAD("11") CAM_IP REC_IP, false},
	{"MPLS", FROM_CAMERA "8847 00001140 " HEAD("11") CAM_IP REC_IP, false},
	{"LLDP", "0180c200000e " CAMERA "88cc 0207044419b6010203 ", false},
	{"EAPOL", "0180c2000003 " CAMERA "888e 01010000 ", false},
	{"a private type", FROM_CAMERA "88b5 00000000 ", false},
	{"ARP's answer as IPv6", FROM_CAMERA TAG "86dd 00010800 06040002 " CAMERA CAM_IP RECORDER REC_IP, false},
};

static const struct contain_row ipv4_to[] = {
	{"TCP of the recorder", TO_CAMERA IP HEAD("06") REC_IP CAM_IP TCP_PORTS, true},
	{"UDP out of the permitted prefix", TO_CAMERA IP HEAD("11") NET_IP CAM_IP UDP_PORTS, true},
	{"UDP of somebody else", TO_CAMERA IP HEAD("11") OTHER_IP CAM_IP UDP_PORTS, false},
	{"UDP of somebody else to the recorder", TO_CAMERA IP HEAD("11") OTHER_IP REC_IP UDP_PORTS, false},
	{"UDP of the gateway itself", TO_CAMERA IP HEAD("11") GATE_IP CAM_IP UDP_PORTS, false},
	{"a fragment of the recorder", TO_CAMERA IP "45000028 000120b9 40110000 " REC_IP CAM_IP UDP_PORTS, true},
	{"options of the recorder", TO_CAMERA IP "4600002c 00010000 40110000 " REC_IP CAM_IP "01010101 " UDP_PORTS, false},
	{"a DHCP server's answer", TO_CAMERA IP HEAD("11") OTHER_IP CAM_IP "00430044 00080000 ", true},
	{"a DHCP server's question", TO_CAMERA IP HEAD("11") OTHER_IP CAM_IP "00440043 00080000 ", false},
	{"a fragment as DHCP", TO_CAMERA IP "45000028 00012000 40110000 " OTHER_IP CAM_IP "00430044 00080000 ", false},
	{"the recorder asks", TO_CAMERA ARP_HEAD ASK RECORDER REC_IP NOBODY CAM_IP, true},
	{"the gateway answers", TO_CAMERA ARP_HEAD ANSWER RECORDER GATE_IP CAMERA CAM_IP, true},
	{"somebody else asks", TO_CAMERA ARP_HEAD ASK RECORDER OTHER_IP NOBODY CAM_IP, false},
	{"an unknown type", TO_CAMERA "88b5 00000000 ", false},
	{"two tags", TO_CAMERA "8100 0064 8100 0065 " IP HEAD("11") REC_IP CAM_IP UDP_PORTS, false},
};

static void test_ipv4_of_the_camera(void **state)
{
	contain_from(*state, ROWS(ipv4_from));
}

static void test_arp_of_the_camera(void **state)
{
	contain_from(*state, ROWS(arp_from));
}

static void test_dhcp_of_the_camera(void **state)
{
	contain_from(*state, ROWS(dhcp_from));
}

static void test_tags_and_other_types_of_the_camera(void **state)
{
	contain_from(*state, ROWS(other_from));
}

static void test_frames_to_the_camera(void **state)
{
	contain_to(*state, ROWS(ipv4_to));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_of_the_camera),
		cmocka_unit_test(test_arp_of_the_camera),
		cmocka_unit_test(test_dhcp_of_the_camera),
		cmocka_unit_test(test_tags_and_other_types_of_the_camera),
		cmocka_unit_test(test_frames_to_the_camera),
	};

	return cmocka_run_group_tests(tests, contain_setup, context_teardown);
}
