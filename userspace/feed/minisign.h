/* SPDX-License-Identifier: GPL-2.0-only */
/* Signatures of minisign (.minisig files), checked while the signed bytes pass: Ed25519 over their BLAKE2b-512, or, in
 * the legacy form, over the bytes themselves. */
#ifndef LENSCAP_FEED_MINISIGN_H
#define LENSCAP_FEED_MINISIGN_H

#include <stddef.h>

#include "../lib/pubkey.h"
#include "../lib/text.h"

#define MINISIGN_SUFFIX ".minisig"
#define MINISIGN_FILE_MAX ((size_t)16 << 10)
#define MINISIGN_LEGACY_MAX ((size_t)16 << 20) /* bytes that a legacy signature may cover: they are kept until the end */
#define MINISIGN_REASON 256

/* A signature on its way to being believed. */
struct minisign;

/* Read a .minisig file's text and check all that does not need the signed bytes: its form, that one of KEYS made it, the
 * signature over the trusted comment. -EKEYREJECTED with reason ("what; way out"), or -ENOMEM. */
int minisign_new(const char *text, size_t size, const struct pubkey *keys, size_t n_keys, struct minisign **out,
		 char reason[static MINISIGN_REASON]);
void minisign_free(struct minisign *m);
/* The signed bytes, in pieces. What cannot be taken shows at the end. */
void minisign_update(struct minisign *m, const void *data, size_t size);
/* Do they fit? 0 or -EKEYREJECTED with reason. */
int minisign_end(struct minisign *m, char reason[static MINISIGN_REASON]);

/* Whose signature it is, and the trusted comment cleaned for people. */
void minisign_key_id(const struct minisign *m, char out[static PUBKEY_ID_TEXT]);
void minisign_comment(const struct minisign *m, char out[static TEXT_MAX + 1]);
#endif
