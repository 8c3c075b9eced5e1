/* SPDX-License-Identifier: GPL-2.0-only */
/* The read-only data of a port: which zone each VLAN falls to, and what overlaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/zones.h"

#define UNTAGGED LC_VLAN_UNTAGGED

static void list(struct config_vlans *vlans, unsigned vlan)
{
	vlans->bits[vlan / 8] |= (uint8_t)(1u << vlan % 8);
}

static struct config_zone zone(const char *name, bool enforce, enum lc_action action, unsigned first, unsigned last)
{
	struct config_zone z = {.name = (char *)name, .enforce = enforce, .action = action, .permitted = 0xc4};

	z.vlans.any = !last;
	for (unsigned vlan = first; last && vlan <= last; vlan++)
		list(&z.vlans, vlan);
	return z;
}

/* Two zones on one port; which of them (1, 2, 0 = none) some VLANs fall to. */
struct two {
	const char *what;
	struct config_zone zone[2];
	struct {
		unsigned vlan;
		uint8_t owner;
	} expected[6];
	const char *error;
};

static void check_two(const struct two *row)
{
	static const uint16_t places[] = {0, 1};
	const struct config config = {.zones = (struct config_zone *)row->zone, .n_zones = 2};
	struct lc_port_conf conf = {0};
	struct notes errors = {0};

	print_message("%s\n", row->what);
	zones_build(&config, places, 2, "swp1", &conf, &errors);
	for (size_t e = 0; e < 6; e++)
		assert_int_equal(conf.vlan_zone[row->expected[e].vlan], row->expected[e].owner);
	assert_int_equal(errors.n, row->error ? 1 : 0);
	if (row->error)
		assert_non_null(strstr(errors.text[0], row->error));
	notes_clear(&errors);
}

static void two_zones(void **state)
{
	const struct two row[] = {
	    {"a list goes before any",
	     {zone("a", true, LC_DROP, 0, 0), zone("b", true, LC_MONITOR, 200, 299)},
	     {{1, 1}, {200, 2}, {299, 2}, {300, 1}, {UNTAGGED, 1}, {LC_VLAN_ODD, 1}},
	     NULL},
	    {"in either order",
	     {zone("a", true, LC_MONITOR, 200, 200), zone("b", true, LC_DROP, 0, 0)},
	     {{1, 2}, {200, 1}, {4095, 2}, {0, 2}, {UNTAGGED, 2}, {LC_VLAN_ODD, 2}},
	     NULL},
	    {"what nobody lists is in no zone",
	     {zone("a", true, LC_DROP, 1, 10), zone("b", true, LC_DROP, UNTAGGED, UNTAGGED)},
	     {{10, 1}, {11, 0}, {0, 2}, {UNTAGGED, 2}, {4094, 0}, {LC_VLAN_ODD, 1}},
	     NULL},
	    {"odd frames to the zone that enforces",
	     {zone("a", false, LC_DROP, 0, 0), zone("b", true, LC_MONITOR, 5, 5)},
	     {{5, 2}, {6, 1}, {LC_VLAN_ODD, 2}, {0, 1}, {1, 1}, {2, 1}},
	     NULL},
	    {"both list it: the stricter has it",
	     {zone("a", true, LC_MONITOR, 10, 20), zone("b", true, LC_DROP, 20, 30)},
	     {{19, 1}, {20, 2}, {21, 2}, {31, 0}, {UNTAGGED, 0}, {LC_VLAN_ODD, 2}},
	     "zones a and b both claim swp1 VLAN 20, the stricter one has it: list it in one of them only, or take "
	     "the interface out of one with \"exclude:\""},
	    {"dry-run is the less strict",
	     {zone("a", true, LC_MONITOR, 10, 20), zone("b", false, LC_DROP, 20, 30)},
	     {{19, 1}, {20, 1}, {21, 2}, {31, 0}, {UNTAGGED, 0}, {LC_VLAN_ODD, 1}},
	     "both claim swp1 VLAN 20"},
	    {"both list untagged",
	     {zone("a", true, LC_DROP, UNTAGGED, UNTAGGED), zone("b", true, LC_DROP, UNTAGGED, UNTAGGED)},
	     {{UNTAGGED, 1}, {0, 1}, {1, 0}, {4094, 0}, {2, 0}, {LC_VLAN_ODD, 1}},
	     "both claim swp1 untagged"},
	    {"both any",
	     {zone("a", false, LC_DROP, 0, 0), zone("b", true, LC_DROP, 0, 0)},
	     {{1, 2}, {0, 2}, {4095, 2}, {UNTAGGED, 2}, {2, 2}, {LC_VLAN_ODD, 2}},
	     "both claim swp1 for any VLAN"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check_two(&row[i]);
}

static void fields(void **state)
{
	struct config_zone zones[] = {zone("a", true, LC_DROP, 0, 0), zone("b", false, LC_MONITOR, 7, 7)};
	const struct config config = {.zones = zones, .n_zones = 2};
	static const uint16_t places[] = {1, 0};
	struct lc_port_conf conf = {.zone[5] = {.action = 3}};
	struct notes errors = {0};

	(void)state;
	zones_build(&config, places, 2, "swp1", &conf, &errors);
	assert_int_equal(errors.n, 0);
	assert_int_equal(conf.zone[1].id, 1);
	assert_int_equal(conf.zone[1].action, LC_MONITOR);
	assert_int_equal(conf.zone[1].flags, LC_ZONE_DRY_RUN);
	assert_int_equal(conf.zone[2].id, 0);
	assert_int_equal(conf.zone[2].action, LC_DROP);
	assert_int_equal(conf.zone[2].flags, 0);
	assert_int_equal(conf.zone[2].permitted, 0xc4);
	assert_int_equal(conf.zone[5].action, 0);
	assert_int_equal(conf.flags, 0);
	zones[0].both = true;
	zones_build(&config, places, 2, "swp1", &conf, &errors);
	assert_int_equal(conf.flags, LC_PORT_BOTH);
	assert_int_equal(conf.zone[1].flags, LC_ZONE_DRY_RUN);
	assert_int_equal(conf.zone[2].flags, LC_ZONE_BOTH);
	assert_int_equal(conf.vlan_zone[7], 1);
	assert_int_equal(conf.vlan_zone[8], 2);
}

static void depends_on_vlan(void **state)
{
	const struct {
		struct config_zone zone;
		bool expected;
	} row[] = {
	    {zone("a", true, LC_DROP, 0, 0), false},
	    {zone("a", true, LC_DROP, 7, 7), true},
	    {zone("a", true, LC_DROP, UNTAGGED, UNTAGGED), true},
	    {zone("a", true, LC_DROP, 1, UNTAGGED), false}, /* all of them, one by one */
	    {zone("a", true, LC_DROP, 1, 4094), true},
	};
	static const uint16_t places[] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct config config = {.zones = (struct config_zone *)&row[i].zone, .n_zones = 1};
		struct lc_port_conf conf = {0};
		struct notes errors = {0};

		print_message("row %zu\n", i);
		zones_build(&config, places, 1, "swp1", &conf, &errors);
		assert_int_equal(zones_depend_on_vlan(&conf), row[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_zones),
	    cmocka_unit_test(fields),
	    cmocka_unit_test(depends_on_vlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
