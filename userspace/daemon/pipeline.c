/* SPDX-License-Identifier: GPL-2.0-only */
/* One source's way into force: read, parse, guard, record, apply. All of it or nothing, whatever becomes of the others. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../feed/patch.h"
#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/paths.h"
#include "record.h"

#define RETRY_SECONDS 10   /* after a failure that is not the content's */
#define ACCEPT_MAX 256	   /* bytes of an accept file */
#define HITS_MAX 64	   /* newly stopped addresses told */

struct offer { /* content on its way */
	struct daemon *d;
	struct source *s;
	size_t index;
	struct entry_set set;
	struct feed_header header;
	char sha256[65];
	uint64_t weakened;
	char *copy; /* of a feed's bytes, NULL for other sources */
	const char *from; /* the file or URL, as people know it */
	bool known; /* a delta that is in force already */
	int bytes;  /* of a feed, still to be copied there, -1 = they are */
	bool reset; /* whatever its serial */
	bool done;  /* in force */
	const char *text; /* of a delta whose set is a change: for the journal */
	size_t text_size;
	struct guard_memory before; /* the source's, and the end of its journal: for the way back */
	struct journal_end end;
	int former; /* as record_keep() says */
};

static int64_t monotonic_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec;
}

/* Content is at fault (wait until it changes), or we are (try again). */
static bool is_ours(int err)
{
	return err == -ENOSPC || err == -ENOMEM || err == -EIO || err == -ENOTCONN || err == -EMFILE || err == -ENFILE;
}

