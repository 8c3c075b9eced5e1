/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap bypass: writes the pinned switch that the kernel itself asks, so that it works with every process dead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/counters.h"
#include "../lib/paths.h"
#include "cli.h"

#define RUN_DEFAULT "/run/lenscap"
#define LONGEST 86400

enum { FOR };
const struct cli_option bypass_options[] = {
    {'f', "for", "DURATION", "how long (required, at most 24h); it ends by itself"},
    {0, NULL, NULL, NULL},
};

/* An emergency must not depend on the configuration: without one, the usual folder. NULL, told. */
static char *find_pins(struct cli *cli)
{
	if (cli_config(cli))
		return path_join(cli->config->run, PATH_BPF);
	if (cli->config_file)
		return NULL;
	(void)cli_say(cli, CLI_DONE, "going on with " RUN_DEFAULT);
	return path_join(RUN_DEFAULT, PATH_BPF);
}

static void show(struct cli *cli, int64_t until)
{
	bool on = until > (int64_t)time(NULL);

	out_bool(cli->out, "bypass", "bypass", on);
	out_time(cli->out, "until", on ? "until" : NULL, on ? until : 0);
}

static int failed(const struct cli *cli, const char *dir, int err)
{
	const char *way_out = "are you root?";

	if (err == -ENOENT)
		way_out = "nothing is pinned there, so nothing is enforced";
	if (err == -EPROTO)
		way_out = "it is of another version: restart lenscap-loader";
	return cli_say(cli, CLI_FAILED, "%s/" LC_PIN_SWITCHES ": %s; %s", dir ? dir : "?", strerror(-err), way_out);
}

static int set_until(struct cli *cli, int64_t seconds)
{
	char *dir = find_pins(cli);
	struct timespec now;
	uint64_t ns = 0;
	int err;

	if (!dir)
		return CLI_FAILED;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds)
		ns = ((uint64_t)now.tv_sec + (uint64_t)seconds) * 1000000000u + (uint64_t)now.tv_nsec;
	err = counters_set_switch(dir, LC_SWITCH_BYPASS_UNTIL, ns);
	if (err)
		err = failed(cli, dir, err);
	else
		show(cli, seconds ? (int64_t)time(NULL) + seconds : 0);
	free(dir);
	return err;
}

int cmd_bypass_on(struct cli *cli)
{
	int64_t seconds = 0;

	if (!cli->option[FOR])
		return cli_say(cli, CLI_USAGE, "for how long? Add --for DURATION, at most 24h");
	if (!cli_duration(cli, FOR, LONGEST, &seconds))
		return CLI_USAGE;
	return set_until(cli, seconds);
}

int cmd_bypass_off(struct cli *cli)
{
	return set_until(cli, 0);
}

int cmd_bypass(struct cli *cli)
{
	char *dir = find_pins(cli);
	struct counters *c = NULL;
	uint64_t ns = 0;
	int err;

	if (!dir)
		return CLI_FAILED;
	err = counters_open(dir, &c);
	if (!err)
		err = counters_switch(c, LC_SWITCH_BYPASS_UNTIL, &ns);
	if (err)
		err = failed(cli, dir, err);
	else
		show(cli, ns ? counters_wall_clock(ns) : 0);
	counters_close(c);
	free(dir);
	return err;
}
