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

static void show_row(struct out *o, const struct place *place, const char *vlan, const struct config_zone *zone,
		     const struct verdict *v)
{
	out_row(o);
	out_string(o, "port", "PORT", place->port);
	out_string(o, "vlan", "VLAN", vlan);
	out_string(o, "zone", "ZONE", zone ? zone->name : NULL);
	out_string(o, "mode", "MODE", zone ? zone->enforce ? "enforce" : "dry-run" : NULL);
	out_string(o, "action", "ACTION", v->action == LC_ABSENT ? NULL : action_name(v->action));
	out_bool(o, "stopped", NULL, v->stopped);
	out_string(o, "result", "RESULT", v->result);
	out_string(o, "why", "WHY", v->why);
	out_row_end(o);
}

static void show_zones(struct out *o, const struct place *place, unsigned nibble, const struct verdict_now *now)
{
	struct verdict v;

	for (size_t i = 0; i < place->zones; i++) {
		char *vlans = config_vlans_format(&place->zone[i]->vlans);

		v = verdict_of(nibble, place->zone[i], now);
		show_row(o, place, vlans ? vlans : "?", place->zone[i], &v);
		free(vlans);
	}
	v = verdict_of(nibble, NULL, now);
	if (!place_covers_any(place))
		show_row(o, place, "other", NULL, &v);
}

void outcome_show(struct out *o, const struct places *places, const struct outcome_where *where, unsigned nibble,
		  const struct verdict_now *now)
{
	out_table(o, "ports", "On the ports", "none");
	for (size_t i = 0; i < places->n; i++) {
		const struct place *place = &places->place[i];

		if (where->port[0] && strcmp(where->port, place->port) != 0)
			continue;
		if (where->has_vlan) {
			const struct config_zone *zone = place_zone(place, where->vlan);
			struct verdict v = verdict_of(nibble, zone, now);
			char vlan[VLAN_TEXT];

			vlan_format(where->vlan, vlan);
			show_row(o, place, vlan, zone, &v);
		} else {
			show_zones(o, place, nibble, now);
		}
	}
	out_table_end(o);
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
