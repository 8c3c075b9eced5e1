/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digest of a policy: the sum, lane by lane, of BLAKE2b-256 over each word in force (8 bytes little-endian, verdict
 * in bits 3..0, bits 7..4 zero). A sum, so that one change among a million costs one hash, and the same policy
 * has one digest however it came about.
 */
#ifndef LENSCAP_LIB_DIGEST_H
#define LENSCAP_LIB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest { /* four lanes, modulo 2^64 each */
	uint64_t lane[4];
};

void digest_add(struct digest *d, uint64_t word);
void digest_remove(struct digest *d, uint64_t word);
struct digest digest_of(const uint64_t *words, size_t n);
void digest_bytes(const struct digest *d, uint8_t out[static 32]);
void digest_hex(const struct digest *d, char out[static 65]);
#endif
