/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap explain: the entry that decides for an address, those it beat, and what that means on each port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../lib/view.h"
#include "cli.h"
#include "decision.h"
#include "names.h"
#include "outcome.h"
#include "state.h"

enum { ON };
const struct cli_option explain_options[] = {
    {0, "on", "IF[.VLAN]", "only for frames that come in there"},
    {0, NULL, NULL, NULL},
};

struct kernel { /* what the pinned maps say */
	int err;
	uint64_t word;
};

/* "swp1", "swp1.200"; a name may itself contain a dot, so the whole is tried first. False, told: not to be understood.
 */
static bool parse_where(const struct cli *cli, const struct places *places, struct outcome_where *where)
{
	const char *text = cli->option[ON], *dot = text ? strrchr(text, '.') : NULL;
	char *end = NULL;
	unsigned long vlan;

	*where = (struct outcome_where){.vlan = LC_VLAN_UNTAGGED};
	if (!text)
		return true;
	(void)snprintf(where->port, sizeof(where->port), "%.15s", text);
	if (!dot || places_find(places, text))
		return true;
	vlan = strtoul(dot + 1, &end, 10);
	if (dot[1] < '0' || dot[1] > '9' || *end || vlan < 1 || vlan > 4094 || dot == text || dot - text > 15) {
		(void)cli_say(cli, CLI_USAGE, "--on %.64s: not IF or IF.VLAN with a VLAN of 1 to 4094", text);
		return false;
	}
	(void)snprintf(where->port, sizeof(where->port), "%.*s", (int)(dot - text), text);
	where->vlan = (unsigned)vlan;
	where->has_vlan = true;
	return true;
}

static bool in_protect(const struct config *config, uint64_t mac48)
{
	for (size_t i = 0; i < config->n_protect; i++)
		if (config->protect[i] == mac48)
			return true;
	return false;
}

static struct kernel read_kernel(const struct config *config, uint64_t mac48, struct verdict_now *now)
{
	char *dir = path_join(config->run, PATH_BPF);
	struct kernel k = {.err = -ENOMEM};
	struct view *v = NULL;

	now->protected = in_protect(config, mac48);
	if (dir)
		k.err = view_open(dir, &v);
	if (!k.err)
		k.err = view_decide(v, mac48, &k.word);
	if (v && !now->protected)
		(void)view_protected(v, mac48, &now->protected);
	view_close(v);
	now->absent = k.err == -ENOENT;
	outcome_switches(config, now);
	free(dir);
	return k;
}

/* What the kernel holds, and whether it is what the files say: entries may differ in length as written, words may not.
 */
static void show_kernel(struct out *o, const struct config *config, const struct kernel *k, uint64_t wanted)
{
	bool same = k->word == wanted;
	char entry[ENTRY_TEXT] = "";

	if (k->word)
		entry_format(k->word, entry);
	out_object(o, "kernel", NULL);
	out_bool(o, "readable", NULL, k->err == 0);
	out_string(o, "entry", NULL, k->word ? entry : NULL);
	out_string(o, "action", NULL, k->word ? verdict_name((unsigned)k->word) : NULL);
	out_bool(o, "agrees", NULL, k->err == 0 && same);
	out_object_end(o);
	if (k->err)
		out_text(o, "kernel", "its maps cannot be read (%s): %s/bpf; this is what the files say",
			 strerror(-k->err), config->run);
	else if (same)
		out_text(o, "kernel", "agrees");
	else
		out_text(o, "kernel", "DISAGREES: it holds %s %s; see: lenscap status", k->word ? entry : "no entry",
			 k->word ? verdict_name((unsigned)k->word) : "");
}

static int explain(struct cli *cli, uint64_t mac48, const struct places *places, const struct outcome_where *where,
		   struct verdict_now at)
{
	struct candidate candidates[POLICY_CANDIDATES];
	struct kernel kernel;
	struct policy *p;
	char mac[MAC_TEXT];
	bool whole;
	int64_t now;
	size_t n;

	p = decision_load(cli, &now, &whole);
	if (!p)
		return CLI_FAILED;
	n = policy_explain(p, mac48, now, candidates);
	kernel = read_kernel(cli->config, mac48, &at);
	mac_format(mac48, mac);
	out_string(cli->out, "mac", "address", mac);
	decision_show(cli->out, p, candidates, n);
	out_bool(cli->out, "protected", "protected", at.protected);
	show_kernel(cli->out, cli->config, &kernel, n ? candidates[0].entry->word : 0);
	/* What happens to frames is what the kernel holds; the files stand in where it cannot be read. */
	outcome_show(cli->out, places, where,
		     (unsigned)((kernel.err ? n ? candidates[0].entry->word : 0 : kernel.word) & 15), &at);
	if (!kernel.err && kernel.word != (n ? candidates[0].entry->word : 0))
		whole = false;
	out_bool(cli->out, "whole", NULL, whole);
	policy_free(p);
	return whole ? CLI_DONE : CLI_NEGATIVE;
}

int cmd_explain(struct cli *cli)
{
	const char *reason = NULL;
	struct places places;
	struct outcome_where where;
	struct verdict_now at = {0};
	json_t *loader;
	uint64_t mac48;
	int err, code = CLI_USAGE;

	if (mac_parse(cli->argument[0], &mac48, &reason) != 0)
		return cli_say(cli, CLI_USAGE, "%.64s: %s", cli->argument[0], reason);
	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	loader = state_read(cli->config, STATE_LOADER, &err);
	places_read(cli->config, loader, &places);
	outcome_mirror(loader, &at);
	if (parse_where(cli, &places, &where)) {
		if (where.port[0] && !places_find(&places, where.port))
			code = cli_say(cli, CLI_FAILED, "--on %s: no such port; see: lenscap status", where.port);
		else
			code = explain(cli, mac48, &places, &where, at);
	}
	places_free(&places);
	json_decref(loader);
	return code;
}
