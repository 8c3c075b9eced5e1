/* SPDX-License-Identifier: GPL-2.0-only */
/* <run>/daemon/state.json: what lenscapd did, for the command line and for whoever waits (doc/architecture.md). */
#include "daemon.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/paths.h"
#include "../lib/text.h"
#include "notify.h"

#define LIST_OLD_SECONDS (365ll * 86400)

static json_t *time_json(int64_t seconds)
{
	char text[TIME_TEXT];

	if (!seconds)
		return json_null();
	time_format(seconds, text);
	return json_string(text);
}

static json_t *hex_json(const char *hex)
{
	return hex[0] ? json_string(hex) : json_null();
}

static json_t *verdict_json(const struct verdict *v, const char *when)
{
	if (!v->at)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "sha256", hex_json(v->sha256), "reason", eventlog_text(v->reason), when,
			 time_json(v->at));
}

static json_t *serial_json(int64_t serial)
{
	return serial < 0 ? json_null() : json_integer((json_int_t)serial);
}

/* Of a feed from a URL: how fetching it goes. */
static json_t *fetch_json(const struct source *s)
{
	struct pull_status p;

	if (!s->feed || !s->feed->url)
		return json_null();
	pull_describe(s, &p);
	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:o, s:o}", "tried", time_json(p.tried), "answered", time_json(p.answered),
			 "next", time_json(p.next), "status", (int)p.http, "failures", (int)p.failures, "etag",
			 p.etag[0] ? eventlog_text(p.etag) : json_null(), "error",
			 p.error[0] ? eventlog_text(p.error) : json_null());
}

static json_t *source_json(const struct daemon *d, const struct source *s)
{
	static const char *const kinds[] = {[SOURCE_LOCAL] = "local", [SOURCE_FEED] = "feed", [SOURCE_LIST] = "list"};

	return json_pack("{s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "name",
			 eventlog_text(s->name), "kind", kinds[s->kind], "path", eventlog_text(s->path), "mode",
			 s->rules.dry_run ? "dry-run" : "enforce", "serial", serial_json(s->header.serial), "generated",
			 time_json(s->header.generated), "expires", time_json(s->header.expires), "entries",
			 (json_int_t)s->entries, "sha256", hex_json(s->sha256), "applied", time_json(s->applied), "stale",
			 s->stale, "expired", s->expired, "known", s->loaded, "pending", verdict_json(&s->pending, "since"),
			 "refused", verdict_json(&s->refused, "at"), "leaves", time_json(s->leaving ? hold_until(d) : 0), "fetch",
			 fetch_json(s));
}

static json_t *sources_json(const struct daemon *d)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < d->world.n_sources; i++)
		(void)json_array_append_new(rows, source_json(d, &d->world.sources[i]));
	return rows;
}

static bool any_until(const struct daemon *d)
{
	for (size_t i = 0; i < d->world.n_sources; i++)
		if (d->world.sources[i].header.expires)
			return true;
	return policy_next_until(d->world.policy, d->clock) > 0;
}

static void warn(json_t *rows, json_t *text)
{
	(void)json_array_append_new(rows, text);
}

static void warn_leaving(const struct daemon *d, const struct source *s, json_t *rows)
{
	char names[HOLD_NAMES], until[TIME_TEXT];
	int64_t end = hold_until(d);

	if (!end) /* it goes with the next step */
		return;
	hold_names(d, names, sizeof(names));
	time_format(end, until);
	warn(rows, json_sprintf("%s: no longer configured; its entries stay in force until there is something of %s, at the latest "
				"until %s",
				s->name, names, until));
}

static void warn_sources(const struct daemon *d, json_t *rows)
{
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < d->world.n_sources; i++) {
		const struct source *s = &d->world.sources[i];

		if (!s->loaded)
			warn(rows, json_sprintf("%s: its last accepted content cannot be read back; what the kernel enforces stays "
						"until %s can be accepted again",
						s->name, s->path));
		else if (s->leaving)
			warn_leaving(d, s, rows);
		else if (s->kind == SOURCE_FEED && s->header.serial < 0)
			warn(rows, json_sprintf("%s: nothing was ever accepted from it", s->name));
		if (s->kind == SOURCE_LIST && s->header.generated && now - s->header.generated > LIST_OLD_SECONDS)
			warn(rows, json_sprintf("%s: this vendor list is older than a year; update Lenscap or compile it anew",
						s->name));
	}
}

