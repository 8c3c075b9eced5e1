/* SPDX-License-Identifier: GPL-2.0-only */
/* Help, made from the command table. Each function gives the exit code. */
#ifndef LENSCAP_CLI_HELP_H
#define LENSCAP_CLI_HELP_H

#include "cli.h"

int help_all(const struct cli_option *global);
int help_command(const struct cli_command *command, const struct cli_option *global);
int help_version(void);
/* No command, or an unknown one: says what there is, to standard error. */
int help_unknown(int words, char **word);
#endif
