/* SPDX-License-Identifier: GPL-2.0-only */
/* <run>/loader/state.json: what is attached where, and why not more, for lenscap and lenscapd. */
#include <bpf/bpf.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../userspace/lib/file.h"
#include "../userspace/lib/log.h"
#include "../userspace/lib/mac.h"
#include "../userspace/lib/paths.h"
#include "../userspace/lib/switches.h"
#include "../userspace/lib/text.h"
#include "loader.h"

/* NULL is null: jansson's own pack would fail on it without the "?" and on text that is no UTF-8. */
static json_t *text_or_null(const char *text)
{
	json_t *value = text && text[0] ? json_string(text) : json_null();

	return value ? value : json_string("?");
}

static json_t *name_json(const char *name)
{
	char clean[TEXT_MAX + 1];

	text_clean(name, strlen(name), clean);
	return json_string(clean);
}

static json_t *notes_json(const struct notes *notes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < notes->n; i++)
		json_array_append_new(list, text_or_null(notes->text[i]));
	return list;
}

static json_t *time_json(int64_t seconds)
{
	char text[TIME_TEXT];

	if (!seconds)
		return json_null();
	time_format(seconds, text);
	return json_string(text);
}

static const char *action_text(enum lc_action action)
{
	static const char *const text[] = {
	    [LC_QUARANTINE] = "quarantine", [LC_DROP] = "drop",	      [LC_MIRROR] = "mirror", [LC_DIVERT] = "divert",
	    [LC_CONTAIN] = "contain",	    [LC_MONITOR] = "monitor", [LC_ALLOW] = "allow",
	};

	return (size_t)action < sizeof(text) / sizeof(text[0]) && text[action] ? text[action] : "unknown";
}

static json_t *zones_json(const struct port *port, const struct config *config)
{
	json_t *list = json_array();

	for (size_t i = 0; i < port->n_zones; i++) {
		const struct config_zone *zone = &config->zones[port->zone[i]];
		char *vlans = config_vlans_format(&zone->vlans);

		json_array_append_new(
		    list, json_pack("{s:o, s:o, s:s, s:s, s:s}", "name", name_json(zone->name), "vlans",
				    text_or_null(vlans), "mode", zone->enforce ? "enforce" : "dry-run", "action",
				    action_text(zone->action), "direction", zone->both ? "both" : "from"));
		free(vlans);
	}
	return list;
}

static bool enforcing(const struct port *port)
{
	return port->xdp_link >= 0 || tc_hook_mode(&port->tc) != LC_TC_NONE;
}

/* Where a frame to be diverted is taken out: XDP can where no tag may be hidden from it and the mirror port takes it.
 */
static bool port_diverts_by_xdp(const struct port *port, const struct mirror *mirror)
{
	return mirror->pub.flags & LC_MIRROR_XDP && !(port->conf.flags & (LC_PORT_XDP_BLIND | LC_PORT_TAGS_HIDDEN)) &&
	       (port->pub.xdp == LC_XDP_NATIVE || port->pub.xdp == LC_XDP_GENERIC);
}

static void add_modes(json_t *json, const struct port *port, const struct mirror *mirror)
{
	static const char *const xdp[] = {
	    [LC_XDP_NONE] = "none",
	    [LC_XDP_NATIVE] = "native",
	    [LC_XDP_GENERIC] = "generic",
	    [LC_XDP_FOREIGN] = "foreign",
	};
	static const char *const tc[] = {[LC_TC_NONE] = "none", [LC_TC_TCX] = "tcx", [LC_TC_CLSACT] = "clsact"};
	bool foreign = port->pub.xdp == LC_XDP_FOREIGN;

	json_object_set_new(json, "xdp", json_string(xdp[port->pub.xdp & 3]));
	json_object_set_new(json, "xdp_reason", text_or_null(port->xdp_reason));
	json_object_set_new(json, "foreign_id", foreign ? json_integer(port->foreign_id) : json_null());
	json_object_set_new(json, "tc", json_string(tc[tc_hook_mode(&port->tc)]));
	json_object_set_new(json, "tc_reason", text_or_null(port->tc.reason));
	json_object_set_new(json, "egress", json_string(tc[tc_hook_mode(&port->egress)]));
	json_object_set_new(json, "egress_reason", text_or_null(port->egress.reason));
	json_object_set_new(json, "divert", json_string(port_diverts_by_xdp(port, mirror) ? "xdp" : "tc"));
	json_object_set_new(json, "vlan", json_string(port->conf.flags & LC_PORT_XDP_BLIND ? "tc" : "inline"));
	json_object_set_new(json, "offload", json_string(offload_text(port->offload)));
	json_object_set_new(json, "enforcing", json_boolean(enforcing(port)));
}

