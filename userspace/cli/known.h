/* SPDX-License-Identifier: GPL-2.0-only */
/* What lenscapd remembers of devices (<run>/daemon/devices.json), read as a stream: there may be tens of thousands. */
#ifndef LENSCAP_CLI_KNOWN_H
#define LENSCAP_CLI_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/config.h"

struct known_row {
	uint64_t mac48;
	int64_t first;		   /* seconds since 1970, 0 = not told */
	uint32_t port, ip, vendor; /* texts, see known_text() */
	bool to;		   /* frames to it, not from it */
};

struct known; /* all rows; NULL = the file is not there or not to be read, which is no error: it only adds to slots */
struct known *known_read(const struct config *config);
void known_free(struct known *k);
/* The row of an address on a port, or NULL. K may be NULL. */
const struct known_row *known_find(const struct known *k, uint64_t mac48, const char *port, bool to);
/* "" where the file tells none. Lives as long as K. */
const char *known_text(const struct known *k, uint32_t text);
#endif
