/* SPDX-License-Identifier: GPL-2.0-only */
/* Where everything is, below paths.run, paths.state and paths.log. One place builds each path. */
#ifndef LENSCAP_LIB_PATHS_H
#define LENSCAP_LIB_PATHS_H

#define PATH_BPF "bpf"				   /* <run>: the bpffs */
#define PATH_LOADER_LOCK "loader/lock"		   /* <run> */
#define PATH_CAPTURE_LOCK "loader/capture.lock"   /* <run>: who captures */
#define PATH_LOADER_STATE "loader/state.json"	   /* <run>, written by the loader */
#define PATH_DAEMON_STATE "daemon/state.json"	   /* <run>, written by lenscapd */
#define PATH_DAEMON_DEVICES "daemon/devices.json"  /* <run>: what lenscapd remembers of devices (IP, first seen) */
#define PATH_SNAPSHOT "daemon/table.words"	   /* <state>: struct lc_snapshot and words, for the next boot */
#define PATH_FEEDS "daemon/feeds"		   /* <state>: NAME.jsonl, last-known-good of each source, as accepted */
#define PATH_GUARD "daemon/guard.json"		   /* <state>: serials, weakening window */
#define PATH_EVENTS "events.jsonl"		   /* <log> */
#define PATH_ACCEPT "accept"			   /* <overrides>/accept/NAME: digest that `feed accept` admitted */
#define PATH_OVERRIDES "local.jsonl"		   /* <overrides>: what flag, exempt and unflag write */

/* "<base>/<name>" newly allocated, or NULL when out of memory. */
char *path_join(const char *base, const char *name);
#endif
