/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap feed verify: is this file what a feed may be, signed if it must be, and would its rules let it in? */
#include <string.h>

#include "../feed/native.h"
#include "../policy/load.h"
#include "cli.h"
#include "content.h"

enum { FEED };
const struct cli_option feed_verify_options[] = {
    {'f', "feed", "NAME", "by the rules of this feed of the configuration"},
    {0, NULL, NULL, NULL},
};

/* The rules of a feed or list, or, without a name, the format alone. False, told: no such source. */
static bool find_rules(const struct cli *cli, const char *name, struct source_rules *rules)
{
	struct policy *p = NULL;
	bool found = !name;

	*rules = (struct source_rules){
	    .min_length = 24, .may_allow = true, .header = true, .delta = true, .format = FORMAT_DETECT};
	if (!name)
		return true;
	if (policy_from_config(cli->config, &p) != 0)
		return false;
	for (size_t s = 1; !found && s < policy_sources(p); s++) {
		found = strcmp(policy_source_name(p, s), name) == 0;
		if (found)
			*rules = policy_rules(cli->config, p, s);
	}
	policy_free(p);
	if (!found)
		(void)cli_say(cli, CLI_FAILED, "--feed %.64s: no feed or list of the configuration", name);
	return found;
}

static void count_actions(struct out *o, const struct entry_set *set)
{
	uint64_t count[LC_ACTION_MASK + 1] = {0};

	for (size_t i = 0; i < set->n; i++)
		count[set->entries[i].word & LC_ACTION_MASK]++;
	out_table(o, "actions", "Entries in the kernel's lengths", NULL);
	for (unsigned a = LC_QUARANTINE; a <= LC_ALLOW; a++) {
		if (!count[a])
			continue;
		out_row(o);
		out_string(o, "action", "ACTION", action_name(a));
		out_uint(o, "entries", "ENTRIES", count[a]);
		out_row_end(o);
	}
	out_table_end(o);
}

static int verify(struct cli *cli, const struct content *content, const struct source_rules *rules)
{
	struct feed_header header = {.serial = -1, .since = -1};
	char error[FEED_ERROR] = "";
	struct entry_set set = {0};
	struct out *o = cli->out;
	int err = native_parse(content->name, content->data, content->size, rules, &header, &set, error);

	out_string(o, "file", "file", content->name);
	out_string(o, "sha256", "sha256", content->sha256);
	out_bool(o, "valid", "valid", err == 0);
	if (err) {
		out_string(o, "error", NULL, error);
		(void)cli_say(cli, CLI_NEGATIVE, "%s", error);
		return CLI_NEGATIVE;
	}
	out_string(o, "list", "list", header.list);
	out_string(o, "signature", "signature", rules->n_keys ? "good" : "not asked for");
	out_int(o, "serial", "serial", header.serial);
	if (header.since >= 0)
		out_int(o, "since", "a delta from serial", header.since);
	out_time(o, "generated", "generated", header.generated);
	out_time(o, "expires", "expires", header.expires);
	out_uint(o, "entries", "entries", set.n);
	count_actions(o, &set);
	entry_set_free(&set);
	return CLI_DONE;
}

int cmd_feed_verify(struct cli *cli)
{
	struct source_rules rules;
	struct content content;
	int code;

	if (!cli_config(cli) || !find_rules(cli, cli->option[FEED], &rules))
		return CLI_FAILED;
	code = content_read(cli, cli->argument[0], &content);
	if (code)
		return code;
	code = verify(cli, &content, &rules);
	content_free(&content);
	return code;
}
