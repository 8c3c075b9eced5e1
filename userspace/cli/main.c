/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap: finds the command, reads its options, runs it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "cli.h"
#include "help.h"

#define FIRST_LONG 256 /* getopt values of options without a letter start here */

static const struct cli_option global_options[] = {
    {'j', "json", NULL, "JSON instead of text"},
    {0, "config", "FILE", "the configuration (default " CONFIG_PATH ")"},
    {'h', "help", NULL, "this help"},
    {'V', "version", NULL, "the version"},
    {0, NULL, NULL, NULL},
};
#define GLOBAL_OPTIONS (sizeof(global_options) / sizeof(global_options[0]) - 1)

struct globals {
	bool json, help, version;
	const char *config;
};

/* The tables in getopt's form: value FIRST_LONG + place, the global options behind the command's. */
struct getopt_tables {
	struct option longs[CLI_OPTIONS + GLOBAL_OPTIONS + 1];
	char letters[2 * (CLI_OPTIONS + GLOBAL_OPTIONS) + 3];
	const struct cli_option *row[CLI_OPTIONS + GLOBAL_OPTIONS];
	size_t n, n_command;
};

static void add_options(struct getopt_tables *t, const struct cli_option *options)
{
	size_t end = strlen(t->letters);

	for (; options && options->name; options++) {
		t->longs[t->n] = (struct option){options->name, options->argument ? required_argument : no_argument,
						 NULL, FIRST_LONG + (int)t->n};
		t->row[t->n++] = options;
		if (!options->letter)
			continue;
		t->letters[end++] = options->letter;
		if (options->argument)
			t->letters[end++] = ':';
	}
}

static size_t place_of(const struct getopt_tables *t, int value)
{
	size_t i = 0;

	if (value >= FIRST_LONG)
		return (size_t)(value - FIRST_LONG);
	while (i < t->n && t->row[i]->letter != value)
		i++;
	return i;
}

static void take_global(struct globals *g, const struct cli_option *row, const char *value)
{
	if (row == &global_options[0])
		g->json = true;
	else if (row == &global_options[1])
		g->config = value;
	else if (row == &global_options[2])
		g->help = true;
	else
		g->version = true;
}

/* Options of COMMAND (NULL: only those before a command), each at most once. False when getopt has told what is wrong.
 */
static bool read_options(int argc, char **argv, struct cli *cli, struct globals *g)
{
	struct getopt_tables t = {.n = 0};
	int value;

	(void)snprintf(t.letters, sizeof(t.letters), "%s", cli->command ? "" : "+");
	add_options(&t, cli->command ? cli->command->options : NULL);
	t.n_command = t.n;
	add_options(&t, global_options);
	optind = 0;
	while ((value = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		size_t i = place_of(&t, value);

		if (value == '?' || i >= t.n)
			return false;
		if (i < t.n_command)
			cli->option[i] = optarg ? optarg : "";
		else
			take_global(g, t.row[i], optarg);
	}
	return true;
}

static bool same_words(const char *name, int argc, char **argv, int *words)
{
	const char *space = strchr(name, ' ');
	size_t first = space ? (size_t)(space - name) : strlen(name);

	*words = space ? 2 : 1;
	if (argc < *words || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
		return false;
	return !space || strcmp(argv[1], space + 1) == 0;
}

/* The command with the most words that fits. */
static const struct cli_command *find_command(int argc, char **argv, int *words)
{
	const struct cli_command *best = NULL;
	int n;

	*words = 0;
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		if (same_words(c->name, argc, argv, &n) && n > *words) {
			best = c;
			*words = n;
		}
	}
	return best;
}

static int run_command(struct cli *cli, const struct globals *g)
{
	int code;

	if (cli->arguments < cli->command->least || cli->arguments > cli->command->most) {
		return cli_say(cli, CLI_USAGE, "%s; usage: lenscap %s%s%s",
			       cli->arguments < cli->command->least ? "something is missing" : "too many arguments",
			       cli->command->name, *cli->command->arguments ? " " : "", cli->command->arguments);
	}
	if (cli->command->root && geteuid() != 0)
		return cli_say(cli, CLI_FAILED, "only root may do this; try: sudo lenscap %s", cli->command->name);
	cli->out = out_new(stdout, g->json);
	if (!cli->out)
		return cli_say(cli, CLI_FAILED, "out of memory");
	code = cli->command->run(cli);
	if (out_end(cli->out) != 0)
		code = cli_say(cli, CLI_FAILED, "standard output: the answer could not be written whole");
	config_free(cli->config);
	return code;
}

/* argv[0] is the program's name, as getopt wants; the command's words stand behind it. */
static int with_command(int argc, char **argv, struct globals *g)
{
	struct cli cli = {0};
	char name[64] = "lenscap ";
	int words;

	cli.command = find_command(argc - 1, argv + 1, &words);
	if (!cli.command)
		return help_unknown(argc - 1, argv + 1);
	(void)strncat(name, cli.command->name, sizeof(name) - strlen(name) - 1);
	argv[words] = name; /* getopt's messages begin with it */
	if (!read_options(argc - words, argv + words, &cli, g)) {
		(void)fprintf(stderr, "%s: see: %s --help\n", name, name);
		return CLI_USAGE;
	}
	if (g->help)
		return help_command(cli.command, global_options);
	cli.config_file = g->config;
	cli.argument = argv + words + optind;
	cli.arguments = argc - words - optind;
	return run_command(&cli, g);
}

int main(int argc, char **argv)
{
	static char program[] = "lenscap";
	struct globals g = {0};
	struct cli none = {0};

	if (argc < 1)
		return CLI_USAGE;
	argv[0] = program;
	log_init("lenscap", LOG_LEVEL_WARNING);
	log_take_libbpf();
	if (!read_options(argc, argv, &none, &g)) {
		(void)fprintf(stderr, "lenscap: see: lenscap --help\n");
		return CLI_USAGE;
	}
	if (g.version)
		return help_version();
	if (g.help && optind >= argc)
		return help_all(global_options);
	if (optind >= argc)
		return help_unknown(0, NULL);
	return with_command(argc - optind + 1, argv + optind - 1, &g);
}
