/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration: lenscap.yaml and the drop-ins in lenscap.d beside it, read by all three programs. */
#ifndef LENSCAP_LIB_CONFIG_H
#define LENSCAP_LIB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "pubkey.h"

#define CONFIG_PATH "/etc/lenscap/lenscap.yaml"
#define CONFIG_LAST_VALID "/var/lib/lenscap/loader/config" /* the loader's copy: lenscap.yaml, lenscap.d/ */
#define CONFIG_ZONES 255		   /* lc_event.zone has eight bits, and 0xff means none */
#define CONFIG_FEEDS 64
#define CONFIG_LISTS 64
#define CONFIG_FEED_KEYS 8 /* public keys of one feed */
#define CONFIG_PROTECT (LC_PROTECT_MAX / 2) /* leaves room for the router's own addresses */
#define CONFIG_PREFIXES 256 /* in one zone's permit, and in its gateway */
#define CONFIG_RESERVED 1024		   /* entries kept for local overrides */

struct config_place { /* where something is written; line 0: nowhere, a default */
	const char *file; /* lives as long as the configuration */
	unsigned line, column;
};

struct config_vlans { /* bit per VLAN id, and one for untagged (LC_VLAN_UNTAGGED) */
	bool any;
	uint8_t bits[(LC_VLANS + 7) / 8];
};

struct config_prefix { /* an IPv4 or IPv6 prefix */
	uint8_t family; /* LC_PERMIT_INET or LC_PERMIT_INET6 */
	uint8_t length; /* bits */
	uint8_t address[16]; /* network order, bits beyond the length zero */
};

struct config_mirror {
	char *interface; /* NULL = there is none */
	struct config_place place;
	uint32_t sample;  /* one frame in so many; default 1 */
	uint32_t snaplen; /* octets of a copy; default 0 = all, else 64 .. 65535 */
	uint32_t rate;	  /* copies a second; default 0 = no limit */
};

struct config_zone {
	char *name;
	struct config_place place;
	char **interfaces; /* globs, or "bridge:NAME" */
	size_t n_interfaces;
	char **exclude; /* globs */
	size_t n_exclude;
	struct config_vlans vlans;
	enum lc_action action; /* default LC_DROP */
	bool enforce;	       /* mode; default false = dry-run */
	bool both;	       /* direction; default false = from */
	uint16_t permitted;    /* bit (1 << action); default drop, monitor, allow and the zone's own action */
	struct config_prefix *permits; /* permit: whom a contained device may talk to */
	size_t n_permits;
	struct config_prefix *gateways; /* gateway: hosts whose ARP and ND a contained device needs too */
	size_t n_gateways;
};

enum feed_format { FORMAT_NATIVE, FORMAT_PLAIN, FORMAT_CSV, FORMAT_STIX, FORMAT_DETECT };
enum feed_column { COLUMN_MAC, COLUMN_ACTION, COLUMN_VENDOR, COLUMN_MODEL, COLUMN_REASON, COLUMN_UNTIL, FEED_COLUMNS };

struct config_feed {
	char *name; /* [A-Za-z0-9._-]{1,64}, not "local" */
	struct config_place place;
	char *path; /* absolute, NULL when it comes from a URL */
	char *url;  /* https://…, may hold {since}; NULL when it is a file */
	bool enforce;	       /* mode; default true */
	bool may_allow;	       /* may: [flag, allow] */
	unsigned min_length;   /* default 24 */
	uint64_t max_entries;  /* default: capacity less CONFIG_RESERVED */
	double max_weakening;  /* fraction, default 0.10 ("10%") */
	unsigned max_newly_stopped; /* default 20 */
	unsigned every;	       /* seconds between fetches in the mean, default 300 */
	unsigned timeout;      /* seconds a fetch may take, default 120 */
	uint64_t max_bytes;    /* unpacked; default 512 an entry and 64 KiB, no more than 1 GiB */
	char *ca_file, *client_cert, *client_key, *token_file; /* absolute, NULL = none */
	char *proxy;	       /* http:// or https://, NULL = none */
	bool unsigned_;	       /* unsigned: yes - believed without a signature */
	unsigned stale_after;  /* seconds without a newer serial before the alarm, 0 = never; default 0 */
	struct pubkey *keys;	    /* any of these must have signed it */
	size_t n_keys;
	uint32_t min_serial;	    /* older editions are refused whatever was accepted before; default 0 */
	enum feed_format format;    /* default FORMAT_DETECT */
	char *columns[FEED_COLUMNS]; /* CSV's column names, NULL = the feed has no such column */
};

