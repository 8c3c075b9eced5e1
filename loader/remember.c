/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VLAN offloads were turned off, kept for a later run, so that they are given back. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../userspace/lib/file.h"
#include "../userspace/lib/log.h"
#include "../userspace/lib/paths.h"
#include "loader.h"

#define REMEMBER "loader/offload.json"
#define REMEMBER_MAX (256ul * 1024)

static json_t *describe(const struct ports *ports)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < LC_PORTS; n++) {
		const struct port *port = ports->port[n];

		if (port && port->offload_turned_off)
			json_array_append_new(list, json_pack("{s:s, s:I, s:i}", "name", port->pub.name, "ifindex",
							      (json_int_t)port->pub.ifindex, "features",
							      port->offload_turned_off));
	}
	return list;
}

void offload_remember(const struct loader *loader)
{
	static char *last;
	json_t *list = describe(&loader->ports);
	char *text = json_dumps(list, JSON_COMPACT), *path = path_join(loader->config->run, REMEMBER);

	json_decref(list);
	if (text && path && strcmp(text, last ? last : "[]")) {
		int error = file_write(path, text, strlen(text), 0640, loader->owners.group, false);

		if (error)
			log_warning("%s: %s: offload may not be restored", path, strerror(-error));
		free(last);
		last = strdup(text);
	}
	free(text);
	free(path);
}

static void recall_one(struct ports *ports, const char *name, uint32_t ifindex, int features)
{
	for (unsigned n = 0; n < LC_PORTS; n++) {
		struct port *port = ports->port[n];

		if (port && port->present && port->pub.ifindex == ifindex && !strcmp(port->pub.name, name))
			port->offload_turned_off = (uint8_t)features & 3;
	}
}

void offload_recall(struct ports *ports, const char *run)
{
	char *path = path_join(run, REMEMBER), *text = NULL;
	json_t *list = NULL, *row;
	size_t size, i;

	if (path && !file_read(path, REMEMBER_MAX, &text, &size))
		list = json_loadb(text, size, 0, NULL);
	json_array_foreach(list, i, row)
	{
		const char *name;
		json_int_t ifindex;
		int features;

		if (!json_unpack(row, "{s:s, s:I, s:i}", "name", &name, "ifindex", &ifindex, "features", &features))
			recall_one(ports, name, (uint32_t)ifindex, features);
	}
	json_decref(list);
	free(text);
	free(path);
}
