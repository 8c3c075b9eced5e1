/* SPDX-License-Identifier: GPL-2.0-only */
/* What a good configuration means: defaults, every key, drop-ins, VLANs. What is refused: test_badinput_config.c. */
#include "../../userspace/lib/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "unit.h"

/* Load what must be fine. */
static struct config *load(const char *file)
{
	struct config *config = NULL;
	char *error = NULL;

	if (config_load(file, &config, &error))
		fail_msg("%s", error);
	return config;
}

static struct config *load_text(void **state, const char *text)
{
	return load(scratch_write(state, "lenscap.yaml", text, 0600));
}

static void nothing_means_defaults(void **state)
{
	static const char *const empty[] = {"", "\n", "# nothing\n", "---\n", "---\n...\n", "{}\n", "~\n"};

	for (size_t i = 0; i < LENGTH(empty); i++) {
		struct config *c = load_text(state, empty[i]);

		assert_int_equal(c->n_zones + c->n_feeds + c->n_lists + c->n_protect, 0);
		assert_int_equal(c->capacity, 262144);
		assert_int_equal(c->devices, 16384);
		assert_false(c->trust_clock);
		assert_string_equal(c->run, "/run/lenscap");
		assert_string_equal(c->state, "/var/lib/lenscap");
		assert_string_equal(c->log, "/var/log/lenscap");
		assert_string_equal(c->overrides, "/etc/lenscap/overrides.d");
		assert_string_equal(c->data, LENSCAP_DATADIR);
		assert_string_equal(c->user, "lenscap");
		assert_string_equal(c->group, "lenscap");
		assert_string_equal(c->policy_group, "lenscap-policy");
		assert_false(c->fallback);
		assert_null(c->error);
		assert_int_equal(c->n_files, 1);
		assert_null(c->mirror.interface);
		assert_int_equal(c->mirror.sample, 1);
		assert_int_equal(c->mirror.snaplen + c->mirror.rate, 0);
		config_free(c);
	}
}

static void every_policy_key_is_taken(void **state)
{
	struct config *c = load_text(state, "policy:\n"
					    "  vendor-lists: [uk-core-network, {name: /srv/own.jsonl, mode: dry-run}]\n"
					    "  capacity: 2048\n"
					    "  devices: 100\n"
					    "  clock: trust\n"
					    "  protect: [\"00:11:22:33:44:66\", 00-11-22-33-44-55, 0011.2233.4455]\n"
					    "paths: {run: /r, state: /s, log: /l, overrides: /o, data: /d}\n"
					    "user: me\ngroup: us\npolicy-group: _them-2\n");

	assert_int_equal(c->n_lists, 2);
	assert_string_equal(c->lists[0].name, "uk-core-network");
	assert_true(c->lists[0].enforce);
	assert_string_equal(c->lists[1].name, "/srv/own.jsonl");
	assert_false(c->lists[1].enforce);
	assert_int_equal(c->capacity, 2048);
	assert_int_equal(c->devices, 128); /* the next power of two */
	assert_true(c->trust_clock);
	assert_int_equal(c->n_protect, 2); /* sorted, one address once */
	assert_int_equal(c->protect[0], 0x001122334455);
	assert_int_equal(c->protect[1], 0x001122334466);
	assert_string_equal(c->run, "/r");
	assert_string_equal(c->state, "/s");
	assert_string_equal(c->log, "/l");
	assert_string_equal(c->overrides, "/o");
	assert_string_equal(c->data, "/d");
	assert_string_equal(c->user, "me");
	assert_string_equal(c->group, "us");
	assert_string_equal(c->policy_group, "_them-2");
	config_free(c);
}

