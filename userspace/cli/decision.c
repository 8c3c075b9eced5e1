/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy as files tell it, and which entry decides for an address. */
#include "decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/mac.h"
#include "../lib/text.h"
#include "names.h"

static const char *const kinds[] = {[SOURCE_LOCAL] = "local", [SOURCE_FEED] = "feed", [SOURCE_LIST] = "list"};

int64_t decision_clock(const struct config *config)
{
	return config->trust_clock || clock_synchronised() ? (int64_t)time(NULL) : 0;
}

struct policy *decision_load(const struct cli *cli, int64_t *now, bool *whole)
{
	struct policy *p = NULL;
	char *warnings = NULL;

	*now = decision_clock(cli->config);
	if (policy_from_config(cli->config, &p) != 0) {
		(void)cli_say(cli, CLI_FAILED, "out of memory");
		return NULL;
	}
	(void)policy_load(cli->config, p, &warnings);
	if (warnings)
		log_warning("%s", warnings);
	if (warnings && geteuid() != 0)
		log_warning("this is not the whole policy; ask root, or as a member of group %s", cli->config->group);
	if (whole)
		*whole = !warnings;
	free(warnings);
	return p;
}

void decision_prefix(const struct entry *e, char out[static 24])
{
	unsigned rest = 48u - e->length;
	struct prefix prefix = {.mac48 = e->word >> LC_WORD_PREFIX_SHIFT >> rest << rest, .len = e->length};

	prefix_format(&prefix, out);
}

static const char *text_of(const struct policy *p, const struct candidate *c, uint32_t handle)
{
	const char *text = strings_get(policy_source_set(p, c->source)->strings, handle);

	return text && *text ? text : NULL;
}

void decision_fields(struct out *o, const struct policy *p, const struct candidate *c)
{
	char prefix[24];

	decision_prefix(c->entry, prefix);
	out_string(o, "entry", "ENTRY", prefix);
	out_string(o, "action", "ACTION", action_name(c->entry->word & LC_ACTION_MASK));
	out_bool(o, "dry_run", NULL, c->entry->word & LC_ENTRY_DRY_RUN);
	out_string(o, NULL, "MODE", c->entry->word & LC_ENTRY_DRY_RUN ? "dry-run" : "enforce");
	out_string(o, "source", "SOURCE", policy_source_name(p, c->source));
	out_string(o, "kind", "KIND", kinds[policy_source_kind(p, c->source)]);
	out_time(o, "until", "UNTIL", c->entry->until);
	out_string(o, "vendor", "VENDOR", text_of(p, c, c->entry->vendor));
	out_string(o, "model", NULL, text_of(p, c, c->entry->model));
	out_string(o, "reason", "REASON", text_of(p, c, c->entry->reason));
}

char *decision_text(const struct policy *p, const struct candidate *c)
{
	char prefix[24], *text = NULL;

	decision_prefix(c->entry, prefix);
	if (asprintf(&text, "%s %s from %s", prefix, verdict_name(c->entry->word & 15),
		     policy_source_name(p, c->source)) < 0)
		return NULL;
	return text;
}

void decision_show(struct out *o, const struct policy *p, const struct candidate *c, size_t n)
{
	char *text = n ? decision_text(p, &c[0]) : NULL;

	out_text(o, "decides", "%s", n ? text ? text : "?" : "no entry: the address is not flagged");
	free(text);
	if (n && (text = (char *)text_of(p, &c[0], c[0].entry->vendor)))
		out_text(o, "vendor", "%s", text);
	if (n && (text = (char *)text_of(p, &c[0], c[0].entry->reason)))
		out_text(o, "reason", "%s", text);
	if (n && c[0].entry->until)
		out_time(o, NULL, "until", c[0].entry->until);
	if (n < 2)
		out_json_only(o);
	out_table(o, "entries", "Entries, the first decides", NULL);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		decision_fields(o, p, &c[i]);
		out_bool(o, "decides", NULL, i == 0);
		out_row_end(o);
	}
	out_table_end(o);
	if (n < 2)
		out_json_only_end(o);
}
