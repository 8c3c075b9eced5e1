/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for the numbers of bpf/abi.h. */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include "../lib/mac.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *key, *name;
} reasons[] = {
    [LC_STOPPED_XDP] = {"stopped_xdp", "stopped by XDP"},
    [LC_STOPPED_TC] = {"stopped_tc", "stopped by tc"},
    [LC_ALLOWED] = {"allowed", "allowed"},
    [LC_MONITORED] = {"monitored", "monitored"},
    [LC_NO_ZONE] = {"no_zone", "in no zone"},
    [LC_DRY_RUN] = {"dry_run", "dry-run"},
    [LC_BYPASSED] = {"bypassed", "bypassed"},
    [LC_UNCONFIRMED] = {"unconfirmed", "unconfirmed"},
    [LC_PROTECTED] = {"protected", "protected"},
    [LC_UNCOUNTED] = {"uncounted", "uncounted"},
    [LC_EVENTS_LOST] = {"events_lost", "events lost"},
    [LC_EVICTED] = {"evicted", "evicted"},
    [LC_MIRRORED] = {"mirrored", "mirrored"},
    [LC_CONTAINED] = {"contained", "to or from a permitted address"},
    [LC_COPIED] = {"copied", "copied"},
    [LC_COPY_SAMPLED] = {"copy_sampled", "not copied: sample"},
    [LC_COPY_LIMITED] = {"copy_limited", "not copied: rate-limit"},
    [LC_COPY_FAILED] = {"copy_failed", "copy failed"},
    [LC_CAPTURE_LOST] = {"capture_lost", "capture lost"},
};
_Static_assert(COUNT(reasons) == LC_CAPTURE_LOST + 1, "every reason has a name");

static const char *const xdp_modes[] = {"none", "native", "generic", "foreign"};
static const char *const tc_modes[] = {"none", "tcx", "clsact"};
static const char *const verdicts[] = {
    "none",
    "quarantine",
    "drop",
    "mirror",
    "divert",
    "contain",
    "monitor",
    "allow",
    "none",
    "quarantine (dry-run)",
    "drop (dry-run)",
    "mirror (dry-run)",
    "divert (dry-run)",
    "contain (dry-run)",
    "monitor (dry-run)",
    "allow (dry-run)",
};
_Static_assert(COUNT(verdicts) == 16, "a verdict has four bits");

const char *reason_name(unsigned reason)
{
	return reason < COUNT(reasons) && reasons[reason].name ? reasons[reason].name : "unknown";
}

const char *reason_key(unsigned reason)
{
	return reason < COUNT(reasons) ? reasons[reason].key : NULL;
}

const char *xdp_mode_name(unsigned mode)
{
	return mode < COUNT(xdp_modes) ? xdp_modes[mode] : "unknown";
}

const char *tc_mode_name(unsigned mode)
{
	return mode < COUNT(tc_modes) ? tc_modes[mode] : "unknown";
}

void vlan_format(unsigned vlan, char out[static VLAN_TEXT])
{
	if (vlan == LC_VLAN_UNTAGGED)
		(void)snprintf(out, VLAN_TEXT, "untagged");
	else if (vlan == LC_VLAN_ODD)
		(void)snprintf(out, VLAN_TEXT, "odd");
	else
		(void)snprintf(out, VLAN_TEXT, "%u", vlan);
}

void entry_format(uint64_t word, char out[static ENTRY_TEXT])
{
	struct prefix prefix = {.mac48 = word >> LC_WORD_PREFIX_SHIFT,
				.len = prefix_bits(word >> LC_WORD_KEY_SHIFT & 3)};

	prefix_format(&prefix, out);
}

const char *verdict_name(unsigned nibble)
{
	return verdicts[nibble & 15];
}