static void every_zone_key_is_taken(void **state)
{
	struct config *c = load_text(state, "zones:\n"
					    "  - name: core\n"
					    "    interfaces: [swp*, \"bridge:br0\"]\n"
					    "    exclude: [swp48, \"veth[0-9]\"]\n"
					    "    vlans: [untagged, 1-99]\n"
					    "    action: drop\n"
					    "    mode: enforce\n"
					    "    direction: from\n"
					    "    actions: [monitor]\n"
					    "  - name: cctv\n"
					    "    interfaces: [swp48]\n"
					    "    action: allow\n");
	const struct config_zone *core = &c->zones[0], *cctv = &c->zones[1];

	assert_int_equal(c->n_zones, 2);
	assert_string_equal(core->name, "core");
	assert_int_equal(core->n_interfaces, 2);
	assert_string_equal(core->interfaces[0], "swp*");
	assert_string_equal(core->interfaces[1], "bridge:br0");
	assert_int_equal(core->n_exclude, 2);
	assert_string_equal(core->exclude[1], "veth[0-9]");
	assert_false(core->vlans.any);
	assert_int_equal(core->action, LC_DROP);
	assert_true(core->enforce);
	assert_false(core->both);
	assert_int_equal(core->permitted, 1u << LC_MONITOR | 1u << LC_DROP);
	assert_int_equal(core->place.line, 2);
	assert_string_equal(core->place.file, c->files[0]);
	assert_true(cctv->vlans.any);
	assert_int_equal(cctv->action, LC_ALLOW);
	assert_false(cctv->enforce); /* a roll-out starts in dry-run */
	assert_int_equal(cctv->permitted, 1u << LC_DROP | 1u << LC_MONITOR | 1u << LC_ALLOW);
	config_free(c);
}

static void shown_as(const struct config_prefix *prefix, uint8_t family, unsigned length, const char *expected)
{
	char text[CONFIG_PREFIX_TEXT];
	struct config_prefix again;

	config_prefix_format(prefix, text);
	assert_string_equal(text, expected);
	assert_int_equal(prefix->family, family);
	assert_int_equal(prefix->length, length);
	assert_null(config_prefix_parse(text, &again));
	assert_memory_equal(&again, prefix, sizeof(again));
}

static void every_action_and_its_keys_are_taken(void **state)
{
	struct config *c = load_text(state, "zones:\n"
					    "  - name: cctv\n"
					    "    interfaces: [swp48]\n"
					    "    action: contain\n"
					    "    direction: both\n"
					    "    permit: [10.20.0.5/32, 10.30.0.0/16, \"2001:DB8:0::5\", \"2001:db8:1::/48\"]\n"
					    "    gateway: 10.20.0.1\n"
					    "  - name: lab\n"
					    "    interfaces: [\"mon*\"]\n"
					    "    actions: [mirror, divert, contain]\n"
					    "    permit: [192.0.2.9]\n"
					    "    gateway: [192.0.2.1/32, \"fe80::1\"]\n"
					    "mirror: {interface: mon0, sample: 1/100, snaplen: 128, rate-limit: 5000}\n");
	const struct config_zone *cctv = &c->zones[0], *lab = &c->zones[1];

	assert_int_equal(cctv->action, LC_CONTAIN);
	assert_true(cctv->both && !lab->both);
	assert_int_equal(cctv->permitted, 1u << LC_DROP | 1u << LC_MONITOR | 1u << LC_ALLOW | 1u << LC_CONTAIN);
	assert_int_equal(cctv->n_permits, 4);
	shown_as(&cctv->permits[0], LC_PERMIT_INET, 32, "10.20.0.5");
	shown_as(&cctv->permits[1], LC_PERMIT_INET, 16, "10.30.0.0/16");
	shown_as(&cctv->permits[2], LC_PERMIT_INET6, 128, "2001:db8::5");
	shown_as(&cctv->permits[3], LC_PERMIT_INET6, 48, "2001:db8:1::/48");
	assert_int_equal(cctv->n_gateways, 1);
	shown_as(&cctv->gateways[0], LC_PERMIT_INET, 32, "10.20.0.1");
	assert_int_equal(lab->permitted, 1u << LC_DROP | 1u << LC_MIRROR | 1u << LC_DIVERT | 1u << LC_CONTAIN);
	assert_int_equal(lab->n_gateways, 2);
	shown_as(&lab->gateways[1], LC_PERMIT_INET6, 128, "fe80::1");
	assert_string_equal(c->mirror.interface, "mon0"); /* a glob that matches it is the loader's matter */
	assert_int_equal(c->mirror.sample, 100);
	assert_int_equal(c->mirror.snaplen, 128);
	assert_int_equal(c->mirror.rate, 5000);
	assert_int_equal(c->mirror.place.line, 13);
	config_free(c);
}

