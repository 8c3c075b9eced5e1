/* SPDX-License-Identifier: GPL-2.0-only */
/* A temporary folder for one test, with everything in it removed at the end. */
#ifndef LENSCAP_TESTS_SCRATCH_H
#define LENSCAP_TESTS_SCRATCH_H

#include <sys/types.h>

/* For cmocka_unit_test_setup_teardown(): *state is the folder's path. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* "<folder>/<name>"; lives as long as the folder. */
const char *scratch_path(void **state, const char *name);
/* Write a file of text there, below folders that are made. Returns its path. */
const char *scratch_write(void **state, const char *name, const char *text, mode_t mode);
#endif
