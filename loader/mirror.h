/* SPDX-License-Identifier: GPL-2.0-only */
/* The mirror port: found by its name, followed as it comes and goes, told to the programs, and its own program on it.
 */
#ifndef LENSCAP_LOADER_MIRROR_H
#define LENSCAP_LOADER_MIRROR_H

#include "../userspace/lib/config.h"
#include "links.h"
#include "maps.h"
#include "match.h"
#include "tc_hook.h"

/* Frames of interfaces with a greater MTU may be of several buffers in XDP (a page, less what the kernel keeps in it).
 */
#define MIRROR_ONE_BUFFER 3400u

struct mirror {
	struct lc_mirror pub; /* as programs are told */
	bool down;
	char reason[REASON_TEXT]; /* why there is none though configured, or why XDP does not redirect to it; else "" */
	struct program program;	  /* cuts copies to snaplen; loaded while there is one */
	struct tc_hook copy;
	char *dir; /* its pins */
};

int mirror_init(struct mirror *mirror, const char *bpf_dir);
void mirror_free(struct mirror *mirror); /* closes descriptors; what is pinned stays in force */

/* Take over what an earlier loader left on the interface that its map names. */
void mirror_adopt(struct mirror *mirror, const struct maps *maps);

/* Bring it to what configuration and interfaces say. What is wrong is added to WARNINGS and tried again next time. */
void mirror_sync(struct mirror *mirror, const struct maps *maps, const struct config *config, const struct plan *plan,
		 const struct ifaces *ifaces, enum tc_choice tc, struct notes *warnings);

/* Take our program off it. */
void mirror_release(struct mirror *mirror);

/* mirror_choice.c: the interface, or NULL with the reason in WARNINGS (none where none is configured) and in short in
 * *why (a literal, "" when there is an interface or none is configured). */
const struct iface *mirror_choose(const struct config *config, const struct plan *plan, const struct iface *all,
				  size_t n, struct notes *warnings, const char **why);
/* A port whose frames may be of several buffers, or NULL. */
const struct iface *mirror_large_port(const struct plan *plan);
#endif
