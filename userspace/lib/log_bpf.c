/* SPDX-License-Identifier: GPL-2.0-only */
/* libbpf's messages through our log, so that one stream tells everything. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

static int __attribute__((format(printf, 2, 0))) print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return 0;
	if (level == LIBBPF_WARN)
		log_warning("%s", text);
	else
		log_debug("%s", text);
	free(text);
	return 0;
}

void log_take_libbpf(void)
{
	(void)libbpf_set_print(print);
}
