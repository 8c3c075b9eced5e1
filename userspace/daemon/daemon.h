/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of lenscapd share: the world (configuration and sources, replaced as a whole) and the daemon. */
#ifndef LENSCAP_DAEMON_DAEMON_H
#define LENSCAP_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "../feed/journal.h"
#include "../lib/config.h"
#include "../policy/guard.h"
#include "../policy/load.h"
#include "../policy/policy.h"
#include "devices.h"
#include "eventlog.h"
#include "kernel.h"
#include "ports.h"
#include "pull.h"
#include "watch.h"

struct verdict { /* on content that is not in force */
	char sha256[65]; /* empty when it could not be read */
	char reason[FEED_ERROR];
	int64_t at; /* seconds since 1970, 0 = there is none */
};

struct source { /* index as in the policy: local, feeds, lists, then those that are leaving */
	enum source_kind kind;
	const char *name; /* the policy's */
	char *path;	  /* where new content comes from: file, URL, or the overrides folder */
	char *record;	  /* last-known-good file of a feed, NULL for others */
	char *delta;	  /* where a feed's deltas come from, NULL for others */
	char *journal;	  /* of a feed: the deltas accepted since the record was written */
	struct source_rules rules;
	const struct config_feed *feed; /* NULL for others */

	bool loaded;	 /* its set is what was last accepted (an empty one if nothing ever was) */
	char sha256[65]; /* of the content in force */
	struct feed_header header;
	int64_t applied; /* seconds since 1970, 0 = never */
	size_t entries;
	struct guard_memory memory;
	struct journal_end end; /* of the journal; not there: it is begun before the next delta */
	size_t texts;		/* bytes of texts in its set when that was whole */
	char note[FEED_ERROR];	/* what was wrong with its files at the start, "" = nothing */
	unsigned records; /* how often the record was replaced as a whole */
	bool stale, expired;
	bool leaving; /* no longer configured, in force while a feed is waited for; nothing new comes from it */
	struct verdict pending, refused;
	char told[65 + FEED_ERROR]; /* the refusal already logged */

	struct pull *pull; /* a feed's, NULL for others */
	bool dirty;	    /* to be looked at */
	bool delta_dirty;   /* only the delta */
	int64_t retry_at;   /* CLOCK_MONOTONIC seconds, 0 = when it changes */
	struct stat looked, looked_delta; /* the files as last looked at */

	int64_t awaited_until; /* CLOCK_MONOTONIC seconds: the time of a feed that a reload added to deliver once, 0 = none */
};

struct world {
	struct config *config;
	struct policy *policy;
	struct source *sources;
	size_t n_sources;
};

struct daemon {
	const char *config_file, *last_valid;
	const char *fetch_socket; /* of lenscapd-fetch, NULL = workers of our own fetch */
	char *config_error; /* why the present configuration is not the one in force, NULL = it is */
	char state_error[FEED_ERROR]; /* about files of our own, for the warnings */
	struct guard_source *remembered; /* as read, for sources that the configuration has now or had */
	size_t n_remembered;
	struct world world;
	struct kernel *kernel;
	bool keep;    /* some source's content is not known: words nobody explains stay */
	bool full;    /* the last synchronisation found the table too small */
	bool trusted; /* the clock; stays so once it was */
	int64_t clock; /* what `until` was last compared with, 0 = never trusted */
	int64_t clock_offset; /* of the clock from CLOCK_MONOTONIC when last looked, seconds, 0 = not yet */
	int64_t started;

	struct devices *devices;
	struct eventlog *log;
	struct ports *ports;
	struct watches *watches;
	struct worker *spare; /* waits for a job */
	struct ring_buffer *ring;
	int ring_fd;
	bool reload, loader_changed, accept_changed;
	uint64_t bypass_until; /* as last seen */
	unsigned ticks;
	char status[96]; /* as last told */

	sd_event *event;
	sd_event_source *work, *tick, *expiry, *snapshot, *devices_timer, *memory_timer, *ring_source;
};

static inline const struct entry_set *source_set(const struct daemon *d, size_t i)
{
	return policy_source_set(d->world.policy, i);
}

/* world.c: build from a configuration, with what files know of every source. CONFIG is taken over on success, then 0. */
int world_build(const struct daemon *d, struct config *config, struct world *out);
void world_free(struct world *w);
void world_watch(struct daemon *d);
/* The source of this kind and name, or NULL. */
struct source *world_find(const struct world *w, const struct source *like);

/* memory.c: <state>/daemon/guard.json, <state>/daemon/clock. */
void memory_load(struct daemon *d);
void memory_free(struct daemon *d);
const struct guard_memory *memory_of(const struct daemon *d, const char *name); /* NULL = none */
int memory_save(struct daemon *d);
void memory_save_clock(const struct daemon *d);