static json_t *port_json(const struct port *port, const struct loader *loader)
{
	json_t *json = json_object();
	char mac[MAC_TEXT];

	mac_format(mac_read(port->pub.mac), mac);
	json_object_set_new(json, "name", name_json(port->pub.name));
	json_object_set_new(json, "number", json_integer(port->number));
	json_object_set_new(json, "ifindex", json_integer(port->pub.ifindex));
	json_object_set_new(json, "mac", json_string(mac));
	json_object_set_new(json, "up", json_boolean(port->up));
	add_modes(json, port, &loader->mirror);
	json_object_set_new(json, "zones", port->elsewhere ? json_array() : zones_json(port, loader->config));
	json_object_set_new(json, "warnings", notes_json(&port->warnings));
	return json;
}

static json_t *ports_json(const struct loader *loader)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < LC_PORTS; n++) {
		const struct port *port = loader->ports.port[n];

		if (port && (port->present || port->elsewhere))
			json_array_append_new(list, port_json(port, loader));
	}
	return list;
}

static json_t *mirror_json(const struct loader *loader)
{
	const struct mirror *mirror = &loader->mirror;
	bool xdp = mirror->pub.flags & LC_MIRROR_XDP;

	if (!loader->config->mirror.interface)
		return json_null();
	return json_pack("{s:o, s:I, s:b, s:s, s:o}", "interface", name_json(loader->config->mirror.interface),
			 "ifindex", (json_int_t)mirror->pub.ifindex, "present", mirror->pub.ifindex != 0, "divert",
			 xdp ? "xdp" : "tc", "reason", text_or_null(mirror->reason));
}

static json_t *config_json(const struct loader *loader)
{
	const struct config *config = loader->config;
	const char *error = loader->config_error ? loader->config_error : config->error;

	return json_pack("{s:o, s:s, s:b, s:o}", "file", name_json(loader->options.config), "sha256", config->sha256,
			 "fallback", config->fallback, "error", text_or_null(error));
}

/* When an unconfirmed reload returns to dry-run. The time is worked out once: the two clocks drift. */
static int64_t confirm_until(struct loader *loader)
{
	struct timespec now;
	uint64_t ns = 0;

	(void)switch_get(loader->maps.fd[MAP_SWITCHES], LC_SWITCH_DRY_RUN_AFTER, &ns);
	if (ns != loader->confirm_ns) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		loader->confirm_until = ns ? time(NULL) + (int64_t)(ns / 1000000000u) - now.tv_sec : 0;
		loader->confirm_ns = ns;
	}
	return loader->confirm_until;
}

static json_t *state_json(struct loader *loader)
{
	json_t *json = json_object();

	json_object_set_new(json, "abi", json_integer(LC_ABI));
	json_object_set_new(json, "version", json_string(LENSCAP_VERSION));
	json_object_set_new(json, "generation", json_integer(loader->maps.control.generation));
	json_object_set_new(json, "pid", json_integer(getpid()));
	json_object_set_new(json, "started", time_json(loader->started));
	json_object_set_new(json, "config", config_json(loader));
	json_object_set_new(json, "ports", ports_json(loader));
	json_object_set_new(json, "mirror", mirror_json(loader));
	json_object_set_new(json, "warnings", notes_json(&loader->warnings));
	json_object_set_new(json, "confirm_until", time_json(confirm_until(loader)));
	return json;
}

static int write_state(const struct loader *loader, json_t *json)
{
	char *path = path_join(loader->config->run, PATH_LOADER_STATE), *text;
	int error = -ENOMEM;

	json_object_set_new(json, "updated", time_json(time(NULL)));
	text = json_dumps(json, JSON_INDENT(1));
	if (path && text)
		error = file_write(path, text, strlen(text), 0640, loader->owners.group, false);
	free(text);
	free(path);
	return error;
}

int state_publish(struct loader *loader)
{
	json_t *json = state_json(loader);
	char *text = json_dumps(json, JSON_COMPACT);
	int error = 0;

	if (!text || !loader->state_json || strcmp(text, loader->state_json)) {
		error = write_state(loader, json);
		free(loader->state_json);
		loader->state_json = error ? NULL : text;
		text = error ? text : NULL;
	}
	free(text);
	json_decref(json);
	return error;
}
