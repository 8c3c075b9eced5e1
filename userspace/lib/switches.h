/* SPDX-License-Identifier: GPL-2.0-only */
/* The map "switches" (bpf/abi.h), by its descriptor. Errors are negative errno values. */
#ifndef LENSCAP_SWITCHES_H
#define LENSCAP_SWITCHES_H

#include <stdint.h>

#include "../../bpf/abi.h"

/* NS: CLOCK_MONOTONIC nanoseconds, 0 = off. */
int switch_get(int fd, enum lc_switch which, uint64_t *ns);

/* One store: what others set meanwhile stays. The descriptor must be writable; -EACCES when it is not. */
int switch_set(int fd, enum lc_switch which, uint64_t ns);

/* Off, unless somebody set it to something else than EXPECTED meanwhile. */
int switch_clear(int fd, enum lc_switch which, uint64_t expected);

#endif
