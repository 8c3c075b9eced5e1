/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports by the loader's file: compared by name, so that a port deleted and made anew is lost and attached. */
#include "ports.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/abi.h"
#include "../lib/file.h"
#include "../lib/paths.h"
#include "../lib/text.h"

#define LOADER_STATE_MAX (16u << 20)

struct port {
	char name[16]; /* empty = the number is free */
	char xdp[12], tc[12];
	uint64_t ifindex;
	bool enforcing;
};

struct ports {
	char *path;
	bool known; /* read before: what is there at the first look did not come just now */
	struct port port[LC_PORTS];
};

int ports_new(const char *run, struct ports **out)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->path = path_join(run, PATH_LOADER_STATE);
	if (!p->path) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	free(p->path);
	free(p);
}

static void take_text(json_t *row, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(row, name));
	char clean[TEXT_MAX + 1];

	(void)text_clean(text ? text : "", text ? strlen(text) : 0, clean);
	(void)snprintf(out, size, "%.*s", (int)size - 1, clean);
}

static void take_port(struct port port[static LC_PORTS], json_t *row)
{
	json_int_t number = json_integer_value(json_object_get(row, "number"));
	struct port *one;

	if (!json_is_integer(json_object_get(row, "number")) || number < 0 || number >= LC_PORTS ||
	    json_integer_value(json_object_get(row, "ifindex")) <= 0)
		return;
	one = &port[number];
	take_text(row, "name", one->name, sizeof(one->name));
	take_text(row, "xdp", one->xdp, sizeof(one->xdp));
	take_text(row, "tc", one->tc, sizeof(one->tc));
	one->ifindex = (uint64_t)json_integer_value(json_object_get(row, "ifindex"));
	one->enforcing = json_is_true(json_object_get(row, "enforcing"));
}

static const struct port *find(const struct port port[static LC_PORTS], const char *name)
{
	for (size_t i = 0; i < LC_PORTS; i++)
		if (port[i].name[0] && !strcmp(port[i].name, name))
			return &port[i];
	return NULL;
}

/* From best to worst: what a change of it means. */
static int quality(const struct port *one)
{
	static const char *const modes[] = {"native", "generic", "foreign", "none"};
	int rank = 4;

	for (int i = 0; i < 4; i++)
		if (!strcmp(one->xdp, modes[i]))
			rank = i;
	return rank + (one->enforcing ? 0 : 10) + (strcmp(one->tc, "none") ? 0 : 5);
}

static void say(const struct ports *p, ports_fn *fn, void *arg, const char *event, const struct port *one)
{
	char reason[120];

	(void)snprintf(reason, sizeof(reason), "xdp %s, tc %s, %s%s", one->xdp, one->tc,
		       one->enforcing ? "enforcing" : "not enforcing", p->known ? "" : " (found when lenscapd started)");
	fn(arg, event, one->name, reason);
}

static void compare(const struct ports *p, const struct port new[static LC_PORTS], ports_fn *fn, void *arg)
{
	const struct port *old = p->port;

	for (size_t i = 0; i < LC_PORTS; i++) {
		const struct port *now = old[i].name[0] ? find(new, old[i].name) : NULL;

		if (old[i].name[0] && (!now || now->ifindex != old[i].ifindex))
			say(p, fn, arg, "port_lost", &old[i]);
	}
	for (size_t i = 0; i < LC_PORTS; i++) {
		const struct port *before = new[i].name[0] ? find(old, new[i].name) : NULL;

		if (!new[i].name[0])
			continue;
		if (!before || before->ifindex != new[i].ifindex)
			say(p, fn, arg, "port_attached", &new[i]);
		else if (quality(&new[i]) > quality(before))
			say(p, fn, arg, "port_degraded", &new[i]);
	}
}

int ports_read(struct ports *p, ports_fn *fn, void *arg)
{
	char *text;
	size_t size, i;
	json_t *whole, *rows, *row;
	struct port *port = calloc(LC_PORTS, sizeof(*port));
	int err = port ? file_read(p->path, LOADER_STATE_MAX, &text, &size) : -ENOMEM;

	if (err) {
		free(port);
		return err;
	}
	whole = json_loadb(text, size, 0, NULL);
	free(text);
	rows = json_object_get(whole, "ports");
	if (json_is_array(rows)) {
		json_array_foreach(rows, i, row)
			take_port(port, row);
		compare(p, port, fn, arg);
		memcpy(p->port, port, sizeof(p->port));
		p->known = true;
	} else {
		err = -EINVAL;
	}
	json_decref(whole);
	free(port);
	return err;
}

const char *ports_name(const struct ports *p, unsigned number)
{
	return number < LC_PORTS && p->port[number].name[0] ? p->port[number].name : NULL;
}
