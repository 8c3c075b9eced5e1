/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a running Lenscap is degraded, and what is only worth a warning. */
#include "health_judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/mac.h"
#include "../lib/text.h"
#include "mirror.h"
#include "names.h"
#include "state.h"

#define NO_ZONE_SECONDS 86400 /* a flagged device seen in no zone within this time degrades */
#define NO_ZONE_RECENTLY 600  /* or within this, where it was seen in a zone since */

static const char *or_unknown(const char *text)
{
	return text ? text : "unknown";
}

static void judge_program(struct health *h, enum state_program program, const json_t *state, int err, bool running)
{
	const char *name = state_program_name(program);
	const json_t *config = state_get(state, "config");
	const char *sha256 = state_string(config, "sha256");

	if (err == -ENOENT)
		lines_add(&h->problems, "%s: has not run with this configuration; systemctl start %s", name, name);
	else if (err)
		lines_add(&h->problems, "%s: its state file cannot be read: it %s; %s", name, state_why(err),
			  err == -EACCES ? "run this as root or in the group of Lenscap" : "restart the program");
	if (!err && !running)
		lines_add(&h->problems, "%s: is not running; systemctl start %s", name, name);
	if (state_bool(config, "fallback"))
		lines_add(&h->problems, "%s: runs with the last valid configuration: %s", name,
			  or_unknown(state_string(config, "error")));
	else if (sha256 && strcmp(sha256, h->config->sha256) != 0)
		lines_add(&h->problems, "%s: has not taken the configuration as it is now; lenscap reload", name);
	for (size_t i = 0; i < json_array_size(state_get(state, "warnings")); i++)
		lines_add(&h->warnings, "%s: %s", name,
			  or_unknown(json_string_value(json_array_get(state_get(state, "warnings"), i))));
}

static void judge_port(struct health *h, const json_t *port)
{
	const char *name = or_unknown(state_string(port, "name"));
	const json_t *warnings = state_get(port, "warnings");

	if (!state_bool(port, "enforcing")) {
		const char *xdp = state_string(port, "xdp_reason"), *tc = state_string(port, "tc_reason");

		lines_add(&h->problems, "%s: nothing is enforced there: %s; see: lenscap doctor", name,
			  tc	? tc
			  : xdp ? xdp
				: "neither XDP nor tc is attached");
	}
	for (size_t i = 0; i < json_array_size(warnings); i++)
		lines_add(&h->warnings, "%s: %s", name, or_unknown(json_string_value(json_array_get(warnings, i))));
}

static void judge_ports(struct health *h)
{
	const json_t *ports = state_get(h->loader, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++)
		judge_port(h, json_array_get(ports, i));
	if (h->loader && json_array_size(ports) == 0)
		lines_add(&h->problems, "no port: no interface matches a zone; see: lenscap check");
}

static void judge_source(struct health *h, const json_t *source)
{
	const char *name = or_unknown(state_string(source, "name"));
	const json_t *pending = state_get(source, "pending"), *refused = state_get(source, "refused");

	if (json_is_object(refused))
		lines_add(&h->problems, "%s: refused: %s", name, or_unknown(state_string(refused, "reason")));
	if (json_is_object(pending))
		lines_add(&h->problems, "%s: a change is held back: %s", name,
			  or_unknown(state_string(pending, "reason")));
	if (state_bool(source, "stale"))
		lines_add(&h->problems, "%s: is stale; ask who publishes it", name);
	if (state_bool(source, "expired"))
		lines_add(&h->problems, "%s: has expired, its last content stays in force; ask who publishes it", name);
}

static void judge_daemon(struct health *h)
{
	const json_t *sources = state_get(h->daemon, "sources"), *policy = state_get(h->daemon, "policy");
	const char *clock = state_string(h->daemon, "clock"), *digest = state_string(policy, "digest");

	for (size_t i = 0; i < json_array_size(sources); i++)
		judge_source(h, json_array_get(sources, i));
	if (clock && strcmp(clock, "not synchronised") == 0)
		lines_add(&h->problems,
			  "the clock is not synchronised: until and expires change nothing; set up NTP, or "
			  "clock: trust");
	if (policy && !state_bool(policy, "in_force"))
		lines_add(&h->problems, "lenscapd: its policy is not in force; see its log");
	else if (h->digest[0] && digest && strcmp(digest, h->digest) != 0)
		lines_add(&h->problems, "the kernel's table is not what lenscapd applied; systemctl restart lenscapd");
}

