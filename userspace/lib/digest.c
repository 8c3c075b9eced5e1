/* SPDX-License-Identifier: GPL-2.0-only */
/* Digest of a policy: a sum of hashes, so that it follows changes. */
#include "digest.h"

#include <sodium.h>
#include <string.h>

static void to_bytes(uint64_t value, uint8_t out[static 8])
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t from_bytes(const uint8_t *in)
{
	uint64_t value = 0;

	for (size_t i = 8; i-- > 0;)
		value = value << 8 | in[i];
	return value;
}

static struct digest word_digest(uint64_t word)
{
	uint8_t in[8], out[32];
	struct digest d;

	to_bytes(word, in);
	(void)crypto_generichash(out, sizeof(out), in, sizeof(in), NULL, 0);
	for (size_t i = 0; i < 4; i++)
		d.lane[i] = from_bytes(out + 8 * i);
	return d;
}

void digest_add(struct digest *d, uint64_t word)
{
	struct digest one = word_digest(word);

	for (size_t i = 0; i < 4; i++)
		d->lane[i] += one.lane[i];
}

void digest_remove(struct digest *d, uint64_t word)
{
	struct digest one = word_digest(word);

	for (size_t i = 0; i < 4; i++)
		d->lane[i] -= one.lane[i];
}

struct digest digest_of(const uint64_t *words, size_t n)
{
	struct digest d = {{0}};

	for (size_t i = 0; i < n; i++)
		digest_add(&d, words[i]);
	return d;
}

void digest_bytes(const struct digest *d, uint8_t out[static 32])
{
	for (size_t i = 0; i < 4; i++)
		to_bytes(d->lane[i], out + 8 * i);
}

void digest_hex(const struct digest *d, char out[static 65])
{
	uint8_t bytes[32];

	digest_bytes(d, bytes);
	(void)sodium_bin2hex(out, 65, bytes, sizeof(bytes));
}
