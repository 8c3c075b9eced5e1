/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap doctor: why a port can or cannot enforce, what else is not as it should be, and what to do. */
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "doctor.h"

static const char *const words[] = {
    [FINDING_GOOD] = "good", [FINDING_WARNING] = "warning", [FINDING_PROBLEM] = "PROBLEM"};
static const char *const keys[] = {
    [FINDING_GOOD] = "good", [FINDING_WARNING] = "warning", [FINDING_PROBLEM] = "problem"};

void doctor_say(struct doctor *d, enum finding finding, const char *what, const char *cure, const char *format, ...)
{
	struct out *o = d->cli->out;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	d->problems += finding == FINDING_PROBLEM;
	d->warnings += finding == FINDING_WARNING;
	out_row(o);
	out_string(o, "state", NULL, keys[finding]);
	out_string(o, NULL, "STATE", words[finding]);
	out_string(o, "what", "WHAT", what);
	out_string(o, "found", "FOUND", text);
	out_string(o, "cure", "WHAT TO DO", cure);
	out_row_end(o);
	free(text);
}

static void (*const examinations[])(struct doctor *) = {
    doctor_kernel, doctor_accounts, doctor_folders, doctor_space,
    doctor_pins,   doctor_programs, doctor_lists,   doctor_ports, doctor_mirror,
};

/* What `status` calls degraded belongs here as well: its lines name their own way out. */
static void say_health(struct doctor *d)
{
	for (size_t i = 0; i < d->health.problems.n; i++)
		doctor_say(d, FINDING_PROBLEM, "status", NULL, "%s", d->health.problems.line[i]);
	for (size_t i = 0; i < d->health.warnings.n; i++)
		doctor_say(d, FINDING_WARNING, "status", NULL, "%s", d->health.warnings.line[i]);
}

int cmd_doctor(struct cli *cli)
{
	struct doctor d = {.cli = cli};

	if (!cli_config(cli) || !cli_drop_root(cli))
		return CLI_FAILED;
	health_read(cli->config, true, &d.health);
	out_table(cli->out, "findings", NULL, NULL);
	for (size_t i = 0; i < sizeof(examinations) / sizeof(examinations[0]); i++)
		examinations[i](&d);
	say_health(&d);
	out_table_end(cli->out);
	out_uint(cli->out, "problems", NULL, d.problems);
	out_uint(cli->out, "warnings", NULL, d.warnings);
	out_line(cli->out, "%u problem%s, %u warning%s", d.problems, d.problems == 1 ? "" : "s", d.warnings,
		 d.warnings == 1 ? "" : "s");
	health_free(&d.health);
	return d.problems ? CLI_NEGATIVE : CLI_DONE;
}
