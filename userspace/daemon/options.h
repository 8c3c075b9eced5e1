/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of lenscapd. */
#ifndef LENSCAP_DAEMON_OPTIONS_H
#define LENSCAP_DAEMON_OPTIONS_H

#include <stdbool.h>

struct options { /* pointers into argv, NULL = the default */
	const char *config;
	const char *last_valid;
	const char *fetch_socket;
	bool verbose;
};

/* -1 = go on, else the exit code: 0 after --help and --version, 2 for wrong usage (told on standard error). */
int options_parse(int argc, char **argv, struct options *out);
#endif
