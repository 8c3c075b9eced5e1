/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands: what main() calls, what help prints, what the completion and the manual are checked against.
 */
#include "cli.h"

const struct cli_command cli_commands[] = {
    {"status", "", 0, 0, "ports, sources, entries, totals and what is degraded", NULL, false, cmd_status},
    {"check", "", 0, 0, "every error of the configuration; changes nothing", NULL, false, cmd_check},
    {"reload", "", 0, 0, "check the configuration, then have both programs take it", reload_options, true, cmd_reload},
    {"plan", "FILE", 1, 1, "what a feed's or list's next content would change, and whom it would hit", plan_options,
     false, cmd_plan},
    {"explain", "MAC", 1, 1, "the entry that decides, those it beat, the final action and why", explain_options, false,
     cmd_explain},
    {"list", "[PREFIX]", 0, 1, "the policy in force", list_options, false, cmd_list},
    {"devices", "", 0, 0, "flagged devices seen, with what happened to their frames", devices_options, false,
     cmd_devices},
    {"events", "", 0, 0, "the event log", events_options, false, cmd_events},
    {"flag", "PREFIX", 1, 1, "flag an address or prefix; returns when it is enforced", flag_options, true, cmd_flag},
    {"exempt", "PREFIX", 1, 1, "let a flagged address or prefix pass, with a reason and an end", exempt_options, true,
     cmd_exempt},
    {"unflag", "PREFIX", 1, 1, "remove what flag or exempt recorded", unflag_options, true, cmd_unflag},
    {"bypass", "", 0, 0, "is enforcement suspended, and until when", NULL, false, cmd_bypass},
    {"bypass on", "", 0, 0, "stop dropping everywhere for a while; works with every process dead", bypass_options, true,
     cmd_bypass_on},
    {"bypass off", "", 0, 0, "enforce again", NULL, true, cmd_bypass_off},
    {"feed list", "", 0, 0, "sources with serial, age, pending change and last refusal", NULL, false, cmd_feed_list},
    {"feed accept", "NAME SHA256", 2, 2, "lift the size guards for exactly this content", feed_accept_options, true,
     cmd_feed_accept},
    {"feed reset", "NAME", 1, 1, "admit the content refused now, whatever its serial", feed_accept_options, true,
     cmd_feed_reset},
    {"feed verify", "FILE", 1, 1, "check a feed's file: signature, format, rules", feed_verify_options, false,
     cmd_feed_verify},
    {"vendor list", "", 0, 0, "the vendor lists on this machine", NULL, false, cmd_vendor_list},
    {"vendor show", "NAME", 1, 1, "a vendor list with its basis and prefixes", NULL, false, cmd_vendor_show},
    {"vendor compile", "[LIST]", 0, 1, "make vendor lists from the IEEE registries", vendor_compile_options, false,
     cmd_vendor_compile},
    {"doctor", "", 0, 0, "why a port can or cannot enforce, and what to do", NULL, false, cmd_doctor},
    {NULL, NULL, 0, 0, NULL, NULL, false, NULL},
};
