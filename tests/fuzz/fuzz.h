/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzz targets share: feeds of any format, with the rules of a real one. */
#ifndef LENSCAP_TESTS_FUZZ_H
#define LENSCAP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../userspace/feed/native.h"
#include "../../userspace/lib/mac.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The set must hold what it promises: sorted keys, lengths in range, texts that end. */
static inline void fuzz_check(const struct entry_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct entry *e = &set->entries[i];

		if (e->length < 24 || e->length > 48 || (e->word >> 56 & 1) || !(e->word & 7) ||
		    (i && e->word >> 8 < set->entries[i - 1].word >> 8) || strlen(strings_get(set->strings, e->reason)) > 128)
			abort();
	}
}

static inline int fuzz_feed(enum feed_format format, const uint8_t *data, size_t size)
{
	static char name[] = "MAC", vendor[] = "Maker", action[] = "Action", until[] = "Until";
	static char *const columns[FEED_COLUMNS] = {
		[COLUMN_MAC] = name, [COLUMN_VENDOR] = vendor, [COLUMN_ACTION] = action, [COLUMN_UNTIL] = until};
	struct source_rules rules = {.header = true,
				     .delta = true,
				     .may_allow = true,
				     .min_length = 24,
				     .max_entries = 65536,
				     .format = format,
				     .columns = columns,
				     .now = 1795470234};
	struct entry_set set = {0};
	char error[FEED_ERROR];
	int err = native_parse("f", (const char *)data, size, &rules, NULL, &set, error);

	if (!err)
		fuzz_check(&set);
	else if (!*error || memchr(error, '\n', strlen(error)))
		abort();
	entry_set_free(&set);
	return 0;
}
#endif
