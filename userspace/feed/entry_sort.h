/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorting a million entries: by the bytes of their keys, not by comparing them. */
#ifndef LENSCAP_FEED_ENTRY_SORT_H
#define LENSCAP_FEED_ENTRY_SORT_H

#include "entry.h"

/* Into the order of COMPARE (as qsort's), which must order by key (word >> 8) first. */
void entry_sort(struct entry *e, size_t n, int (*compare)(const void *, const void *));
#endif
