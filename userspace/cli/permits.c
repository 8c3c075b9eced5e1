/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom the contained devices of a zone may talk to, shown. */
#include "permits.h"

#include <stdio.h>
#include <stdlib.h>

char *permits_text(const struct config_prefix *list, size_t n)
{
	char *text = NULL, one[CONFIG_PREFIX_TEXT];
	size_t size = 0;
	FILE *to = n ? open_memstream(&text, &size) : NULL;

	if (!to)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		config_prefix_format(&list[i], one);
		(void)fprintf(to, "%s%s", i ? ", " : "", one);
	}
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

static void show(struct out *o, const char *key, const char *label, const struct config_prefix *list, size_t n)
{
	char one[CONFIG_PREFIX_TEXT], *text = permits_text(list, n);

	if (label)
		out_string(o, NULL, label, text);
	free(text);
	out_json_only(o);
	out_list(o, key, NULL);
	for (size_t i = 0; i < n; i++) {
		config_prefix_format(&list[i], one);
		out_item(o, one);
	}
	out_list_end(o);
	out_json_only_end(o);
}

void permits_fields(struct out *o, const struct config_zone *zone, bool labelled)
{
	show(o, "permit", labelled ? "PERMIT" : NULL, zone->permits, zone->n_permits);
	show(o, "gateway", labelled ? "GATEWAY" : NULL, zone->gateways, zone->n_gateways);
}
