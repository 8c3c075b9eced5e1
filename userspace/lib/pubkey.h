/* SPDX-License-Identifier: GPL-2.0-only */
/* Public keys of minisign: Ed25519 with a key id, as one word of base64 ("RW…"). */
#ifndef LENSCAP_LIB_PUBKEY_H
#define LENSCAP_LIB_PUBKEY_H

#include <stdint.h>

#define PUBKEY_ID 8
#define PUBKEY_ID_TEXT 17

struct pubkey {
	uint8_t id[PUBKEY_ID]; /* chosen at random when the pair was made; not a digest of the key */
	uint8_t key[32];
};

/* The second line of a minisign.pub file, whole string. 0, or -EINVAL with *reason for people. */
int pubkey_parse(const char *text, struct pubkey *out, const char **reason);
/* As minisign shows it: 16 hex digits. */
void pubkey_id_format(const uint8_t id[static PUBKEY_ID], char out[static PUBKEY_ID_TEXT]);
#endif
