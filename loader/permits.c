/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the map "permits". Pure. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "permits.h"

#define ZONE_BITS 32 /* zone and family, matched whole */

static struct permit row_of(size_t zone, const struct config_prefix *prefix, uint8_t value)
{
	struct permit row;

	memset(&row, 0, sizeof(row)); /* the digest is over its octets */
	row.key.bits = ZONE_BITS + prefix->length;
	row.key.zone = (uint16_t)zone;
	row.key.family = prefix->family;
	memcpy(row.key.address, prefix->address, sizeof(row.key.address));
	row.value = value;
	return row;
}

/* The longest prefix alone is found: it says what the wider ones around it say too. */
static uint8_t value_of(const struct config_zone *zone, const struct config_prefix *prefix)
{
	uint8_t value = 0;

	for (size_t i = 0; i < zone->n_permits; i++)
		if (zone->permits[i].length <= prefix->length &&
		    config_prefix_holds(&zone->permits[i], prefix->family, prefix->address))
			value |= LC_PERMIT_PEER;
	for (size_t i = 0; i < zone->n_gateways; i++)
		if (zone->gateways[i].length <= prefix->length &&
		    config_prefix_holds(&zone->gateways[i], prefix->family, prefix->address))
			value |= LC_PERMIT_GATEWAY;
	return value;
}

static size_t put_list(const struct config *config, size_t zone, const struct config_prefix *list, size_t n,
		       struct permit *rows)
{
	for (size_t i = 0; i < n; i++)
		rows[i] = row_of(zone, &list[i], value_of(&config->zones[zone], &list[i]));
	return n;
}

static uint64_t digest_rows(const struct permit *rows, size_t n)
{
	uint64_t digest = 0;
	uint8_t hash[32];

	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)rows, n * sizeof(*rows), NULL, 0);
	memcpy(&digest, hash, sizeof(digest));
	return digest ? digest : 1;
}

int permits_make(const struct config *config, struct permit **rows, size_t *n, uint64_t *digest)
{
	size_t most = 1, used = 0;
	struct permit *out;

	for (size_t z = 0; z < config->n_zones; z++)
		most += config->zones[z].n_permits + config->zones[z].n_gateways;
	out = calloc(most, sizeof(*out));
	if (!out)
		return -ENOMEM;
	for (size_t z = 0; z < config->n_zones; z++) {
		const struct config_zone *zone = &config->zones[z];

		used += put_list(config, z, zone->permits, zone->n_permits, &out[used]);
		used += put_list(config, z, zone->gateways, zone->n_gateways, &out[used]);
	}
	*rows = out;
	*n = used;
	*digest = digest_rows(out, used);
	return 0;
}