static void a_prefix_holds_its_addresses_only(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool held;
	} cases[] = {
		{"10.20.0.5", "10.20.0.5", true},     {"10.20.0.5", "10.20.0.4", false},  {"10.20.0.0/23", "10.20.1.255", true},
		{"10.20.0.0/23", "10.20.2.0", false}, {"128.0.0.0/2", "191.0.0.1", true}, {"128.0.0.0/2", "192.0.0.1", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},		      {"2001:db8::/33", "2001:db8:8000::1", false},
		{"2001:db8::5", "2001:db8::5", true}, {"2001:db8::5", "2001:db8::4", false}, {"32.0.0.0/3", "2001::1", false},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct config_prefix prefix, address;

		assert_null(config_prefix_parse(cases[i].prefix, &prefix));
		assert_null(config_prefix_parse(cases[i].address, &address));
		if (config_prefix_holds(&prefix, address.family, address.address) != cases[i].held)
			fail_msg("%s %s %s", cases[i].prefix, cases[i].held ? "does not hold" : "holds", cases[i].address);
	}
}

static void every_feed_key_is_taken(void **state)
{
	struct config *c = load_text(state, "policy: {capacity: 4096}\n"
					    "feeds:\n"
					    "  - name: auditor\n"
					    "    path: /srv/a.jsonl\n"
					    "  - name: second.one\n"
					    "    url: file:///srv/b.jsonl\n"
					    "    mode: dry-run\n"
					    "    may: [flag, allow]\n"
					    "    min-length: 48\n"
					    "    max-entries: 3072\n"
					    "    max-weakening: 2.5%\n"
					    "    max-newly-stopped: 0\n"
					    "    stale-after: 2d\n"
					    "  - {name: third, url: /srv/c.jsonl, max-weakening: 100%}\n");
	const struct config_feed *plain = &c->feeds[0], *full = &c->feeds[1];

	assert_int_equal(c->n_feeds, 3);
	assert_string_equal(plain->path, "/srv/a.jsonl");
	assert_true(plain->enforce && !plain->may_allow);
	assert_int_equal(plain->min_length, 24);
	assert_int_equal(plain->max_entries, 3072); /* what the capacity leaves */
	assert_true(plain->max_weakening > 0.0999 && plain->max_weakening < 0.1001);
	assert_int_equal(plain->max_newly_stopped, 20);
	assert_int_equal(plain->stale_after, 0);
	assert_string_equal(full->path, "/srv/b.jsonl");
	assert_true(!full->enforce && full->may_allow);
	assert_int_equal(full->min_length, 48);
	assert_int_equal(full->max_entries, 3072);
	assert_true(full->max_weakening > 0.0249 && full->max_weakening < 0.0251);
	assert_int_equal(full->max_newly_stopped, 0);
	assert_int_equal(full->stale_after, 2 * 86400);
	assert_string_equal(c->feeds[2].path, "/srv/c.jsonl");
	assert_true(c->feeds[2].max_weakening > 0.999);
	config_free(c);
}

/* Zones that share an interface but never a frame of equal rank. */
static void zones_that_do_not_overlap(void **state)
{
	static const char *const pairs[] = {
		"[swp1], vlans: [1-99]}\n  - {name: b, interfaces: [swp1], vlans: [100-200]}\n",
		"[swp1], vlans: [untagged]}\n  - {name: b, interfaces: [swp1], vlans: [1-4094]}\n",
		"[swp1]}\n  - {name: b, interfaces: [swp1], vlans: [5]}\n", /* listed beats any */
		"[swp*], exclude: [swp9]}\n  - {name: b, interfaces: [swp9]}\n",
		"[\"swp[1-4]\"]}\n  - {name: b, interfaces: [swp5]}\n",
		"[\"bridge:br0\"]}\n  - {name: b, interfaces: [br0]}\n",
	};

	for (size_t i = 0; i < LENGTH(pairs); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), "zones:\n  - {name: a, interfaces: %s", pairs[i]);
		config_free(load_text(state, text));
	}
}

