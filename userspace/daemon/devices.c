/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of devices: a search tree by address and port, and a queue by time of the last sight. */
#include "devices.h"

#include <errno.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "../lib/file.h"
#include "../lib/mac.h"
#include "../lib/text.h"

#include "../../bpf/abi.h"

#define DEVICES_FILE_MAX (32u << 20)

struct node {
	struct device device; /* first: the tree compares devices */
	TAILQ_ENTRY(node) queue;
};

struct devices {
	void *tree;
	TAILQ_HEAD(, node) queue; /* least recently seen first */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct device *x = a, *y = b;

	if (x->mac48 != y->mac48)
		return x->mac48 < y->mac48 ? -1 : 1;
	if (x->to != y->to)
		return x->to ? 1 : -1;
	return strncmp(x->port, y->port, sizeof(x->port));
}

int devices_new(struct devices **out)
{
	struct devices *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	TAILQ_INIT(&d->queue);
	*out = d;
	return 0;
}

static void forget_oldest(struct devices *d)
{
	struct node *node = TAILQ_FIRST(&d->queue);

	TAILQ_REMOVE(&d->queue, node, queue);
	(void)tdelete(node, &d->tree, compare);
	free(node);
	d->n--;
}

void devices_free(struct devices *d)
{
	while (d && d->n)
		forget_oldest(d);
	free(d);
}

void devices_forget_zones(struct devices *d)
{
	struct node *node;

	TAILQ_FOREACH(node, &d->queue, queue)
		node->device.no_zone = 0;
}

size_t devices_count(const struct devices *d)
{
	return d->n;
}

static struct node *insert(struct devices *d, const struct device *key)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->device = *key;
	if (!tsearch(node, &d->tree, compare)) {
		free(node);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&d->queue, node, queue);
	if (++d->n > DEVICES_MAX)
		forget_oldest(d);
	return node;
}

struct device *devices_touch(struct devices *d, uint64_t mac48, const char *port, bool to)
{
	struct device key = {.mac48 = mac48, .to = to};
	struct node **found;
	struct node *node;

	strncpy(key.port, port, sizeof(key.port) - 1);
	found = tfind(&key, &d->tree, compare);
	if (!found) {
		node = insert(d, &key);
		return node ? &node->device : NULL;
	}
	node = *found;
	TAILQ_REMOVE(&d->queue, node, queue);
	TAILQ_INSERT_TAIL(&d->queue, node, queue);
	return &node->device;
}

static json_t *vlan_json(unsigned vlan)
{
	if (vlan == LC_VLAN_UNTAGGED)
		return json_string("untagged");
	return vlan == LC_VLAN_ODD ? json_string("odd") : json_sprintf("%u", vlan);
}

static json_t *device_json(const struct device *one)
{
	char mac[MAC_TEXT], first[TIME_TEXT], last[TIME_TEXT], no_zone[TIME_TEXT];

	mac_format(one->mac48, mac);
	time_format(one->first, first);
	time_format(one->last, last);
	time_format(one->no_zone, no_zone);
	return json_pack("{s:s, s:s, s:s, s:o, s:s*, s:s*, s:s, s:s, s:s*, s:o*}", "mac", mac, "port", one->port, "direction",
			 one->to ? "to" : "from", "vlan",
			 vlan_json(one->vlan), "ip", one->ip[0] ? one->ip : NULL, "vendor",
			 one->vendor[0] ? one->vendor : NULL, "first", first, "last", last, "no_zone",
			 one->no_zone ? no_zone : NULL, "no_zone_vlan",
			 one->no_zone ? vlan_json(one->no_zone_vlan) : NULL);
}

int devices_write(const struct devices *d, const char *path)
{
	char now[TIME_TEXT], *text = NULL;
	json_t *rows = json_array(), *whole;
	struct node *node;
	int err = -ENOMEM;

	time_format(time(NULL), now);
	TAILQ_FOREACH(node, &d->queue, queue)
		(void)json_array_append_new(rows, device_json(&node->device));
	whole = json_pack("{s:s, s:o}", "updated", now, "devices", rows);
	if (whole)
		text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	if (text)
		err = file_write(path, text, strlen(text), 0640, (gid_t)-1, false);
	free(text);
	return err;
}

static bool vlan_number(const char *text, uint16_t *vlan)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (!strcmp(text, "untagged"))
		*vlan = LC_VLAN_UNTAGGED;
	else if (!strcmp(text, "odd"))
		*vlan = LC_VLAN_ODD;
	else if (*text && !*end && number < LC_VLAN_UNTAGGED)
		*vlan = (uint16_t)number;
	else
		return false;
	return true;
}

/* One row, every string checked as if a stranger had written it. */
static bool take_row(struct devices *d, json_t *row)
{
	const char *mac, *port, *vlan, *direction = "from", *ip = "", *vendor = "", *first, *last, *reason;
	char clean[TEXT_MAX + 1];
	struct device read = {0}, *one;

	if (json_unpack(row, "{s:s, s:s, s?s, s:s, s?s, s?s, s:s, s:s}", "mac", &mac, "port", &port, "direction", &direction, "vlan",
			&vlan, "ip", &ip, "vendor", &vendor, "first", &first, "last", &last))
		return false;
	read.to = !strcmp(direction, "to");
	if ((!read.to && strcmp(direction, "from") != 0) || mac_parse(mac, &read.mac48, &reason) || !vlan_number(vlan, &read.vlan) || strlen(ip) >= sizeof(read.ip) ||
	    strlen(port) >= sizeof(read.port) || time_parse(first, &read.first) || time_parse(last, &read.last))
		return false;
	(void)text_clean(port, strlen(port), clean);
	one = devices_touch(d, read.mac48, clean, read.to);
	if (!one)
		return false;
	memcpy(read.port, one->port, sizeof(read.port));
	(void)text_clean(ip, strlen(ip), clean);
	memcpy(read.ip, clean, sizeof(read.ip));
	(void)text_clean(vendor, strlen(vendor), read.vendor);
	*one = read;
	return true;
}

static int take_rows(struct devices *d, json_t *whole)
{
	json_t *rows = json_object_get(whole, "devices"), *row;
	size_t i;

	if (!json_is_array(rows))
		return -EINVAL;
	json_array_foreach(rows, i, row) {
		if (take_row(d, row))
			continue;
		while (d->n)
			forget_oldest(d);
		return -EINVAL;
	}
	return 0;
}

int devices_read(struct devices *d, const char *path)
{
	char *text;
	size_t size;
	json_t *whole;
	int err = file_read(path, DEVICES_FILE_MAX, &text, &size);

	if (err)
		return err == -ENOENT ? 0 : err;
	whole = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	err = whole ? take_rows(d, whole) : -EINVAL;
	json_decref(whole);
	return err;
}
