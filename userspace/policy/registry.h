/* SPDX-License-Identifier: GPL-2.0-only */
/* The IEEE registries of address blocks, as CSV files (RFC 4180) in the form that IEEE publishes. */
#ifndef LENSCAP_POLICY_REGISTRY_H
#define LENSCAP_POLICY_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#define REGISTRY_ERROR 512
#define REGISTRY_MAX_BYTES (64u << 20) /* of one file; the greatest is 4 MB today */
#define REGISTRY_MAX_FIELD 4096	       /* bytes; the longest today is 269 */
#define REGISTRY_MAX_NAME 512	       /* bytes of an organisation name */

struct registry_kind {
	const char *file; /* in the registry folder */
	const char *name; /* first column */
	unsigned length;  /* bits of the blocks */
	int optional;	  /* closed registry, not in every folder */
};
#define REGISTRY_KINDS 4
extern const struct registry_kind registry_kinds[REGISTRY_KINDS];

struct registry_row {
	const struct registry_kind *kind;
	uint64_t mac48;		  /* bits beyond kind->length are zero; may have the group bit */
	const char *organisation; /* valid UTF-8 as it stands in the file, zero-terminated, not empty */
	size_t line;		  /* where the row begins, from 1 */
};
/* Not zero ends the reading with that value. Pointers are valid during the call. */
typedef int registry_row_fn(void *arg, const struct registry_row *row);

/* Read FOLDER's file of KIND row by row; memory does not grow with the file. A file with any row that cannot be
 * understood is refused: a list made of the rest would silently lack prefixes. 0, what FN returned, or a negative
 * errno with error "FILE:LINE: reason; way out" (-ENOENT also for an optional file that is not there). Symbolic links
 * are followed: Debian's /var/lib/ieee-data consists of them. */
int registry_read(const char *folder, const struct registry_kind *kind, registry_row_fn *fn, void *arg,
		  char error[static REGISTRY_ERROR]);

/* The date of the edition in FOLDER, seconds since 1970: what update-ieee-data noted in .lastupdate, else the newest
 * modification time of its files. A negative errno when neither is there. */
int registry_edition(const char *folder, int64_t *edition);
/* The folder with the newer edition among the two where Debian keeps them, NULL when there is none. */
const char *registry_default_folder(void);
#endif
