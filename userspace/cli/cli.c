/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands have in common: configuration, rights, option values, errors. */
#include "cli.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/text.h"
#include "clean.h"

int cli_say(const struct cli *cli, enum cli_exit code, const char *format, ...)
{
	char *text = NULL, *clean = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		clean = clean_text(text);
	va_end(args);
	(void)fflush(stdout);
	(void)fprintf(stderr, "lenscap %s: %s\n", cli->command->name, clean ? clean : "out of memory");
	free(clean);
	free(text);
	return code;
}

bool cli_config(struct cli *cli)
{
	char *error = NULL;
	int err;

	/* The last valid copy belongs to the configuration in its usual place: another instance's must not be mistaken
	 * for it. */
	if (cli->config_file)
		err = config_load(cli->config_file, &cli->config, &error);
	else
		err = config_load_or_last(NULL, NULL, &cli->config, &error);
	if (err != 0)
		log_error("%s", error ? error : strerror(-err));
	else if (cli->config->fallback)
		log_warning("the configuration is invalid, this is about the last valid copy; see: lenscap check");
	free(error);
	return err == 0;
}

bool cli_drop_root(const struct cli *cli)
{
	const struct passwd *user;
	const struct group *group;

	if (geteuid() != 0)
		return true;
	user = getpwnam(cli->config->user);
	group = getgrnam(cli->config->group);
	if (!user || !group)
		return true;
	if (setgroups(0, NULL) != 0 || setresgid(group->gr_gid, group->gr_gid, group->gr_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		(void)cli_say(cli, CLI_FAILED, "cannot become user %s: %s; run it as a member of group %s instead",
			      cli->config->user, strerror(errno), cli->config->group);
		return false;
	}
	return true;
}

static bool bad_value(const struct cli *cli, size_t option, const char *why)
{
	(void)cli_say(cli, CLI_USAGE, "--%s %.128s: %s", cli->command->options[option].name, cli->option[option], why);
	return false;
}

bool cli_uint(const struct cli *cli, size_t option, uint64_t most, uint64_t *value)
{
	const char *text = cli->option[option];
	char *end = NULL, why[64];
	unsigned long long number;

	if (!text)
		return true;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno != 0 || number > most) {
		(void)snprintf(why, sizeof(why), "not a number from 0 to %" PRIu64, most);
		return bad_value(cli, option, why);
	}
	*value = number;
	return true;
}

bool cli_duration(const struct cli *cli, size_t option, int64_t most, int64_t *seconds)
{
	int64_t value;

	if (!cli->option[option])
		return true;
	if (duration_parse(cli->option[option], &value) != 0 || value <= 0)
		return bad_value(cli, option, "not a duration; write 30s, 10m, 2h, 7d or 1w");
	if (value > most)
		return bad_value(cli, option, most == 86400 ? "more than 24h" : "more than 7d");
	*seconds = value;
	return true;
}

bool cli_when(const struct cli *cli, size_t option, bool past, int64_t *seconds)
{
	const char *text = cli->option[option];
	int64_t value, now = (int64_t)time(NULL);

	if (!text)
		return true;
	if (duration_parse(text, &value) == 0 && value > 0 && value < INT64_C(1000) * 366 * 86400) {
		*seconds = past ? now - value : now + value;
		return true;
	}
	if (time_parse(text, &value) != 0)
		return bad_value(cli, option, "neither a time (2027-01-31T12:00:00Z) nor a duration (2h, 7d)");
	*seconds = value;
	return true;
}
