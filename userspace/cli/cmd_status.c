/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap status: the whole on one page, and whether any of it is degraded. */
#include <string.h>

#include "cli.h"
#include "health.h"
#include "mirror.h"
#include "names.h"
#include "sources.h"
#include "state.h"

static void show_program(struct out *o, const char *key, const char *label, const json_t *state, bool running)
{
	out_object(o, key, NULL);
	out_bool(o, "running", NULL, running);
	out_int(o, "pid", NULL, state_int(state, "pid"));
	out_string(o, "version", NULL, state_string(state, "version"));
	out_time(o, "started", NULL, state_time(state, "started"));
	out_time(o, "updated", NULL, state_time(state, "updated"));
	out_string(o, "config_sha256", NULL, state_string(state_get(state, "config"), "sha256"));
	out_object_end(o);
	if (running)
		out_text(o, label, "running since %s, pid %lld",
			 state_string(state, "started") ? state_string(state, "started") : "?",
			 (long long)state_int(state, "pid"));
	else
		out_text(o, label, "not running");
}

static void show_policy(struct out *o, const struct health *h)
{
	const json_t *policy = state_get(h->daemon, "policy");

	out_object(o, "policy", NULL);
	out_uint(o, "entries", NULL, h->entries);
	out_int(o, "capacity", NULL, h->counters ? (int64_t)counters_control(h->counters)->capacity : -1);
	out_string(o, "digest", NULL, h->digest[0] ? h->digest : NULL);
	out_string(o, "daemon_digest", NULL, state_string(policy, "digest"));
	out_time(o, "applied", NULL, state_time(policy, "applied"));
	out_object_end(o);
	if (h->counters)
		out_text(o, "policy", "%llu of %u entries, applied %s", (unsigned long long)h->entries,
			 counters_control(h->counters)->capacity,
			 state_string(policy, "applied") ? state_string(policy, "applied") : "by nobody yet");
}

static void show_switches(struct out *o, const struct health *h)
{
	out_bool(o, "bypass", "bypass", h->bypassed);
	out_time(o, "bypass_until", NULL, h->bypassed ? h->bypass_until : 0);
	out_time(o, "confirm_until", NULL, h->confirm_until);
	out_string(o, "clock", "clock", state_string(h->daemon, "clock"));
}

/* "core enforce, cctv dry-run". */
static void zones_text(const json_t *zones, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(zones) && used < size; i++) {
		const json_t *zone = json_array_get(zones, i);
		const char *name = state_string(zone, "name"), *mode = state_string(zone, "mode");

		used += (size_t)snprintf(text + used, size - used, "%s%s %s", i ? ", " : "", name ? name : "?",
					 mode ? mode : "?");
	}
}

static void show_zones(struct out *o, const json_t *zones)
{
	char text[256];

	zones_text(zones, text, sizeof(text));
	out_string(o, NULL, "ZONES", text);
	out_table(o, "zones", NULL, NULL);
	for (size_t i = 0; i < json_array_size(zones); i++) {
		const json_t *zone = json_array_get(zones, i);

		out_row(o);
		out_string(o, "name", NULL, state_string(zone, "name"));
		out_string(o, "vlans", NULL, state_string(zone, "vlans"));
		out_string(o, "mode", NULL, state_string(zone, "mode"));
		out_string(o, "action", NULL, state_string(zone, "action"));
		out_string(o, "direction", NULL, state_string(zone, "direction"));
		out_row_end(o);
	}
	out_table_end(o);
}

static uint64_t passed(const struct lc_totals *t)
{
	uint64_t sum = 0;

	for (unsigned r = LC_ALLOWED; r <= LC_PROTECTED; r++)
		sum += t->frames[r];
	return sum + t->frames[LC_MIRRORED] + t->frames[LC_CONTAINED];
}

