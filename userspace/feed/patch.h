/* SPDX-License-Identifier: GPL-2.0-only */
/* A delta as a change of a set of entries: what a list of a million becomes by a few lines, without reading the million. */
#ifndef LENSCAP_FEED_PATCH_H
#define LENSCAP_FEED_PATCH_H

#include "../lib/mac.h"
#include "entry.h"

#define PATCH_KEYS_MAX 4096 /* that one change may touch: a /37 alone has 2,048 */

struct names { /* prefixes that a delta speaks of: sorted by names_sort(), each once */
	struct prefix *prefix;
	size_t n;
};
void names_sort(struct names *names);
void names_free(struct names *names);
/* Is there a name like it? */
bool names_have(const struct names *names, const struct prefix *prefix);

/* What WHOLE becomes when all entries of NAMES go and those of ADDED come: OUT gets what is under the keys that NAMES touch,
 * its part says which. It is exactly what parsing the whole list with these lines in it would give. MAX: as the builder's, for
 * entries before any is left out. -EAGAIN: a set of entries does not tell (a name hides another entry, there are too many):
 * the list has to be read. -EBADMSG: ADDED has an entry nobody named. -ENOMEM. WHOLE has to stay where it is. */
int patch_make(struct entry_set *whole, const struct names *names, struct entry_set *added, uint64_t max, struct entry_set *out);
/* Before the change is made: room in the whole set for it, and its texts. -ENOMEM, or -EAGAIN: there is no place for texts. */
int patch_reserve(struct entry_set *patch);
/* Make it, which fails in no way, and free the patch. */
void patch_apply(struct entry_set *patch);
#endif
