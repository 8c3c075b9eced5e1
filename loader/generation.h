/* SPDX-License-Identifier: GPL-2.0-only */
/* A generation: one set of policy maps. A new one is filled before any program uses it. */
#ifndef LENSCAP_LOADER_GENERATION_H
#define LENSCAP_LOADER_GENERATION_H

#include "maps.h"
#include "notes.h"

/* Can the pinned maps go on serving a configuration that wants these sizes? */
bool generation_fits(const struct maps *maps, const struct lc_control *want);

/*
 * Make the maps that WANT asks for in *fresh: new policy maps, filled with the words in force in OLD or, where OLD
 * has none, with the snapshot of the last run; of the others those of OLD that have the right size (shared, by a
 * descriptor of their own), else new ones. OLD is untouched. 0, or a negative errno (-ENOSPC: more words than the
 * capacity). What went wrong with a snapshot is added to WARNINGS.
 */
int generation_make(const struct maps *old, const struct lc_control *want, const char *snapshot, struct maps *fresh,
		    struct notes *warnings);
#endif
