/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of lenscap-loader. */
#ifndef LENSCAP_LOADER_OPTIONS_H
#define LENSCAP_LOADER_OPTIONS_H

#include <stdbool.h>

/* Exit codes of every program of Lenscap. */
enum { EXIT_DONE = 0, EXIT_NEGATIVE = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

enum tc_choice { TC_AUTO, TC_TCX, TC_CLSACT };

struct options {
	const char *config;	/* CONFIG_PATH unless given */
	const char *last_valid; /* NULL = none */
	enum tc_choice tc;
	bool check, detach, once, verbose;
};

/* True: go on. False: exit with *code (help, version and usage errors have been printed). */
bool options_parse(int argc, char **argv, struct options *options, int *code);
#endif
