/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256 (FIPS 180-4) with the SHA extensions of x86-64. Elsewhere all is libsodium's. */
#include "sha256.h"

#include <string.h>

static enum { UNKNOWN, WITH, WITHOUT } choice;

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

bool sha256_has_instructions(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
}

/* Sixteen rounds of four words; from the fifth on, the words come from those before. */
__attribute__((target("sha,sse4.1,ssse3"))) static void rounds(__m128i m[4], __m128i *abef, __m128i *cdgh)
{
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		__m128i w;

		if (i >= 4)
			m[i & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]),
								      _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4)),
							m[(i + 3) & 3]);
		w = _mm_add_epi32(m[i & 3], _mm_load_si128((const __m128i *)&k[4 * i]));
		*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, w);
		*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(w, 0x0e));
	}
}

__attribute__((target("sha,sse4.1,ssse3"))) static void add_blocks(uint32_t h[8], const uint8_t *data, size_t n)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
	__m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(h + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(abcd, efgh, 8), cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);

	for (; n; n--, data += 64) {
		const __m128i abef_before = abef, cdgh_before = cdgh;
		__m128i m[4];

		for (int i = 0; i < 4; i++)
			m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), big_endian);
		rounds(m, &abef, &cdgh);
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	abcd = _mm_shuffle_epi32(abef, 0x1b);
	efgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)h, _mm_blend_epi16(abcd, efgh, 0xf0));
	_mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(efgh, abcd, 8));
}
#else
bool sha256_has_instructions(void)
{
	return false;
}

static void add_blocks(uint32_t h[8], const uint8_t *data, size_t n)
{
	(void)h;
	(void)data;
	(void)n;
}
#endif

void sha256_use_instructions(bool use)
{
	choice = use && sha256_has_instructions() ? WITH : WITHOUT;
}

void sha256_begin(struct sha256 *s)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	if (choice == UNKNOWN)
		sha256_use_instructions(true);
	s->own = choice == WITH;
	s->bytes = 0;
	memcpy(s->h, start, sizeof(start));
	if (!s->own)
		(void)crypto_hash_sha256_init(&s->sodium);
}

/* What waits and enough of DATA to make it a block. Returns how much was taken. */
static size_t add_to_rest(struct sha256 *s, const uint8_t *data, size_t size)
{
	size_t waiting = s->bytes % 64, take = 64 - waiting < size ? 64 - waiting : size;

	memcpy(s->rest + waiting, data, take);
	s->bytes += take;
	if (s->bytes % 64 == 0)
		add_blocks(s->h, s->rest, 1);
	return take;
}

void sha256_add(struct sha256 *s, const void *data, size_t size)
{
	const uint8_t *from = data;
	size_t some;

	if (!s->own) {
		(void)crypto_hash_sha256_update(&s->sodium, from, size);
		return;
	}
	for (; size; from += some, size -= some) {
		if (s->bytes % 64 || size < 64) {
			some = add_to_rest(s, from, size);
			continue;
		}
		some = size / 64 * 64;
		add_blocks(s->h, from, some / 64);
		s->bytes += some;
	}
}

/* A one bit, zeros up to 8 bytes before the end of a block, the length in bits. */
static void pad(struct sha256 *s)
{
	const uint64_t bits = s->bytes * 8;
	uint8_t end[72] = {0x80};
	size_t zeros = (119 - s->bytes % 64) % 64;

	for (size_t i = 0; i < 8; i++)
		end[1 + zeros + i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(s, end, 1 + zeros + 8);
}

void sha256_end(struct sha256 *s, char hex[static 65])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	if (s->own) {
		pad(s);
		for (size_t i = 0; i < sizeof(digest); i++)
			digest[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
	} else {
		(void)crypto_hash_sha256_final(&s->sodium, digest);
	}
	(void)sodium_bin2hex(hex, 65, digest, sizeof(digest));
}
