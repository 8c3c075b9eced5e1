/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of lenscap-loader: one table of options, which also prints the help. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../userspace/lib/config.h"
#include "options.h"

static const struct description {
	struct option option;
	const char *value, *text;
} table[] = {
    {{"config", required_argument, NULL, 'c'}, " FILE", "the configuration (" CONFIG_PATH ")"},
    {{"last-valid", required_argument, NULL, 'l'}, " DIR", "copy of the last valid one (" CONFIG_LAST_VALID ")"},
    {{"check", no_argument, NULL, 'n'}, "", "check it, show what would be attached and every warning; change nothing"},
    {{"detach", no_argument, NULL, 'd'}, "", "take everything off the ports: enforcement ends"},
    {{"once", no_argument, NULL, 'o'}, "", "attach and end; nobody then follows changes"},
    {{"tc", required_argument, NULL, 't'}, " KIND", "tcx, clsact, or auto: what the kernel has (auto)"},
    {{"verbose", no_argument, NULL, 'v'}, "", "tell more"},
    {{"help", no_argument, NULL, 'h'}, "", "this"},
    {{"version", no_argument, NULL, 'V'}, "", "the version"},
};
#define OPTIONS (sizeof(table) / sizeof(table[0]))

static void help(FILE *out)
{
	fprintf(out,
		"lenscap-loader: attach Lenscap to the ports of the zones in its configuration, and keep it there.\n"
		"Ending it, however, leaves everything in force; only --detach takes it off.\n\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		int width = fprintf(out, "  -%c, --%s%s", table[i].option.val, table[i].option.name, table[i].value);

		fprintf(out, "%*s%s\n", width < 26 ? 26 - width : 1, "", table[i].text);
	}
	fprintf(out, "\nExit: 0 done, 1 the configuration is not valid, 2 usage, 3 failed.\n");
}

static bool choose_tc(const char *text, struct options *options)
{
	static const char *const names[] = {[TC_AUTO] = "auto", [TC_TCX] = "tcx", [TC_CLSACT] = "clsact"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			options->tc = (enum tc_choice)i;
			return true;
		}
	}
	fprintf(stderr, "lenscap-loader: --tc %s: give auto, tcx or clsact\n", text);
	return false;
}

/* True: the option was taken. */
static bool take(int letter, struct options *options)
{
	switch (letter) {
	case 'c':
		options->config = optarg;
		return true;
	case 'l':
		options->last_valid = optarg;
		return true;
	case 'n':
		return options->check = true;
	case 'd':
		return options->detach = true;
	case 'o':
		return options->once = true;
	case 't':
		return choose_tc(optarg, options);
	case 'v':
		return options->verbose = true;
	}
	return false;
}

static bool usage(int *code)
{
	fprintf(stderr, "lenscap-loader: see lenscap-loader --help\n");
	*code = EXIT_USAGE;
	return false;
}

static bool sensible(int argc, char **argv, const struct options *options)
{
	if (optind < argc)
		fprintf(stderr, "lenscap-loader: %s: no argument is taken beside options\n", argv[optind]);
	else if (options->check + options->detach + options->once > 1)
		fprintf(stderr, "lenscap-loader: give one of --check, --detach and --once\n");
	else
		return true;
	return false;
}

bool options_parse(int argc, char **argv, struct options *options, int *code)
{
	struct option longs[OPTIONS + 1] = {0};
	int letter;

	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = table[i].option;
	*options = (struct options){.config = CONFIG_PATH};
	while ((letter = getopt_long(argc, argv, "c:l:ndot:vhV", longs, NULL)) != -1) {
		if (letter == 'h' || letter == 'V') {
			letter == 'h' ? help(stdout) : (void)puts("lenscap-loader " LENSCAP_VERSION);
			*code = EXIT_DONE;
			return false;
		}
		if (!take(letter, options))
			return usage(code);
	}
	if (!sensible(argc, argv, options))
		return usage(code);
	if (!options->last_valid && !strcmp(options->config, CONFIG_PATH))
		options->last_valid = CONFIG_LAST_VALID;
	return true;
}
