/* SPDX-License-Identifier: GPL-2.0-only */
/* The mirror port, and what zones need for the actions that are more than drop and pass. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "text.h"

#define SAMPLE_MOST 1000000u
#define COPIES (1u << LC_MIRROR | 1u << LC_DIVERT)

void set_mirror_interface(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_mirror *mirror = &((struct config *)object)->mirror;
	const char *refusal = is_glob(v->text) ? "is a glob; name the one interface that copies go to" : refuse_name(v->text);
	char shown[TEXT_MAX + 1];

	(void)f;
	(void)text_clean(v->text, strlen(v->text), shown);
	mirror->place = v->at;
	if (refusal)
		complain(&r->complaints, &v->at, "'%s' %s", shown, refusal);
	else
		replace_text(r, &mirror->interface, v->text);
}

/* "1/100" */
void set_sample(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	const char *digits = v->text + 2;
	char shown[TEXT_MAX + 1];
	unsigned long n = 0;

	if (!strncmp(v->text, "1/", 2) && *digits != '0' && strspn(digits, "0123456789") == strlen(digits) && strlen(digits) < 8)
		n = strtoul(digits, NULL, 10);
	(void)text_clean(v->text, strlen(v->text), shown);
	if (!n || n > SAMPLE_MOST)
		complain(&r->complaints, &v->at, "'%s' is no sample; write it like 1/100, from 1/1 (each frame) to 1/%u", shown,
			 SAMPLE_MOST);
	else
		*(uint32_t *)((char *)object + f->offset) = (uint32_t)n;
}

/* ---- What only shows when everything is read ---- */
static void check_contain(struct reader *r, const struct config_zone *zone)
{
	bool contains = zone->permitted >> LC_CONTAIN & 1;

	if (contains && !zone->permits)
		complain(&r->complaints, &zone->place,
			 "zone '%s' may contain, but has no 'permit'; name whom its devices may talk to, like permit: [10.20.0.5], "
			 "or write drop instead",
			 zone->name);
	else if (!contains && (zone->permits || zone->gateways))
		complain(&r->complaints, &zone->place,
			 "zone '%s' has '%s', which only contain uses; write action: contain, or add contain to 'actions'",
			 zone->name, zone->permits ? "permit" : "gateway");
}

static void check_copies(struct reader *r, const struct config_zone *zone)
{
	const struct config_mirror *mirror = &r->config->mirror;

	if (zone->permitted & COPIES && !mirror->place.line)
		complain(&r->complaints, &zone->place,
			 "zone '%s' may %s, but there is no mirror port; add mirror: {interface: NAME}", zone->name,
			 zone->permitted >> LC_DIVERT & 1 ? "divert" : "mirror");
	for (size_t i = 0; i < zone->n_interfaces && mirror->interface; i++)
		if (!strcmp(zone->interfaces[i], mirror->interface))
			complain(&r->complaints, &mirror->place,
				 "'%s' is in zone '%s', so copies would be judged again; give the mirror port an interface of its own",
				 mirror->interface, zone->name);
}

void config_check_actions(struct reader *r)
{
	const struct config *c = r->config;
	size_t prefixes = 0;

	for (size_t i = 0; i < c->n_zones; i++) {
		const struct config_zone *zone = &c->zones[i];

		if (!zone->name) /* complained of where it is missing */
			continue;
		check_contain(r, zone);
		check_copies(r, zone);
		prefixes += zone->n_permits + zone->n_gateways;
		if (prefixes > LC_PERMITS && prefixes - zone->n_permits - zone->n_gateways <= LC_PERMITS)
			complain(&r->complaints, &zone->place,
				 "with zone '%s' there are over %d addresses in 'permit' and 'gateway' of all zones; write several as one prefix",
				 zone->name, LC_PERMITS);
	}
}
