/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings from outside made safe, and times. */
#ifndef LENSCAP_LIB_TEXT_H
#define LENSCAP_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_MAX 128 /* bytes of a string from outside, without the terminator */

/* Copy a string of SIZE bytes: valid UTF-8, cut at TEXT_MAX bytes between characters, with control (C0, DEL, C1) and
 * bidirectional characters (U+061C, U+200E/F, U+202A..E, U+2066..9), and line/paragraph separators replaced by '?'.
 * Bytes that are not UTF-8 become '?' too. Returns the length. */
size_t text_clean(const char *in, size_t size, char out[static TEXT_MAX + 1]);

#define TIME_TEXT 32
/* RFC 3339 with offset or Z to seconds since 1970 (fractions cut), whole string. 0 or -EINVAL. */
int time_parse(const char *text, int64_t *seconds);
/* Seconds since 1970 to "2026-11-23T21:43:54Z". */
void time_format(int64_t seconds, char out[static TIME_TEXT]);
/* "10m", "2h", "7d", "30s", "1w" to seconds; 0 or -EINVAL. */
int duration_parse(const char *text, int64_t *seconds);
/* True when the kernel says the clock is synchronised (adjtimex(2), STA_UNSYNC clear). */
bool clock_synchronised(void);
#endif
