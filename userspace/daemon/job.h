/* SPDX-License-Identifier: GPL-2.0-only */
/* What lenscapd and its workers say to each other: one job on standard input, one answer on standard output. Both are the
 * same program, so structs go as they are; what comes back is checked all the same. */
#ifndef LENSCAP_DAEMON_JOB_H
#define LENSCAP_DAEMON_JOB_H

#include "../feed/native.h"
#include "../feed/transfer.h"
#include "../lib/text.h"

#define WORKER_OPTION "--worker"
#define WAITING_OPTION "--waiting-worker" /* its job comes later, by a socket, with the descriptors */
#define JOB_URL 2048
#define JOB_PATH 256
#define JOB_TAG 256	 /* an ETag */
#define JOB_MODIFIED 64 /* a Last-Modified */

enum job_kind { JOB_FETCH = 1, JOB_DECODE, JOB_FOLD };

/* Descriptors of a worker besides the standard ones. */
enum job_fd {
	JOB_FD_BYTES = 3, /* of the feed: fetching writes them, decoding reads them */
	JOB_FD_OTHER = 4, /* fetching: the signature goes there; decoding: the set of entries does */
	JOB_FD_SIGNATURE = 5, /* decoding, when there is one */
	JOB_FD_RECORD,	      /* decoding: the record, to put a delta onto; folding: the same, to put the journal into */
	JOB_FD_MERGED,	      /* what deltas make of the record goes there */
	JOB_FD_JOURNAL,	      /* deltas between the record and what is in force */
	JOB_FDS
};

struct job_fetch {
	char url[JOB_URL], signature_url[JOB_URL]; /* the second empty = none needed */
	char etag[JOB_TAG], modified[JOB_MODIFIED]; /* of what is in force, empty = fetch in any case */
	char ca_file[JOB_PATH], client_cert[JOB_PATH], client_key[JOB_PATH], token_file[JOB_PATH], proxy[JOB_URL];
	uint64_t max_bytes; /* unpacked */
	unsigned timeout;   /* seconds */
};

struct job_decode {
	char name[JOB_URL]; /* what errors call it */
	struct source_rules rules; /* pointers mean nothing here */
	char list[65];
	struct feed_header in_force; /* serial -1: nothing that a delta could follow on */
	char snapshot[65];	     /* digest of the snapshot that the record began with */
	bool change;		     /* of a small delta its own entries and names will do */
	struct pubkey keys[CONFIG_FEED_KEYS];
	char columns[FEED_COLUMNS][TEXT_MAX + 1]; /* empty = not there */
};

struct job {
	enum job_kind kind;
	union {
		struct job_fetch fetch;
		struct job_decode decode; /* folding: only rules, in_force and snapshot mean something */
	};
};

struct fetched {
	int err; /* 0, -EAGAIN (not now: try again), -EFBIG */
	long status; /* of HTTP, 0 = no answer */
	int64_t retry_after; /* seconds the server asked for, 0 = none */
	char etag[JOB_TAG], modified[JOB_MODIFIED];
	char error[FEED_ERROR];
};

struct decoded {
	int err; /* as native_parse_file(), delta_follows() */
	bool known;  /* a delta that is in force already */
	bool merged; /* set and header are about what a delta made of the record */
	bool change; /* the set is what the delta adds, and the names are those it speaks of */
	char sha256[65];
	struct feed_header header;
	struct transfer set;
	char error[FEED_ERROR];
};
#endif
