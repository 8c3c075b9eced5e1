/* SPDX-License-Identifier: GPL-2.0-only */
/* What a captured frame met, in words. Sources are looked up once for each entry: a flood has many frames of few entries. */
#include "capture_label.h"

#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "names.h"
#include "state.h"

#define REMEMBERED 1024 /* power of two */

struct labels {
	const struct config *config;
	bool same_config; /* zones are numbered by the configuration that the loader has */
	struct policy *policy;
	int64_t now;
	struct {
		uint64_t key; /* 0 = none */
		const char *source;
	} remembered[REMEMBERED];
};

static bool loader_has(const struct config *config)
{
	int err;
	json_t *loader = state_read(config, STATE_LOADER, &err);
	const char *sha256 = state_string(state_get(loader, "config"), "sha256");
	bool same = sha256 && strcmp(sha256, config->sha256) == 0;

	json_decref(loader);
	return same;
}

struct labels *labels_new(const struct cli *cli)
{
	struct labels *l = calloc(1, sizeof(*l));

	if (l)
		l->policy = decision_load(cli, &l->now, NULL);
	if (!l || !l->policy) {
		free(l);
		return NULL;
	}
	l->config = cli->config;
	l->same_config = loader_has(cli->config);
	return l;
}

void labels_free(struct labels *l)
{
	if (!l)
		return;
	policy_free(l->policy);
	free(l);
}

const char *label_source(struct labels *l, const struct lc_captured *frame)
{
	uint64_t key = frame->word >> LC_WORD_KEY_SHIFT;
	size_t place = (size_t)((key * 0x9e3779b97f4a7c15u) >> 54) & (REMEMBERED - 1);
	struct candidate decides;

	if (l->remembered[place].key == key)
		return l->remembered[place].source;
	decides = policy_winner(l->policy, key, l->now);
	l->remembered[place].key = key;
	l->remembered[place].source = decides.entry ? policy_source_name(l->policy, decides.source) : NULL;
	return l->remembered[place].source;
}

const char *label_zone(const struct labels *l, const struct lc_captured *frame)
{
	return l->same_config && frame->zone < l->config->n_zones ? l->config->zones[frame->zone].name : NULL;
}

void label_text(struct labels *l, const struct lc_captured *frame, char out[static LABEL_TEXT])
{
	const char *zone = label_zone(l, frame), *source = label_source(l, frame);
	char entry[ENTRY_TEXT];

	entry_format(frame->word, entry);
	(void)snprintf(out, LABEL_TEXT, "%s%s%s%s%.64s; %s %s%s%.128s", reason_name(frame->reason), frame->final ? ": " : "",
		       frame->final ? action_name(frame->final) : "", zone ? " in zone " : "", zone ? zone : "", entry,
		       verdict_name((unsigned)frame->word & 15), source ? " from " : "", source ? source : "");
}
