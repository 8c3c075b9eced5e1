/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting until lenscapd says in its state file that something is in force. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "../lib/paths.h"
#include "override.h"
#include "state.h"

struct ack {
	const struct cli *cli;
	int inotify;	      /* on the folder of lenscapd's state file; -1: there is none */
	int process;	      /* pidfd; -1: lenscapd does not run */
	const char *old_news; /* a refusal that was there before; NULL = none */
};

struct ack *ack_begin(const struct cli *cli)
{
	struct ack *a = calloc(1, sizeof(*a));
	char *path = path_join(cli->config->run, PATH_DAEMON_STATE);
	char *slash = path ? strrchr(path, '/') : NULL;
	json_t *state;
	int err;

	if (!a || !slash) {
		free(a);
		free(path);
		return NULL;
	}
	*slash = '\0';
	a->cli = cli;
	a->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (a->inotify >= 0)
		(void)inotify_add_watch(a->inotify, path, IN_MOVED_TO | IN_CLOSE_WRITE);
	state = state_read(cli->config, STATE_DAEMON, &err);
	a->process = state_process(cli->config, STATE_DAEMON, state);
	json_decref(state);
	free(path);
	return a;
}

void ack_cancel(struct ack *a)
{
	if (a->inotify >= 0)
		(void)close(a->inotify);
	if (a->process >= 0)
		(void)close(a->process);
	free(a);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait for the next change of the folder. 0, -ETIMEDOUT, or -ESRCH when lenscapd ended. */
static int next_change(struct ack *a, int64_t end_ms)
{
	struct pollfd fds[2] = {{.fd = a->inotify, .events = POLLIN}, {.fd = a->process, .events = POLLIN}};
	int64_t left = end_ms - now_ms();
	char buffer[4096];

	if (left <= 0 || poll(fds, 2, (int)left) == 0)
		return -ETIMEDOUT;
	if (fds[1].revents)
		return -ESRCH;
	while (read(a->inotify, buffer, sizeof(buffer)) > 0)
		continue;
	return 0;
}

enum answer { ANSWER_NONE, ANSWER_IN_FORCE, ANSWER_REFUSED };

static bool has_sha256(const json_t *object, const char *sha256)
{
	const char *has = state_string(object, "sha256");

	return has && strcmp(has, sha256) == 0;
}

/* What lenscapd says of this content; *reason is newly allocated where it says why not. */
static enum answer read_answer(const struct ack *a, const char *name, const char *sha256, char **reason)
{
	enum answer answer = ANSWER_NONE;
	const char *why = NULL;
	int err;
	json_t *state = state_read(a->cli->config, STATE_DAEMON, &err);
	const json_t *source = state_find(state_get(state, "sources"), "name", name);

	if (has_sha256(source, sha256)) {
		answer = ANSWER_IN_FORCE;
	} else if (has_sha256(state_get(source, "refused"), sha256)) {
		why = state_string(state_get(source, "refused"), "reason");
		if (!why || !a->old_news || strcmp(why, a->old_news) != 0)
			answer = ANSWER_REFUSED;
	}
	*reason = why && answer == ANSWER_REFUSED ? strdup(why) : NULL;
	json_decref(state);
	return answer;
}

static int say_failure(const struct ack *a, int err, int64_t timeout)
{
	if (err == -ESRCH)
		return cli_say(a->cli, CLI_FAILED,
			       "recorded, but not enforced: lenscapd is not running; systemctl start lenscapd");
	return cli_say(a->cli, CLI_FAILED,
		       "recorded, but lenscapd has not enforced it within %lld s; see: lenscap status",
		       (long long)timeout);
}

/* SHA256 of the content waited for; "" = of the overrides as they are on disk at the time of asking: another lenscap
 * may add to them, and lenscapd then answers for both. */
static int wait_for(struct ack *a, const char *name, const char *sha256, int64_t timeout)
{
	int64_t end = now_ms() + timeout * 1000;
	char wanted[65] = "", error[FEED_ERROR] = "", *reason = NULL;
	enum answer answer;
	int err = a->process < 0 ? -ESRCH : 0;

	while (!err) {
		(void)snprintf(wanted, sizeof(wanted), "%s", sha256);
		if (!*sha256) {
			struct entry_set set = {0};

			if (overrides_load(a->cli->config, &set, wanted, error) == 0)
				entry_set_free(&set);
		}
		answer = *wanted ? read_answer(a, name, wanted, &reason) : ANSWER_NONE;
		if (answer == ANSWER_IN_FORCE)
			return 0;
		if (answer == ANSWER_REFUSED) {
			(void)cli_say(a->cli, CLI_FAILED, "lenscapd refused it: %s", reason ? reason : "see its log");
			free(reason);
			return CLI_FAILED;
		}
		err = next_change(a, end);
	}
	return say_failure(a, err, timeout);
}

int ack_overrides(struct ack *a, int64_t timeout)
{
	int code = wait_for(a, "local", "", timeout);

	ack_cancel(a);
	return code;
}

void ack_old_news(struct ack *a, const char *reason)
{
	a->old_news = reason;
}

int ack_source(struct ack *a, const char *name, const char *sha256, int64_t timeout)
{
	int code = wait_for(a, name, sha256, timeout);

	ack_cancel(a);
	return code;
}
