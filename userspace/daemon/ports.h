/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader says of the ports (<run>/loader/state.json), and what changed since it was last read. */
#ifndef LENSCAP_DAEMON_PORTS_H
#define LENSCAP_DAEMON_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ports;

/* What happened to a port; REASON for people. */
typedef void ports_fn(void *arg, const char *event, const char *port, const char *reason);

int ports_new(const char *run, struct ports **out);
void ports_free(struct ports *p);
/* Read the loader's file again and tell what changed. 0, or a negative errno (then all is as before; -ENOENT: no loader). */
int ports_read(struct ports *p, ports_fn *fn, void *arg);
/* Name of a port number, NULL when the loader told none. */
const char *ports_name(const struct ports *p, unsigned number);
#endif
