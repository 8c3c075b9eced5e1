/* SPDX-License-Identifier: GPL-2.0-only */
/* MAC addresses and prefixes: text to number and back. A mac48 has the first octet in bits 47..40. */
#ifndef LENSCAP_LIB_MAC_H
#define LENSCAP_LIB_MAC_H

#include <stddef.h>
#include <stdint.h>

struct prefix {
	uint64_t mac48; /* bits beyond len are zero */
	unsigned len;	/* 24 .. 48 */
};

/* "44:19:b6:ff:ff:ff/48" and the terminator. */
#define PREFIX_TEXT 24
#define MAC_TEXT 18

/* Parse an address in one of the spellings 44:19:b6:01:02:03, 44-19-…, 4419.b601.0203, 4419b6010203 (whole string,
 * any case). 0, or -EINVAL with *reason set to a constant sentence for people; *mac48 then untouched.
 * Accepts any 48 bits: whether an address may be flagged is prefix_parse's question. */
int mac_parse(const char *text, uint64_t *mac48, const char **reason);

/* Parse an address (length 48) or prefix "44:19:b6/24", "70:b3:d5:12:30:00/36" (missing octets are zero).
 * Refuses lengths outside 24..48, bits beyond the length, group addresses, all-zero, broadcast, trailing text. */
int prefix_parse(const char *text, struct prefix *out, const char **reason);

/* The six octets of an address, in the order of the wire, as a mac48. */
uint64_t mac_read(const uint8_t octet[static 6]);

/* Colons, lower case; a prefix shows the octets its length covers ("44:19:b6/24"), length 48 no length. */
void mac_format(uint64_t mac48, char out[static MAC_TEXT]);
void prefix_format(const struct prefix *p, char out[static PREFIX_TEXT]);

/* The next kernel length (24, 28, 36, 48), as enum lc_length, and how many entries an expansion makes. */
unsigned prefix_kernel_length(unsigned len);
unsigned prefix_bits(unsigned length_code);
#endif
