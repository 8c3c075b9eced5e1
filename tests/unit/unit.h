/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test includes: cmocka with the headers it needs, and a table's length. */
#ifndef LENSCAP_TESTS_UNIT_H
#define LENSCAP_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#endif
