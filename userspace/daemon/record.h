/* SPDX-License-Identifier: GPL-2.0-only */
/* Last-known-good files: a feed's bytes are copied first and judged in the copy, so that what is recorded is exactly what
 * was judged; a change that cannot be recorded is not made. */
#ifndef LENSCAP_DAEMON_RECORD_H
#define LENSCAP_DAEMON_RECORD_H

#include <stddef.h>

#define RECORD_ERROR 512

/* Where the copy of RECORD is prepared: ".NAME.new" beside it. Newly allocated. */
char *record_copy_path(const char *record);
/* Copy the regular file PATH of at most MAX bytes to COPY. A negative errno with error; then there is no copy. */
int record_take(const char *path, const char *copy, size_t max, char error[static RECORD_ERROR]);
/* Make COPY durable and put it in RECORD's place; the former record is then at COPY. *FORMER says whether there was one. */
/* The bytes of a descriptor, from their begin, as a new file COPY. 0 or a negative errno, then there is no file. */
int record_write(int from, const char *copy);
int record_keep(const char *copy, const char *record, int *former);
/* Take record_keep() back. */
void record_undo(const char *copy, const char *record, int former);
#endif
