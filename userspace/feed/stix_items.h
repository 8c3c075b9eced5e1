/* SPDX-License-Identifier: GPL-2.0-only */
/* The indicators of a bundle until its end shows which version of each is the latest. */
#ifndef LENSCAP_FEED_STIX_ITEMS_H
#define LENSCAP_FEED_STIX_ITEMS_H

#include "intake.h"

struct stix_indicator {
	const char *id, *modified, *pattern, *name; /* texts; modified as written, "" = absent */
	int64_t until;
	bool revoked;
};

struct stix_items;
struct stix_items *stix_items_new(void);
void stix_items_free(struct stix_items *items);
/* 0, or refused in IN with its line. */
int stix_items_add(struct stix_items *items, struct intake *in, const struct stix_indicator *i);
/* The latest versions that are not revoked become entries. */
int stix_items_finish(struct stix_items *items, struct intake *in);
#endif
