/* SPDX-License-Identifier: GPL-2.0-only */
/* The running loader: what main.c sets up and watch.c keeps going. */
#ifndef LENSCAP_LOADER_H
#define LENSCAP_LOADER_H

#include "../userspace/lib/config.h"
#include "folders.h"
#include "mirror.h"
#include "netlink.h"
#include "ports.h"

struct loader {
	struct options options;
	struct config *config;
	char *config_error; /* of the last reload; the configuration before it stays in force */
	struct owners owners;
	char *bpf_dir;	/* <run>/bpf */
	char *snapshot; /* <state>/daemon/table.words */
	int lock;
	struct maps maps;
	struct netlink *netlink;
	struct ifaces *ifaces;
	struct ports ports;
	struct mirror mirror;
	struct notes warnings;	/* of now */
	struct notes standing;	/* of the last generation made: they stay until the table holds something */
	char *capacity_warning; /* the configured capacity is too small for what is in force, or NULL */
	struct notes told;	/* warnings that were logged already */
	char *state_json;	/* as last written, without its time */
	int64_t started;	/* seconds since 1970 */
	uint64_t confirm_ns;	/* LC_SWITCH_DRY_RUN_AFTER, */
	int64_t confirm_until;	/* and what time that is */
	time_t rebuilt_at;	/* when a broken policy was last made anew, CLOCK_MONOTONIC */
	unsigned rebuild_after; /* seconds until that may happen again */
};

/* setup.c: from nothing to attached. 0 or a negative errno; says what is wrong. */
int loader_start(struct loader *loader);
/* Bring everything to what configuration, interfaces and pins say now, */
void loader_bring(struct loader *loader);
/* and tell and publish it. */
void loader_sync(struct loader *loader);
/* Read the configuration again; the old one stays when the new is not valid. */
void loader_reload(struct loader *loader);
void loader_free(struct loader *loader);

/* generations.c: policy maps that fit the configuration and are ours to write. */
int loader_first_generation(struct loader *loader);
void loader_check_generation(struct loader *loader, bool reload);

/* watch.c: until SIGTERM. */
int loader_watch(struct loader *loader);

/* state.c: <run>/loader/state.json, written when it changed. */
int state_publish(struct loader *loader);

/* check.c, detach.c: the two other things this program does. Exit codes. */
int check_run(const struct options *options);
int detach_run(const struct options *options);

/* remember.c: which offloads were turned off, in <run>/loader/offload.json, so that they are restored even later. */
void offload_remember(const struct loader *loader);
void offload_recall(struct ports *ports, const char *run);
#endif
