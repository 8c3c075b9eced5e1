/* SPDX-License-Identifier: GPL-2.0-only */
/* What people write about vendors: names.yaml and lists/NAME.yaml, as read. */
#ifndef LENSCAP_POLICY_VENDOR_SOURCE_H
#define LENSCAP_POLICY_VENDOR_SOURCE_H

#include "../feed/native.h"

struct vendor {
	char *vendor; /* shown to people, and what lists refer to */
	char **names; /* organisation names in the registries */
	unsigned names_count;
	char **marks; /* beginnings of words that a reviewer should look at */
	unsigned marks_count;
};
struct vendor_other { /* reviewed: not theirs */
	char *name;
	char *why;
};
struct vendor_names {
	struct vendor *vendors;
	unsigned vendors_count;
	struct vendor_other *others;
	unsigned others_count;
};

struct vendor_member {
	char *vendor;
	char *basis; /* NULL = the list's */
};
struct vendor_source {
	char *list;
	char *title;
	char *basis;
	char *caution; /* may be NULL */
	struct vendor_member *members;
	unsigned members_count;
	struct vendor *own; /* vendors that only this list knows */
	unsigned own_count;
};

/* 0, or a negative errno with error "FILE:LINE:COLUMN: what; what to do". Free with the function below (NULL is fine).
 */
int vendor_names_read(const char *path, struct vendor_names **out, char error[static FEED_ERROR]);
void vendor_names_free(struct vendor_names *names);
int vendor_source_read(const char *path, struct vendor_source **out, char error[static FEED_ERROR]);
void vendor_source_free(struct vendor_source *source);
#endif
