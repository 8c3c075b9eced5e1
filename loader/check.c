/* SPDX-License-Identifier: GPL-2.0-only */
/* --check: what would be attached and everything that is wrong with it, without changing anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../userspace/lib/log.h"
#include "attach.h"
#include "loader.h"
#include "zones.h"

static void show_zones(const struct config *config, const struct plan_port *port)
{
	for (size_t i = 0; i < port->n_zones; i++) {
		const struct config_zone *zone = &config->zones[port->zone[i]];
		char *vlans = config_vlans_format(&zone->vlans);

		printf("%s%s (VLANs %s, %s%s)", i ? "; " : ": zone ", zone->name, vlans ? vlans : "?",
		       zone->enforce ? "enforce" : "dry-run", zone->both ? ", both directions" : "");
		free(vlans);
	}
}

static void show_offload(const struct config *config, const struct plan_port *port)
{
	struct lc_port_conf conf = {0};
	struct offload offload = {0};
	struct notes ignored = {0};

	zones_build(config, port->zone, port->n_zones, port->iface.name, &conf, &ignored);
	notes_clear(&ignored);
	if (!zones_depend_on_vlan(&conf))
		return;
	if (port->iface.kind[0])
		printf("; VLANs are judged in tc (a %s device hides tags)", port->iface.kind);
	else if (!offload_read(port->iface.name, &offload) && offload.on & offload.changeable)
		printf("; receive VLAN offload would be turned off");
	else if (offload.on)
		printf("; VLANs are judged in tc (offload cannot be turned off)");
}

static void show_port(const struct config *config, const struct plan_port *port)
{
	enum lc_xdp_mode mode;
	uint32_t id = xdp_present(port->iface.ifindex, &mode);

	printf("%s", port->iface.name);
	show_zones(config, port);
	show_offload(config, port);
	if (id)
		printf("; XDP program %u is on it now", id);
	putchar('\n');
	for (size_t i = 0; i < port->warnings.n; i++)
		printf("warning: %s\n", port->warnings.text[i]);
}

static void show_mirror(const struct config *config, const struct plan *plan, const struct iface *all, size_t n,
			struct notes *warnings)
{
	const char *why;
	const struct iface *iface = mirror_choose(config, plan, all, n, warnings, &why);

	if (iface)
		printf("%s: mirror port%s\n", iface->name, iface->up ? "" : ", down");
}

/* The number of errors: overlaps can only be seen with the interfaces at hand. */
static size_t show(const struct config *config, const struct plan *plan, const struct iface *all, size_t n_all)
{
	struct notes errors = {0}, warnings = {0};
	size_t n;

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_port *port = &plan->port[i];

		show_port(config, port);
		zones_check(config, port->zone, port->n_zones, port->iface.name, &errors);
	}
	show_mirror(config, plan, all, n_all, &warnings);
	notes_copy(&warnings, &plan->warnings);
	for (size_t i = 0; i < warnings.n; i++)
		printf("warning: %s\n", warnings.text[i]);
	notes_clear(&warnings);
	for (size_t i = 0; i < errors.n; i++)
		log_error("%s", errors.text[i]);
	n = errors.n;
	notes_clear(&errors);
	return n;
}

static int with_interfaces(const struct config *config, struct netlink *nl, struct ifaces *ifaces)
{
	const struct iface *iface;
	struct plan plan;
	size_t n;
	int code = netlink_list(nl, ifaces) ? EXIT_FAILED : EXIT_DONE;

	iface = ifaces_all(ifaces, &n);
	if (code == EXIT_DONE && plan_make(config, iface, n, &plan))
		code = EXIT_FAILED;
	if (code == EXIT_FAILED)
		return code;
	if (show(config, &plan, iface, n))
		code = EXIT_NEGATIVE;
	plan_free(&plan);
	return code;
}

int check_run(const struct options *options)
{
	struct ifaces *ifaces = ifaces_new();
	struct netlink *nl = NULL;
	struct config *config = NULL;
	char *text = NULL;
	int code = EXIT_NEGATIVE;
	int error = config_load(options->config, &config, &text);

	if (error)
		log_error("%s", text ? text : strerror(-error));
	else if (!ifaces || netlink_open(&nl))
		code = EXIT_FAILED;
	else
		code = with_interfaces(config, nl, ifaces);
	if (code == EXIT_FAILED)
		log_error("cannot list the network interfaces");
	free(text);
	netlink_close(nl);
	ifaces_free(ifaces);
	config_free(config);
	return code;
}
