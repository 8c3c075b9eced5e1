/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap vendor: the lists on this machine, what is in one, and making them anew from the registries. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "../lib/text.h"
#include "../policy/vendor.h"
#include "cli.h"
#include "decision.h"
#include "names.h"

enum { REGISTRY, SOURCES, OUT, EDITION, VERBOSE };
const struct cli_option vendor_compile_options[] = {
    {'r', "registry", "FOLDER", "the IEEE's files (default: the newer of /var/lib/ and /usr/share/ieee-data)"},
    {'s', "sources", "FOLDER", "names.yaml and lists/ (default " LENSCAP_DATADIR ")"},
    {'o', "out", "FOLDER", "where the lists go (default: paths.data of the configuration)"},
    {'e', "edition", "DATE", "of the registry, as 2026-06-25 (default: what it says)"},
    {'v', "verbose", NULL, "also names that look alike and rows left out"},
    {0, NULL, NULL, NULL},
};

static bool read_lists(struct cli *cli, struct vendor_lists *lists)
{
	char error[FEED_ERROR] = "";

	if (!cli_config(cli) || !cli_drop_root(cli))
		return false;
	if (vendor_lists(cli->config->data, lists, error) == 0)
		return true;
	(void)cli_say(cli, CLI_FAILED, "%s", error);
	return false;
}

static const char *mode_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_lists; i++)
		if (strcmp(config->lists[i].name, name) == 0)
			return config->lists[i].enforce ? "enforce" : "dry-run";
	return "not used";
}

static void show_header(struct out *o, const struct config *config, const struct vendor_list *l)
{
	bool old = !l->error && l->edition + VENDOR_OLD_SECONDS < (int64_t)time(NULL);

	out_string(o, "name", "LIST", l->name);
	out_string(o, "mode", "MODE", mode_of(config, l->name));
	out_int(o, "entries", "ENTRIES", l->error ? -1 : (int64_t)l->count);
	out_time(o, "edition", "EDITION", l->edition);
	out_bool(o, "old", NULL, old);
	out_string(o, NULL, "STATE", l->error ? "damaged" : old ? "older than a year" : "good");
	out_string(o, "title", "TITLE", l->error ? l->error : l->title);
	out_string(o, "basis", NULL, l->basis);
	out_string(o, "caution", NULL, l->caution);
	out_string(o, "path", NULL, l->path);
	out_string(o, "error", NULL, l->error);
}

int cmd_vendor_list(struct cli *cli)
{
	struct vendor_lists lists = {0};
	int code = CLI_DONE;

	if (!read_lists(cli, &lists))
		return CLI_FAILED;
	out_table(cli->out, "lists", NULL, "no list in the data folder; make them with lenscap vendor compile");
	for (size_t i = 0; i < lists.n; i++) {
		out_row(cli->out);
		show_header(cli->out, cli->config, &lists.list[i]);
		out_row_end(cli->out);
		if (lists.list[i].error)
			code = CLI_NEGATIVE;
	}
	out_table_end(cli->out);
	vendor_lists_free(&lists);
	return code;
}

static void show_entries(struct out *o, const struct entry_set *set)
{
	char prefix[24];

	out_table(o, "entries", "Entries", "none");
	for (size_t i = 0; i < set->n; i++) {
		const char *vendor = strings_get(set->strings, set->entries[i].vendor);
		const char *reason = strings_get(set->strings, set->entries[i].reason);

		decision_prefix(&set->entries[i], prefix);
		out_row(o);
		out_string(o, "entry", "ENTRY", prefix);
		out_string(o, "action", "ACTION", action_name(set->entries[i].word & LC_ACTION_MASK));
		out_string(o, "vendor", "VENDOR", vendor && *vendor ? vendor : NULL);
		out_string(o, "reason", "REASON", reason && *reason ? reason : NULL);
		out_row_end(o);
	}
	out_table_end(o);
}