static void judge_table(struct health *h)
{
	if (h->counters_err == -ENOENT)
		lines_add(&h->problems,
			  "nothing is pinned in %s/bpf: nothing is enforced; systemctl start lenscap-loader",
			  h->config->run);
	else if (h->counters_err || h->table_err)
		lines_add(&h->problems, "the pinned maps cannot be read: %s; run this as root or in group %s",
			  strerror(-(h->counters_err ? h->counters_err : h->table_err)), h->config->group);
	else if (strcmp(h->digest, h->head_digest) != 0)
		lines_add(&h->problems,
			  "the kernel's table does not agree with its digest; systemctl restart lenscapd");
	if (!h->table_err && h->entries == 0)
		lines_add(&h->problems, "the policy is empty: every frame passes; add a vendor list, a feed or a flag");
}

static void judge_switches(struct health *h)
{
	char until[TIME_TEXT];

	if (h->bypassed) {
		time_format(h->bypass_until, until);
		lines_add(&h->problems, "bypass is on until %s: nothing is stopped; lenscap bypass off", until);
	}
	if (h->confirm_until == 0)
		return;
	time_format(h->confirm_until, until);
	if (h->unconfirmed)
		lines_add(&h->problems, "a reload was not confirmed by %s: every zone is in dry-run; lenscap reload",
			  until);
	else
		lines_add(&h->warnings, "a reload waits until %s; confirm it: lenscap reload --keep", until);
}

static void tell_no_zone(struct health *h, size_t found, const char *mac, const char *port, const char *vlan)
{
	lines_add(&h->problems, "%zu flagged device%s passes in no zone (%s on %s, VLAN %s); add a zone for it", found,
		  found == 1 ? "" : "s", mac, port, vlan);
}

/* A device that sends into a zone and past it: its slot tells the last event only, lenscapd remembers both. */
static void judge_partly_no_zone(struct health *h)
{
	int64_t since = (int64_t)time(NULL) - NO_ZONE_RECENTLY;
	const json_t *first = NULL;
	size_t found = 0;
	int err;
	json_t *file = state_devices(h->config, &err), *rows = state_get(file, "devices");

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (state_time(row, "no_zone") >= since && found++ == 0)
			first = row;
	}
	if (found)
		tell_no_zone(h, found, or_unknown(state_string(first, "mac")), or_unknown(state_string(first, "port")),
			     or_unknown(state_string(first, "no_zone_vlan")));
	json_decref(file);
}

/* A flagged device that passes because nobody put its port and VLAN in a zone: the worst outcome is a silent one. */
static void judge_no_zone(struct health *h)
{
	static struct lc_port ports[LC_PORTS];
	struct lc_slot *slots = NULL;
	int64_t since = (int64_t)time(NULL) - NO_ZONE_SECONDS;
	char vlan[VLAN_TEXT], mac[MAC_TEXT];
	uint64_t first = 0;
	size_t n = 0, found = 0;

	if (!h->totals.frames[LC_NO_ZONE]) /* then no device did, and tens of thousands of slots need not be read */
		return;
	if (!h->counters || counters_ports(h->counters, ports) != 0 || counters_devices(h->counters, &slots, &n) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (slots[i].reason != LC_NO_ZONE || slots[i].key & LC_SLOT_TO || counters_wall_clock(slots[i].last_ns) < since)
			continue;
		if (found++ == 0)
			first = i;
	}
	if (found) {
		vlan_format(slots[first].vlan, vlan);
		mac_format(slots[first].key >> 16, mac);
		tell_no_zone(h, found, mac, ports[slots[first].key & LC_SLOT_PORT].name, vlan);
	} else {
		judge_partly_no_zone(h);
	}
	free(slots);
}

static void judge_totals(struct health *h)
{
	if (h->totals.frames[LC_UNCOUNTED])
		lines_add(&h->warnings,
			  "%" PRIu64 " frames of devices without a slot are in the totals only; raise policy.devices",
			  (uint64_t)h->totals.frames[LC_UNCOUNTED]);
	if (h->totals.frames[LC_EVENTS_LOST])
		lines_add(&h->warnings, "%" PRIu64 " events were lost: lenscapd was not running or too slow",
			  (uint64_t)h->totals.frames[LC_EVENTS_LOST]);
}

void health_judge(struct health *h)
{
	judge_program(h, STATE_LOADER, h->loader, h->loader_err, h->loader_running);
	judge_program(h, STATE_DAEMON, h->daemon, h->daemon_err, h->daemon_running);
	judge_table(h);
	judge_switches(h);
	judge_ports(h);
	mirror_judge(h);
	health_judge_permits(h);
	judge_daemon(h);
	judge_no_zone(h);
	judge_totals(h);
}
