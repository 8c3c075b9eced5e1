/* SPDX-License-Identifier: GPL-2.0-only */
/* Organisation names made comparable: how they are written must not matter, what they say must. */
#ifndef LENSCAP_POLICY_VENDOR_FOLD_H
#define LENSCAP_POLICY_VENDOR_FOLD_H

#include <stdbool.h>

/* Compatibility forms and case folded (full-width letters are letters), every run of anything but letters, marks and
 * digits is one space, none at the ends: "Zhejiang Dahua Technology Co., Ltd." -> "zhejiang dahua technology co ltd".
 * Newly allocated; empty when the name has no letter or digit; NULL when out of memory or not UTF-8. */
char *vendor_fold(const char *name);

/* Some word of FOLDED begins with MARK (both folded): "zhejiang haikang science" has a word beginning with "haik". */
bool vendor_has_word(const char *folded, const char *mark);
#endif