static void show_port(struct out *o, const struct health *h, const json_t *port)
{
	int64_t number = state_int(port, "number");
	const char *xdp_why = state_string(port, "xdp_reason"), *tc_why = state_string(port, "tc_reason");
	struct lc_totals t = {0};

	if (h->counters && number >= 0 && number < LC_PORTS)
		(void)counters_totals(h->counters, (unsigned)number, &t);
	out_row(o);
	out_string(o, "name", "PORT", state_string(port, "name"));
	out_int(o, "number", NULL, number);
	out_bool(o, "up", "UP", state_bool(port, "up"));
	out_bool(o, "enforcing", "ENFORCING", state_bool(port, "enforcing"));
	out_string(o, "xdp", "XDP", state_string(port, "xdp"));
	out_string(o, "tc", "TC", state_string(port, "tc"));
	out_string(o, "egress", "EGRESS", state_string(port, "egress"));
	out_string(o, "divert", NULL, state_string(port, "divert"));
	out_string(o, "vlan", "VLAN BY", state_string(port, "vlan"));
	show_zones(o, state_get(port, "zones"));
	out_uint(o, "stopped", "STOPPED", t.frames[LC_STOPPED_XDP] + t.frames[LC_STOPPED_TC]);
	out_uint(o, "passed", "PASSED", passed(&t));
	out_uint(o, "no_zone", "NO ZONE", t.frames[LC_NO_ZONE]);
	out_uint(o, "mirrored", NULL, t.frames[LC_MIRRORED]);
	out_uint(o, "contained", NULL, t.frames[LC_CONTAINED]);
	out_uint(o, "copied", NULL, t.frames[LC_COPIED]);
	out_string(o, "xdp_reason", NULL, xdp_why);
	out_string(o, "tc_reason", NULL, tc_why);
	out_string(o, NULL, "WHY", xdp_why ? xdp_why : tc_why);
	out_row_end(o);
}

static void show_ports(struct out *o, const struct health *h)
{
	const json_t *ports = state_get(h->loader, "ports");

	out_table(o, "ports", "Ports", "none");
	for (size_t i = 0; i < json_array_size(ports); i++)
		show_port(o, h, json_array_get(ports, i));
	out_table_end(o);
}

/* Zeros are many: people are told of the others. */
static void show_total(struct out *o, unsigned reason, const struct lc_totals *t)
{
	bool zero = !t->frames[reason];

	if (zero)
		out_json_only(o);
	out_row(o);
	out_string(o, "what", "WHAT", reason_key(reason));
	out_uint(o, "frames", "FRAMES", t->frames[reason]);
	out_uint(o, "bytes", "BYTES", t->bytes[reason]);
	out_row_end(o);
	if (zero)
		out_json_only_end(o);
}

static void show_totals(struct out *o, const struct lc_totals *t)
{
	out_table(o, "totals", "Totals", "no frame of a flagged device yet");
	for (unsigned r = 0; r < LC_REASONS; r++)
		if (reason_key(r))
			show_total(o, r, t);
	out_table_end(o);
}

int cmd_status(struct cli *cli)
{
	struct out *o = cli->out;
	struct health h;
	int code;

	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	health_read(cli->config, false, &h);
	code = h.problems.n ? CLI_NEGATIVE : CLI_DONE;
	out_string(o, "version", NULL, LENSCAP_VERSION);
	out_bool(o, "degraded", NULL, h.problems.n != 0);
	out_text(o, "state", h.problems.n ? "degraded, %zu problem%s below" : "good", h.problems.n,
		 h.problems.n == 1 ? "" : "s");
	show_program(o, "loader", "loader", h.loader, h.loader_running);
	show_program(o, "daemon", "lenscapd", h.daemon, h.daemon_running);
	show_policy(o, &h);
	show_switches(o, &h);
	mirror_show(o, &h);
	show_ports(o, &h);
	sources_show(o, h.daemon);
	show_totals(o, &h.totals);
	lines_show(&h.problems, o, "problems", "Degraded");
	lines_show(&h.warnings, o, "warnings", "Warnings");
	health_free(&h);
	return code;
}
