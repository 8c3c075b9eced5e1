/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that flag, exempt and unflag keep: one line each prefix, written whole under a lock. */
#include "override.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/paths.h"
#include "state.h"

#define OVERRIDES_MAX (64u << 20) /* lenscapd's own limit */
#define LOCK ".lock"

static void on_alarm(int number)
{
	(void)number; /* only to interrupt flock() */
}

/* Wait for the lock until the alarm rings. A descriptor, or a negative errno (-EINTR: somebody else holds it). */
static int take_lock(const char *folder, int64_t timeout)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	char *path = path_join(folder, LOCK);
	int fd = path ? open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	int err = fd < 0 ? -errno : 0;

	free(path);
	if (fd >= 0) {
		(void)sigaction(SIGALRM, &action, NULL);
		(void)alarm((unsigned)timeout);
		err = flock(fd, LOCK_EX) ? -errno : 0;
		(void)alarm(0);
	}
	if (err && fd >= 0)
		(void)close(fd);
	return err ? err : fd;
}

/* What a line is about. False: it is no entry of the native format. */
static bool line_prefix(const char *line, size_t size, struct prefix *prefix, enum lc_action *action)
{
	json_t *entry = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	const char *text = state_string(entry, "mac"), *word = state_string(entry, "action"), *reason;
	bool good;

	if (!text)
		text = state_string(entry, "prefix");
	good = text && prefix_parse(text, prefix, &reason) == 0;
	*action = word ? action_parse(word) : LC_QUARANTINE;
	json_decref(entry);
	return good;
}

struct edit {
	const struct cli *cli;
	const struct prefix *prefix;
	const char *path;
	FILE *to;
	enum lc_action before;
};

static bool is_blank(const char *line, size_t size)
{
	return strspn(line, " \t\r") >= size;
}

/* Every line but the one to replace. Lines that cannot be read stop the edit: what they meant must not be lost. */
static int copy_lines(struct edit *e, const char *data)
{
	unsigned number = 1;

	for (const char *line = data; *line; number++) {
		size_t size = strcspn(line, "\n");
		struct prefix prefix;
		enum lc_action action;

		if (!is_blank(line, size)) {
			if (!line_prefix(line, size, &prefix, &action))
				return cli_say(e->cli, CLI_FAILED,
					       "%s:%u: not an entry; repair or remove the line, nothing was "
					       "changed",
					       e->path, number);
			if (prefix.mac48 == e->prefix->mac48 && prefix.len == e->prefix->len)
				e->before = action;
			else
				(void)fprintf(e->to, "%.*s\n", (int)size, line);
		}
		line += size + (line[size] == '\n');
	}
	return 0;
}

static gid_t group_id(const struct config *config)
{
	const struct group *group = getgrnam(config->group);

	return group ? group->gr_gid : (gid_t)-1;
}

static int write_back(struct edit *e, const char *data, size_t size)
{
	int err = file_write(e->path, data, size, 0640, group_id(e->cli->config), true);

	if (err == -ENOSPC || err == -EDQUOT)
		return cli_say(e->cli, CLI_FAILED, "%s: %s; nothing was changed, make room and try again", e->path,
			       strerror(-err));
	if (err)
		return cli_say(e->cli, CLI_FAILED, "%s: %s; nothing was changed", e->path, strerror(-err));
	return 0;
}

static int edit_file(struct edit *e, const json_t *entry)
{
	char *data = NULL, *made = NULL;
	size_t size = 0, made_size = 0;
	int err = file_read(e->path, OVERRIDES_MAX, &data, &size), code;

	if (err == -ELOOP || err == -EINVAL)
		return cli_say(e->cli, CLI_FAILED,
			       "%s: is not a regular file; put one there or remove it, nothing was changed", e->path);
	if (err && err != -ENOENT)
		return cli_say(e->cli, CLI_FAILED, "%s: %s; nothing was changed", e->path, strerror(-err));
	e->to = open_memstream(&made, &made_size);
	code = e->to ? copy_lines(e, data ? data : "") : cli_say(e->cli, CLI_FAILED, "out of memory");
	if (e->to && entry) {
		(void)json_dumpf(entry, e->to, JSON_COMPACT);
		(void)fputc('\n', e->to);
	}
	if (e->to && fclose(e->to) != 0 && !code)
		code = cli_say(e->cli, CLI_FAILED, "out of memory");
	if (!code && (entry || e->before != LC_ABSENT))
		code = write_back(e, made, made_size);
	free(made);
	free(data);
	return code;
}

int override_edit(const struct cli *cli, const struct prefix *prefix, const json_t *entry, int64_t timeout,
		  enum lc_action *before)
{
	const char *folder = cli->config->overrides;
	char *path = path_join(folder, PATH_OVERRIDES);
	struct edit e = {.cli = cli, .prefix = prefix, .path = path, .before = LC_ABSENT};
	int lock = path ? take_lock(folder, timeout) : -ENOMEM;
	int code;

	if (lock == -EINTR)
		code = cli_say(cli, CLI_FAILED, "%s/" LOCK ": held by another lenscap for %lld s; try again", folder,
			       (long long)timeout);
	else if (lock < 0)
		code = cli_say(cli, CLI_FAILED, "%s/" LOCK ": %s; make the folder, or set paths.overrides", folder,
			       strerror(-lock));
	else
		code = edit_file(&e, entry);
	if (lock >= 0)
		(void)close(lock);
	*before = e.before;
	free(path);
	return code;
}
