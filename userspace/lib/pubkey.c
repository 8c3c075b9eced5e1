/* SPDX-License-Identifier: GPL-2.0-only */
/* Public keys of minisign, read from the configuration and from the command line. */
#include "pubkey.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct packed { /* what the base64 holds */
	uint8_t algorithm[2], id[PUBKEY_ID], key[32];
};
_Static_assert(sizeof(struct packed) == 42, "no padding");

int pubkey_parse(const char *text, struct pubkey *out, const char **reason)
{
	struct packed packed;
	const char *end = NULL;
	size_t size = 0;

	if (sodium_base642bin((uint8_t *)&packed, sizeof(packed), text, strlen(text), NULL, &size, &end,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    size != sizeof(packed) || *end) {
		*reason = "not a minisign public key; write the second line of the .pub file, 56 characters beginning with RW";
		return -EINVAL;
	}
	if (memcmp(packed.algorithm, "Ed", 2) != 0) {
		*reason = "not a public key for signatures; write the second line of the .pub file that minisign -G made";
		return -EINVAL;
	}
	memcpy(out->id, packed.id, sizeof(out->id));
	memcpy(out->key, packed.key, sizeof(out->key));
	return 0;
}

void pubkey_id_format(const uint8_t id[static PUBKEY_ID], char out[static PUBKEY_ID_TEXT])
{
	for (unsigned i = 0; i < PUBKEY_ID; i++) /* a little-endian number */
		(void)snprintf(out + (size_t)i * 2, 3, "%02X", id[PUBKEY_ID - 1 - i]);
}
