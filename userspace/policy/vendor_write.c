/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes compiled lists: nothing of the time or machine of compiling is in them, so that they can be reproduced. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/file.h"
#include "../lib/mac.h"
#include "../lib/text.h"
#include "vendor_write.h"

void vendor_date(int64_t seconds, char out[static VENDOR_DATE])
{
	char text[TIME_TEXT];

	time_format(seconds, text);
	snprintf(out, VENDOR_DATE, "%.10s", text);
}

int64_t vendor_serial(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm = {0};

	gmtime_r(&time, &tm);
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* Takes OBJECT over. */
static int put_line(FILE *out, json_t *object)
{
	int err = object ? json_dumpf(object, out, JSON_COMPACT) : -1;

	json_decref(object);
	if (err || fputc('\n', out) == EOF)
		return -ENOMEM;
	return 0;
}

static const char *basis_of(const struct vendor_source *source, const char *vendor)
{
	for (unsigned i = 0; i < source->members_count; i++) {
		if (!strcmp(source->members[i].vendor, vendor))
			return source->members[i].basis ? source->members[i].basis : source->basis;
	}
	return NULL;
}

/* Two vendors may own one prefix: the first of them stands in the list. */
static bool same_prefix(const struct vendor_hit *a, const struct vendor_hit *b)
{
	return a && a->mac48 == b->mac48 && a->kind->length == b->kind->length;
}

static int put_entry(FILE *out, const struct vendor_hit *hit, const char *basis, const char *date)
{
	struct prefix p = {.mac48 = hit->mac48, .len = hit->kind->length};
	char prefix[PREFIX_TEXT], from[64];

	prefix_format(&p, prefix);
	snprintf(from, sizeof(from), "IEEE %s", hit->kind->name);
	return put_line(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "prefix", prefix, "action", "quarantine",
				       "vendor", hit->vendor->vendor, "reason", basis, "organisation",
				       hit->organisation, "source", from, "as_of", date));
}

static int put_entries(FILE *out, const struct vendor_source *source, const struct vendor_hits *hits, const char *date,
		       uint64_t *count)
{
	const struct vendor_hit *last = NULL;
	int err = 0;

	*count = 0;
	for (size_t i = 0; i < hits->n && !err; i++) {
		const char *basis = basis_of(source, hits->hits[i].vendor->vendor);

		if (!basis || same_prefix(last, &hits->hits[i]))
			continue;
		last = &hits->hits[i];
		err = out ? put_entry(out, last, basis, date) : 0;
		++*count;
	}
	return err;
}

static int put_header(FILE *out, const struct vendor_source *source, int64_t edition, const char *date, uint64_t count)
{
	char generated[TIME_TEXT];
	json_t *header;

	time_format(edition, generated);
	header = json_pack("{s:i, s:s, s:I, s:s, s:I, s:s, s:s, s:s}", "lenscap", 1, "list", source->list, "serial",
			   (json_int_t)vendor_serial(edition), "generated", generated, "count", (json_int_t)count,
			   "edition", date, "title", source->title, "basis", source->basis);
	if (header && source->caution)
		(void)json_object_set_new(header, "caution", json_string(source->caution));
	return put_line(out, header);
}

int vendor_text(const struct vendor_source *source, const struct vendor_hits *hits, int64_t edition, char **text,
		size_t *size, uint64_t *count)
{
	int64_t midnight = edition - edition % 86400;
	char date[VENDOR_DATE];
	FILE *out = open_memstream(text, size);
	int err;

	if (!out)
		return -ENOMEM;
	vendor_date(midnight, date);
	(void)put_entries(NULL, source, hits, date, count);
	err = put_header(out, source, midnight, date, *count);
	if (!err)
		err = put_entries(out, source, hits, date, count);
	if (fclose(out) && !err)
		err = -ENOMEM;
	if (err)
		free(*text);
	return err;
}

/* Merge two sets sorted by key. */
static void compare(const struct entry_set *old, const struct entry_set *new, struct vendor_made *made)
{
	size_t i = 0, k = 0;

	made->added = made->removed = 0;
	while (i < old->n || k < new->n) {
		uint64_t a = i < old->n ? old->entries[i].word >> LC_WORD_KEY_SHIFT : UINT64_MAX;
		uint64_t b = k < new->n ? new->entries[k].word >> LC_WORD_KEY_SHIFT : UINT64_MAX;

		made->removed += a < b;
		made->added += b < a;
		i += a <= b;
		k += b <= a;
	}
}

/* An older registry knows fewer blocks: putting it in a newer one's place would unflag without a word. */
static int check_age(const struct vendor_made *made, const struct feed_header *old, const struct feed_header *new,
		     char error[static FEED_ERROR])
{
	if (old->serial <= new->serial)
		return 0;
	snprintf(error, FEED_ERROR,
		 "%s: the list there is of edition %" PRId64 ", the registry of %" PRId64 ": it would add %" PRIu64
		 " and remove %" PRIu64 " entries; fetch a newer registry (update-ieee-data), or "
		 "name another folder with --out",
		 made->path, old->serial, new->serial, made->added, made->removed);
	return -EEXIST;
}

/* What is written is parsed as lenscapd will do it: a list it would refuse must never replace one. */
int vendor_check(const struct vendor_source *source, const char *text, size_t size, struct vendor_made *made,
		 char error[static FEED_ERROR])
{
	struct source_rules rules = {.list = source->list, .max_entries = 8388608, .min_length = 24, .header = true};
	struct entry_set old = {0}, new = {0};
	struct feed_header header, old_header = {0};
	char sha256[65], ignored[FEED_ERROR];
	int err = native_parse(made->path, text, size, &rules, &header, &new, error);

	if (err)
		return err;
	if (native_parse_file(made->path, &rules, &old_header, &old, sha256, ignored))
		old_header.serial = 0; /* none, or one that nobody can use */
	compare(&old, &new, made);
	entry_set_free(&old);
	entry_set_free(&new);
	return check_age(made, &old_header, &header, error);
}

int vendor_put(const char *text, size_t size, const struct vendor_made *made, char error[static FEED_ERROR])
{
	int err = file_write(made->path, text, size, 0644, (gid_t)-1, true);

	if (err)
		snprintf(error, FEED_ERROR, "%s: %s; name a folder you may write with --out", made->path,
			 strerror(-err));
	return err;
}