static void vlans_are_held_and_shown(void **state)
{
	static const struct {
		const char *given, *shown;
	} vlans[] = {
		{"[untagged]", "untagged"}, {"[200]", "200"},		     {"[1-4094]", "1-4094"},
		{"[5, 3, 4]", "3-5"},	    {"[99, untagged, 1-98]", "untagged,1-99"}, {"[1, 3-3, 5-6, 4094]", "1,3,5-6,4094"},
	};

	for (size_t i = 0; i < LENGTH(vlans); i++) {
		char text[256], *shown;
		struct config *c;

		(void)snprintf(text, sizeof(text), "zones:\n  - {name: a, interfaces: [x], vlans: %s}\n", vlans[i].given);
		c = load_text(state, text);
		shown = config_vlans_format(&c->zones[0].vlans);
		assert_string_equal(shown, vlans[i].shown);
		assert_false(config_vlans_have(&c->zones[0].vlans, 0));
		assert_false(config_vlans_have(&c->zones[0].vlans, 4095));
		assert_false(config_vlans_have(&c->zones[0].vlans, LC_VLAN_ODD));
		free(shown);
		config_free(c);
	}
	struct config *c = load_text(state, "zones:\n  - {name: a, interfaces: [x]}\n");
	char *shown = config_vlans_format(&c->zones[0].vlans);

	assert_string_equal(shown, "any");
	assert_true(config_vlans_have(&c->zones[0].vlans, LC_VLAN_UNTAGGED));
	free(shown);
	config_free(c);
}

static void drop_ins_append_in_order(void **state)
{
	struct config *c;

	(void)scratch_write(state, "lenscap.d/20-b.yaml", "zones: [{name: c, interfaces: [z]}]\nuser: me\n", 0600);
	(void)scratch_write(state, "lenscap.d/10-a.yaml", "zones: [{name: b, interfaces: [y]}]\npolicy: {capacity: 4096}\n", 0600);
	(void)scratch_write(state, "lenscap.d/.hidden.yaml", "nonsense\n", 0600);
	(void)scratch_write(state, "lenscap.d/README", "nonsense\n", 0600);
	(void)scratch_write(state, "lenscap.d/30-c.yaml.dpkg-old", "nonsense\n", 0600);
	c = load_text(state, "zones: [{name: a, interfaces: [x]}]\npolicy: {devices: 64}\n");
	assert_int_equal(c->n_zones, 3);
	assert_string_equal(c->zones[0].name, "a");
	assert_string_equal(c->zones[1].name, "b");
	assert_string_equal(c->zones[2].name, "c");
	assert_int_equal(c->capacity, 4096);
	assert_int_equal(c->devices, 64);
	assert_string_equal(c->user, "me");
	assert_int_equal(c->n_files, 3);
	assert_string_equal(c->zones[2].place.file, c->files[2]);
	assert_non_null(strstr(c->files[1], "/lenscap.d/10-a.yaml"));
	config_free(c);
}

/* The digest is over what is read, wherever it lies, and nothing else. */
static void the_digest_follows_the_content(void **state)
{
	static const char text[] = "user: me\n";
	struct config *c = load(scratch_write(state, "one/lenscap.yaml", text, 0600));
	char same[65], other[65], more[65];

	assert_int_equal(config_sha256(c->file, same), 0);
	assert_string_equal(c->sha256, same);
	assert_int_equal(config_sha256(scratch_write(state, "two/other.yaml", text, 0640), same), 0);
	assert_string_equal(c->sha256, same);
	assert_int_equal(config_sha256(scratch_write(state, "two/other.yaml", "user: you\n", 0600), other), 0);
	assert_string_not_equal(c->sha256, other);
	(void)scratch_write(state, "one/lenscap.d/a.yaml", "", 0600);
	assert_int_equal(config_sha256(c->file, more), 0);
	assert_string_not_equal(c->sha256, more);
	assert_int_equal(config_sha256(scratch_path(state, "none.yaml"), more), -ENOENT);
	config_free(c);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(nothing_means_defaults),   IN_SCRATCH(every_policy_key_is_taken), IN_SCRATCH(every_zone_key_is_taken),
		IN_SCRATCH(every_feed_key_is_taken),  IN_SCRATCH(zones_that_do_not_overlap), IN_SCRATCH(vlans_are_held_and_shown),
		IN_SCRATCH(drop_ins_append_in_order), IN_SCRATCH(the_digest_follows_the_content),
		IN_SCRATCH(every_action_and_its_keys_are_taken),
		cmocka_unit_test(a_prefix_holds_its_addresses_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
