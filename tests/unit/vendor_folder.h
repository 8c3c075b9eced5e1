/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder for registries, names and results of a test, and compiling in it. */
#ifndef LENSCAP_TESTS_VENDOR_FOLDER_H
#define LENSCAP_TESTS_VENDOR_FOLDER_H

#include <stdbool.h>

#include "../../userspace/policy/vendor.h"

#define EDITION_2026 1782345600 /* 2026-06-25 */

extern char folder[]; /* registries, sources (with lists/) and results of a test */
int make_folder(void **state);
int empty_folder(void **state);
int remove_folder(void **state);

/* Write a file of the folder; registries with these MA-L and MA-M rows, none of 36 bits. */
void put(const char *name, const char *text);
void put_registries(const char *mal, const char *mam);
/* Content of a file of the folder, and of any; free(). */
char *get(const char *name);
char *get_file(const char *path);
bool has(const char *name);
void drop(const char *name);
size_t count_lines(const char *text, const char *with);
/* Take the folder's name out of a message: it is another one each time. */
void strip_folder(char *text);
/* Skip the test where PATH is not there. */
void need(const char *path);

/* What a compilation said, by kind. */
struct said {
	size_t n[3];
	char text[3][4096];
};
void listen_to(void *arg, enum vendor_said kind, const char *text);
/* Compile into the folder as of the edition of 2026. */
int compile(const char *registry, const char *sources, const char *list, struct said *said,
	    struct vendor_result *result, char error[static FEED_ERROR]);
/* Count of the list NAME in a result, -1 when it is not there. */
int count_of(const struct vendor_result *r, const char *name);
#endif
