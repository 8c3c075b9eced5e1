/* SPDX-License-Identifier: GPL-2.0-only */
/* Live addresses and gateways as a real kernel tells them: a network namespace of our own, made without rights where
 * the machine lets us. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/policy/guard.h"

static bool have_namespace;

static const char *const commands[] = {
    "ip link add lcv0 type veth peer name lcv1",
    "ip link add lcbr0 type bridge",
    "ip link set lcv1 master lcbr0",
    "bridge link set dev lcv1 learning off", /* lcv0's own frames would add it at some time */
    "ip link set lcv0 address 02:00:00:00:00:fe",
    "ip link set lcv0 up",
    "ip link set lcv1 up",
    "ip link set lcbr0 up",
    "ip addr add 192.0.2.2/24 dev lcv0",
    "ip addr add 2001:db8::2/64 dev lcv0 nodad",
    "ip neigh add 192.0.2.10 lladdr 44:19:b6:00:00:01 dev lcv0 nud reachable",
    "ip neigh add 192.0.2.11 lladdr 44:19:b6:00:00:02 dev lcv0 nud stale",
    "ip neigh add 192.0.2.12 lladdr 44:19:b6:00:00:03 dev lcv0 nud permanent",
    "ip neigh add 2001:db8::10 lladdr 44:19:b6:00:00:04 dev lcv0 nud reachable",
    "ip neigh add 192.0.2.13 lladdr 44:19:b6:00:00:05 dev lcv0 nud failed",
    "ip neigh add 192.0.2.14 lladdr 01:00:5e:00:00:01 dev lcv0 nud permanent",
    "ip neigh add 192.0.2.15 lladdr 44:19:b6:00:00:01 dev lcv0 nud reachable", /* a second address of the first */
    "bridge fdb add 3c:ef:8c:00:00:01 dev lcv1 master dynamic",
    "bridge fdb add 44:19:b6:00:00:02 dev lcv1 master dynamic", /* the bridge knows the port better */
    "bridge fdb add 3c:ef:8c:00:00:02 dev lcv1 master permanent",
    "ip neigh add 192.0.2.1 lladdr 02:00:00:00:01:01 dev lcv0 nud stale",
    "ip neigh add 192.0.2.3 lladdr 02:00:00:00:01:03 dev lcv0 nud stale",
    "ip neigh add 192.0.2.4 lladdr 02:00:00:00:01:04 dev lcv0 nud stale",
    "ip neigh add fe80::1 lladdr 02:00:00:00:01:05 dev lcv0 nud stale",
    "ip neigh add 192.0.2.7 lladdr 02:00:00:00:01:07 dev lcv0 nud stale", /* a hop of a route that is no default */
    "ip neigh add 192.0.2.8 lladdr 00:00:5e:00:01:0a dev lcv0 nud stale",
    "ip neigh add 192.0.2.9 lladdr 00:00:5e:00:03:0a dev lcv0 nud stale",
    "ip route add default via 192.0.2.1",
    "ip route add default metric 50 nexthop via 192.0.2.3 nexthop via 192.0.2.4",
    "ip route add default via fe80::1 dev lcv0",
    "ip neigh add 192.0.2.20 lladdr 02:00:00:00:01:14 dev lcv0 nud stale",
    "ip nexthop add id 7 via 192.0.2.20 dev lcv0",
    "ip route add default nhid 7 metric 60",
    "ip neigh add 192.0.2.21 lladdr 02:00:00:00:01:15 dev lcv0 nud stale",
    "ip route add default via 192.0.2.21 table 99", /* policy routing counts as well */
    "ip -6 neigh add fe80::2 lladdr 02:00:00:00:01:16 dev lcv0 nud stale",
    "ip route add default via inet6 fe80::2 dev lcv0 metric 70",
    "ip route add 198.51.100.0/24 via 192.0.2.7",
};

static const struct live want[] = {
    /* sorted */
    {0x00005e00010aull, "lcv0", true},	{0x00005e00030aull, "lcv0", false}, {0x020000000101ull, "lcv0", true},
    {0x020000000103ull, "lcv0", true},	{0x020000000104ull, "lcv0", true},  {0x020000000105ull, "lcv0", true},
    {0x020000000107ull, "lcv0", false}, {0x020000000114ull, "lcv0", true},  {0x020000000115ull, "lcv0", true},
    {0x020000000116ull, "lcv0", true},	{0x3cef8c000001ull, "lcv1", false}, {0x4419b6000001ull, "lcv0", false},
    {0x4419b6000002ull, "lcv1", false}, {0x4419b6000003ull, "lcv0", false}, {0x4419b6000004ull, "lcv0", false},
};

static void empty_namespace(void **state)
{
	struct live_set set = {0};

	(void)state;
	if (!have_namespace)
		skip();
	assert_int_equal(live_read(&set), 0);
	assert_int_equal(set.n, 0);
	live_free(&set);
}

static void neighbours_bridge_and_gateways(void **state)
{
	struct live_set set = {0};
	size_t n = sizeof(want) / sizeof(want[0]);

	(void)state;
	if (!have_namespace)
		skip();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		print_message("%s\n", commands[i]);
		assert_int_equal(system(commands[i]), 0); /* NOLINT(cert-env33-c): constants above */
	}
	assert_int_equal(live_read(&set), 0);
	assert_int_equal(set.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(set.live[i].mac48, want[i].mac48);
		assert_string_equal(set.live[i].port, want[i].port);
		assert_int_equal(set.live[i].gateway, want[i].gateway);
	}
	live_free(&set);
	live_free(&set);
}

/* As root, or as root of a user namespace: only that keeps its rights over ip's exec. */
static bool new_namespace(void)
{
	uid_t uid = getuid();
	FILE *map;

	if (!uid)
		return !unshare(CLONE_NEWNET);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	map = fopen("/proc/self/uid_map", "we");
	return map && fprintf(map, "0 %u 1", uid) > 0 && !fclose(map);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_namespace),
	    cmocka_unit_test(neighbours_bridge_and_gateways),
	};

	have_namespace = new_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
