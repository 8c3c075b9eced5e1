/* SPDX-License-Identifier: GPL-2.0-only */
/* What the registries hold of the vendors somebody asked for. */
#ifndef LENSCAP_POLICY_VENDOR_HITS_H
#define LENSCAP_POLICY_VENDOR_HITS_H

#include "registry.h"
#include "vendor.h"
#include "vendor_match.h"

struct vendor_hit {
	uint64_t mac48;
	const struct registry_kind *kind;
	const struct vendor *vendor;
	char *organisation; /* as the registry writes it, cleaned */
	unsigned owners;    /* rows that have this prefix */
};
struct vendor_alike { /* a name that is not one of theirs but carries a mark */
	char *organisation, *folded;
	const struct vendor *like;
	const char *why; /* reviewed, NULL = new */
	uint64_t mac48;	 /* its first prefix */
	unsigned length;
	unsigned rows;
};
struct vendor_hits {
	struct vendor_hit *hits; /* sorted by address, length, vendor; one a prefix and vendor */
	size_t n;
	struct vendor_alike *alikes; /* in the order of the registries */
	size_t n_alikes;
	uint64_t *keys; /* of all rows: mac48 and length code, sorted */
	size_t n_keys;
};

/* Read all registries of FOLDER. 0 or a negative errno with error; hits is empty then. Aliases that occur are marked as
 * seen. */
int vendor_hits_read(const char *folder, struct vendor_match *match, vendor_say_fn *say, void *arg,
		     struct vendor_hits *hits, char error[static FEED_ERROR]);
void vendor_hits_free(struct vendor_hits *hits);
#endif
