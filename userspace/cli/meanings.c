/* SPDX-License-Identifier: GPL-2.0-only */
/* What the actions that entries ask for mean in each zone. */
#include "meanings.h"

#include <stdio.h>
#include <stdlib.h>

#include "../feed/entry.h"
#include "verdict.h"

/* "core drop, cctv contain"; newly allocated. */
static char *zones_text(const struct config *config, enum lc_action asked)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < config->n_zones; i++)
		(void)fprintf(to, "%s%s %s", i ? ", " : "", config->zones[i].name,
			      action_name(verdict_final(asked, &config->zones[i])));
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

static void show_action(struct out *o, const struct config *config, enum lc_action asked)
{
	char *text = zones_text(config, asked);

	out_row(o);
	out_string(o, "action", "ACTION", action_name(asked));
	out_string(o, NULL, "IN ZONES", text);
	out_table(o, "zones", NULL, NULL);
	for (size_t i = 0; i < config->n_zones; i++) {
		out_row(o);
		out_string(o, "zone", NULL, config->zones[i].name);
		out_string(o, "action", NULL, action_name(verdict_final(asked, &config->zones[i])));
		out_row_end(o);
	}
	out_table_end(o);
	out_row_end(o);
	free(text);
}

void meanings_show(struct out *o, const struct config *config, unsigned actions)
{
	out_table(o, "meanings", "Which means", NULL);
	for (unsigned a = LC_QUARANTINE; config->n_zones && a <= LC_ALLOW; a++)
		if (actions & 1u << a)
			show_action(o, config, (enum lc_action)a);
	out_table_end(o);
}
