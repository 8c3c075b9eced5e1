/* SPDX-License-Identifier: GPL-2.0-only */
/* A compiled list as a native feed snapshot. */
#ifndef LENSCAP_POLICY_VENDOR_WRITE_H
#define LENSCAP_POLICY_VENDOR_WRITE_H

#include "vendor_hits.h"

#define VENDOR_DATE 11 /* "2026-06-25" */
void vendor_date(int64_t seconds, char out[static VENDOR_DATE]);
/* The date as a number: 20260625. */
int64_t vendor_serial(int64_t seconds);

/* What SOURCE makes of HITS, as text (malloc): the same bytes for the same input, always. */
int vendor_text(const struct vendor_source *source, const struct vendor_hits *hits, int64_t edition, char **text,
		size_t *size, uint64_t *count);

/* Would TEXT do at made->path? Counts what it adds to and removes from the list there. -EEXIST: that one is newer. */
int vendor_check(const struct vendor_source *source, const char *text, size_t size, struct vendor_made *made,
		 char error[static FEED_ERROR]);
/* Write TEXT to made->path atomically. */
int vendor_put(const char *text, size_t size, const struct vendor_made *made, char error[static FEED_ERROR]);
#endif
