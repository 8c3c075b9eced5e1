/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands: what main() calls, what help prints, what the completion and the manual are checked against. */
#include "cli.h"

const struct cli_command cli_commands[] = {
	{"status", "", 0, 0, "ports, sources, entries, totals and what is degraded", NULL, false, cmd_status},
	{"explain", "MAC", 1, 1, "the entry that decides, those it beat, the final action and why", explain_options, false,
	 cmd_explain},
	{"devices", "", 0, 0, "flagged devices seen, with what happened to their frames", devices_options, false,
	 cmd_devices},
	{"flag", "PREFIX", 1, 1, "flag an address or prefix; returns when it is enforced", flag_options, true, cmd_flag},
	{"exempt", "PREFIX", 1, 1, "let a flagged address or prefix pass, with a reason and an end", exempt_options, true,
	 cmd_exempt},
	{"unflag", "PREFIX", 1, 1, "remove what flag or exempt recorded", unflag_options, true, cmd_unflag},
	{NULL, NULL, 0, 0, NULL, NULL, false, NULL},
};
