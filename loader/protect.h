/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that are never stopped: the router's own, and those of the configuration. */
#ifndef LENSCAP_LOADER_PROTECT_H
#define LENSCAP_LOADER_PROTECT_H

#include "../userspace/lib/config.h"
#include "links.h"
#include "maps.h"
#include "notes.h"

/* Bring the protect map and its filter to what configuration and interfaces say. 0 or a negative errno. */
int protect_sync(const struct maps *maps, const struct config *config, const struct ifaces *ifaces,
		 struct notes *warnings);
#endif
