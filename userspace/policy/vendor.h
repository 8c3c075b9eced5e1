/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vendor lists: who they name, why, and the prefixes compiled for them from the IEEE registries.
 *
 * SOURCES/names.yaml says under which organisation names each vendor appears in the registries, SOURCES/lists/NAME.yaml
 * which vendors a list names and on what legal basis. `vendor_compile` makes NAME.jsonl of them, a native feed
 * snapshot whose serial is the registry's edition as YYYYMMDD. Names are matched whole (vendor_fold.h), never by part.
 */
#ifndef LENSCAP_POLICY_VENDOR_H
#define LENSCAP_POLICY_VENDOR_H

#include <stddef.h>
#include <stdint.h>

#include "../feed/native.h"

#define VENDOR_DEFAULT_LIST "uk-core-network"
#define VENDOR_OLD_SECONDS (365L * 86400) /* a list whose edition is older is worth a warning */

/* ---- What is there: the compiled lists of a folder ---- */
struct vendor_list {
	char *path; /* FOLDER/NAME.jsonl */
	char *name;
	char *title;	 /* one line for people */
	char *basis;	 /* legal basis with its date */
	char *caution;	 /* why not to use it without thought, NULL = none */
	int64_t edition; /* of the registry, seconds since 1970 (midnight UTC) */
	uint64_t count;
	char *error; /* why it cannot be read ("FILE:LINE: …"), NULL = fine; then only path and name are set */
};
struct vendor_lists { /* sorted by name */
	struct vendor_list *list;
	size_t n;
};
/* Read the header of every .jsonl file in FOLDER (the configuration's paths.data). 0, or a negative errno with error
 * set when the folder holds none; a list that cannot be read is in the result with its error. */
int vendor_lists(const char *folder, struct vendor_lists *out, char error[static FEED_ERROR]);
void vendor_lists_free(struct vendor_lists *lists);

/* ---- Compile ---- */
struct vendor_job {
	const char *registry; /* folder with oui.csv, mam.csv, oui36.csv (and iab.csv); NULL = the newer of
			       * /var/lib/ieee-data and /usr/share/ieee-data */
	const char *sources;  /* folder with names.yaml and lists/; NULL = LENSCAP_DATADIR */
	const char *list; /* one list: a name in SOURCES/lists, or a path (has a '/' or ends in .yaml); NULL = all */
	const char *out;  /* folder the results are written to, each atomically; must exist */
	int64_t edition;  /* seconds since 1970; 0 = the registry's .lastupdate, else its newest file's date */
};

enum vendor_said {
	VENDOR_WARNING, /* to act on: a name that no longer occurs, a new name that looks alike, a refused row of ours
			 */
	VENDOR_LOOK_ALIKE, /* "not matched: …", reviewed before: shown with -v */
	VENDOR_NOTE,	   /* rows skipped and why: shown with -v */
};
/* Called during the compilation, in a stable order. TEXT is one line of clean UTF-8. */
typedef void vendor_say_fn(void *arg, enum vendor_said kind, const char *text);

struct vendor_made {
	char *name, *path;
	int64_t edition;
	uint64_t count;		 /* entries written */
	uint64_t added, removed; /* against the file that was replaced (all added when there was none) */
};
struct vendor_result {
	struct vendor_made *made;
	size_t n;
	uint64_t rows; /* of the registries read */
};

/* Compile one list or all. All registries, names and lists are read and checked before anything is written; a list of a
 * newer edition is not replaced (-EEXIST); on failure a negative errno, error says "FILE:LINE: what; what to do", and
 * nothing was replaced unless a write itself failed. */
int vendor_compile(const struct vendor_job *job, vendor_say_fn *say, void *arg, struct vendor_result *result,
		   char error[static FEED_ERROR]);
void vendor_result_free(struct vendor_result *result);
#endif
