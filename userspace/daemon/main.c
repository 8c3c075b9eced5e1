/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscapd: configuration, rights, then what is known of the sources, then the loop. */
#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/paths.h"
#include "ask.h"
#include "folders.h"
#include "options.h"
#include "privileges.h"
#include "sandbox.h"
#include "worker.h"

#define EXIT_FAILED 3
#define MMAP_THRESHOLD (256 << 10)

/* As the user it will be from here on, before it reads anything but the configuration. */
static int shut_in(const struct config *config)
{
	char error[FOLDERS_ERROR] = "";
	int err = folders_check(config, error);

	if (err) {
		log_error("%s", error);
		return err;
	}
	err = sandbox_for_daemon();
	if (err)
		log_error("cannot load the filter of system calls: %s", strerror(-err));
	return err;
}

/* The configuration is root's and says whom to become, so it alone is read before. */
static struct config *read_config(const struct options *options)
{
	struct config *config = NULL;
	char privileges_error[PRIVILEGES_ERROR] = "", *error = NULL;

	if (config_load_or_last(options->config, options->last_valid, &config, &error)) {
		log_error("%s", error ? error : "cannot read the configuration");
		free(error);
		return NULL;
	}
	free(error);
	if (config->fallback)
		log_error("starting with the last valid configuration: %s", config->error ? config->error : "");
	if (privileges_give_up(config, privileges_error)) {
		log_error("%s", privileges_error);
		config_free(config);
		return NULL;
	}
	if (shut_in(config)) {
		config_free(config);
		return NULL;
	}
	return config;
}

static int make_feeds_folder(const struct config *config)
{
	char *path = path_join(config->state, PATH_FEEDS);
	int err = path ? file_make_dir(path, 0750) : -ENOMEM;

	if (err)
		log_error("%s: cannot make this folder: %s; feeds cannot be taken until it is there", path ? path : "",
			  strerror(-err));
	free(path);
	return err;
}

/* Memory first: whether a feed without a record is new or lost depends on it. */
static int set_up(struct daemon *d, struct config *config)
{
	int err;

	d->world.config = config;
	(void)make_feeds_folder(config);
	memory_load(d);
	err = world_build(d, config, &d->world);
	if (!err)
		err = kernel_new(config->run, &d->kernel);
	if (!err)
		err = eventlog_new(config->log, &d->log);
	if (!err)
		err = devices_new(&d->devices);
	if (!err)
		err = ports_new(config->run, &d->ports);
	if (!err)
		err = sd_event_default(&d->event) < 0 ? -EIO : 0;
	if (!err)
		seen_load(d);
	return err;
}

static void tear_down(struct daemon *d)
{
	if (d->event)
		seen_stop(d);
	watches_free(d->watches);
	worker_free(d->spare);
	d->work = sd_event_source_disable_unref(d->work);
	d->tick = sd_event_source_disable_unref(d->tick);
	d->expiry = sd_event_source_disable_unref(d->expiry);
	d->snapshot = sd_event_source_disable_unref(d->snapshot);
	d->devices_timer = sd_event_source_disable_unref(d->devices_timer);
	d->memory_timer = sd_event_source_disable_unref(d->memory_timer);
	(void)sd_event_unref(d->event);
	ports_free(d->ports);
	devices_free(d->devices);
	eventlog_free(d->log);
	kernel_free(d->kernel);
	memory_free(d);
	world_free(&d->world);
	free(d->config_error);
}

int main(int argc, char **argv)
{
	struct options options;
	struct daemon d = {.ring_fd = -1, .started = (int64_t)time(NULL)};
	struct config *config;
	int code, err;

	if (argc == 2 && !strcmp(argv[1], WORKER_OPTION))
		return worker_main(false);
	if (argc == 2 && !strcmp(argv[1], WAITING_OPTION))
		return worker_main(true);
	if (argc == 2 && !strcmp(argv[1], FETCH_OPTION))
		return fetchd_main();
	code = options_parse(argc, argv, &options);
	if (code >= 0)
		return code;
	(void)umask(0027);
	/* A list's memory goes back as soon as it is freed: the limit would else grow with the first one, up to 32 MiB. */
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	(void)mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
	log_init("lenscapd", options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	log_take_libbpf();
	config = read_config(&options);
	if (!config)
		return EXIT_FAILED;
	d.config_file = options.config;
	d.last_valid = options.last_valid;
	d.fetch_socket = options.fetch_socket;
	err = set_up(&d, config);
	if (!err)
		err = loop_run(&d);
	loop_snapshot_flush(&d);
	if (err)
		log_error("cannot go on: %s", strerror(-err));
	tear_down(&d);
	return err ? EXIT_FAILED : 0;
}