static json_t *warnings_json(const struct daemon *d)
{
	json_t *rows = json_array();

	if (kernel_problem(d->kernel))
		warn(rows, json_sprintf("%s: %s", kernel_ready(d->kernel) ? "changes may not reach the programs" : "lenscapd changes nothing in the kernel",
					kernel_problem(d->kernel)));
	if (!policy_count(d->world.policy) && !kernel_count(d->kernel))
		warn(rows, json_string("there is no policy: every frame passes; name a vendor list or a feed in the configuration"));
	if (d->full)
		warn(rows, json_string("the policy is larger than the table: the former one stays; raise policy.capacity"));
	if (!d->trusted && any_until(d))
		warn(rows, json_string("the clock is not synchronised: `until` and `expires` change nothing; start an NTP client, "
				       "or set clock: trust"));
	if (d->bypass_until)
		warn(rows, json_string("bypass is on: nothing is stopped; lenscap bypass off ends it"));
	if (d->world.config->fallback)
		warn(rows, json_string("running with the last valid configuration; lenscap check says what is wrong with the present one"));
	if (eventlog_problem(d->log))
		warn(rows, eventlog_text(eventlog_problem(d->log)));
	if (d->state_error[0])
		warn(rows, eventlog_text(d->state_error));
	warn_sources(d, rows);
	return rows;
}

static void policy_digest(const struct daemon *d, char hex[static 65])
{
	uint64_t *words = NULL;
	struct digest digest;
	size_t n = 0;

	if (kernel_ready(d->kernel)) {
		kernel_digest(d->kernel, hex);
		return;
	}
	(void)policy_words(d->world.policy, expire_now(d), &words, &n);
	digest = digest_of(words, n);
	digest_hex(&digest, hex);
	free(words);
}

static int64_t last_applied(const struct daemon *d)
{
	int64_t last = 0;

	for (size_t i = 0; i < d->world.n_sources; i++)
		if (d->world.sources[i].applied > last)
			last = d->world.sources[i].applied;
	return last;
}

static json_t *policy_json(const struct daemon *d)
{
	char hex[65];
	bool ready = kernel_ready(d->kernel);

	policy_digest(d, hex);
	return json_pack("{s:s, s:I, s:I, s:o, s:b}", "digest", hex, "entries",
			 (json_int_t)(ready ? kernel_count(d->kernel) : policy_count(d->world.policy)), "capacity",
			 (json_int_t)(ready ? kernel_capacity(d->kernel) : d->world.config->capacity), "applied",
			 time_json(last_applied(d)), "in_force", ready);
}

static json_t *config_json(const struct daemon *d)
{
	const struct config *c = d->world.config;

	return json_pack("{s:o, s:o, s:b, s:o}", "file", eventlog_text(c->file), "sha256", hex_json(c->sha256), "fallback",
			 c->fallback, "error", eventlog_text(d->config_error ? d->config_error : c->error));
}

static const char *clock_word(const struct daemon *d)
{
	if (!d->trusted)
		return "not synchronised";
	return d->world.config->trust_clock ? "trusted" : "synchronised";
}

static json_t *whole_json(const struct daemon *d)
{
	return json_pack("{s:i, s:s, s:i, s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:o}", "abi", (int)LC_ABI, "version",
			 LENSCAP_VERSION, "pid", (int)getpid(), "started", time_json(d->started), "updated",
			 time_json((int64_t)time(NULL)), "generation", (json_int_t)kernel_generation(d->kernel), "clock",
			 clock_word(d), "config", config_json(d), "policy", policy_json(d), "sources", sources_json(d),
			 "warnings", warnings_json(d));
}

void state_notify(struct daemon *d)
{
	size_t entries = kernel_ready(d->kernel) ? kernel_count(d->kernel) : 0;
	char text[sizeof(d->status)];

	(void)snprintf(text, sizeof(text), "STATUS=%zu entries in force from %zu sources", entries, d->world.n_sources);
	if (!strcmp(text, d->status))
		return;
	memcpy(d->status, text, sizeof(text));
	notify_send(text);
}

void state_write(struct daemon *d)
{
	char *path = path_join(d->world.config->run, PATH_DAEMON_STATE), *text = NULL;
	json_t *whole = whole_json(d);
	int err = -ENOMEM;

	if (whole)
		text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	if (path && text)
		err = file_write(path, text, strlen(text), 0640, (gid_t)-1, false);
	if (err)
		log_error("%s: cannot be written: %s; lenscap status shows old news", path ? path : "", strerror(-err));
	free(text);
	free(path);
}
