/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of sources, for `status` and `feed list`. */
#include "sources.h"

#include <stdio.h>
#include <time.h>

#include "state.h"

/* "3d", "4h", "12m", "5s" since a time. */
static void age_text(int64_t since, char *text, size_t size)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t age = (int64_t)time(NULL) - since;
	size_t u = 0;

	while (u < 3 && age < units[u].seconds)
		u++;
	(void)snprintf(text, size, since ? "%lld%c" : "-", (long long)(age > 0 ? age / units[u].seconds : 0),
		       units[u].letter);
}

/* "in 4m"; "-" for never, "now" for what is due. */
static void wait_text(int64_t when, char *text, size_t size)
{
	int64_t left = when - (int64_t)time(NULL);

	if (!when || left <= 0)
		(void)snprintf(text, size, when ? "now" : "-");
	else if (left < 3600)
		(void)snprintf(text, size, left < 60 ? "in %llds" : "in %lldm", (long long)(left < 60 ? left : left / 60));
	else
		(void)snprintf(text, size, "in %lldh", (long long)(left / 3600));
}

/* Of a feed from a URL: when its server last answered, and when it is asked next. */
static void show_fetch(struct out *o, const json_t *source)
{
	const json_t *fetch = state_get(source, "fetch");
	char fetched[24], next[32];

	age_text(state_time(fetch, "answered"), fetched, sizeof(fetched));
	wait_text(state_time(fetch, "next"), next, sizeof(next));
	out_string(o, NULL, "FETCHED", fetched);
	out_string(o, NULL, "NEXT", next);
	if (!json_is_object(fetch)) {
		out_string(o, "fetch", NULL, NULL);
		return;
	}
	out_object(o, "fetch", NULL);
	out_time(o, "tried", NULL, state_time(fetch, "tried"));
	out_time(o, "answered", NULL, state_time(fetch, "answered"));
	out_time(o, "next", NULL, state_time(fetch, "next"));
	out_int(o, "status", NULL, state_int(fetch, "status"));
	out_int(o, "failures", NULL, state_int(fetch, "failures"));
	out_string(o, "error", NULL, state_string(fetch, "error"));
	out_object_end(o);
}

static bool is_fetched(const json_t *sources)
{
	for (size_t i = 0; i < json_array_size(sources); i++)
		if (json_is_object(state_get(json_array_get(sources, i), "fetch")))
			return true;
	return false;
}

static void show_held(struct out *o, const char *key, const json_t *held, const char *when)
{
	if (!json_is_object(held)) {
		out_string(o, key, NULL, NULL);
		return;
	}
	out_object(o, key, NULL);
	out_string(o, "sha256", NULL, state_string(held, "sha256"));
	out_string(o, "reason", NULL, state_string(held, "reason"));
	out_time(o, when, NULL, state_time(held, when));
	out_object_end(o);
}

static const char *word_for(const json_t *source)
{
	if (state_time(source, "leaves"))
		return "leaving";
	if (json_is_object(state_get(source, "refused")))
		return "refused";
	if (json_is_object(state_get(source, "pending")))
		return "pending";
	if (state_bool(source, "expired"))
		return "expired";
	return state_bool(source, "stale") ? "stale" : "good";
}

static void show_source(struct out *o, const json_t *source, bool fetched)
{
	int64_t generated = state_time(source, "generated");
	char age[24];

	age_text(generated ? generated : state_time(source, "applied"), age, sizeof(age));
	out_row(o);
	out_string(o, "name", "SOURCE", state_string(source, "name"));
	out_string(o, "kind", "KIND", state_string(source, "kind"));
	out_string(o, "mode", "MODE", state_string(source, "mode"));
	out_int(o, "serial", "SERIAL", state_int(source, "serial"));
	out_int(o, "entries", "ENTRIES", state_int(source, "entries"));
	out_string(o, NULL, "AGE", age);
	if (fetched)
		show_fetch(o, source);
	else
		out_string(o, "fetch", NULL, NULL);
	out_string(o, "state", "STATE", word_for(source));
	out_string(o, "path", "PATH", state_string(source, "path"));
	out_time(o, "generated", NULL, generated);
	out_time(o, "expires", NULL, state_time(source, "expires"));
	out_time(o, "applied", NULL, state_time(source, "applied"));
	out_string(o, "sha256", NULL, state_string(source, "sha256"));
	out_bool(o, "stale", NULL, state_bool(source, "stale"));
	out_bool(o, "expired", NULL, state_bool(source, "expired"));
	out_time(o, "leaves", NULL, state_time(source, "leaves"));
	show_held(o, "pending", state_get(source, "pending"), "since");
	show_held(o, "refused", state_get(source, "refused"), "at");
	out_row_end(o);
}

void sources_show(struct out *o, const json_t *daemon)
{
	const json_t *sources = state_get(daemon, "sources");
	bool fetched = is_fetched(sources);

	out_table(o, "sources", "Sources", "none");
	for (size_t i = 0; i < json_array_size(sources); i++)
		show_source(o, json_array_get(sources, i), fetched);
	out_table_end(o);
}
