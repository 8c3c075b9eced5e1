/* SPDX-License-Identifier: GPL-2.0-only */
/* From an entry and a zone to what happens to a frame. */
#include "verdict.h"

#include <stddef.h>

static struct verdict passes(enum lc_action action, const char *why)
{
	return (struct verdict){action, false, "passes", why};
}

/* What keeps a zone's action from being done, strongest first, as the programs ask; NULL = nothing. A mirrored frame passes
 * anyway: only dry-run keeps it from being copied. */
static const char *held_back(unsigned nibble, enum lc_action action, const struct config_zone *zone,
			     const struct verdict_now *now)
{
	bool stops = action != LC_MIRROR;

	if (now->absent)
		return "nothing is pinned: Lenscap enforces nothing";
	if (stops && now->bypassed)
		return "bypass is on";
	if (nibble & LC_ENTRY_DRY_RUN)
		return "the entry's source is in dry-run";
	if (!zone->enforce)
		return "the zone is in dry-run";
	if (now->unconfirmed)
		return "a reload was not confirmed: every zone is in dry-run";
	return stops && now->protected ? "the address is protected" : NULL;
}

/* Why it is this action and no other. */
static const char *action_reason(enum lc_action asked, enum lc_action action)
{
	if (asked == LC_QUARANTINE)
		return "quarantine means the zone's action";
	return asked == action ? "the entry asks for it" : "the zone does not permit what the entry asks for";
}

enum lc_action verdict_final(enum lc_action asked, const struct config_zone *zone)
{
	return asked != LC_QUARANTINE && zone->permitted & 1u << asked ? asked : zone->action;
}

static struct verdict passes_uncopied(enum lc_action action, enum lc_action asked)
{
	if (action == LC_ALLOW)
		return passes(action, asked == LC_ALLOW ? "exempt" : "the zone's action is allow");
	return passes(action, asked == LC_MONITOR ? "monitored" : "the zone's action is monitor");
}

/* Nothing holds it back. */
static struct verdict acts(enum lc_action action, enum lc_action asked, bool no_mirror)
{
	const char *why = action_reason(asked, action);

	switch (action) {
	case LC_MIRROR:
		return no_mirror ? passes(action, "the mirror port is not there: nothing is copied")
				 : (struct verdict){action, false, "copied", why};
	case LC_DIVERT:
		return no_mirror ? (struct verdict){action, true, "stopped", "the mirror port is not there: dropped only"}
				 : (struct verdict){action, true, "diverted", why};
	case LC_CONTAIN:
		return (struct verdict){action, true, "contained", why};
	default:
		return (struct verdict){action, true, "stopped", why};
	}
}

struct verdict verdict_of(unsigned nibble, const struct config_zone *zone, bool to, const struct verdict_now *now)
{
	enum lc_action asked = nibble & LC_ACTION_MASK, action;
	const char *held;

	if (asked == LC_ABSENT)
		return passes(LC_ABSENT, "not flagged");
	if (!zone)
		return passes(asked, "in no zone");
	if (to && !zone->both)
		return passes(LC_ABSENT, "the zone judges frames from devices only");
	action = verdict_final(asked, zone);
	if (action == LC_ALLOW || action == LC_MONITOR)
		return passes_uncopied(action, asked);
	held = held_back(nibble, action, zone, now);
	return held ? passes(action, held) : acts(action, asked, now->no_mirror);
}
