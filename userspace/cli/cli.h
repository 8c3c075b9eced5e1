/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command gets, the table they are listed in, and what they return. */
#ifndef LENSCAP_CLI_H
#define LENSCAP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/config.h"
#include "out.h"

enum cli_exit { CLI_DONE = 0, CLI_NEGATIVE = 1, CLI_USAGE = 2, CLI_FAILED = 3 };

#define CLI_OPTIONS 8

struct cli_option {
	char letter; /* 0 = none */
	const char *name;
	const char *argument; /* what it takes, for help; NULL = nothing */
	const char *help;
};

struct cli;

struct cli_command {
	const char *name;		  /* one or two words */
	const char *arguments;		  /* for help, "" = none */
	int least, most;		  /* how many */
	const char *help;		  /* one line */
	const struct cli_option *options; /* ended by a name of NULL; NULL = none */
	bool root;			  /* only root can do it */
	int (*run)(struct cli *cli);	  /* gives enum cli_exit */
};
extern const struct cli_command cli_commands[]; /* ended by a name of NULL */

struct cli {
	const struct cli_command *command;
	const char *config_file; /* NULL = CONFIG_PATH */
	struct config *config;	 /* after cli_config() */
	struct out *out;	 /* begun before the command runs */
	char **argument;
	int arguments;
	const char
	    *option[CLI_OPTIONS]; /* by place in the command's table: its argument, "" for one without; NULL = absent */
};

/* The configuration, or the last valid one with a warning. False when there is none: the reason has been told. */
bool cli_config(struct cli *cli);
/* Root gives up being root for config.user before it reads what others wrote. Nothing happens when that user does not
 * exist (`lenscap doctor` says so). False, told, when the kernel refuses. */
bool cli_drop_root(const struct cli *cli);

/* Option values: false and told ("lenscap flag: --until …") when they are not what is wanted. Absent: *value stays. */
bool cli_uint(const struct cli *cli, size_t option, uint64_t most, uint64_t *value);
bool cli_duration(const struct cli *cli, size_t option, int64_t most, int64_t *seconds);
/* A time (RFC 3339) or a duration: PAST says whether the duration counts back from now or on. Seconds since 1970. */
bool cli_when(const struct cli *cli, size_t option, bool past, int64_t *seconds);

/* "lenscap COMMAND: …" to standard error; gives back EXIT. */
int cli_say(const struct cli *cli, enum cli_exit code, const char *format, ...) __attribute__((format(printf, 3, 4)));

int cmd_bypass(struct cli *cli);
int cmd_bypass_off(struct cli *cli);
int cmd_bypass_on(struct cli *cli);
int cmd_capture(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_devices(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_events(struct cli *cli);
int cmd_exempt(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_feed_accept(struct cli *cli);
int cmd_feed_reset(struct cli *cli);
int cmd_feed_list(struct cli *cli);
int cmd_feed_verify(struct cli *cli);
int cmd_flag(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_plan(struct cli *cli);
int cmd_reload(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_unflag(struct cli *cli);
int cmd_vendor_compile(struct cli *cli);
int cmd_vendor_list(struct cli *cli);
int cmd_vendor_show(struct cli *cli);

extern const struct cli_option bypass_options[], capture_options[], check_options[], devices_options[], events_options[], exempt_options[],
    explain_options[], feed_accept_options[], feed_verify_options[], flag_options[], list_options[], plan_options[],
    reload_options[], unflag_options[], vendor_compile_options[];
#endif