/* pipeline.c: look at a source where it comes from, and take its content if it may be taken. A feed's content is decoded
 * by a worker and comes back as a delivery. */
struct delivery {
	int err; /* 0, or why there are no entries, with error */
	char error[FEED_ERROR];
	struct entry_set set; /* what is left of it stays the caller's */
	struct feed_header header;
	char sha256[65];
	bool known; /* a delta that is in force already */
	bool more;  /* a delta is looked at next: a complaint may be about that */
	const char *from; /* what people call it */
	const char *copy; /* path of its bytes beside the record; when it is NULL, BYTES has them */
	int bytes;
	char *text; /* when the set is a change: the delta, for the journal */
	size_t text_size;
};
void pipeline_look(struct daemon *d, size_t source);
/* True: this content is in force. */
bool pipeline_deliver(struct daemon *d, size_t source, struct delivery *delivery);
/* The server says that it still has what is in force. */
void pipeline_unchanged(struct daemon *d, size_t source);

/* fold.c: a feed's journal is there, and not too long. When nothing else is to be done. */
void fold_tend(struct daemon *d, size_t source);
void fold_tend_all(struct daemon *d); /* now and then */

/* enforce.c: the policy into the table. */
/* Would the changes fit? 0, or -ENOSPC with error. */
int enforce_fits(const struct daemon *d, size_t source, const struct entry_set *set, const struct changes *changes,
		 char error[static FEED_ERROR]);
/* FN is called when they are in force; at once when there are no maps yet. */
int enforce_change(struct daemon *d, const struct changes *changes, table_in_force_fn *fn, void *arg);
/* Everything anew: at start, with other maps, after a jump of the clock. */
int enforce_all(struct daemon *d);
/* Open or follow the maps; when they are others, everything anew. */
void enforce_follow(struct daemon *d);

/* expire.c */
int64_t expire_now(const struct daemon *d); /* what policy functions get as NOW: 0 while the clock is not trusted */
void expire_run(struct daemon *d);	    /* what ended until now leaves the table */
void expire_arm(struct daemon *d);	    /* wake when the next one ends */
void expire_check(struct daemon *d); /* clock became trusted, or jumped; staleness and expiry alarms */

/* state.c: <run>/daemon/state.json. */
void state_write(struct daemon *d);
void state_notify(struct daemon *d); /* the service manager's status line, when it is another one */

/* report.c: events in words. */
void report_applied(struct daemon *d, const struct source *s);
void report_refused(struct daemon *d, const struct source *s, const struct verdict *why, bool pending);
void report_notes(struct daemon *d); /* what was wrong with the files of sources, once */
void report_overrides(struct daemon *d, const struct entry_set *old, const struct entry_set *set);
void report_stale(struct daemon *d, const struct source *s, const char *reason);
void report_leaving(struct daemon *d, const struct source *s, const char *names);
void report_left(struct daemon *d, const struct source *s, const char *reason);
/* FROM: the time before which the ended entries decided. */
void report_expired(struct daemon *d, const struct changes *changes, int64_t from);
void report_bypass(struct daemon *d);
void report_ports(struct daemon *d);

/* seen.c: the kernel's events to the device memory and the log. */
int seen_start(struct daemon *d); /* open the ring of the present maps; again for others */
void seen_stop(struct daemon *d);
void seen_load(struct daemon *d);
void seen_save(struct daemon *d);

/* loop.c */
int loop_run(struct daemon *d);
void loop_wake(struct daemon *d);	  /* there is something dirty */
void loop_snapshot_soon(struct daemon *d); /* the table changed */
void loop_snapshot_flush(struct daemon *d); /* the end has come */
void loop_devices_soon(struct daemon *d);
void loop_memory_soon(struct daemon *d); /* of the guards: what follows from journals too */

/* reload.c */
void reload_config(struct daemon *d);

/* hold.c: sources that a reload took away, while one that it added has delivered nothing yet. */
#define HOLD_NAMES 256
/* Before NEW replaces OLD: what must stay moves from there to here. When it fails OLD is as it was. */
int hold_prepare(struct world *old, struct world *new);
void hold_tell(struct daemon *d);
bool hold_is_over(const struct daemon *d);
int64_t hold_until(const struct daemon *d); /* seconds since 1970 when it is over at the latest, 0 = none */
void hold_names(const struct daemon *d, char *text, size_t size); /* who is waited for */
/* Nothing when none is leaving. WHY: for the event, NULL = whoever is waited for came or did not. */
void hold_end(struct daemon *d, const char *why);
#endif
