/* SPDX-License-Identifier: GPL-2.0-only */
/* Versions of indicators: 48 bytes each and 16 for each address, sorted at the end; the latest of each id counts. */
#include "stix_items.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "stix_pattern.h"

struct item {
	uint8_t id[16]; /* digest */
	int64_t modified; /* microseconds */
	int64_t until;
	size_t first; /* of its prefixes */
	uint32_t n;
	uint32_t name; /* handle in the set's strings */
	bool revoked;
};

struct stix_items {
	struct item *item;
	size_t n, room;
	struct prefix *prefix;
	size_t n_prefixes, prefix_room;
};

struct stix_items *stix_items_new(void)
{
	return calloc(1, sizeof(struct stix_items));
}

void stix_items_free(struct stix_items *items)
{
	if (!items)
		return;
	free(items->item);
	free(items->prefix);
	free(items);
}

/* Room for one more element of *ARRAY. */
static int grow(void *array, size_t n, size_t *room, size_t size)
{
	size_t wanted = *room ? *room + *room / 2 : 64;
	void **place = array, *bigger;

	if (n < *room)
		return 0;
	bigger = realloc(*place, wanted * size);
	if (!bigger)
		return -ENOMEM;
	*place = bigger;
	*room = wanted;
	return 0;
}

static int add_prefix(void *arg, const struct prefix *prefix)
{
	struct stix_items *s = arg;
	int err = grow(&s->prefix, s->n_prefixes, &s->prefix_room, sizeof(*s->prefix));

	if (!err)
		s->prefix[s->n_prefixes++] = *prefix;
	return err;
}

/* Versions of one second differ in its fraction. */
static int parse_modified(const char *text, int64_t *out)
{
	const char *dot = strchr(text, '.');
	int64_t seconds, part = 0, scale = 100000;

	if (time_parse(text, &seconds) || seconds <= 0)
		return -EINVAL;
	for (dot = dot ? dot + 1 : ""; isdigit((unsigned char)*dot) && scale; dot++, scale /= 10)
		part += (*dot - '0') * scale;
	*out = seconds * 1000000 + part;
	return 0;
}

static int read_pattern(struct stix_items *s, struct intake *in, const struct stix_indicator *i, struct item *item)
{
	const char *reason = NULL;
	int err;

	item->first = s->n_prefixes;
	err = i->revoked ? 0 : stix_pattern_read(i->pattern, add_prefix, s, &reason);
	item->n = (uint32_t)(s->n_prefixes - item->first);
	if (err == -EINVAL)
		return intake_refuse(in, err, "%s: %s", intake_shown(i->id, strlen(i->id)), reason);
	return err ? intake_refuse(in, err, "out of memory; stop other programs or shorten the bundle") : 0;
}

int stix_items_add(struct stix_items *s, struct intake *in, const struct stix_indicator *i)
{
	struct item item = {.until = i->until, .revoked = i->revoked};
	int err = parse_modified(i->modified, &item.modified);

	if (err)
		return intake_refuse(in, err, "%s: \"modified\" is missing or not a time; STIX demands it",
				     intake_shown(i->id, strlen(i->id)));
	err = read_pattern(s, in, i, &item);
	if (err)
		return err;
	(void)crypto_generichash(item.id, sizeof(item.id), (const uint8_t *)i->id, strlen(i->id), NULL, 0);
	item.name = strings_add(entry_builder_strings(in->builder), i->name);
	if (grow(&s->item, s->n, &s->room, sizeof(*s->item)))
		return intake_refuse(in, -ENOMEM, "out of memory; stop other programs or shorten the bundle");
	s->item[s->n++] = item;
	return 0;
}

/* By id, the latest first. */
static int compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = memcmp(a->id, b->id, sizeof(a->id));

	if (order)
		return order;
	return (a->modified < b->modified) - (a->modified > b->modified);
}

static int finish_one(struct stix_items *s, struct intake *in, const struct item *item)
{
	char name[TEXT_MAX + 1];
	int err = 0;

	/* a copy: the pool that has it may move while it is added to */
	(void)stpcpy(name, strings_get(entry_builder_strings(in->builder), item->name));
	for (uint32_t k = 0; !err && !item->revoked && k < item->n; k++) {
		const struct intake_entry e = {.prefix = s->prefix[item->first + k],
					       .action = LC_QUARANTINE,
					       .until = item->until,
					       .vendor = "",
					       .model = "",
					       .reason = name};

		if (e.prefix.len < in->rules.min_length)
			return intake_refuse(in, -EINVAL, "a pattern is of length %u, shorter than min-length %u; list longer ones",
					     e.prefix.len, in->rules.min_length);
		err = intake_add(in, &e);
	}
	return err;
}

int stix_items_finish(struct stix_items *s, struct intake *in)
{
	int err = 0;

	if (s->n)
		qsort(s->item, s->n, sizeof(*s->item), compare);
	for (size_t k = 0; !err && k < s->n; k++) {
		const struct item *item = &s->item[k];
		bool superseded = k && !memcmp(item->id, s->item[k - 1].id, sizeof(item->id));

		if (superseded && item->modified == s->item[k - 1].modified)
			return intake_refuse(in, -EINVAL, "an indicator is there twice with one \"modified\"; leave one");
		err = superseded ? 0 : finish_one(s, in, item);
	}
	return err;
}