static void set_verdict(struct verdict *v, const struct offer *o, const char *reason)
{
	v->at = time(NULL);
	(void)snprintf(v->sha256, sizeof(v->sha256), "%s", o->sha256);
	(void)snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

/* Told once for each content and reason, not at each retry. A file that is not there is no content: no event. */
static void tell(struct offer *o, const struct verdict *v, int err)
{
	bool pending = err == -EPERM;
	char what[sizeof(o->s->told)];

	(void)snprintf(what, sizeof(what), "%s%s", v->sha256, v->reason);
	if (!strcmp(what, o->s->told))
		return;
	memcpy(o->s->told, what, sizeof(what));
	log_warning("%s %s: %s", o->s->name, pending ? "waits" : "refused", v->reason);
	if (err != -ENOENT)
		report_refused(o->d, o->s, v, pending);
}

static void refuse(struct offer *o, int err, const char *reason)
{
	struct source *s = o->s;
	bool pending = err == -EPERM;

	s->pending = s->refused = (struct verdict){0};
	set_verdict(pending ? &s->pending : &s->refused, o, reason);
	if (is_ours(err))
		s->retry_at = monotonic_seconds() + RETRY_SECONDS;
	tell(o, pending ? &s->pending : &s->refused, err);
	state_write(o->d);
}

enum admission { NOT_ADMITTED, SIZE_ADMITTED, SERIAL_ADMITTED };

static enum admission admission_of(const struct offer *o, const char *text)
{
	if (strncmp(text, o->sha256, 64) != 0)
		return NOT_ADMITTED;
	if (text[64] == '\0' || !strcmp(text + 64, "\n"))
		return SIZE_ADMITTED;
	return strcmp(text + 64, " reset\n") ? NOT_ADMITTED : SERIAL_ADMITTED;
}

/* What root wrote about exactly this content: `lenscap feed accept` lifts the size guards, "reset" the serial's as well. */
static enum admission admitted(const struct offer *o)
{
	char *folder = path_join(o->d->world.config->overrides, PATH_ACCEPT);
	char *path = folder ? path_join(folder, o->s->name) : NULL, *text = NULL;
	size_t size;
	enum admission what = NOT_ADMITTED;

	if (path && !file_read(path, ACCEPT_MAX, &text, &size))
		what = admission_of(o, text);
	free(text);
	free(path);
	free(folder);
	return what;
}

static int judge_stops(const struct offer *o, const struct guard_limits *limits, const struct guard_content *content,
		       int64_t now, char error[static FEED_ERROR])
{
	struct live_set live = {0};
	struct live hit[HITS_MAX];
	size_t n;
	int err = live_read(&live);

	if (err) {
		(void)snprintf(error, FEED_ERROR, "%s: cannot read which addresses are live (%s), so cannot tell whom this would stop",
			       o->s->path, strerror(-err));
		return -EIO;
	}
	n = guard_newly_stopped(o->d->world.policy, o->index, &o->set, now, &live, hit, HITS_MAX);
	err = n ? guard_stops(limits, content, hit, n, error) : 0;
	live_free(&live);
	return err;
}

/* The snapshot of a serial that deltas led to already: other bytes, the same list. */
static bool is_what_deltas_made(const struct offer *o)
{
	const struct feed_header *now = &o->s->header;

	return now->delta[0] && !o->set.part && o->header.serial == now->serial && entry_set_equal(source_set(o->d, o->index), &o->set);
}

/* The guards of a feed. -EPERM: waits for a person. */
static int judge(struct offer *o, int64_t now, char error[static FEED_ERROR])
{
	const struct source *s = o->s;
	struct guard_limits limits = {s->feed->max_weakening, s->feed->max_newly_stopped};
	struct guard_content content = {s->name, o->sha256};
	enum admission admission = admitted(o);
	int err;

	o->reset = admission == SERIAL_ADMITTED;
	err = guard_min_serial(&o->header, s->feed->min_serial, error);
	if (!err && !o->reset && !is_what_deltas_made(o))
		err = guard_serial(&s->memory, &o->header, o->sha256, error);
	if (!err)
		err = guard_expiry(&o->header, now, error);
	if (err)
		return err;
	o->weakened = guard_weakened(o->d->world.policy, o->index, &o->set, now);
	if (!strcmp(o->sha256, s->memory.sha256)) { /* admitted and counted before, but its record was not kept or got lost */
		o->weakened = 0;
		return 0;
	}
	if (admission != NOT_ADMITTED)
		return 0;
	err = guard_weakening(&s->memory, &limits, &content, s->entries, o->weakened, time(NULL), error);
	return err ? err : judge_stops(o, &limits, &content, now, error);
}

/* At the moment of force: acknowledge first, whoever waits for it waits for this file. */
static void in_force(void *arg)
{
	struct offer *o = arg;
	struct source *s = o->s;
	size_t entries = entry_set_count(&o->set);

	o->done = true;
	s->loaded = true;
	s->header = o->header;
	s->applied = time(NULL);
	s->entries = entries;
	s->stale = s->expired = false;
	s->pending = s->refused = (struct verdict){0};
	s->told[0] = '\0';
	memcpy(s->sha256, o->sha256, sizeof(s->sha256));
	if (kernel_ready(o->d->kernel))
		state_write(o->d);
	if (s->kind == SOURCE_LOCAL)
		report_overrides(o->d, source_set(o->d, o->index), &o->set);
	policy_replace(o->d->world.policy, o->index, &o->set);
	if (!kernel_ready(o->d->kernel)) /* then the digest is the policy's, not the table's */
		state_write(o->d);
}

/* Memory first, then the record: whatever is lost between the two is judged again, and more strictly. */
static int record_whole(struct offer *o)
{
	struct source *s = o->s;
	int err;

	s->memory.journaled = -1;
	err = o->bytes < 0 ? 0 : record_write(o->bytes, o->copy);
	if (!err)
		err = memory_save(o->d);
	if (!err)
		err = record_keep(o->copy, s->record, &o->former);
	if (err)
		return err;
	s->records++;
	s->end.there = false; /* one for this record is begun when all is done */
	return 0;
}

/* One step of the journal has it all, what the guards are to remember too. */
static int record_step(struct offer *o)
{
	struct source *s = o->s;
	struct journal_step step = {.since = s->header.serial, .serial = o->header.serial, .at = (int64_t)time(NULL),
				    .weakened = o->weakened, .text = o->text, .size = o->text_size};
	int err = o->reset ? memory_save(o->d) : 0;

	memcpy(step.sha256, o->sha256, sizeof(step.sha256));
	s->memory.journaled = o->header.serial;
	return err ? err : journal_append(s->journal, &step, &s->end);
}

static int record(struct offer *o, char error[static FEED_ERROR])
{
	struct source *s = o->s;
	int err;

	if (s->kind != SOURCE_FEED)
		return 0;
	o->before = s->memory;
	o->end = s->end;
	if (o->reset)
		s->memory.serial = -1;
	guard_remember(&s->memory, &o->header, o->sha256, o->weakened, time(NULL));
	err = o->set.part ? record_step(o) : record_whole(o);
	if (!err)
		return 0;
	s->memory = o->before;
	if (!o->set.part || o->reset)
		(void)memory_save(o->d);
	(void)snprintf(error, FEED_ERROR, "%s: cannot record it in %s: %s; make room, it is tried again", s->path,
		       o->set.part ? s->journal : s->record, strerror(-err));
	return -ENOSPC;
}

static void unrecord(struct offer *o)
{
	struct source *s = o->s;

	if (s->kind != SOURCE_FEED)
		return;
	if (o->set.part && journal_cut(s->journal, &o->end))
		log_error("%s: a delta that is not in force stays there; after a restart it would be", s->journal);
	else if (!o->set.part)
		record_undo(o->copy, s->record, o->former);
	s->end = o->end;
	s->memory = o->before;
	(void)memory_save(o->d);
}

static int put_in_force(struct offer *o, const struct changes *changes, char error[static FEED_ERROR])
{
	struct source *s = o->s;
	bool change = o->set.part;
	int err = change ? patch_reserve(&o->set) : 0;

	if (err) {
		(void)snprintf(error, FEED_ERROR, "%s: %s; it is tried again", s->path, strerror(ENOMEM));
		return -ENOMEM;
	}
	err = record(o, error);
	if (err)
		return err;
	err = enforce_change(o->d, changes, in_force, o);
	if (!err || o->done) {
		if (change)
			loop_memory_soon(o->d); /* it follows from the journal: its disk is not waited for */
		else if (source_set(o->d, o->index)->strings)
			(void)strings_all(source_set(o->d, o->index)->strings, &s->texts);
		return 0;
	}
	unrecord(o);
	(void)snprintf(error, FEED_ERROR, "%s: the kernel's table did not take it: %s", s->path,
		       err == -ENOSPC ? "no place for it; raise policy.capacity" : "a map refused the change; it is tried again");
	return err;
}

static int take(struct offer *o, char error[static FEED_ERROR])
{
	struct daemon *d = o->d;
	struct changes changes = {0};
	bool was_known = o->s->loaded;
	int64_t now;
	int err;

	expire_run(d);
	now = expire_now(d);
	err = o->s->kind == SOURCE_FEED ? judge(o, now, error) : 0;
	if (err)
		return err;
	err = policy_diff(d->world.policy, o->index, &o->set, now, &changes);
	if (err) {
		(void)snprintf(error, FEED_ERROR, "%s: %s; it is tried again", o->s->path, strerror(-err));
		return err;
	}
	err = enforce_fits(d, o->index, &o->set, &changes, error);
	if (!err)
		err = put_in_force(o, &changes, error);
	changes_free(&changes);
	if (!err && !was_known && d->keep)
		(void)enforce_all(d); /* the last unknown source may be known now: what nobody explains goes */
	return err;
}

/* The parser read the copy; people know the file by its own name. */
static void name_original(const struct offer *o, char error[static FEED_ERROR])
{
	char text[FEED_ERROR];
	size_t length = o->copy ? strlen(o->copy) : 0;

	if (!length || strncmp(error, o->copy, length) != 0)
		return;
	(void)snprintf(text, sizeof(text), "%s%s", o->from, error + length);
	memcpy(error, text, sizeof(text));
}

static int read_offer(struct offer *o, char error[static FEED_ERROR])
{
	if (o->s->kind == SOURCE_LOCAL)
		return overrides_load(o->d->world.config, &o->set, o->sha256, error);
	return native_parse_file(o->s->path, &o->s->rules, &o->header, &o->set, o->sha256, error);
}

/* What is in force came back, or was written again, or is the snapshot that deltas in force began with. */
static bool is_in_force(const struct offer *o)
{
	const struct source *s = o->s;

	return o->known ||
	       (s->loaded && o->sha256[0] && (!strcmp(o->sha256, s->sha256) || !strcmp(o->sha256, s->header.snapshot)));
}

/* Nothing to do, and no complaint left. */
static void settle(struct offer *o)
{
	struct source *s = o->s;
	bool complained = s->pending.at || s->refused.at;

	s->pending = s->refused = (struct verdict){0};
	s->told[0] = '\0';
	if (complained)
		state_write(o->d);
}

static void drop_offer(struct offer *o)
{
	entry_set_free(&o->set);
	if (o->copy)
		(void)unlink(o->copy);
	free(o->copy);
}

/* True: it is in force. MORE: whether a complaint is left is for what is looked at next. */
static bool conclude(struct offer *o, int err, char error[static FEED_ERROR], bool more)
{
	bool unchanged = !err && is_in_force(o);

	if (!err && !unchanged)
		err = take(o, error);
	if (err) {
		refuse(o, err, error[0] ? error : strerror(-err));
	} else if (!unchanged) {
		report_applied(o->d, o->s);
		state_write(o->d); /* the acknowledgement went out before the warnings could know */
	} else if (!more) {
		settle(o);
	}
	drop_offer(o);
	expire_arm(o->d);
	return !err;
}

static struct offer offer_of(struct daemon *d, size_t source)
{
	return (struct offer){
	    .d = d, .s = &d->world.sources[source], .index = source, .header = {.serial = -1, .since = -1}, .bytes = -1};
}

void pipeline_look(struct daemon *d, size_t source)
{
	struct offer o = offer_of(d, source);
	bool all = o.s->dirty || o.s->refused.at || o.s->pending.at;
	char error[FEED_ERROR] = "";

	o.s->dirty = o.s->delta_dirty = false;
	o.s->retry_at = 0;
	if (all && stat(o.s->path, &o.s->looked))
		o.s->looked = (struct stat){0};
	if (o.s->pull)
		pull_start(d, source, all);
	else
		(void)conclude(&o, read_offer(&o, error), error, false);
}

bool pipeline_deliver(struct daemon *d, size_t source, struct delivery *delivery)
{
	struct offer o = offer_of(d, source);

	o.from = delivery->from;
	o.known = delivery->known;
	o.set = delivery->set;
	delivery->set = (struct entry_set){0};
	o.header = delivery->header;
	memcpy(o.sha256, delivery->sha256, sizeof(o.sha256));
	o.copy = delivery->copy ? strdup(delivery->copy) : record_copy_path(o.s->record);
	o.bytes = delivery->copy ? -1 : delivery->bytes;
	o.text = delivery->text;
	o.text_size = delivery->text_size;
	if (!o.copy && !delivery->err)
		delivery->err = -ENOMEM;
	if (delivery->err)
		name_original(&o, delivery->error);
	return conclude(&o, delivery->err, delivery->error, delivery->more);
}

void pipeline_unchanged(struct daemon *d, size_t source)
{
	struct offer o = offer_of(d, source);

	settle(&o);
}
