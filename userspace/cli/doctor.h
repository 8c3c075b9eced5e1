/* SPDX-License-Identifier: GPL-2.0-only */
/* What the doctor looks at: each examination says its findings as rows of one table. */
#ifndef LENSCAP_CLI_DOCTOR_H
#define LENSCAP_CLI_DOCTOR_H

#include "cli.h"
#include "health.h"

enum finding { FINDING_GOOD, FINDING_WARNING, FINDING_PROBLEM };

struct doctor {
	struct cli *cli;
	struct health health;
	unsigned problems, warnings;
};

/* One row. CURE: what to do, NULL = nothing. */
void doctor_say(struct doctor *d, enum finding finding, const char *what, const char *cure, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

void doctor_kernel(struct doctor *d);
void doctor_accounts(struct doctor *d);
void doctor_folders(struct doctor *d);
void doctor_space(struct doctor *d);
void doctor_pins(struct doctor *d);
void doctor_programs(struct doctor *d);
void doctor_lists(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_mirror(struct doctor *d);
#endif
