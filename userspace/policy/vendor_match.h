/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose name is it: folded organisation names to vendors, and names that only look like one of theirs. */
#ifndef LENSCAP_POLICY_VENDOR_MATCH_H
#define LENSCAP_POLICY_VENDOR_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "vendor_source.h"

struct vendor_match;
/* One organisation name of a vendor. */
struct vendor_alias {
	char *folded;
	const char *name;	     /* as written */
	const struct vendor *vendor; /* NULL: reviewed, not theirs, and WHY says so */
	const char *why;
	bool seen; /* set by who found it in a registry */
};

struct vendor_match *vendor_match_new(void);
void vendor_match_free(struct vendor_match *m);

/* Add names; the structs must outlive M. FILE is named in errors. */
int vendor_match_add(struct vendor_match *m, const char *file, const struct vendor *vendors, unsigned n,
		     char error[static FEED_ERROR]);
int vendor_match_add_others(struct vendor_match *m, const char *file, const struct vendor_other *others, unsigned n,
			    char error[static FEED_ERROR]);
/* After the last one was added: sort, and refuse a name that stands there twice (-EINVAL). */
int vendor_match_ready(struct vendor_match *m, const char *file, char error[static FEED_ERROR]);

/* The vendor called NAME, NULL when there is none. */
const struct vendor *vendor_match_vendor(const struct vendor_match *m, const char *name);
/* The alias whose folded form is FOLDED, NULL when there is none. */
struct vendor_alias *vendor_match_find(const struct vendor_match *m, const char *folded);
/* The vendor of whom a mark begins a word of FOLDED. */
const struct vendor *vendor_match_mark(const struct vendor_match *m, const char *folded);
/* All aliases, sorted by their folded form. */
struct vendor_alias *vendor_match_aliases(const struct vendor_match *m, size_t *n);
#endif
