/* SPDX-License-Identifier: GPL-2.0-only */
/* A local override from the order to what wins after it. */
#include "change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "lines.h"
#include "outcome.h"
#include "override.h"
#include "state.h"

#include "../lib/paths.h"
#include "../lib/view.h"

#define SHOWN 10 /* entries named that still win; the rest is counted */

struct wins {
	struct lines lines;
	size_t n;
};

static uint64_t key_mac48(uint64_t key)
{
	return key >> (LC_WORD_PREFIX_SHIFT - LC_WORD_KEY_SHIFT);
}

static void note_winner(struct wins *w, const struct policy *p, const struct candidate *c)
{
	char *text = w->n < SHOWN ? decision_text(p, c) : NULL;

	if (text)
		lines_add(&w->lines, "%s", text);
	w->n++;
	free(text);
}

/* Does this entry decide, for addresses below the order's prefix, something other than what was ordered? */
static bool wins_over(const struct policy *p, size_t source, const struct entry *e, const struct change_order *order,
		      int64_t now)
{
	struct candidate best[POLICY_CANDIDATES];
	enum lc_action action = e->word & LC_ACTION_MASK;

	if (action == order->action || (order->action == LC_ABSENT && action == LC_ALLOW))
		return false;
	if (policy_explain(p, e->word >> LC_WORD_PREFIX_SHIFT, now, best) == 0)
		return false;
	return best[0].entry == e && best[0].source == source;
}

/* Entries of one source at and below the prefix: sets are sorted by prefix. */
static void find_below(const struct policy *p, size_t source, const struct change_order *order, int64_t now,
		       struct wins *w)
{
	const struct entry_set *set = policy_source_set(p, source);
	uint64_t last = order->prefix.mac48 | ((UINT64_C(1) << (48 - order->prefix.len)) - 1);
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (key_mac48(set->entries[middle].word >> LC_WORD_KEY_SHIFT) < order->prefix.mac48)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set->n && set->entries[low].word >> LC_WORD_PREFIX_SHIFT <= last; low++)
		if (wins_over(p, source, &set->entries[low], order, now))
			note_winner(w, p, &(struct candidate){source, &set->entries[low]});
}

/* What decides the prefix itself from above, when it is not what was ordered. */
static void find_above(const struct policy *p, const struct candidate *best, size_t n, const struct change_order *order,
		       struct wins *w)
{
	if (n == 0 || best[0].entry->length >= order->prefix.len)
		return; /* below: already found there */
	if ((best[0].entry->word & LC_ACTION_MASK) != order->action)
		note_winner(w, p, &best[0]);
}

/* What happens to frames is what the kernel holds; NIBBLE stands in where it cannot be read. */
static void show_ports(struct cli *cli, uint64_t mac48, unsigned nibble)
{
	const struct outcome_where everywhere = {.vlan = LC_VLAN_UNTAGGED};
	struct verdict_now at = {0};
	struct places places;
	struct view *v = NULL;
	char *dir = path_join(cli->config->run, PATH_BPF);
	uint64_t word;
	json_t *loader;
	int err = dir ? view_open(dir, &v) : -ENOMEM;

	at.absent = err == -ENOENT;
	if (!err && view_decide(v, mac48, &word) == 0)
		nibble = word & 15;
	if (!err)
		(void)view_protected(v, mac48, &at.protected);
	view_close(v);
	free(dir);
	outcome_switches(cli->config, &at);
	loader = state_read(cli->config, STATE_LOADER, &err);
	outcome_mirror(loader, &at);
	places_read(cli->config, loader, &places);
	outcome_show(cli->out, &places, &everywhere, nibble, &at);
	places_free(&places);
	json_decref(loader);
}

static int show_result(struct cli *cli, const struct change_order *order, enum lc_action before)
{
	struct candidate best[POLICY_CANDIDATES];
	struct wins wins = {0};
	struct policy *p;
	int64_t now;
	size_t n;

	p = decision_load(cli, &now, NULL);
	if (!p)
		return CLI_FAILED;
	n = policy_explain(p, order->prefix.mac48, now, best);
	/* Taking an exemption back is meant to let the entries below it decide again. */
	if (order->action != LC_ABSENT || before != LC_ALLOW) {
		find_above(p, best, n, order, &wins);
		for (size_t s = 0; s < policy_sources(p); s++)
			find_below(p, s, order, now, &wins);
	}
	decision_show(cli->out, p, best, n);
	show_ports(cli, order->prefix.mac48, n ? best[0].entry->word & 15 : 0);
	out_uint(cli->out, "still_win", NULL, wins.n);
	lines_show(&wins.lines, cli->out, "winners", "Still winning");
	if (wins.n > SHOWN)
		out_line(cli->out, "  and %zu more", wins.n - SHOWN);
	lines_free(&wins.lines);
	policy_free(p);
	return wins.n ? CLI_NEGATIVE : CLI_DONE;
}

static int say_nothing_there(const struct cli *cli, const struct change_order *order)
{
	char prefix[PREFIX_TEXT];

	prefix_format(&order->prefix, prefix);
	return cli_say(cli, CLI_NEGATIVE,
		       "%s: no override of that prefix; see: lenscap explain, lenscap list --source local", prefix);
}

int change_make(struct cli *cli, const struct change_order *order)
{
	struct ack *ack = ack_begin(cli);
	enum lc_action before = LC_ABSENT;
	char prefix[PREFIX_TEXT];
	int code, enforced;

	if (!ack)
		return cli_say(cli, CLI_FAILED, "out of memory");
	code = override_edit(cli, &order->prefix, order->entry, order->timeout, &before);
	if (code || (!order->entry && before == LC_ABSENT)) {
		ack_cancel(ack);
		return code ? code : say_nothing_there(cli, order);
	}
	enforced = ack_overrides(ack, order->timeout);
	if (!cli_drop_root(cli))
		return CLI_FAILED;
	prefix_format(&order->prefix, prefix);
	out_string(cli->out, "prefix", "prefix", prefix);
	out_bool(cli->out, "recorded", NULL, true);
	out_bool(cli->out, "enforced", "enforced", enforced == 0);
	code = show_result(cli, order, before);
	return enforced ? enforced : code;
}
