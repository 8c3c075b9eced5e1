/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of the policy, the ports and bypass, in words. */
#include "daemon.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "../lib/mac.h"
#include "../lib/text.h"

void report_applied(struct daemon *d, const struct source *s)
{
	log_info("%s: serial %lld, %zu entries in force", s->name, (long long)s->header.serial, s->entries);
	if (s->kind == SOURCE_LOCAL)
		return; /* each change of it is an event of its own */
	eventlog_put(d->log, EVENT_POLICY, "feed_applied",
		     json_pack("{s:o, s:I, s:I, s:s}", "list", eventlog_text(s->name), "serial", (json_int_t)s->header.serial, "entries",
			       (json_int_t)s->entries, "sha256", s->sha256));
}

void report_refused(struct daemon *d, const struct source *s, const struct verdict *why, bool pending)
{
	eventlog_put(d->log, EVENT_POLICY, "feed_refused",
		     json_pack("{s:o, s:s, s:o, s:b}", "list", eventlog_text(s->name), "sha256", why->sha256, "reason",
			       eventlog_text(why->reason), "pending", pending));
}

void report_notes(struct daemon *d)
{
	for (size_t i = 0; i < d->world.n_sources; i++) {
		struct source *s = &d->world.sources[i];
		struct verdict why = {0};

		if (!s->note[0])
			continue;
		memcpy(why.reason, s->note, sizeof(why.reason));
		report_refused(d, s, &why, false);
		s->note[0] = '\0';
	}
}

void report_stale(struct daemon *d, const struct source *s, const char *reason)
{
	log_warning("%s: %s", s->name, reason);
	eventlog_put(d->log, EVENT_POLICY, "feed_stale",
		     json_pack("{s:o, s:I, s:s}", "list", eventlog_text(s->name), "serial", (json_int_t)s->header.serial, "reason", reason));
}

void report_leaving(struct daemon *d, const struct source *s, const char *names)
{
	log_warning("%s: no longer configured; its %zu entries stay in force until there is something of %s", s->name, s->entries,
		    names);
	eventlog_put(d->log, EVENT_POLICY, "source_leaving",
		     json_pack("{s:o, s:I, s:o}", "list", eventlog_text(s->name), "entries", (json_int_t)s->entries, "awaited",
			       eventlog_text(names)));
}

void report_left(struct daemon *d, const struct source *s, const char *reason)
{
	log_info("%s: its %zu entries are taken out: %s", s->name, s->entries, reason);
	eventlog_put(d->log, EVENT_POLICY, "source_left",
		     json_pack("{s:o, s:I, s:s}", "list", eventlog_text(s->name), "entries", (json_int_t)s->entries, "reason", reason));
}

static void key_text(uint64_t key, char out[static PREFIX_TEXT])
{
	struct prefix prefix = {.mac48 = key << LC_WORD_KEY_SHIFT >> LC_WORD_PREFIX_SHIFT,
				.len = prefix_bits((unsigned)(key & 3))};

	prefix_format(&prefix, out);
}

static void report_override(struct daemon *d, const struct entry_set *set, const struct entry *e, const char *change)
{
	char text[PREFIX_TEXT], until[TIME_TEXT] = "";

	key_text(e->word >> LC_WORD_KEY_SHIFT, text);
	if (e->until)
		time_format(e->until, until);
	eventlog_put(d->log, EVENT_POLICY, "override",
		     json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s}", "change", change, "entry", text, "action",
			       action_name((enum lc_action)(e->word & LC_ACTION_MASK)), "reason",
			       e->reason ? strings_get(set->strings, e->reason) : NULL, "until", e->until ? until : NULL,
			       "source", "local"));
}

void report_overrides(struct daemon *d, const struct entry_set *old, const struct entry_set *set)
{
	size_t i = 0, j = 0;

	while (i < old->n || j < set->n) {
		uint64_t a = i < old->n ? old->entries[i].word >> LC_WORD_KEY_SHIFT : UINT64_MAX;
		uint64_t b = j < set->n ? set->entries[j].word >> LC_WORD_KEY_SHIFT : UINT64_MAX;

		if (a < b)
			report_override(d, old, &old->entries[i], "removed");
		else if (b < a)
			report_override(d, set, &set->entries[j], "added");
		else if (old->entries[i].word != set->entries[j].word || old->entries[i].until != set->entries[j].until)
			report_override(d, set, &set->entries[j], "changed");
		i += a <= b;
		j += b <= a;
	}
}

/* Of the entry that ended: its prefix, source and reason; and what decides now. */
static void report_end(struct daemon *d, const struct change *c, const struct candidate *ended)
{
	const struct policy *p = d->world.policy;
	const char *now = c->source == UINT16_MAX ? NULL : policy_source_name(p, c->source);
	const struct strings *strings = ended->entry ? policy_source_set(p, ended->source)->strings : NULL;
	char text[PREFIX_TEXT];

	key_text(c->key, text);
	eventlog_put(d->log, EVENT_POLICY, "expired",
		     json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "entry", text, "before",
			       action_name((enum lc_action)(c->before & LC_ACTION_MASK)), "source",
			       ended->entry ? policy_source_name(p, ended->source) : NULL, "reason",
			       strings && ended->entry->reason ? strings_get(strings, ended->entry->reason) : NULL, "action",
			       c->after ? action_name((enum lc_action)(c->after & LC_ACTION_MASK)) : NULL, "by", now));
}

void report_expired(struct daemon *d, const struct changes *changes, int64_t from)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->change[i];
		struct candidate ended = policy_winner(d->world.policy, c->key, from);

		report_end(d, c, &ended);
	}
}

void report_bypass(struct daemon *d)
{
	const struct counters *counters = kernel_counters(d->kernel);
	uint64_t until = 0, now;
	struct timespec ts;
	char text[TIME_TEXT] = "";

	if (!counters || counters_switch(counters, LC_SWITCH_BYPASS_UNTIL, &until))
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	if (until <= now)
		until = 0;
	if (until == d->bypass_until)
		return;
	if (until)
		time_format(counters_wall_clock(until), text);
	log_warning("bypass is %s%s%s", until ? "on: nothing is stopped until " : "off", text, "");
	d->bypass_until = until;
	eventlog_put(d->log, EVENT_POLICY, "bypass",
		     json_pack("{s:b, s:s*}", "on", until != 0, "until", until ? text : NULL));
	state_write(d);
}

static void on_port(void *arg, const char *event, const char *port, const char *reason)
{
	struct daemon *d = arg;

	eventlog_put(d->log, EVENT_POLICY, event, json_pack("{s:s, s:s}", "port", port, "reason", reason));
}

void report_ports(struct daemon *d)
{
	(void)ports_read(d->ports, on_port, d);
}
