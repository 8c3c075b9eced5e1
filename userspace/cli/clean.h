/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings of any length made safe for a terminal and for JSON. */
#ifndef LENSCAP_CLI_CLEAN_H
#define LENSCAP_CLI_CLEAN_H

#include <stddef.h>

/* As text_clean(), of a whole zero-terminated string, newly allocated (NULL when out of memory); line feeds become ";
 * ". */
char *clean_text(const char *in);
/* How many columns it takes: its characters. */
size_t text_columns(const char *text);
#endif
