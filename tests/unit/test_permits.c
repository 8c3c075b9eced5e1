/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom contained devices may talk to, as rows of a map that finds the longest prefix only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/permits.h"

#define LISTED 4

/* One zone's lists, "" ends; then addresses and what a look-up by longest prefix says of them. */
struct zone_row {
	const char *what;
	const char *permit[LISTED], *gateway[LISTED];
	struct {
		const char *address;
		uint8_t value;
	} expected[4];
};

static size_t parse(const char *const *text, struct config_prefix *out)
{
	size_t n = 0;

	for (; n < LISTED && text[n]; n++)
		assert_null(config_prefix_parse(text[n], &out[n]));
	return n;
}

/* As the kernel's map does it: the longest row that holds the address, of this zone and family. */
static uint8_t look_up(const struct permit *rows, size_t n, uint16_t zone, const char *address)
{
	struct config_prefix host, prefix = {0};
	uint32_t best = 0;
	uint8_t value = 0;

	assert_null(config_prefix_parse(address, &host));
	for (size_t i = 0; i < n; i++) {
		prefix.family = (uint8_t)rows[i].key.family;
		prefix.length = (uint8_t)(rows[i].key.bits - 32);
		memcpy(prefix.address, rows[i].key.address, sizeof(prefix.address));
		if (rows[i].key.zone != zone || rows[i].key.bits < best || !config_prefix_holds(&prefix, host.family, host.address))
			continue;
		best = rows[i].key.bits;
		value = rows[i].value;
	}
	return value;
}

static void check_zone(const struct zone_row *row)
{
	struct config_prefix permits[LISTED], gateways[LISTED];
	struct config_zone zones[] = {{.name = (char *)"other"}, {.name = (char *)"z", .permits = permits, .gateways = gateways}};
	const struct config config = {.zones = zones, .n_zones = 2};
	struct permit *rows;
	uint64_t digest;
	size_t n;

	print_message("%s\n", row->what);
	zones[1].n_permits = parse(row->permit, permits);
	zones[1].n_gateways = parse(row->gateway, gateways);
	assert_int_equal(permits_make(&config, &rows, &n, &digest), 0);
	assert_int_not_equal(digest, 0);
	assert_int_equal(n, zones[1].n_permits + zones[1].n_gateways);
	for (size_t e = 0; e < 4 && row->expected[e].address; e++) {
		assert_int_equal(look_up(rows, n, 1, row->expected[e].address), row->expected[e].value);
		assert_int_equal(look_up(rows, n, 0, row->expected[e].address), 0);
	}
	free(rows);
}

static void longest_prefix_says_all(void **state)
{
	const uint8_t peer = LC_PERMIT_PEER, gate = LC_PERMIT_GATEWAY, both = peer | gate;
	const struct zone_row row[] = {
	    {"nobody", {NULL}, {NULL}, {{"10.0.0.1", 0}, {"2001:db8::1", 0}}},
	    {"a host", {"10.20.0.5"}, {NULL}, {{"10.20.0.5", peer}, {"10.20.0.4", 0}, {"2001:db8::5", 0}}},
	    {"a network", {"10.20.0.0/24"}, {NULL}, {{"10.20.0.255", peer}, {"10.20.1.0", 0}}},
	    {"IPv6", {"2001:db8::/64"}, {NULL}, {{"2001:db8::ffff", peer}, {"2001:db8:0:1::", 0}, {"32.1.13.184", 0}}},
	    {"a gateway apart", {"10.20.0.5"}, {"10.20.0.1"}, {{"10.20.0.5", peer}, {"10.20.0.1", gate}, {"10.20.0.2", 0}}},
	    {"a gateway in a network", {"10.20.0.0/16"}, {"10.20.0.1"}, {{"10.20.0.1", both}, {"10.20.0.2", peer}}},
	    {"a gateway that is permitted", {"10.20.0.1"}, {"10.20.0.1"}, {{"10.20.0.1", both}, {"10.20.0.2", 0}}},
	    {"nested networks",
	     {"10.0.0.0/8", "10.20.0.0/16", "10.20.0.0/24"},
	     {"10.20.0.9", "10.30.0.9"},
	     {{"10.20.0.9", both}, {"10.30.0.9", both}, {"10.20.0.1", peer}, {"11.0.0.1", 0}}},
	    {"IPv6 gateway", {"2001:db8::/32"}, {"fe80::1"}, {{"fe80::1", gate}, {"fe80::2", 0}, {"2001:db8:9::1", peer}}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check_zone(&row[i]);
}

static uint64_t digest_of_one(const char *permit, const char *gateway, size_t zone)
{
	struct config_prefix permits[1] = {0}, gateways[1] = {0};
	struct config_zone zones[3] = {0};
	const struct config config = {.zones = zones, .n_zones = 3};
	struct permit *rows;
	uint64_t digest;
	size_t n;

	if (permit)
		assert_null(config_prefix_parse(permit, permits));
	if (gateway)
		assert_null(config_prefix_parse(gateway, gateways));
	zones[zone] = (struct config_zone){
	    .permits = permits, .n_permits = permit != NULL, .gateways = gateways, .n_gateways = gateway != NULL};
	assert_int_equal(permits_make(&config, &rows, &n, &digest), 0);
	free(rows);
	return digest;
}

/* Whatever changes what a frame would find changes the digest: zone, family, address, length, what it may. */
static void digest_tells_contents_apart(void **state)
{
	const uint64_t digests[] = {
	    digest_of_one(NULL, NULL, 0),	  digest_of_one("10.0.0.1", NULL, 0), digest_of_one("10.0.0.1", NULL, 1),
	    digest_of_one("10.0.0.2", NULL, 0),	  digest_of_one(NULL, "10.0.0.1", 0), digest_of_one("10.0.0.0/31", NULL, 0),
	    digest_of_one("10.0.0.0/30", NULL, 0), digest_of_one("a00::", NULL, 0),   digest_of_one("10.0.0.1", "10.0.0.1", 0),
	};
	const size_t n = sizeof(digests) / sizeof(digests[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(digests[i], digests[j]);
	assert_int_equal(digest_of_one("10.0.0.1", NULL, 1), digests[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(longest_prefix_says_all),
	    cmocka_unit_test(digest_tells_contents_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
