/* SPDX-License-Identifier: GPL-2.0-only */
/* The mirror port: how it is, what was copied to it, and what is wrong with it. */
#include "mirror.h"

#include <inttypes.h>

#include "state.h"

/* What the loader says of it; NULL = it has said nothing. */
static const json_t *loaders_word(const struct health *h)
{
	const json_t *mirror = state_get(h->loader, "mirror");

	return json_is_object(mirror) ? mirror : NULL;
}

static void show_fields(struct out *o, const struct health *h, const json_t *said)
{
	const struct config_mirror *mirror = &h->config->mirror;
	const __u64 *frames = h->totals.frames;

	out_object(o, "mirror", NULL);
	out_string(o, "interface", NULL, mirror->interface);
	out_bool(o, "present", NULL, state_bool(said, "present"));
	out_int(o, "ifindex", NULL, state_int(said, "ifindex"));
	out_string(o, "divert", NULL, state_string(said, "divert"));
	out_string(o, "reason", NULL, state_string(said, "reason"));
	out_uint(o, "sample", NULL, mirror->sample);
	out_int(o, "snaplen", NULL, mirror->snaplen ? (int64_t)mirror->snaplen : -1);
	out_int(o, "rate_limit", NULL, mirror->rate ? (int64_t)mirror->rate : -1);
	out_uint(o, "copied", NULL, frames[LC_COPIED]);
	out_uint(o, "left_out_sample", NULL, frames[LC_COPY_SAMPLED]);
	out_uint(o, "left_out_rate", NULL, frames[LC_COPY_LIMITED]);
	out_uint(o, "failed", NULL, frames[LC_COPY_FAILED]);
	out_object_end(o);
}

static void show_text(struct out *o, const struct health *h, const json_t *said)
{
	const char *divert = state_string(said, "divert"), *reason = state_string(said, "reason");
	const __u64 *frames = h->totals.frames;

	out_text(o, "mirror port", "%s, %s, divert by %s%s%s%s", h->config->mirror.interface,
		 state_bool(said, "present") ? "there" : "NOT THERE", divert ? divert : "?", reason ? " (" : "",
		 reason ? reason : "", reason ? ")" : "");
	out_text(o, "copies",
		 "%llu made; left out: %llu by sample, %llu by rate-limit, %llu failed",
		 frames[LC_COPIED], frames[LC_COPY_SAMPLED], frames[LC_COPY_LIMITED], frames[LC_COPY_FAILED]);
}

void mirror_show(struct out *o, const struct health *h)
{
	const json_t *said = loaders_word(h);

	if (!h->config->mirror.interface) {
		out_string(o, "mirror", NULL, NULL);
		return;
	}
	show_fields(o, h, said);
	show_text(o, h, said);
}

void mirror_judge(struct health *h)
{
	const char *interface = h->config->mirror.interface;
	const json_t *said = loaders_word(h);
	const char *reason = state_string(said, "reason");

	if (!interface)
		return;
	if (said && !state_bool(said, "present"))
		lines_add(&h->problems,
			  "mirror port %s: %s: nothing is copied, what is diverted is only dropped; bring it back, or name "
			  "another",
			  interface, reason ? reason : "is not there");
	if (h->totals.frames[LC_COPY_FAILED])
		lines_add(&h->warnings, "mirror port %s: %" PRIu64 " copies failed: it was away, or too slow", interface,
			  (uint64_t)h->totals.frames[LC_COPY_FAILED]);
}
