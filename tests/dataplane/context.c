/* SPDX-License-Identifier: GPL-2.0-only */
#include "context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct context *context_new(struct kernel *kernel, const struct lc_port_conf *conf)
{
	struct context *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->kernel = kernel;
	c->port = kernel_load(kernel, conf);
	return c;
}

int context_setup(void **state)
{
	struct kernel *kernel = kernel_new(NULL);
	struct lc_port_conf conf = kernel_conf(kernel);

	conf_zone_everywhere(&conf, LC_DROP, 0);
	*state = context_new(kernel, &conf);
	return 0;
}

int context_teardown(void **state)
{
	struct context *c = *state;

	harness__destroy(c->harness);
	kernel_unload(&c->port);
	kernel_free(c->kernel);
	free(c);
	return 0;
}
