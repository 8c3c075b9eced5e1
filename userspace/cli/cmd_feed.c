/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap feed list, accept, reset: what sources there are, and lifting guards for exactly one content. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "cli.h"
#include "override.h"
#include "sources.h"
#include "state.h"

enum { ACCEPT_TIMEOUT };
const struct cli_option feed_accept_options[] = {
    {0, "timeout", "SECONDS", "wait this long for lenscapd (default 10)"},
    {0, NULL, NULL, NULL},
};

static int no_state(const struct cli *cli, int err)
{
	return cli_say(cli, CLI_FAILED,
		       "%s/" PATH_DAEMON_STATE ": %s; is lenscapd running, and are you root or in group %s?",
		       cli->config->run, state_why(err), cli->config->group);
}

int cmd_feed_list(struct cli *cli)
{
	json_t *state;
	int err;

	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	state = state_read(cli->config, STATE_DAEMON, &err);
	if (!state)
		return no_state(cli, err);
	sources_show(cli->out, state);
	json_decref(state);
	return CLI_DONE;
}

static bool is_feed(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_feeds; i++)
		if (strcmp(config->feeds[i].name, name) == 0)
			return true;
	return false;
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* RESET: whatever its serial. */
static int write_accept(const struct cli *cli, const char *name, const char *sha256, bool reset)
{
	const struct group *group = getgrnam(cli->config->group);
	char *folder = path_join(cli->config->overrides, PATH_ACCEPT);
	char *path = folder ? path_join(folder, name) : NULL;
	char line[80];
	int err = path ? file_make_dir(folder, 0755) : -ENOMEM;

	(void)snprintf(line, sizeof(line), "%.64s%s\n", sha256, reset ? " reset" : "");
	if (!err)
		err = file_write(path, line, strlen(line), 0640, group ? group->gr_gid : (gid_t)-1, true);
	if (err)
		(void)cli_say(cli, CLI_FAILED, "%s: %s; nothing was changed", path ? path : PATH_ACCEPT,
			      strerror(-err));
	free(path);
	free(folder);
	return err;
}

/* What lenscapd holds back must be this content: a digest that is none of its own would wait for nothing. */
static int check_pending(const struct cli *cli, const char *name, const char *sha256)
{
	int err, code = CLI_DONE;
	json_t *state = state_read(cli->config, STATE_DAEMON, &err);
	const json_t *source = state_find(state_get(state, "sources"), "name", name);
	const char *waits = state_string(state_get(source, "pending"), "sha256");
	const char *has = state_string(source, "sha256");

	if (source && has && strcmp(has, sha256) == 0)
		code = cli_say(cli, CLI_NEGATIVE, "%s: this content is in force already", name);
	else if (source && !waits)
		code = cli_say(cli, CLI_NEGATIVE, "%s: no change of it waits; see: lenscap feed list", name);
	else if (source && strcmp(waits, sha256) != 0)
		code = cli_say(cli, CLI_NEGATIVE,
			       "%s: another content waits: %s; read it first: lenscap plan FILE --feed %s", name, waits,
			       name);
	json_decref(state);
	return code;
}

/* REFUSED: why this content was refused until now; NULL: a size guard held it back. */
static int admit(struct cli *cli, const char *name, const char *sha256, const char *refused, int64_t timeout)
{
	struct ack *ack = ack_begin(cli);
	int code;

	if (!ack)
		return cli_say(cli, CLI_FAILED, "out of memory");
	ack_old_news(ack, refused);
	if (write_accept(cli, name, sha256, refused != NULL) != 0) {
		ack_cancel(ack);
		return CLI_FAILED;
	}
	code = ack_source(ack, name, sha256, timeout);
	out_string(cli->out, "feed", "feed", name);
	out_string(cli->out, "sha256", "sha256", sha256);
	out_bool(cli->out, "in_force", "in force", code == 0);
	return code;
}

/* The options and the feed that accept and reset have in common. 0, or the exit code, told. */
static int prepare(struct cli *cli, const char *name, uint64_t *timeout)
{
	if (!cli_uint(cli, ACCEPT_TIMEOUT, 3600, timeout))
		return CLI_USAGE;
	if (!cli_config(cli))
		return CLI_FAILED;
	if (!is_feed(cli->config, name))
		return cli_say(cli, CLI_FAILED, "%.64s: no feed of the configuration; see: lenscap feed list", name);
	return 0;
}

int cmd_feed_accept(struct cli *cli)
{
	const char *name = cli->argument[0], *sha256 = cli->argument[1];
	uint64_t timeout = 10;
	int code;

	if (!is_sha256(sha256))
		return cli_say(cli, CLI_USAGE,
			       "%.80s: not a SHA-256 of 64 lower-case hex digits; see: lenscap feed list -j", sha256);
	code = prepare(cli, name, &timeout);
	if (!code)
		code = check_pending(cli, name, sha256);
	return code ? code : admit(cli, name, sha256, NULL, (int64_t)timeout);
}

/* The content refused now, and no other: what comes after it meets every guard again. */
int cmd_feed_reset(struct cli *cli)
{
	const char *name = cli->argument[0], *sha256, *reason;
	uint64_t timeout = 10;
	const json_t *refused;
	json_t *state;
	int err, code = prepare(cli, name, &timeout);

	if (code)
		return code;
	state = state_read(cli->config, STATE_DAEMON, &err);
	if (!state)
		return no_state(cli, err);
	refused = state_get(state_find(state_get(state, "sources"), "name", name), "refused");
	sha256 = state_string(refused, "sha256");
	reason = state_string(refused, "reason");
	if (sha256 && is_sha256(sha256) && reason)
		code = admit(cli, name, sha256, reason, (int64_t)timeout);
	else
		code = cli_say(cli, CLI_NEGATIVE, "%s: no content of it is refused; see: lenscap feed list", name);
	json_decref(state);
	return code;
}
