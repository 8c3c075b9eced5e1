/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of entries for tests. */
#include "feeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct entry_set parse(const char *lines, bool dry_run)
{
	struct source_rules rules = {.may_allow = true, .dry_run = dry_run};
	struct entry_set set = {0};
	char error[FEED_ERROR] = "";

	if (native_parse("lines", lines, strlen(lines), &rules, NULL, &set, error))
		fail_msg("%s", error);
	return set;
}

struct entry_set feed_lines(const char *lines)
{
	return parse(lines, false);
}

struct entry_set feed_lines_on_trial(const char *lines)
{
	return parse(lines, true);
}

struct entry_set feed_of(unsigned first, unsigned n, const char *action)
{
	char *lines = malloc((size_t)n * 64 + 1);
	size_t used = 0;
	struct entry_set set;

	assert_non_null(lines);
	lines[0] = '\0';
	for (unsigned i = first; i < first + n; i++)
		used +=
		    (size_t)sprintf(lines + used, "{\"mac\":\"4419b6%06x\",\"action\":\"%s\"}\n", i & 0xffffff, action);
	set = parse(lines, false);
	free(lines);
	return set;
}