struct config_list {
	char *name; /* a name in the data folder, or an absolute path */
	struct config_place place;
	bool enforce; /* mode; default true */
};

struct config {
	struct config_list *lists;
	size_t n_lists;
	uint32_t capacity; /* entries, default 262144, 2048 .. 8388608 */
	uint32_t devices;  /* device slots per CPU, 64 .. 1048576, default 16384; rounded up to a power of two */
	bool trust_clock;  /* clock: trust - believe the clock though no NTP says it is synchronised */
	uint64_t *protect; /* mac48 */
	size_t n_protect;
	struct config_zone *zones;
	size_t n_zones;
	struct config_mirror mirror;
	struct config_feed *feeds;
	size_t n_feeds;
	char *run, *state, *log, *overrides, *data; /* paths; data: the vendor lists' folder */
	char *user, *group, *policy_group;	      /* "lenscap", "lenscap", "lenscap-policy" */
	char **files; /* as read, the main file first */
	size_t n_files;
	char *file;	 /* the main file, as named by the caller */
	char sha256[65]; /* of all files (doc/architecture.md, config.sha256); the same for the last valid copy */
	bool fallback; /* this is the last valid copy, and error says why */
	char *error;
};

/* Read and check FILE (NULL = CONFIG_PATH) with its drop-ins. 0, or a negative errno with *error (owned by the
 * caller, free()) holding one line per error: "FILE:LINE:COLUMN: what is wrong; what to do". Touches nothing else.
 * Refuses files that others may write. */
int config_load(const char *file, struct config **out, char **error);

/* As above, and when FILE is invalid the copy in LAST_VALID (NULL = CONFIG_LAST_VALID); then out->fallback is set. */
int config_load_or_last(const char *file, const char *last_valid, struct config **out, char **error);

/* Copy FILE and its drop-ins whole to the folder LAST_VALID (prepare aside, fsync, rename). */
int config_keep(const char *file, const char *last_valid);

/* The digest over the files as they are on disk now, valid or not: what sha256 would be. */
int config_sha256(const char *file, char sha256[static 65]);

bool config_vlans_have(const struct config_vlans *vlans, unsigned vlan);
/* "any", "untagged,1-99,200"; newly allocated, NULL when out of memory. */
char *config_vlans_format(const struct config_vlans *vlans);

/* "10.20.0.5", "10.20.0.0/24", "2001:db8::/64": the length only where it is not the whole address. */
#define CONFIG_PREFIX_TEXT 50
void config_prefix_format(const struct config_prefix *prefix, char out[static CONFIG_PREFIX_TEXT]);
/* Parse one, strictly. NULL, or what is wrong with TEXT and what to write: a sentence that goes on after its name. Refused
 * are bits beyond the length, length 0, and addresses no single device has. *OUT is set in full only when NULL. */
const char *config_prefix_parse(const char *text, struct config_prefix *out);
/* Whether ADDRESS (network order, 4 or 16 octets by FAMILY: LC_PERMIT_INET or LC_PERMIT_INET6) lies in it. */
bool config_prefix_holds(const struct config_prefix *prefix, uint8_t family, const uint8_t *address);

void config_free(struct config *config);
#endif
