/* SPDX-License-Identifier: GPL-2.0-only */
/* What a verdict means on each port and VLAN. */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../feed/entry.h"
#include "../lib/counters.h"
#include "../lib/paths.h"
#include "names.h"
#include "permits.h"
#include "state.h"

struct walk {
	struct out *out;
	unsigned nibble;
	const struct verdict_now *now;
	const struct config_zone *contain[CONFIG_ZONES]; /* zones in which the address is contained */
	size_t contains;
};

static void note_contain(struct walk *w, const struct config_zone *zone)
{
	for (size_t i = 0; i < w->contains; i++)
		if (w->contain[i] == zone)
			return;
	if (w->contains < CONFIG_ZONES)
		w->contain[w->contains++] = zone;
}

static void show_row(struct walk *w, const struct place *place, const char *vlan, const struct config_zone *zone, bool to)
{
	const struct verdict v = verdict_of(w->nibble, zone, to, w->now);
	struct out *o = w->out;

	out_row(o);
	out_string(o, "port", "PORT", place->port);
	out_string(o, "vlan", "VLAN", vlan);
	out_string(o, "direction", "FRAMES", to ? "to" : "from");
	out_string(o, "zone", "ZONE", zone ? zone->name : NULL);
	out_string(o, "mode", "MODE", zone ? zone->enforce ? "enforce" : "dry-run" : NULL);
	out_string(o, "action", "ACTION", v.action == LC_ABSENT ? NULL : action_name(v.action));
	out_bool(o, "stopped", NULL, v.stopped);
	out_string(o, "result", "RESULT", v.result);
	out_string(o, "why", "WHY", v.why);
	out_row_end(o);
	if (zone && v.action == LC_CONTAIN)
		note_contain(w, zone);
}

/* From the device, and where the zone judges them, to it. */
static void show_both(struct walk *w, const struct place *place, const char *vlan, const struct config_zone *zone)
{
	show_row(w, place, vlan, zone, false);
	if (zone && zone->both)
		show_row(w, place, vlan, zone, true);
}

static void show_zones(struct walk *w, const struct place *place)
{
	for (size_t i = 0; i < place->zones; i++) {
		char *vlans = config_vlans_format(&place->zone[i]->vlans);

		show_both(w, place, vlans ? vlans : "?", place->zone[i]);
		free(vlans);
	}
	if (!place_covers_any(place))
		show_both(w, place, "other", NULL);
}

/* Whom it may talk to where it is contained. */
static void show_contains(const struct walk *w)
{
	if (!w->contains)
		out_json_only(w->out);
	out_table(w->out, "contained", "Contained: only to and from", NULL);
	for (size_t i = 0; i < w->contains; i++) {
		out_row(w->out);
		out_string(w->out, "zone", "ZONE", w->contain[i]->name);
		permits_fields(w->out, w->contain[i], true);
		out_row_end(w->out);
	}
	out_table_end(w->out);
	if (!w->contains)
		out_json_only_end(w->out);
}

void outcome_show(struct out *o, const struct places *places, const struct outcome_where *where, unsigned nibble,
		  const struct verdict_now *now)
{
	struct walk w = {.out = o, .nibble = nibble, .now = now};

	out_table(o, "ports", "On the ports", "none");
	for (size_t i = 0; i < places->n; i++) {
		const struct place *place = &places->place[i];
		char vlan[VLAN_TEXT];

		if (where->port[0] && strcmp(where->port, place->port) != 0)
			continue;
		vlan_format(where->vlan, vlan);
		if (where->has_vlan)
			show_both(&w, place, vlan, place_zone(place, where->vlan));
		else
			show_zones(&w, place);
	}
	out_table_end(o);
	show_contains(&w);
}

void outcome_mirror(const json_t *loader, struct verdict_now *now)
{
	const json_t *mirror = state_get(loader, "mirror");

	now->no_mirror = json_is_object(mirror) && !state_bool(mirror, "present");
}

void outcome_switches(const struct config *config, struct verdict_now *now)
{
	char *dir = path_join(config->run, PATH_BPF);
	struct counters *c = NULL;
	uint64_t bypass = 0, confirm = 0;
	int64_t clock = (int64_t)time(NULL);

	if (!dir || counters_open(dir, &c) != 0) {
		free(dir);
		return;
	}
	if (counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &bypass) == 0 && bypass)
		now->bypassed = counters_wall_clock(bypass) > clock;
	if (counters_switch(c, LC_SWITCH_DRY_RUN_AFTER, &confirm) == 0 && confirm)
		now->unconfirmed = counters_wall_clock(confirm) <= clock;
	counters_close(c);
	free(dir);
}
