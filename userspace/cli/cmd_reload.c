/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap reload: check, signal both programs, wait until both took exactly what was checked. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/paths.h"
#include "cli.h"
#include "state.h"

enum { CONFIRM, KEEP, TIMEOUT };
const struct cli_option reload_options[] = {
    {'c', "confirm", "DURATION", "every zone returns to dry-run after it, unless confirmed with --keep"},
    {'k', "keep", NULL, "confirm a reload; reloads nothing"},
    {0, "timeout", "SECONDS", "wait this long for both programs (default 30)"},
    {0, NULL, NULL, NULL},
};

#define CONFIRM_MOST (7L * 86400)

struct reload {
	struct cli *cli;
	int process[2]; /* pidfds, by enum state_program */
	int inotify;
	int64_t end; /* CLOCK_MONOTONIC seconds */
};

static int64_t monotonic(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec;
}

/* Every zone is in dry-run from SECONDS on from now; 0 = never. */
static int set_dry_run_after(const struct cli *cli, int64_t seconds)
{
	char *dir = path_join(cli->config->run, PATH_BPF);
	uint64_t ns = seconds ? (uint64_t)(monotonic() + seconds) * 1000000000u : 0;
	int err = dir ? counters_set_switch(dir, LC_SWITCH_DRY_RUN_AFTER, ns) : -ENOMEM;

	if (err)
		(void)cli_say(cli, CLI_FAILED, "%s/" PATH_BPF "/" LC_PIN_SWITCHES ": %s; is lenscap-loader running?",
			      cli->config->run, strerror(-err));
	free(dir);
	return err;
}

static void watch_folder(const struct reload *r, const char *file)
{
	char *path = path_join(r->cli->config->run, file);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash) {
		*slash = '\0';
		(void)inotify_add_watch(r->inotify, path, IN_MOVED_TO | IN_CLOSE_WRITE);
	}
	free(path);
}

/* Both programs must run: one that starts later reads the configuration anyway, but nobody would have seen it take it.
 */
static int find_processes(struct reload *r)
{
	for (enum state_program p = STATE_LOADER; p <= STATE_DAEMON; p++) {
		int err;
		json_t *state = state_read(r->cli->config, p, &err);

		r->process[p] = state_process(r->cli->config, p, state);
		json_decref(state);
		if (r->process[p] < 0)
			return cli_say(r->cli, CLI_FAILED,
				       "%s: is not running; nothing was changed, systemctl start %s",
				       state_program_name(p), state_program_name(p));
	}
	return CLI_DONE;
}

static int signal_both(const struct reload *r)
{
	for (enum state_program p = STATE_LOADER; p <= STATE_DAEMON; p++)
		if (syscall(SYS_pidfd_send_signal, r->process[p], SIGHUP, NULL, 0) != 0)
			return cli_say(r->cli, CLI_FAILED, "%s: cannot be signalled: %s", state_program_name(p),
				       strerror(errno));
	return CLI_DONE;
}

static bool has_taken(const struct reload *r, enum state_program p)
{
	int err;
	json_t *state = state_read(r->cli->config, p, &err);
	const json_t *config = state_get(state, "config");
	const char *sha256 = state_string(config, "sha256");
	bool taken = sha256 && strcmp(sha256, r->cli->config->sha256) == 0 && !state_bool(config, "fallback") &&
		     !state_string(config, "error");

	json_decref(state);
	return taken;
}

/* What PROGRAM says is wrong with the configuration, told. */
static int say_late(const struct reload *r, enum state_program p)
{
	int err;
	json_t *state = state_read(r->cli->config, p, &err);
	const json_t *config = state_get(state, "config");
	const char *error = state_string(config, "error"), *file = state_string(config, "file");

	(void)cli_say(r->cli, CLI_FAILED, "%s: has not taken the configuration: %s (it reads %s); see its log",
		      state_program_name(p), error ? error : "no answer in time", file ? file : "an unknown file");
	json_decref(state);
	return CLI_FAILED;
}

static int wait_for_both(struct reload *r)
{
	char buffer[4096];

	for (enum state_program p = STATE_LOADER; p <= STATE_DAEMON; p++) {
		while (!has_taken(r, p)) {
			struct pollfd fds[2] = {{.fd = r->inotify, .events = POLLIN},
						{.fd = r->process[p], .events = POLLIN}};
			int64_t left = r->end - monotonic();

			if (left <= 0 || poll(fds, 2, (int)left * 1000) == 0)
				return say_late(r, p);
			if (fds[1].revents)
				return cli_say(r->cli, CLI_FAILED, "%s: has ended; see its log", state_program_name(p));
			while (read(r->inotify, buffer, sizeof(buffer)) > 0)
				continue;
		}
	}
	return CLI_DONE;
}

static int reload(struct reload *r, int64_t confirm)
{
	int code = find_processes(r);

	r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch_folder(r, PATH_LOADER_STATE);
	watch_folder(r, PATH_DAEMON_STATE);
	/* The time to go back is set first: a configuration that locks its author out must find it there. */
	if (!code && confirm && set_dry_run_after(r->cli, confirm) != 0)
		code = CLI_FAILED;
	if (!code)
		code = signal_both(r);
	if (!code)
		code = wait_for_both(r);
	if (!code && !confirm && set_dry_run_after(r->cli, 0) != 0)
		code = CLI_FAILED;
	if (r->inotify >= 0)
		(void)close(r->inotify);
	return code;
}

static int keep(struct cli *cli)
{
	if (!cli_config(cli) || set_dry_run_after(cli, 0) != 0)
		return CLI_FAILED;
	out_bool(cli->out, "kept", "kept", true);
	return CLI_DONE;
}

/* Only the file as it is now: the last valid copy is what both have already. */
static bool load_strictly(struct cli *cli)
{
	char *error = NULL;
	int err = config_load(cli->config_file, &cli->config, &error);

	if (err)
		(void)cli_say(cli, CLI_NEGATIVE, "nothing was changed: %s", error ? error : strerror(-err));
	free(error);
	return err == 0;
}

int cmd_reload(struct cli *cli)
{
	struct reload r = {.cli = cli, .process = {-1, -1}, .inotify = -1};
	int64_t confirm = 0;
	uint64_t timeout = 30;
	int code;

	if (cli->option[KEEP] && cli->option[CONFIRM])
		return cli_say(cli, CLI_USAGE, "--keep confirms, --confirm asks for it: give one of them");
	if (!cli_duration(cli, CONFIRM, CONFIRM_MOST, &confirm) || !cli_uint(cli, TIMEOUT, 3600, &timeout))
		return CLI_USAGE;
	if (cli->option[KEEP])
		return keep(cli);
	if (!load_strictly(cli))
		return CLI_NEGATIVE;
	r.end = monotonic() + (int64_t)timeout;
	code = reload(&r, confirm);
	for (int i = 0; i < 2; i++)
		if (r.process[i] >= 0)
			(void)close(r.process[i]);
	out_bool(cli->out, "reloaded", "reloaded", code == CLI_DONE);
	out_string(cli->out, "config_sha256", NULL, cli->config->sha256);
	out_time(cli->out, "confirm_until", confirm ? "confirm by" : NULL, confirm ? (int64_t)time(NULL) + confirm : 0);
	return code;
}
