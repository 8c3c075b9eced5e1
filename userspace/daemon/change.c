/* SPDX-License-Identifier: GPL-2.0-only */
/* Deltas as changes: when, and what of the worker's word is checked before one is judged. */
#include "change.h"

#include <errno.h>
#include <stdlib.h>

#include "../feed/kept.h"
#include "../lib/file.h"

#define STEPS_MAX (4 * JOURNAL_STEPS) /* folding does not come to an end: then the long way, whose record needs no journal */
#define TEXTS_MORE ((size_t)1 << 20)  /* texts that changes may add, and a quarter of what was there; then a new set is read */

static size_t size_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) || st.st_size < 0 ? SIZE_MAX / 4 : (size_t)st.st_size;
}

static size_t texts_of(const struct daemon *d, size_t source)
{
	const struct strings *texts = source_set(d, source)->strings;
	size_t size = 0;

	if (texts)
		(void)strings_all(texts, &size);
	return size;
}

/* What the merged list's limits would say is for the merged list to say: near them, it is made. */
bool change_allowed(const struct pull *p, const struct source *s)
{
	size_t bytes = size_of(p->bytes);

	if (p->slow || !s->loaded || s->header.serial < 0 || !s->end.there || s->end.steps >= STEPS_MAX || bytes > JOURNAL_BYTES ||
	    s->end.size + bytes > JOURNAL_MAX / 2)
		return false;
	if (size_of(p->record) + s->end.size + bytes > s->feed->max_bytes)
		return false;
	return texts_of(p->d, p->source) < s->texts + s->texts / 4 + TEXTS_MORE;
}

/* The bytes that the journal gets are those whose digest people know. */
static int take_text(const struct pull *p, const struct decoded *out, struct delivery *delivery)
{
	size_t size = size_of(p->bytes);
	char sha256[65];

	if (size > JOURNAL_BYTES)
		return -EBADMSG;
	delivery->text = malloc(size + 1);
	if (!delivery->text)
		return -ENOMEM;
	if (pread(p->bytes, delivery->text, size, 0) != (ssize_t)size)
		return -EIO;
	delivery->text_size = size;
	sha256_hex(delivery->text, size, sha256);
	return strcmp(sha256, out->sha256) ? -EBADMSG : 0;
}

static bool follows(const struct source *s, const struct feed_header *header)
{
	return header->since >= 0 && header->since == s->header.serial && header->serial > header->since &&
	       !strcmp(header->list, s->header.list);
}

int change_take(struct pull *p, const struct decoded *out, struct entry_set *set, const struct names *names, struct delivery *delivery)
{
	const struct source *s = &p->d->world.sources[p->source];
	uint64_t max = s->rules.max_entries ? s->rules.max_entries : NATIVE_MAX_ENTRIES;
	struct feed_header *header = &delivery->header;
	int err = follows(s, &out->header) && change_allowed(p, s) ? take_text(p, out, delivery) : -EBADMSG;

	if (!err)
		err = patch_make(policy_source_whole(p->d->world.policy, p->source), names, set, max, &delivery->set);
	if (err)
		return err;
	*header = out->header;
	header->since = -1;
	copy_text(header->snapshot, sizeof(header->snapshot), kept_snapshot(&s->header, s->sha256));
	copy_text(header->delta, sizeof(header->delta), out->sha256);
	return 0;
}
