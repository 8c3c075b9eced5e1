/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap-loader: loads, attaches and pins Lenscap's programs, and follows the interfaces. */
#include <signal.h>
#include <string.h>

#include "../userspace/lib/log.h"
#include "loader.h"

static int run(const struct options *options)
{
	struct loader loader = {.options = *options, .lock = -1};
	int error = loader_start(&loader);

	if (!error && !options->once)
		error = loader_watch(&loader);
	loader_free(&loader);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct options options;
	int code;

	if (!options_parse(argc, argv, &options, &code))
		return code;
	log_init("lenscap-loader", options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	log_take_libbpf();
	if (options.check)
		return check_run(&options);
	if (options.detach)
		return detach_run(&options);
	return run(&options);
}
