/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interfaces become ports: globs, bridges, exclusions, and what is said of those that cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/match.h"

#define LIST(...) ((char *[]){__VA_ARGS__})
#define ZONE(label, named, n_named, left_out, n_left_out)                                                              \
	{                                                                                                              \
		.name = (char *)(label), .interfaces = (named), .n_interfaces = (n_named), .exclude = (left_out),      \
		.n_exclude = (n_left_out), .vlans = {.any = true}, .action = LC_DROP                                   \
	}

static void match_one(void **state)
{
	static const struct {
		const char *pattern, *exclude, *name, *bridge;
		bool expected;
	} row[] = {
	    {"swp1", NULL, "swp1", NULL, true},
	    {"swp1", NULL, "swp10", NULL, false},
	    {"swp*", NULL, "swp10", NULL, true},
	    {"swp*", "swp10", "swp10", NULL, false},
	    {"swp*", "swp1?", "swp10", NULL, false},
	    {"swp*", "swp1?", "swp1", NULL, true},
	    {"swp[13]", NULL, "swp3", NULL, true},
	    {"swp[13]", NULL, "swp2", NULL, false},
	    {"*", NULL, "lan0", NULL, true},
	    {"bridge:br0", NULL, "swp1", "br0", true},
	    {"bridge:br0", NULL, "swp1", "br1", false},
	    {"bridge:br0", NULL, "swp1", NULL, false},
	    {"bridge:br0", NULL, "br0", NULL, false},
	    {"bridge:br0", "swp1", "swp1", "br0", false},
	    {"bridge:br*", NULL, "swp1", "br7", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *in[] = {(char *)row[i].pattern}, *out[] = {(char *)row[i].exclude};
		const struct config_zone zone = ZONE("z", in, 1, out, row[i].exclude ? 1 : 0);

		if (match_zone(&zone, row[i].name, row[i].bridge) != row[i].expected)
			fail_msg("row %zu: %s on %s of %s", i, row[i].pattern, row[i].name,
				 row[i].bridge ? row[i].bridge : "no bridge");
	}
}

enum { LO = 1, BR0, SWP1, SWP2, SWP1_10, BOND0, ETH0, ETH1, CHIP };
static const struct iface machine[] = {
    {.ifindex = LO, .name = "lo"},
    {.ifindex = BR0, .name = "br0", .kind = "bridge", .ether = true},
    {.ifindex = SWP1, .name = "swp1", .master = BR0, .slave_kind = "bridge", .ether = true},
    {.ifindex = SWP2, .name = "swp2", .ether = true},
    {.ifindex = SWP1_10, .name = "swp1.10", .kind = "vlan", .lower = SWP1, .ether = true},
    {.ifindex = BOND0, .name = "bond0", .kind = "bond", .ether = true},
    {.ifindex = ETH0, .name = "eth0", .master = BOND0, .slave_kind = "bond", .ether = true},
    {.ifindex = ETH1, .name = "eth1", .master = BOND0, .slave_kind = "bond", .ether = true},
    {.ifindex = CHIP, .name = "chip0", .switchdev = true, .ether = true},
};
#define MACHINE (sizeof(machine) / sizeof(machine[0]))

static bool says(const struct notes *notes, const char *part)
{
	for (size_t i = 0; i < notes->n; i++)
		if (strstr(notes->text[i], part))
			return true;
	return false;
}

/* One zone with up to two patterns and an exclusion; which ports, and one sentence that must be said. */
static void plans(void **state)
{
	static const struct {
		const char *pattern[2], *exclude;
		int port[4];
		const char *said;
		size_t sentences;
	} row[] = {
	    {{"swp*"}, NULL, {SWP1, SWP2}, NULL, 0},
	    {{"swp*"}, "swp2", {SWP1}, NULL, 0},
	    {{"bridge:br0"}, NULL, {SWP1}, NULL, 0},
	    {{"br0"}, NULL, {0}, "br0 is a bridge and has no XDP of its own: write \"bridge:br0\"", 1},
	    {{"br*"}, NULL, {0}, "br0 is a bridge", 1},
	    {{"br*", "swp1"}, NULL, {SWP1}, NULL, 0},
	    {{"br0", "swp1"}, NULL, {SWP1}, "br0 is a bridge", 1},
	    {{"swp1.10"}, NULL, {0}, "swp1.10 is a VLAN device: name its port swp1 instead", 1},
	    {{"swp1.*"}, NULL, {0}, "swp1.10 is a VLAN device", 1},
	    {{"lo"}, NULL, {0}, "lo carries no Ethernet frames", 1},
	    {{"l*"}, NULL, {0}, NULL, 0},
	    {{"eth*"}, NULL, {ETH0, ETH1}, NULL, 0},
	    {{"bond0"}, NULL, {BOND0}, NULL, 0},
	    {{"bond0", "eth0"}, NULL, {BOND0}, "eth0 is under the bond bond0, which is in a zone itself", 1},
	    {{"bond0", "eth*"}, "eth1", {BOND0}, "eth0 is under the bond", 1},
	    {{"eth*", "bond*"}, "bond0", {ETH0, ETH1}, "no interface matches \"bond*\"", 1},
	    {{"swp9"}, NULL, {0}, "zone z: no interface matches \"swp9\" now", 1},
	    {{"bridge:br9"}, NULL, {0}, "no interface matches \"bridge:br9\"", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *in[] = {(char *)row[i].pattern[0], (char *)row[i].pattern[1]}, *out[] = {(char *)row[i].exclude};
		struct config_zone zone = ZONE("z", in, row[i].pattern[1] ? 2 : 1, out, row[i].exclude ? 1 : 0);
		const struct config config = {.zones = &zone, .n_zones = 1};
		struct plan plan;

		print_message("row %zu: %s\n", i, row[i].pattern[0]);
		assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
		for (size_t p = 0; p < 4; p++)
			assert_int_equal(p < plan.n ? plan.port[p].iface.ifindex : 0, row[i].port[p]);
		assert_int_equal(plan.warnings.n, row[i].sentences);
		if (row[i].said)
			assert_true(says(&plan.warnings, row[i].said));
		plan_free(&plan);
	}
}

static void switch_chip_is_said(void **state)
{
	struct config_zone zone = ZONE("z", LIST("chip0", "swp2"), 2, NULL, 0);
	const struct config config = {.zones = &zone, .n_zones = 1};
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_int_equal(plan.n, 2);
	assert_int_equal(plan_find(&plan, SWP2)->warnings.n, 0);
	assert_true(says(&plan_find(&plan, CHIP)->warnings, "chip0 belongs to a switch chip"));
	assert_null(plan_find(&plan, SWP1));
	plan_free(&plan);
}

/* Bridge filtering or not, the port's PVID, the VLANs a zone lists (0 ends), and whether that misses frames. */
static void pvid_is_said(void **state)
{
	static const struct {
		bool filtering, said;
		uint16_t pvid, vlan[3];
	} row[] = {
	    {true, true, 10, {10}},  {true, true, 10, {9, 10, 11}}, {true, false, 10, {10, LC_VLAN_UNTAGGED}},
	    {true, false, 10, {11}}, {true, false, 0, {10}},	    {false, false, 10, {10}},
	    {true, false, 10, {0}},
	};
	char *named[] = {"swp1"};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct iface bridged[] = {
		    {.ifindex = BR0, .name = "br0", .kind = "bridge", .ether = true, .filtering = row[i].filtering},
		    {.ifindex = SWP1, .name = "swp1", .master = BR0, .ether = true, .pvid = row[i].pvid},
		};
		struct config_zone zone = ZONE("z", named, 1, NULL, 0);
		const struct config config = {.zones = &zone, .n_zones = 1};
		struct plan plan;

		for (size_t v = 0; v < 3 && row[i].vlan[v]; v++) {
			zone.vlans.any = false;
			zone.vlans.bits[row[i].vlan[v] / 8] |= (uint8_t)(1u << row[i].vlan[v] % 8);
		}
		print_message("row %zu\n", i);
		assert_int_equal(plan_make(&config, bridged, 2, &plan), 0);
		assert_int_equal(says(&plan.port[0].warnings, "zone z lists VLAN 10, the PVID of swp1"), row[i].said);
		plan_free(&plan);
	}
}

static void zones_in_order(void **state)
{
	struct config_zone zones[] = {
	    ZONE("a", LIST("swp2"), 1, NULL, 0),
	    ZONE("b", LIST("eth0"), 1, NULL, 0),
	    ZONE("c", LIST("swp*"), 1, NULL, 0),
	};
	const struct config config = {.zones = zones, .n_zones = 3};
	struct plan plan;

	(void)state;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_int_equal(plan_find(&plan, SWP1)->n_zones, 1);
	assert_int_equal(plan_find(&plan, SWP1)->zone[0], 2);
	assert_int_equal(plan_find(&plan, SWP2)->n_zones, 2);
	assert_int_equal(plan_find(&plan, SWP2)->zone[0], 0);
	assert_int_equal(plan_find(&plan, SWP2)->zone[1], 2);
	plan_free(&plan);
}

/* A port's data has room for fifteen zones: the rest is said, never silently lost. */
static void too_many_zones(void **state)
{
	char *named[] = {"swp2"};
	struct config_zone zones[LC_PORT_ZONES + 1];
	struct config config = {.zones = zones, .n_zones = LC_PORT_ZONES - 1};
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < LC_PORT_ZONES + 1; i++)
		zones[i] = (struct config_zone)ZONE("z", named, 1, NULL, 0);
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_int_equal(plan.port[0].n_zones, LC_PORT_ZONES - 1);
	assert_int_equal(plan.port[0].warnings.n, 0);
	plan_free(&plan);
	config.n_zones = LC_PORT_ZONES + 1;
	assert_int_equal(plan_make(&config, machine, MACHINE, &plan), 0);
	assert_int_equal(plan.port[0].n_zones, LC_PORT_ZONES - 1);
	assert_true(says(&plan.port[0].warnings, "swp2 is in 17 zones, only the first 15 count"));
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(match_one),    cmocka_unit_test(plans),	      cmocka_unit_test(switch_chip_is_said),
	    cmocka_unit_test(pvid_is_said), cmocka_unit_test(zones_in_order), cmocka_unit_test(too_many_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
