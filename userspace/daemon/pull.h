/* SPDX-License-Identifier: GPL-2.0-only */
/* Feeds through workers: fetch (from a URL), decode, hand over to the pipeline. */
#ifndef LENSCAP_DAEMON_PULL_H
#define LENSCAP_DAEMON_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"

struct daemon;
struct source;
struct pull;

struct pull_status { /* for state.json; times in seconds since 1970, 0 = never */
	int64_t tried, answered, next;
	long http; /* 0 = no answer */
	unsigned failures; /* in a row */
	const char *etag, *error; /* empty = none */
};

struct pull *pull_new(void);
void pull_free(struct pull *p); /* kills its worker */
/* A reload: what is known of the server goes over to the same feed of the new world. */
void pull_carry_over(const struct source *before, struct source *s);

/* A start: what a former process learned of the server of S, whose record was read. */
void server_load(struct source *s);

bool pull_is_busy(const struct source *s);
/* Is there room for one more worker? */
bool pull_has_room(const struct daemon *d, const struct source *s);
/* Look at a feed where it comes from; the pipeline hears of it. */
void pull_start(struct daemon *d, size_t source, bool all);
/* Plan the first fetch instead of fetching now. */
void pull_plan_first(struct source *s);
bool pull_is_due(const struct source *s, int64_t monotonic_seconds);
void pull_describe(const struct source *s, struct pull_status *out);
#endif
