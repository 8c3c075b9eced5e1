/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interface copies go to, and why to none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/mirror.h"

enum { BR0 = 1, SWP1, SWP2, SWP1_10, MON0, VXLAN0, SWP9_10, SWP9, TUN0, BR1 };
static const struct iface machine[] = {
    {.ifindex = BR0, .name = "br0", .kind = "bridge", .ether = true},
    {.ifindex = SWP1, .name = "swp1", .master = BR0, .slave_kind = "bridge", .ether = true, .mtu = 1500},
    {.ifindex = SWP2, .name = "swp2", .ether = true, .mtu = 1500},
    {.ifindex = SWP1_10, .name = "swp1.10", .kind = "vlan", .lower = SWP1, .ether = true},
    {.ifindex = MON0, .name = "mon0", .ether = true},
    {.ifindex = VXLAN0, .name = "vx0", .kind = "vxlan", .lower = SWP2, .ether = true},
    {.ifindex = SWP9_10, .name = "swp9.10", .kind = "vlan", .lower = SWP9, .ether = true},
    {.ifindex = SWP9, .name = "swp9", .ether = true, .mtu = 9000},
    {.ifindex = TUN0, .name = "tun0", .kind = "tun"},
    {.ifindex = BR1, .name = "br1", .kind = "bridge", .ether = true},
};
#define MACHINE (sizeof(machine) / sizeof(machine[0]))

/* swp1 and swp2 are in a zone. */
static void choose(void **state)
{
	static const struct {
		const char *name;
		int chosen;
		const char *said;
	} row[] = {
	    {NULL, 0, NULL},
	    {"mon0", MON0, NULL},
	    {"swp9", SWP9, NULL},
	    {"swp9.10", SWP9_10, NULL},
	    {"vx0", VXLAN0, NULL}, /* over a zone port: what it sends is the router's own */
	    {"br1", BR1, NULL},
	    {"swp1", 0, "mirror port swp1 is in a zone, where copies would be judged again: nothing is copied to it"},
	    {"swp1.10", 0, "mirror port swp1.10 leads to a port that is in a zone"},
	    {"br0", 0, "mirror port br0 leads to a port that is in a zone"},
	    {"mon1", 0, "mirror port mon1 is not there: nothing is copied to it"},
	    {"tun0", 0, "mirror port tun0 carries no Ethernet frames"},
	};
	char *interfaces[] = {(char *)"swp1", (char *)"swp2"};
	struct config_zone zone = {.name = (char *)"z", .interfaces = interfaces, .n_interfaces = 2, .vlans = {.any = true}};
	struct config config = {.zones = &zone, .n_zones = 1};
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct notes warnings = {0};
		const struct iface *iface;
		const char *why = NULL;

		print_message("%s\n", row[i].name ? row[i].name : "none");
		config.mirror.interface = (char *)row[i].name;
		iface = mirror_choose(&config, &plan, machine, MACHINE, &warnings, &why);
		assert_int_equal(why[0] != 0, row[i].said != NULL);
		assert_int_equal(iface ? iface->ifindex : 0, row[i].chosen);
		assert_int_equal(warnings.n, row[i].said ? 1 : 0);
		if (row[i].said)
			assert_non_null(strstr(warnings.text[0], row[i].said));
		notes_clear(&warnings);
	}
	plan_free(&plan);
}

static void large_ports(void **state)
{
	char *interfaces[] = {(char *)"swp2", (char *)"swp9"};
	struct config_zone zone = {.name = (char *)"z", .interfaces = interfaces, .n_interfaces = 1, .vlans = {.any = true}};
	const struct config config = {.zones = &zone, .n_zones = 1};
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_null(mirror_large_port(&plan));
	plan_free(&plan);
	zone.n_interfaces = 2;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_non_null(mirror_large_port(&plan));
	assert_int_equal(mirror_large_port(&plan)->ifindex, SWP9);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(choose),
	    cmocka_unit_test(large_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
