/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256 of many bytes: by the processor's own instructions where it has them (five times as fast), else libsodium's. A
 * feed of a million entries has 100 MB, and libsodium 1.0.18 hashes 430 MB a second. */
#ifndef LENSCAP_LIB_SHA256_H
#define LENSCAP_LIB_SHA256_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sha256 {
	bool own; /* by instructions */
	uint32_t h[8];
	uint64_t bytes;
	uint8_t rest[64]; /* bytes % 64 of them wait for a whole block */
	crypto_hash_sha256_state sodium;
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t size);
/* The digest as hex, zero-terminated. */
void sha256_end(struct sha256 *s, char hex[static 65]);

/* Which of the two sha256_begin() takes: for tests, which compare them. */
bool sha256_has_instructions(void);
void sha256_use_instructions(bool use);
#endif
