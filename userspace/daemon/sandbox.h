/* SPDX-License-Identifier: GPL-2.0-only */
/* What a worker may still do, before it meets the first byte from outside. */
#ifndef LENSCAP_DAEMON_SANDBOX_H
#define LENSCAP_DAEMON_SANDBOX_H

/* Everything but the standard descriptors and those below FIRST is closed. Limits on memory, processor seconds, files;
 * no core. 0 or a negative errno. */
int sandbox_limit(unsigned first, unsigned seconds);
/* No maps, no other process, nothing written or made in any folder. Reading files and talking to servers stays. */
int sandbox_for_network(void);
/* Memory and open descriptors, nothing else. */
int sandbox_for_decoding(void);
#endif
