/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of a port shall know: number, sizes, seed, zones, and whether tags may be hidden from XDP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../userspace/lib/log.h"
#include "port.h"
#include "zones.h"

#define NO_ZONE_ID 0xff /* as in lc_event.zone: no zone of the configuration has it */

/* Turn off what hides tags, if it is on and can be: setting it unread resets some cards. */
static void uncover_tags(struct port *port, const struct offload *offload)
{
	uint8_t which = offload->on & offload->changeable;
	int error = which ? offload_set(port->pub.name, which, 0) : 0;

	if (error) {
		notes_add(&port->warnings, "%s: receive VLAN offload cannot be turned off (%s): tags are judged in tc",
			  port->pub.name, strerror(-error));
		return;
	}
	if (!which)
		return;
	port->offload_turned_off |= which;
	log_info("%s: receive VLAN offload turned off, its zones depend on the VLAN", port->pub.name);
}

static enum offload_state state_of(const struct port *port, const struct offload *offload)
{
	if (offload->on)
		return OFFLOAD_ON;
	if (port->offload_turned_off)
		return OFFLOAD_TURNED_OFF;
	return offload->there ? OFFLOAD_OFF : OFFLOAD_NOT_THERE;
}

/* May a tag be missing in the frame that XDP sees? Devices made of software (veth, bonds, taps) hand over buffers whose
 * tag is already set apart, whatever their offload says. */
static bool tags_hidden(struct port *port, const struct iface *iface, bool matters)
{
	struct offload offload = {0};
	bool hardware = !iface->kind[0];
	int error = offload_read(port->pub.name, &offload);

	if (!error && matters && hardware && offload.on) {
		uncover_tags(port, &offload);
		error = offload_read(port->pub.name, &offload);
	}
	port->offload = error ? OFFLOAD_NOT_THERE : state_of(port, &offload);
	return !hardware || error || offload.on;
}

void port_restore_offload(struct port *port)
{
	int error;

	if (!port->offload_turned_off)
		return;
	error = offload_set(port->pub.name, port->offload_turned_off, 1);
	if (error && error != -ENODEV)
		log_warning("%s: receive VLAN offload cannot be turned on again: %s (ethtool -K %s rxvlan on)",
			    port->pub.name, strerror(-error), port->pub.name);
	else if (!error)
		log_info("%s: receive VLAN offload turned on again", port->pub.name);
	port->offload_turned_off = 0;
}

static void sizes(const struct port *port, const struct lc_control *control, struct lc_port_conf *conf)
{
	memcpy(conf->seed, control->seed, sizeof(conf->seed));
	conf->bucket_mask = control->buckets - 1;
	conf->slot_mask = control->slots - 1;
	conf->cpus = control->cpus;
	conf->port = port->number;
}

/* In another namespace: its zones stay as they were. The permitted addresses are found by the zones' numbers, though:
 * if those may have changed by the time its programs must be made anew, it may talk to nobody. */
static void configure_elsewhere(const struct port *port, const struct maps *maps, struct lc_port_conf *conf)
{
	*conf = port->conf;
	sizes(port, &maps->control, conf);
	if (conf->permits == maps->permits || !memcmp(conf, &port->conf, sizeof(*conf)))
		return;
	for (size_t i = 1; i < LC_PORT_ZONES; i++)
		conf->zone[i].id = NO_ZONE_ID;
	conf->permits = maps->permits;
}

void port_configure(struct port *port, const struct maps *maps, const struct config *config,
		    const struct plan_port *want, struct lc_port_conf *conf)
{
	bool matters;

	if (!want) {
		configure_elsewhere(port, maps, conf);
		return;
	}
	memset(conf, 0, sizeof(*conf));
	sizes(port, &maps->control, conf);
	conf->permits = maps->permits;
	zones_build(config, want->zone, want->n_zones, port->pub.name, conf, &port->warnings);
	memcpy(port->zone, want->zone, sizeof(port->zone));
	port->n_zones = want->n_zones;
	matters = zones_depend_on_vlan(conf);
	if (!matters)
		port_restore_offload(port);
	if (tags_hidden(port, &want->iface, matters))
		conf->flags |= matters ? LC_PORT_XDP_BLIND : LC_PORT_TAGS_HIDDEN;
}
