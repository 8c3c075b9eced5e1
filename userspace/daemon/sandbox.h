/* SPDX-License-Identifier: GPL-2.0-only */
/* What lenscapd and its workers may still do, before they meet the first byte from outside. */
#ifndef LENSCAP_DAEMON_SANDBOX_H
#define LENSCAP_DAEMON_SANDBOX_H

#include <stddef.h>

/* Everything but the standard descriptors and those below FIRST is closed. Limits on memory, processor seconds, files;
 * no core. 0 or a negative errno. */
int sandbox_limit(unsigned first, unsigned seconds);
/* No file can be opened from now on, but for reading those named and what is below folders named (NULL, "" and what is not
 * there is left out); nothing made, removed or written; no server made, no process signalled. Needs sandbox_limit() before.
 * The kernel's version of Landlock, 0 = it has none, and nothing was done; or a negative errno. */
int sandbox_files(const char *const *readable, size_t n);
/* For lenscapd itself, and what it starts: of bpf(2) only looking up, changing and opening what is pinned; no other process's
 * memory, mounts, namespaces, keys, modules, clock, users; no sockets but those of IPv4, IPv6, Unix and netlink; no memory that is
 * written and then run (where the kernel knows that: 6.3). What it may not is EPERM. 0 or a negative errno. */
int sandbox_for_daemon(void);
/* No maps, no other process, nothing written or made in any folder. Reading files and talking to servers stays. */
int sandbox_for_network(void);
/* Memory and open descriptors, nothing else. */
int sandbox_for_decoding(void);
#endif
