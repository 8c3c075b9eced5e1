/* SPDX-License-Identifier: GPL-2.0-only */
/* What a group of tests has in common: one port, its maps, and perhaps a program that puts tags into the metadata first. */
#ifndef LENSCAP_TESTS_CONTEXT_H
#define LENSCAP_TESTS_CONTEXT_H

#include "kernel.h"
#include "tags.h"

struct context {
	struct kernel *kernel;
	struct kernel_port port;
	struct harness *harness; /* NULL unless a group makes it; freed with the rest */
};

/* A port with read-only data CONF on KERNEL, which belongs to the context from now on. Freed by context_teardown(). */
struct context *context_new(struct kernel *kernel, const struct lc_port_conf *conf);

/* For cmocka: one zone on every VLAN, drop, enforced. */
int context_setup(void **state);
int context_teardown(void **state);

#endif
