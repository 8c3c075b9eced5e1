/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap devices: flagged devices the kernel has seen, with what lenscapd knows of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/counters.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "cli.h"
#include "decision.h"
#include "names.h"
#include "state.h"

enum { PORT };
const struct cli_option devices_options[] = {
    {'p', "port", "IF", "only this port"},
    {0, NULL, NULL, NULL},
};

struct known { /* a row of devices.json, found by address and port */
	uint64_t mac48;
	const json_t *row;
};

struct devices {
	struct cli *cli;
	struct lc_port ports[LC_PORTS];
	struct known *known; /* sorted by address */
	size_t n_known;
	struct policy *policy; /* loaded when the first vendor is missing */
	int64_t now;
};

static int by_mac(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->mac48 < y->mac48 ? -1 : x->mac48 > y->mac48;
}

static void index_known(struct devices *d, const json_t *file)
{
	const json_t *rows = state_get(file, "devices");
	size_t n = json_array_size(rows);
	const char *text, *reason;

	d->known = calloc(n + 1, sizeof(*d->known));
	for (size_t i = 0; d->known && i < n; i++) {
		const json_t *row = json_array_get(rows, i);

		text = state_string(row, "mac");
		if (text && mac_parse(text, &d->known[d->n_known].mac48, &reason) == 0)
			d->known[d->n_known++].row = row;
	}
	if (d->known)
		qsort(d->known, d->n_known, sizeof(*d->known), by_mac);
}

static const json_t *find_known(const struct devices *d, uint64_t mac48, const char *port, const char *direction)
{
	size_t low = 0, high = d->n_known;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->known[middle].mac48 < mac48)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < d->n_known && d->known[low].mac48 == mac48; low++) {
		const char *on = state_string(d->known[low].row, "port"), *way = state_string(d->known[low].row, "direction");

		if (on && strcmp(on, port) == 0 && strcmp(way ? way : "from", direction) == 0)
			return d->known[low].row;
	}
	return NULL;
}

/* The vendor that the policy's files name, for a device lenscapd has not told of. */
static const char *vendor_of(struct devices *d, uint64_t mac48)
{
	struct candidate c[POLICY_CANDIDATES];
	size_t n;

	if (!d->policy)
		d->policy = decision_load(d->cli, &d->now, NULL);
	n = d->policy ? policy_explain(d->policy, mac48, d->now, c) : 0;
	for (size_t i = 0; i < n; i++) {
		const char *vendor =
		    strings_get(policy_source_set(d->policy, c[i].source)->strings, c[i].entry->vendor);

		if (vendor && *vendor)
			return vendor;
	}
	return NULL;
}

/* A device tells its address in its own frames only, on whatever port. */
static const char *ip_of(const struct devices *d, uint64_t mac48, const char *port, const json_t *known)
{
	const char *ip = state_string(known, "ip");

	return ip ? ip : state_string(find_known(d, mac48, port, "from"), "ip");
}

/* What the entry came to in the zone of its last frame; NULL: in none. */
static const char *final_name(const struct lc_slot *slot)
{
	enum lc_action final = slot->action >> LC_SLOT_FINAL_SHIFT & LC_ACTION_MASK;

	return final == LC_ABSENT ? NULL : action_name(final);
}

static void show_device(struct devices *d, const struct lc_slot *slot)
{
	struct out *o = d->cli->out;
	uint64_t mac48 = slot->key >> 16;
	const char *port = d->ports[slot->key & LC_SLOT_PORT].name;
	const char *direction = slot->key & LC_SLOT_TO ? "to" : "from";
	const json_t *known = find_known(d, mac48, port, direction);
	const char *vendor = state_string(known, "vendor");
	int64_t first = state_time(known, "first");
	char mac[MAC_TEXT], vlan[VLAN_TEXT];

	mac_format(mac48, mac);
	vlan_format(slot->vlan, vlan);
	out_row(o);
	out_string(o, "mac", "MAC", mac);
	out_string(o, "vendor", "VENDOR", vendor && *vendor ? vendor : vendor_of(d, mac48));
	out_string(o, "port", "PORT", *port ? port : NULL);
	out_string(o, "vlan", "VLAN", vlan);
	out_string(o, "direction", "FRAMES", direction);
	out_string(o, "ip", "IP", ip_of(d, mac48, port, known));
	out_string(o, "action", "ACTION", verdict_name(slot->action));
	out_string(o, "final", "FINAL", final_name(slot));
	out_string(o, "reason", "RESULT", reason_name(slot->reason));
	out_uint(o, "stopped_frames", "STOPPED", slot->stopped_frames);
	out_uint(o, "passed_frames", "PASSED", slot->passed_frames);
	out_uint(o, "stopped_bytes", NULL, slot->stopped_bytes);
	out_uint(o, "passed_bytes", NULL, slot->passed_bytes);
	out_uint(o, NULL, "BYTES", slot->stopped_bytes + slot->passed_bytes);
	out_time(o, "first", "FIRST", first ? first : counters_wall_clock(slot->first_ns));
	out_time(o, "last", "LAST", counters_wall_clock(slot->last_ns));
	out_row_end(o);
}

static int show_devices(struct devices *d, const struct counters *c, const char *only)
{
	struct lc_slot *slots = NULL;
	size_t n = 0;
	int err = counters_ports(c, d->ports);

	if (!err)
		err = counters_devices(c, &slots, &n);
	if (err)
		return cli_say(d->cli, CLI_FAILED, "%s/bpf: %s", d->cli->config->run, strerror(-err));
	out_table(d->cli->out, "devices", NULL, "no flagged device seen");
	for (size_t i = 0; i < n; i++)
		if (!only || strcmp(d->ports[slots[i].key & LC_SLOT_PORT].name, only) == 0)
			show_device(d, &slots[i]);
	out_table_end(d->cli->out);
	free(slots);
	return CLI_DONE;
}

int cmd_devices(struct cli *cli)
{
	static struct devices d;
	struct counters *c = NULL;
	json_t *file;
	char *dir;
	int err, code;

	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	d.cli = cli;
	file = state_devices(cli->config, &err);
	index_known(&d, file);
	dir = path_join(cli->config->run, PATH_BPF);
	err = dir ? counters_open(dir, &c) : -ENOMEM;
	if (err)
		code =
		    cli_say(cli, CLI_FAILED, "%s/bpf: %s; is lenscap-loader running, and are you root or in group %s?",
			    cli->config->run, strerror(-err), cli->config->group);
	else
		code = show_devices(&d, c, cli->option[PORT]);
	counters_close(c);
	policy_free(d.policy);
	free(d.known);
	free(dir);
	json_decref(file);
	return code;
}
