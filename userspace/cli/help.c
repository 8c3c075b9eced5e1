/* SPDX-License-Identifier: GPL-2.0-only */
/* Help, made from the command table. */
#include "help.h"

#include <stdio.h>
#include <string.h>

static void print_options(const struct cli_option *options)
{
	char left[64];

	for (; options && options->name; options++) {
		char letter[5] = {options->letter ? '-' : ' ', options->letter ? options->letter : ' ',
				  options->letter ? ',' : ' ', ' ', '\0'};

		(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, options->name, options->argument ? " " : "",
			       options->argument ? options->argument : "");
		(void)printf("  %-26s %s\n", left, options->help);
	}
}

static int finished(void)
{
	return fflush(stdout) != 0 || ferror(stdout) ? CLI_FAILED : CLI_DONE;
}

int help_all(const struct cli_option *global)
{
	char left[64];

	(void)printf("Usage: lenscap COMMAND [OPTIONS]\n\nCommands:\n");
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		(void)snprintf(left, sizeof(left), "%s %s", c->name, c->arguments);
		(void)printf("  %-26s %s\n", left, c->help);
	}
	(void)printf("\nOptions of every command:\n");
	print_options(global);
	(void)printf("\nExit code: 0 done, 1 negative or degraded, 2 usage, 3 failed. See lenscap(1).\n");
	return finished();
}

int help_command(const struct cli_command *command, const struct cli_option *global)
{
	(void)printf("Usage: lenscap %s%s%s [OPTIONS]\n%s%s\n", command->name, *command->arguments ? " " : "",
		     command->arguments, command->help, command->root ? " (root)" : "");
	if (command->options)
		(void)printf("\nOptions:\n");
	print_options(command->options);
	(void)printf("\nOptions of every command:\n");
	print_options(global);
	return finished();
}

int help_version(void)
{
	(void)printf("lenscap " LENSCAP_VERSION " (ABI %u)\n", LC_ABI);
	return finished();
}

/* The second words that may follow FIRST, printed with commas. How many. */
static unsigned second_words(const char *first, FILE *to)
{
	size_t size = strlen(first);
	unsigned n = 0;

	for (const struct cli_command *c = cli_commands; c->name; c++) {
		if (strncmp(c->name, first, size) != 0 || c->name[size] != ' ')
			continue;
		if (to)
			(void)fprintf(to, "%s%s", n ? ", " : "", c->name + size + 1);
		n++;
	}
	return n;
}

int help_unknown(int words, char **word)
{
	if (words == 0)
		(void)fprintf(stderr, "lenscap: which command? See: lenscap --help\n");
	else if (second_words(word[0], NULL) == 0)
		(void)fprintf(stderr, "lenscap: %.64s: no such command; see: lenscap --help\n", word[0]);
	else {
		(void)fprintf(stderr, "lenscap %s: needs one of: ", word[0]);
		(void)second_words(word[0], stderr);
		(void)fputc('\n', stderr);
	}
	return CLI_USAGE;
}
