/* SPDX-License-Identifier: GPL-2.0-only */
/* From an entry and a zone to what happens to a frame. */
#include "verdict.h"

#include <stddef.h>

static bool is_known(enum lc_action action)
{
	return action == LC_DROP || action == LC_MONITOR || action == LC_ALLOW;
}

static struct verdict passes(enum lc_action action, const char *why)
{
	return (struct verdict){action, false, "passes", why};
}

/* What holds back a stop, strongest first, as the programs ask; NULL = nothing. */
static const char *held_back(unsigned nibble, const struct config_zone *zone, const struct verdict_now *now)
{
	if (now->absent)
		return "nothing is pinned: Lenscap enforces nothing";
	if (now->bypassed)
		return "bypass is on";
	if (nibble & LC_ENTRY_DRY_RUN)
		return "the entry's source is in dry-run";
	if (!zone->enforce)
		return "the zone is in dry-run";
	if (now->unconfirmed)
		return "a reload was not confirmed: every zone is in dry-run";
	return now->protected ? "the address is protected" : NULL;
}

static const char *stop_reason(enum lc_action asked)
{
	if (asked == LC_QUARANTINE)
		return "quarantine means the zone's action";
	return asked == LC_DROP ? "the entry asks for it" : "the zone does not permit what the entry asks for";
}

struct verdict verdict_of(unsigned nibble, const struct config_zone *zone, const struct verdict_now *now)
{
	enum lc_action asked = nibble & LC_ACTION_MASK, action;
	const char *held;

	if (asked == LC_ABSENT)
		return passes(LC_ABSENT, "not flagged");
	if (!zone)
		return passes(asked, "in no zone");
	action = is_known(asked) && zone->permitted & 1u << asked ? asked : zone->action;
	if (action == LC_ALLOW)
		return passes(action, asked == LC_ALLOW ? "exempt" : "the zone's action is allow");
	if (action == LC_MONITOR)
		return passes(action, asked == LC_MONITOR ? "monitored" : "the zone's action is monitor");
	held = held_back(nibble, zone, now);
	if (held)
		return passes(action, held);
	return (struct verdict){action, true, "stopped", stop_reason(asked)};
}
