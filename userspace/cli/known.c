/* SPDX-License-Identifier: GPL-2.0-only */
/* devices.json without a tree: of each row only what `lenscap devices` shows is kept, each text once. */
#include "known.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "../feed/entry.h"
#include "../lib/file.h"
#include "../lib/mac.h"
#include "../lib/paths.h"
#include "../lib/text.h"

#define BYTES_MAX (64u << 20)
#define ROW_DEPTH 3 /* file, "devices", row */

enum field { MAC, PORT, DIRECTION, IP, VENDOR, FIRST, FIELDS };
static const char *const names[FIELDS] = {"mac", "port", "direction", "ip", "vendor", "first"};

struct known {
	struct known_row *row; /* sorted by address */
	size_t n, room;
	struct strings *strings;
	/* while reading: */
	unsigned depth;
	bool in_devices;
	enum field field;
	struct known_row now;
};

static int on_start(void *arg)
{
	struct known *k = arg;

	k->field = FIELDS;
	if (++k->depth == ROW_DEPTH)
		k->now = (struct known_row){0};
	return k->depth <= ROW_DEPTH + 1;
}

static int on_end_array(void *arg)
{
	struct known *k = arg;

	k->depth--;
	return 1;
}

static int keep_row(struct known *k)
{
	if (k->n == k->room) {
		size_t room = k->room ? k->room * 2 : 256;
		struct known_row *bigger = reallocarray(k->row, room, sizeof(*bigger));

		if (!bigger)
			return 0;
		k->row = bigger;
		k->room = room;
	}
	k->row[k->n++] = k->now;
	return 1;
}

static int on_end_map(void *arg)
{
	struct known *k = arg;
	bool whole = k->depth-- == ROW_DEPTH && k->in_devices && k->now.mac48;

	return whole ? keep_row(k) : 1;
}

static int on_key(void *arg, const unsigned char *key, size_t size)
{
	struct known *k = arg;

	if (k->depth == 1)
		k->in_devices = size == 7 && !memcmp(key, "devices", 7);
	for (k->field = 0; k->field < FIELDS; k->field++)
		if (strlen(names[k->field]) == size && !memcmp(names[k->field], key, size))
			break;
	return 1;
}

static void take(struct known *k, const char *text)
{
	struct known_row *row = &k->now;
	const char *reason;

	switch (k->field) {
	case MAC: (void)mac_parse(text, &row->mac48, &reason); break;
	case PORT: row->port = strings_add(k->strings, text); break;
	case DIRECTION: row->to = !strcmp(text, "to"); break;
	case IP: row->ip = strings_add(k->strings, text); break;
	case VENDOR: row->vendor = strings_add(k->strings, text); break;
	case FIRST: (void)time_parse(text, &row->first); break;
	default: break;
	}
}

static int on_string(void *arg, const unsigned char *text, size_t size)
{
	struct known *k = arg;
	char copy[TEXT_MAX + 1];

	if (k->depth != ROW_DEPTH || !k->in_devices || k->field == FIELDS || size >= sizeof(copy))
		return 1;
	memcpy(copy, text, size);
	copy[size] = '\0';
	take(k, copy);
	return 1;
}

static const yajl_callbacks callbacks = {.yajl_string = on_string,
					 .yajl_start_map = on_start,
					 .yajl_map_key = on_key,
					 .yajl_end_map = on_end_map,
					 .yajl_start_array = on_start,
					 .yajl_end_array = on_end_array};

static bool parse(struct known *k, const char *data, size_t size)
{
	yajl_handle json = yajl_alloc(&callbacks, NULL, k);
	bool good = json && yajl_parse(json, (const unsigned char *)data, size) == yajl_status_ok &&
		    yajl_complete_parse(json) == yajl_status_ok;

	if (json)
		yajl_free(json);
	return good;
}

static int by_mac(const void *a, const void *b)
{
	const struct known_row *x = a, *y = b;

	return (x->mac48 > y->mac48) - (x->mac48 < y->mac48);
}

struct known *known_read(const struct config *config)
{
	char *path = path_join(config->run, PATH_DAEMON_DEVICES), *data = NULL;
	struct known *k = calloc(1, sizeof(*k));
	size_t size = 0;
	bool good = path && k && !file_read(path, BYTES_MAX, &data, &size);

	if (good)
		k->strings = strings_new();
	good = good && k->strings && parse(k, data, size);
	free(data);
	free(path);
	if (!good) {
		known_free(k);
		return NULL;
	}
	if (k->n)
		qsort(k->row, k->n, sizeof(*k->row), by_mac);
	return k;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	free(k->row);
	strings_free(k->strings);
	free(k);
}

const struct known_row *known_find(const struct known *k, uint64_t mac48, const char *port, bool to)
{
	size_t low = 0, high = k ? k->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->row[middle].mac48 < mac48)
			low = middle + 1;
		else
			high = middle;
	}
	for (; k && low < k->n && k->row[low].mac48 == mac48; low++)
		if (k->row[low].to == to && !strcmp(known_text(k, k->row[low].port), port))
			return &k->row[low];
	return NULL;
}

const char *known_text(const struct known *k, uint32_t text)
{
	return k ? strings_get(k->strings, text) : "";
}
