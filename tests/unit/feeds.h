/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of entries for tests, written as the lines of an override file. */
#ifndef LENSCAP_TESTS_FEEDS_H
#define LENSCAP_TESTS_FEEDS_H

#include "../../userspace/feed/native.h"
#include "../../userspace/policy/policy.h"

/* Parse LINES with every action allowed; fails the test when they are refused. */
struct entry_set feed_lines(const char *lines);
/* The same with every entry on trial. */
struct entry_set feed_lines_on_trial(const char *lines);
/* A set of N entries 44:19:b6:xx:xx:xx from FIRST on. */
struct entry_set feed_of(unsigned first, unsigned n, const char *action);
#endif
