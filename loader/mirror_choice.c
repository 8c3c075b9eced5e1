/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interface copies go to, or why to none. Pure. */
#include <string.h>

#include "mirror.h"

static const struct iface *find(const struct iface *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

/* A copy sent to a bridge of zone ports, or to a VLAN of one, would be in the network it is kept out of. */
static bool carried_by(const struct plan *plan, const struct iface *iface)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct iface *port = &plan->port[i].iface;

		if (port->master == iface->ifindex ||
		    (iface->lower == port->ifindex && strcmp(iface->kind, "vxlan") != 0))
			return true;
	}
	return false;
}

static const char *refuse(const struct plan *plan, const struct iface *iface)
{
	if (!iface)
		return "is not there";
	if (plan_find(plan, iface->ifindex))
		return "is in a zone, where copies would be judged again";
	if (carried_by(plan, iface))
		return "leads to a port that is in a zone, so copies would be in that network";
	return iface->ether ? NULL : "carries no Ethernet frames";
}

const struct iface *mirror_choose(const struct config *config, const struct plan *plan, const struct iface *all,
				  size_t n, struct notes *warnings, const char **why)
{
	const char *name = config->mirror.interface;
	const struct iface *iface = name ? find(all, n, name) : NULL;
	const char *refusal = name ? refuse(plan, iface) : NULL;

	*why = refusal ? refusal : "";
	if (refusal)
		notes_add(warnings, "mirror port %s %s: nothing is copied to it, what is diverted is only dropped%s",
			  name, refusal, iface ? "; name an interface of its own" : "");
	return refusal ? NULL : iface;
}

const struct iface *mirror_large_port(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->port[i].iface.mtu > MIRROR_ONE_BUFFER)
			return &plan->port[i].iface;
	return NULL;
}
