/* SPDX-License-Identifier: GPL-2.0-only */
/* The doctor on the mirror port: can it take copies, and are they what was on the wire? */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"
#include "state.h"

#define COPIES (1u << LC_MIRROR | 1u << LC_DIVERT)

/* Generic receive offload: 1 on, 0 off, -1 not to be asked. */
static int gro_of(const char *port)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GGRO};
	struct ifreq request = {.ifr_data = (void *)&value};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -1;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", port);
	err = ioctl(fd, SIOCETHTOOL, &request);
	(void)close(fd);
	return err ? -1 : value.data != 0;
}

static bool copies_on(const struct config *config, const json_t *port)
{
	const json_t *zones = state_get(port, "zones");

	for (size_t i = 0; i < config->n_zones; i++)
		if (config->zones[i].permitted & COPIES && state_find(zones, "name", config->zones[i].name))
			return true;
	return false;
}

static void examine_gro(struct doctor *d, const json_t *port)
{
	const char *name = state_string(port, "name");
	char what[64], cure[96];
	int gro;

	if (!name || !copies_on(d->cli->config, port))
		return;
	gro = gro_of(name);
	(void)snprintf(what, sizeof(what), "copies of %.15s", name);
	(void)snprintf(cure, sizeof(cure), "ethtool -K %.15s gro off, where copies must be byte-exact", name);
	if (gro > 0)
		doctor_say(d, FINDING_WARNING, what, cure,
			   "GRO merges frames before tc copies them: a copy may be several frames as one");
	else
		doctor_say(d, FINDING_GOOD, what, NULL, gro ? "whether GRO merges frames cannot be asked" : "GRO is off: one for each frame");
}

static void examine_divert(struct doctor *d, const char *interface, const json_t *said)
{
	const char *divert = state_string(said, "divert"), *reason = state_string(said, "reason");

	if (!state_bool(said, "present"))
		return; /* among the problems of `status` */
	if (divert && strcmp(divert, "xdp") == 0)
		doctor_say(d, FINDING_GOOD, "mirror port", NULL, "%s: there; takes frames from XDP", interface);
	else
		doctor_say(d, FINDING_WARNING, "mirror port", "divert works by tc, at a higher cost a frame; see the reason",
			   "%s: there; XDP does not redirect to it: %s", interface, reason ? reason : "no reason told");
}

void doctor_mirror(struct doctor *d)
{
	const struct config_mirror *mirror = &d->cli->config->mirror;
	const json_t *said = state_get(d->health.loader, "mirror"), *ports = state_get(d->health.loader, "ports");

	if (!mirror->interface || !json_is_object(said))
		return;
	examine_divert(d, mirror->interface, said);
	for (size_t i = 0; i < json_array_size(ports); i++)
		examine_gro(d, json_array_get(ports, i));
}
