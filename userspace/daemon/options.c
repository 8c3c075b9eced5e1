/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of lenscapd: five options, no arguments. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"last-valid", required_argument, NULL, 'l'},
	{"fetch-socket", required_argument, NULL, 'f'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static const char help[] =
	"Usage: lenscapd [--config FILE] [--last-valid DIR] [--fetch-socket PATH] [-v]\n"
	"Keep the policy in the kernel equal to vendor lists, feeds and local overrides.\n"
	"\n"
	"  --config FILE      the configuration (default /etc/lenscap/lenscap.yaml)\n"
	"  --last-valid DIR   the copy to start with when the configuration is invalid\n"
	"                     (default /var/lib/lenscap/loader/config)\n"
	"  --fetch-socket PATH\n"
	"                     have feeds fetched by the service behind this socket\n"
	"                     (lenscapd-fetch) instead of by own workers\n"
	"  -v, --verbose      say more\n"
	"  --help, --version\n";

/* -1 = go on. */
static int take(int option, struct options *out)
{
	switch (option) {
	case 'c':
		out->config = optarg;
		return -1;
	case 'l':
		out->last_valid = optarg;
		return -1;
	case 'f':
		out->fetch_socket = optarg;
		return -1;
	case 'v':
		out->verbose = true;
		return -1;
	case 'h':
		(void)fputs(help, stdout);
		return 0;
	case 'V':
		(void)puts("lenscapd " LENSCAP_VERSION);
		return 0;
	default:
		(void)fputs("lenscapd: see lenscapd --help\n", stderr);
		return 2;
	}
}

int options_parse(int argc, char **argv, struct options *out)
{
	int option, code = -1;

	*out = (struct options){0};
	while (code < 0 && (option = getopt_long(argc, argv, "v", long_options, NULL)) != -1)
		code = take(option, out);
	if (code < 0 && optind < argc) {
		(void)fprintf(stderr, "lenscapd: unexpected argument '%s'; see lenscapd --help\n", argv[optind]);
		code = 2;
	}
	return code;
}
