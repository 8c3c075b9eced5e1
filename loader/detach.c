/* SPDX-License-Identifier: GPL-2.0-only */
/* --detach: everything off the ports. It must work with a broken configuration and with whatever is left of pins. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "loader.h"
#include "lock.h"
#include "pins.h"

#define DEFAULT_RUN "/run/lenscap"

/* Where the pins are. A configuration that cannot be read must not keep anybody from getting out. */
static char *find_run(const struct options *options)
{
	struct config *config = NULL;
	char *text = NULL, *run = NULL;
	int error = config_load(options->config, &config, &text);

	if (error && options->last_valid) {
		free(text);
		text = NULL;
		error = config_load_or_last(options->config, options->last_valid, &config, &text);
	}
	if (!error) {
		run = strdup(config->run);
	} else {
		log_warning("%s\nno valid configuration: taking what is pinned below " DEFAULT_RUN,
			    text ? text : strerror(-error));
		run = strdup(DEFAULT_RUN);
	}
	config_free(config);
	free(text);
	return run;
}

static int lock(const char *run)
{
	pid_t holder = 0;
	int fd = lock_take(run, &holder);

	if (fd == -EBUSY)
		log_error("lenscap-loader with pid %d runs and would attach again: stop it first (systemctl stop "
			  "lenscap-loader)",
			  (int)holder);
	else if (fd < 0 && fd != -ENOENT)
		log_error("%s/" PATH_LOADER_LOCK ": %s", run, strerror(-fd));
	return fd;
}

/* A filter whose port is not in this namespace cannot be reached from here. */
static void tell_unreachable(const struct port *port, uint32_t was_on, bool here)
{
	if (port->pub.tc == LC_TC_CLSACT && !port->tc.filter && was_on && !here)
		log_warning("%s: its tc filter is in another network namespace: remove it there (tc filter del dev %s "
			    "ingress prio 1)",
			    port->pub.name, port->pub.name);
}

static unsigned release_all(struct ports *ports, const struct maps *maps)
{
	unsigned released = 0;

	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (!port)
			continue;
		tell_unreachable(port, port->published.ifindex, port->pub.netns == ports->netns);
		released += port->present || port->elsewhere;
		port_release(ports, port);
	}
	(void)maps;
	return released;
}

static void release_mirror(const struct maps *maps, const char *dir)
{
	struct mirror mirror;

	if (mirror_init(&mirror, dir))
		return;
	mirror_adopt(&mirror, maps);
	mirror_release(&mirror);
	mirror_free(&mirror);
}

static void remove_maps(const char *dir)
{
	char *ports = path_join(dir, LC_PIN_PORT_DIR);

	for (int id = 0; id < MAPS; id++)
		(void)pin_remove(dir, map_name((enum map_id)id));
	if (ports)
		(void)rmdir(ports);
	free(ports);
}

static void remove_file(const char *run, const char *name)
{
	char *path = path_join(run, name);

	if (path)
		(void)unlink(path);
	free(path);
}

static int detach(const char *run, const char *dir)
{
	struct ifaces *ifaces = ifaces_new();
	struct netlink *nl = NULL;
	struct ports ports = {0};
	struct maps maps;
	unsigned n;
	int error = ifaces ? netlink_open(&nl) : -ENOMEM;

	maps_init(&maps);
	if (!error)
		error = netlink_list(nl, ifaces);
	if (!error)
		error = ports_init(&ports, dir, TC_AUTO);
	(void)maps_adopt(&maps, dir);
	if (!error)
		error = ports_adopt(&ports, &maps, ifaces);
	if (!error) {
		offload_recall(&ports, run);
		n = release_all(&ports, &maps);
		release_mirror(&maps, dir);
		remove_maps(dir);
		remove_file(run, PATH_LOADER_STATE);
		remove_file(run, "loader/offload.json");
		log_info("%u ports released: nothing is enforced any more", n);
	}
	ports_free(&ports);
	maps_close(&maps);
	netlink_close(nl);
	ifaces_free(ifaces);
	return error;
}

static int in_run(const char *run, const char *dir)
{
	int fd, error = pins_check(dir);

	if (error == -ENOENT || error == -ENODEV) {
		log_info("%s: nothing is pinned there, so nothing of this instance is attached", dir);
		return EXIT_DONE;
	}
	fd = lock(run);
	if (fd < 0 && fd != -ENOENT)
		return EXIT_FAILED;
	error = error ? error : detach(run, dir);
	if (error)
		log_error("cannot detach: %s", strerror(-error));
	if (fd >= 0)
		close(fd);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int detach_run(const struct options *options)
{
	char *run = find_run(options);
	char *dir = run ? path_join(run, PATH_BPF) : NULL;
	int code = dir ? in_run(run, dir) : EXIT_FAILED;

	free(dir);
	free(run);
	return code;
}
