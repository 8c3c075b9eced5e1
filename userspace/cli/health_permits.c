/* SPDX-License-Identifier: GPL-2.0-only */
/* Permitted addresses that belong to flagged devices: contained devices could then talk to each other through one. */
#include "health_judge.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../lib/view.h"
#include "names.h"
#include "neighbours.h"
#include "state.h"

static bool any_permits(const struct config *config)
{
	for (size_t i = 0; i < config->n_zones; i++)
		if (config->zones[i].n_permits)
			return true;
	return false;
}

/* What flagged devices said of themselves in their frames: the switch-host itself may never have talked to them. */
static void add_seen(const struct config *config, struct neighbours *out)
{
	int err;
	json_t *file = state_devices(config, &err), *rows = state_get(file, "devices");

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *ip = state_string(row, "ip"), *mac = state_string(row, "mac"), *reason;
		struct neighbour one = {.family = ip && strchr(ip, ':') ? LC_PERMIT_INET6 : LC_PERMIT_INET}, *bigger;

		if (!ip || !mac || mac_parse(mac, &one.mac48, &reason) != 0 ||
		    inet_pton(one.family == LC_PERMIT_INET ? AF_INET : AF_INET6, ip, one.address) != 1)
			continue;
		bigger = reallocarray(out->neighbour, out->n + 1, sizeof(*bigger));
		if (!bigger)
			break;
		out->neighbour = bigger;
		bigger[out->n++] = one;
	}
	json_decref(file);
}

static void tell(struct health *h, const struct config_zone *zone, const struct config_prefix *permit,
		 const struct neighbour *who, uint64_t word)
{
	char prefix[CONFIG_PREFIX_TEXT], ip[INET6_ADDRSTRLEN] = "?", mac[MAC_TEXT], entry[ENTRY_TEXT];

	config_prefix_format(permit, prefix);
	(void)inet_ntop(who->family == LC_PERMIT_INET ? AF_INET : AF_INET6, who->address, ip, sizeof(ip));
	mac_format(who->mac48, mac);
	entry_format(word, entry);
	lines_add(&h->warnings,
		  "zone %s: permit %s holds %s, which is %s and flagged itself (%s %s); permit only who is not", zone->name,
		  prefix, ip, mac, entry, verdict_name((unsigned)word & 15));
}

/* The first flagged device in it is told, one is enough to look. */
static void judge_permit(struct health *h, const struct view *v, const struct neighbours *all,
			 const struct config_zone *zone, const struct config_prefix *permit)
{
	uint64_t word;

	for (size_t i = 0; i < all->n; i++) {
		const struct neighbour *who = &all->neighbour[i];

		if (!config_prefix_holds(permit, who->family, who->address) || view_decide(v, who->mac48, &word) != 0 ||
		    !word || (word & LC_ACTION_MASK) == LC_ALLOW)
			continue;
		tell(h, zone, permit, who, word);
		return;
	}
}

void health_judge_permits(struct health *h)
{
	char *dir = any_permits(h->config) ? path_join(h->config->run, PATH_BPF) : NULL;
	struct neighbours all;
	struct view *v = NULL;

	if (dir && view_open(dir, &v) == 0) {
		neighbours_read(&all);
		add_seen(h->config, &all);
		for (size_t z = 0; z < h->config->n_zones; z++)
			for (size_t p = 0; p < h->config->zones[z].n_permits; p++)
				judge_permit(h, v, &all, &h->config->zones[z], &h->config->zones[z].permits[p]);
		neighbours_free(&all);
	}
	view_close(v);
	free(dir);
}
