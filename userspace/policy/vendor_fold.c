/* SPDX-License-Identifier: GPL-2.0-only */
/* Folds organisation names with libunistring, so that the result does not depend on the locale. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "vendor_fold.h"

static bool is_word(ucs4_t c)
{
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N);
}

/* In place: what is left is never longer than what was there. */
static void join_words(uint8_t *text, size_t size)
{
	size_t in = 0, out = 0;
	bool gap = false;
	ucs4_t c;

	while (in < size) {
		int n = u8_mbtouc(&c, text + in, size - in);

		if (is_word(c)) {
			if (gap && out)
				text[out++] = ' ';
			memmove(text + out, text + in, (size_t)n);
			out += (size_t)n;
		}
		gap = !is_word(c);
		in += (size_t)n;
	}
	text[out] = 0;
}

char *vendor_fold(const char *name)
{
	size_t size = strlen(name);
	bool good = !u8_check((const uint8_t *)name, size); /* the functions below do not look */
	uint8_t *plain = good ? u8_normalize(UNINORM_NFKC, (const uint8_t *)name, size, NULL, &size) : NULL;
	uint8_t *folded = plain ? u8_casefold(plain, size, NULL, UNINORM_NFKC, NULL, &size) : NULL;
	uint8_t *whole = folded ? realloc(folded, size + 1) : NULL;

	free(plain);
	if (!whole) {
		free(folded);
		return NULL;
	}
	join_words(whole, size);
	return (char *)whole;
}

bool vendor_has_word(const char *folded, const char *mark)
{
	size_t size = strlen(mark);

	for (const char *word = folded; word; word = strchr(word, ' ')) {
		word += *word == ' ';
		if (!strncmp(word, mark, size))
			return true;
	}
	return false;
}
