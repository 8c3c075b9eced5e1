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
#include "known.h"
#include "names.h"

enum { PORT };
const struct cli_option devices_options[] = {
    {'p', "port", "IF", "only this port"},
    {0, NULL, NULL, NULL},
};

struct devices {
	struct cli *cli;
	struct lc_port ports[LC_PORTS];
	struct known *known; /* NULL: lenscapd has told of nobody */
	struct policy *policy; /* loaded when the first vendor is missing */
	int64_t now;
};

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
static const char *ip_of(const struct devices *d, uint64_t mac48, const char *port, const struct known_row *known)
{
	const struct known_row *own = known && known->ip ? known : known_find(d->known, mac48, port, false);

	return own && own->ip ? known_text(d->known, own->ip) : NULL;
}

/* Of a device that lenscapd has told of, it knows the vendor, or that the entry names none. */
static const char *vendor_text(struct devices *d, uint64_t mac48, const struct known_row *known)
{
	const char *vendor = known ? known_text(d->known, known->vendor) : vendor_of(d, mac48);

	return vendor && *vendor ? vendor : NULL;
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
	const struct known_row *known = known_find(d->known, mac48, port, slot->key & LC_SLOT_TO);
	int64_t first = known ? known->first : 0;
	char mac[MAC_TEXT], vlan[VLAN_TEXT];

	mac_format(mac48, mac);
	vlan_format(slot->vlan, vlan);
	out_row(o);
	out_string(o, "mac", "MAC", mac);
	out_string(o, "vendor", "VENDOR", vendor_text(d, mac48, known));
	out_string(o, "port", "PORT", *port ? port : NULL);
	out_string(o, "vlan", "VLAN", vlan);
	out_string(o, "direction", "FRAMES", slot->key & LC_SLOT_TO ? "to" : "from");
	out_string(o, "ip", "IP", ip_of(d, mac48, port, known));
	out_string(o, "action", "ACTION", verdict_name(slot->action));
	out_string(o, "final", "FINAL", final_name(slot));
	out_string(o, "reason", "RESULT", reason_name(slot->reason));
	out_uint(o, "stopped_frames", "STOPPED", slot->stopped_frames);
	out_uint(o, "passed_frames", "PASSED", slot->passed_frames);
	out_uint(o, "stopped_bytes", NULL, slot->stopped_bytes);
	out_uint(o, "passed_bytes", NULL, slot->passed_bytes);
	out_uint(o, NULL, "BYTES", slot->stopped_bytes + slot->passed_bytes);
	out_time(o, "first", "FIRST", first ? first : counters_wall_clock(slot->first_s * 1000000000ull));
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
	char *dir;
	int err, code;

	if (!cli_config(cli))
		return CLI_FAILED;
	d.cli = cli;
	dir = path_join(cli->config->run, PATH_BPF);
	err = dir ? counters_open(dir, &c) : -ENOMEM;
	if (!err)
		counters_map_slots(c, dir);
	if (!cli_drop_root(cli)) {
		counters_close(c);
		free(dir);
		return CLI_FAILED;
	}
	d.known = known_read(cli->config);
	if (err)
		code =
		    cli_say(cli, CLI_FAILED, "%s/bpf: %s; is lenscap-loader running, and are you root or in group %s?",
			    cli->config->run, strerror(-err), cli->config->group);
	else
		code = show_devices(&d, c, cli->option[PORT]);
	counters_close(c);
	policy_free(d.policy);
	known_free(d.known);
	free(dir);
	return code;
}
