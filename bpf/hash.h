/* SPDX-License-Identifier: GPL-2.0-only */
/* The three hashes that programs and userspace must compute alike. */
#ifndef LENSCAP_HASH_H
#define LENSCAP_HASH_H

#include "abi.h"

/* Finalizer of MurmurHash3 (Austin Appleby, public domain), keyed on both sides of its first multiplication: a
 * multiplication alone lets chosen keys collide. Low half: first bucket; high half: second. */
static inline __u64 lc_hash(__u64 key, __u64 seed0, __u64 seed1)
{
	key ^= seed0;
	key ^= key >> 33;
	key *= 0xff51afd7ed558ccdull;
	key ^= seed1;
	key ^= key >> 33;
	key *= 0xc4ceb9fe1a85ec53ull;
	key ^= key >> 33;
	return key;
}

/* Place of an OUI (24 bits) among the filter's 2^LC_FILTER_BITS nibbles. */
static inline __u32 lc_filter_index(__u32 oui)
{
	return (oui ^ (oui >> LC_FILTER_BITS) * 0x9e3du) & ((1u << LC_FILTER_BITS) - 1);
}

/* Which of the 512 bits of the protect filter stands for an address. */
static inline __u32 lc_protect_bit(__u64 mac48)
{
	return (__u32)((mac48 * 0x9e3779b97f4a7c15ull) >> 55);
}

#endif
