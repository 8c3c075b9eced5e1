/* SPDX-License-Identifier: GPL-2.0-only */
/* Feeds to entries: the native format (JSON Lines, one header, then entries), and where a source's rules say so plain text,
 * CSV and STIX (doc/man/lenscap-feed.5.scd); signatures checked over the very bytes that are parsed. */
#ifndef LENSCAP_FEED_NATIVE_H
#define LENSCAP_FEED_NATIVE_H

#include "../lib/config.h"
#include "../lib/pubkey.h"
#include "entry.h"

/* Header of a native feed. */
struct feed_header {
	char list[65];
	int64_t serial; /* -1 = the format has none */
	int64_t generated, expires; /* seconds since 1970, 0 = absent */
	int64_t since;		    /* -1 = a snapshot */
	uint64_t count;
	/* Of a record that deltas were applied to: digests of the snapshot it began with and of the last delta, else "". */
	char snapshot[65], delta[65];
};

/* What a source is allowed, from its place in the configuration. */
struct source_rules {
	const char *list;     /* name the header must carry, NULL = any (a vendor list given by path) */
	uint64_t max_entries; /* after expansion; 0 = 8,388,608, the most a table can hold */
	unsigned min_length;
	bool may_allow;	  /* allow and monitor entries are accepted (local, lists of ours, may: [allow]) */
	bool dry_run;	  /* every entry gets LC_ENTRY_DRY_RUN */
	bool header;	  /* false: local overrides, entries only */
	size_t max_bytes; /* 0 = 1 GiB */
	size_t max_line;  /* 0 = 4096 */
	bool delta;	  /* a header with "since" is read, its entries checked; the set is then what it adds */
	bool record;	  /* our own copy: signature and valid_from were checked when it was accepted */
	enum feed_format format;
	char *const *columns; /* of CSV: names by enum feed_column, NULL = not there */
	const struct pubkey *keys; /* one of them must have signed it; borrowed */
	size_t n_keys;		   /* 0 = none needed */
	const char *signature;	   /* where the .minisig is, NULL = beside the file */
	const char *signature_text; /* its bytes, where they are not in a file; NULL = read them */
	size_t signature_size;
	int signature_err; /* why there is none, with signature_text: a negative errno, 0 = there is one */
	int64_t now;		   /* seconds since 1970; 0 = the clock is not trusted: valid_from is not looked at */
};
/* The same source's record: as accepted, so neither signed nor new. */
struct source_rules source_rules_of_record(const struct source_rules *rules);

/* Parse a feed. On success fills header (if any) and
 * set. On failure -EINVAL (refused), -EKEYREJECTED (signature: the file may be half replaced, look once more), -EFBIG (a
 * limit), -ENOMEM, and error says "FILE:LINE: reason; way out" where
 * FILE is NAME as given; header and set untouched. Never holds more than the set and one line. HEADER may be NULL. */
#define FEED_ERROR 512
#define NATIVE_MAX_BYTES ((size_t)1 << 30)
#define NATIVE_MAX_LINE 4096u
#define NATIVE_MAX_ENTRIES 8388608u
int native_parse(const char *name, const char *data, size_t size, const struct source_rules *rules,
		 struct feed_header *header, struct entry_set *set, char error[static FEED_ERROR]);
/* The same, read once from a file in pieces (regular file, bounded, no symlink); sha256 of its bytes as hex, also when it
 * is refused. A file that cannot be opened or read gives its errno, sha256 empty, and error "FILE: reason; way out". */
int native_parse_file(const char *path, const struct source_rules *rules, struct feed_header *header,
		      struct entry_set *set, char sha256[static 65], char error[static FEED_ERROR]);
/* The same from a descriptor, from where it stands; NAME is for people. */
int native_parse_fd(int fd, const char *name, const struct source_rules *rules, struct feed_header *header,
		    struct entry_set *set, char sha256[static 65], char error[static FEED_ERROR]);

/* The same in steps, for several files that make one source: new, then per file begin, feed in pieces and end, then
 * finish. After an error only native_free(). */
struct native;
struct native *native_new(const struct source_rules *rules);
void native_free(struct native *n);
int native_begin(struct native *n, const char *name);
int native_feed(struct native *n, const char *data, size_t size);
int native_end(struct native *n);
const char *native_error(const struct native *n);
/* Frees N. */
void native_finish(struct native *n, struct feed_header *header, struct entry_set *set);
#endif