static int show_list(struct cli *cli, const struct vendor_list *l)
{
	struct source_rules rules = {.min_length = 24, .header = true};
	char error[FEED_ERROR] = "", sha256[65] = "";
	struct entry_set set = {0};
	struct out *o = cli->out;

	if (native_parse_file(l->path, &rules, NULL, &set, sha256, error) != 0)
		return cli_say(cli, CLI_FAILED, "%s", error);
	out_string(o, "name", "list", l->name);
	out_string(o, "title", "title", l->title);
	out_string(o, "basis", "basis", l->basis);
	out_string(o, "caution", l->caution ? "caution" : NULL, l->caution);
	out_time(o, "edition", "edition", l->edition);
	out_string(o, "mode", "mode", mode_of(cli->config, l->name));
	out_string(o, "path", "path", l->path);
	out_string(o, "sha256", NULL, sha256);
	show_entries(o, &set);
	entry_set_free(&set);
	return CLI_DONE;
}

int cmd_vendor_show(struct cli *cli)
{
	const char *name = cli->argument[0];
	struct vendor_lists lists = {0};
	int code = -1;

	if (!read_lists(cli, &lists))
		return CLI_FAILED;
	for (size_t i = 0; i < lists.n && code < 0; i++)
		if (strcmp(lists.list[i].name, name) == 0)
			code = show_list(cli, &lists.list[i]);
	if (code < 0)
		code = cli_say(cli, CLI_FAILED, "%.64s: no such list in %s; see: lenscap vendor list", name,
			       cli->config->data);
	vendor_lists_free(&lists);
	return code;
}

/* Said while compiling: to standard error, so that -j stays JSON. */
static void say(void *arg, enum vendor_said kind, const char *text)
{
	const struct cli *cli = arg;

	if (kind == VENDOR_WARNING)
		log_warning("%s", text);
	else if (cli->option[VERBOSE])
		(void)fprintf(stderr, "lenscap: %s\n", text);
}

static int compile(struct cli *cli, const struct vendor_job *job)
{
	struct vendor_result result = {0};
	char error[FEED_ERROR] = "";

	if (vendor_compile(job, say, cli, &result, error) != 0)
		return cli_say(cli, CLI_FAILED, "%s", error);
	out_uint(cli->out, "rows", "registry rows", result.rows);
	out_table(cli->out, "lists", "Lists", "none");
	for (size_t i = 0; i < result.n; i++) {
		const struct vendor_made *made = &result.made[i];

		out_row(cli->out);
		out_string(cli->out, "name", "LIST", made->name);
		out_uint(cli->out, "entries", "ENTRIES", made->count);
		out_uint(cli->out, "added", "ADDED", made->added);
		out_uint(cli->out, "removed", "REMOVED", made->removed);
		out_time(cli->out, "edition", "EDITION", made->edition);
		out_string(cli->out, "path", "PATH", made->path);
		out_row_end(cli->out);
	}
	out_table_end(cli->out);
	vendor_result_free(&result);
	return CLI_DONE;
}

int cmd_vendor_compile(struct cli *cli)
{
	struct vendor_job job = {
	    .registry = cli->option[REGISTRY],
	    .sources = cli->option[SOURCES],
	    .list = cli->arguments ? cli->argument[0] : NULL,
	    .out = cli->option[OUT],
	};
	char midnight[40];

	if (cli->option[EDITION]) {
		(void)snprintf(midnight, sizeof(midnight), "%.10sT00:00:00Z", cli->option[EDITION]);
		if (strlen(cli->option[EDITION]) != 10 || time_parse(midnight, &job.edition) != 0)
			return cli_say(cli, CLI_USAGE, "--edition %.64s: not a date; write it like 2026-06-25",
				       cli->option[EDITION]);
	}
	if (!job.out) {
		if (!cli_config(cli))
			return CLI_FAILED;
		job.out = cli->config->data;
	}
	return compile(cli, &job);
}
