/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap flag, exempt, unflag: local overrides, and what wins after them. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mac.h"
#include "../lib/text.h"
#include "change.h"
#include "cli.h"

enum { FLAG_ACTION, FLAG_REASON, FLAG_UNTIL, FLAG_TIMEOUT };
const struct cli_option flag_options[] = {
    {'a', "action", "ACTION", "quarantine (default: what the zone says), drop, divert, contain, mirror or monitor"},
    {'r', "reason", "TEXT", "why"},
    {'u', "until", "TIME", "end: RFC 3339, or a duration as 2h or 7d"},
    {0, "timeout", "SECONDS", "wait this long for lenscapd (default 10)"},
    {0, NULL, NULL, NULL},
};

enum { EXEMPT_REASON, EXEMPT_UNTIL, EXEMPT_FOREVER, EXEMPT_TIMEOUT };
const struct cli_option exempt_options[] = {
    {'r', "reason", "TEXT", "why (required)"},
    {'u', "until", "TIME", "end: RFC 3339, or a duration as 2h or 7d"},
    {0, "forever", NULL, "no end"},
    {0, "timeout", "SECONDS", "wait this long for lenscapd (default 10)"},
    {0, NULL, NULL, NULL},
};

enum { UNFLAG_TIMEOUT };
const struct cli_option unflag_options[] = {
    {0, "timeout", "SECONDS", "wait this long for lenscapd (default 10)"},
    {0, NULL, NULL, NULL},
};

#define TIMEOUT_DEFAULT 10
#define TIMEOUT_MOST 3600

/* Who does this: the user behind sudo, else this process's. */
static void set_author(json_t *entry)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = sudo ? NULL : getpwuid(getuid());
	const char *name = sudo ? sudo : user ? user->pw_name : "uid";
	char clean[TEXT_MAX + 1];

	(void)text_clean(name, strlen(name), clean);
	(void)json_object_set_new(entry, "by", json_string(clean));
}

static void set_time(json_t *entry, const char *key, int64_t seconds)
{
	char text[TIME_TEXT];

	time_format(seconds, text);
	(void)json_object_set_new(entry, key, json_string(text));
}

static json_t *make_entry(const struct prefix *prefix, enum lc_action action, const char *reason, int64_t until)
{
	json_t *entry = json_object();
	char text[PREFIX_TEXT], clean[TEXT_MAX + 1];

	prefix_format(prefix, text);
	(void)json_object_set_new(entry, prefix->len == 48 ? "mac" : "prefix", json_string(text));
	(void)json_object_set_new(entry, "action", json_string(action_name(action)));
	if (reason) {
		(void)text_clean(reason, strlen(reason), clean);
		(void)json_object_set_new(entry, "reason", json_string(clean));
	}
	if (until)
		set_time(entry, "until", until);
	set_author(entry);
	set_time(entry, "at", (int64_t)time(NULL));
	return entry;
}

static bool read_prefix(const struct cli *cli, struct prefix *prefix)
{
	const char *reason = NULL;

	if (prefix_parse(cli->argument[0], prefix, &reason) == 0)
		return true;
	(void)cli_say(cli, CLI_USAGE, "%.64s: %s", cli->argument[0], reason);
	return false;
}

static bool read_until(const struct cli *cli, size_t option, int64_t *until)
{
	if (!cli_when(cli, option, false, until))
		return false;
	if (*until == 0 || *until > (int64_t)time(NULL))
		return true;
	(void)cli_say(cli, CLI_USAGE, "--until %.64s: lies in the past", cli->option[option]);
	return false;
}

static bool read_timeout(const struct cli *cli, size_t option, int64_t *timeout)
{
	uint64_t seconds = TIMEOUT_DEFAULT;

	if (!cli_uint(cli, option, TIMEOUT_MOST, &seconds))
		return false;
	*timeout = (int64_t)seconds;
	return true;
}

static bool read_action(const struct cli *cli, enum lc_action *action)
{
	const char *text = cli->option[FLAG_ACTION];

	*action = text ? action_parse(text) : LC_QUARANTINE;
	if (*action == LC_ALLOW) {
		(void)cli_say(cli, CLI_USAGE,
			      "--action allow: exempts; use: lenscap exempt %.64s --reason TEXT --until TIME",
			      cli->argument[0]);
		return false;
	}
	if (*action != LC_ABSENT)
		return true;
	(void)cli_say(cli, CLI_USAGE,
		      "--action %.64s: not an action; use quarantine, drop, divert, contain, mirror or monitor", text);
	return false;
}

int cmd_flag(struct cli *cli)
{
	struct change_order order = {0};
	int code;

	if (!read_prefix(cli, &order.prefix) || !read_action(cli, &order.action) ||
	    !read_until(cli, FLAG_UNTIL, &order.until) || !read_timeout(cli, FLAG_TIMEOUT, &order.timeout))
		return CLI_USAGE;
	if (!cli_config(cli))
		return CLI_FAILED;
	order.entry = make_entry(&order.prefix, order.action, cli->option[FLAG_REASON], order.until);
	code = change_make(cli, &order);
	json_decref(order.entry);
	return code;
}

int cmd_exempt(struct cli *cli)
{
	struct change_order order = {.action = LC_ALLOW};
	bool until = cli->option[EXEMPT_UNTIL], forever = cli->option[EXEMPT_FOREVER];
	int code;

	if (!read_prefix(cli, &order.prefix))
		return CLI_USAGE;
	if (!cli->option[EXEMPT_REASON] || !*cli->option[EXEMPT_REASON])
		return cli_say(cli, CLI_USAGE, "an exemption needs a reason; add --reason TEXT");
	if (until == forever)
		return cli_say(cli, CLI_USAGE, "an exemption needs %s; add --until TIME or --forever",
			       until ? "one end, not two" : "an end");
	if (!read_until(cli, EXEMPT_UNTIL, &order.until) || !read_timeout(cli, EXEMPT_TIMEOUT, &order.timeout))
		return CLI_USAGE;
	if (!cli_config(cli))
		return CLI_FAILED;
	order.entry = make_entry(&order.prefix, order.action, cli->option[EXEMPT_REASON], order.until);
	code = change_make(cli, &order);
	json_decref(order.entry);
	return code;
}

int cmd_unflag(struct cli *cli)
{
	struct change_order order = {.action = LC_ABSENT};

	if (!read_prefix(cli, &order.prefix) || !read_timeout(cli, UNFLAG_TIMEOUT, &order.timeout))
		return CLI_USAGE;
	return cli_config(cli) ? change_make(cli, &order) : CLI_FAILED;
}
