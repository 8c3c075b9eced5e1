/* SPDX-License-Identifier: GPL-2.0-only */
/* MAC addresses and prefixes in the spellings people use, strictly. */
#include "mac.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../bpf/abi.h"

#define DIGITS 12 /* of a whole address */
#define NO_ADDRESS "not a MAC address; write it like 44:19:b6:01:02:03, 44-19-b6-01-02-03, 4419.b601.0203 or 4419b6010203"

static const unsigned kernel_bits[LC_LENGTHS] = {24, 28, 36, 48};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits between two separators, 0 when C is no separator. */
static unsigned group_size(char c)
{
	switch (c) {
	case ':':
	case '-':
		return 2;
	case '.':
		return 4;
	default:
		return 0;
	}
}

/* The separator of a text and the digits in a group: both 0 for bare digits. */
static void find_separator(const char *text, size_t size, char *separator, unsigned *group)
{
	*separator = 0;
	*group = 0;
	for (size_t i = 0; i < size && !*group; i++) {
		*group = group_size(text[i]);
		*separator = *group ? text[i] : 0;
	}
}

/* Read hex digits in groups of one kind; the number of digits, or 0 when the text is anything else. */
static unsigned read_digits(const char *text, size_t size, uint64_t *value)
{
	unsigned digits = 0, group;
	uint64_t v = 0;
	char separator;

	find_separator(text, size, &separator, &group);
	for (size_t i = 0; i < size; i++) {
		bool at_group_end = group && i % (group + 1) == group;
		int digit = hex_value(text[i]);

		if (at_group_end && text[i] == separator)
			continue;
		if (at_group_end || digit < 0 || ++digits > DIGITS)
			return 0;
		v = v << 4 | (unsigned)digit;
	}
	if (group && (size + 1) % (group + 1)) /* a group cut short, or a separator at the end */
		return 0;
	*value = digits ? v << 4 * (DIGITS - digits) : 0;
	return digits;
}

static int refuse(const char **reason, const char *why)
{
	*reason = why;
	return -EINVAL;
}

int mac_parse(const char *text, uint64_t *mac48, const char **reason)
{
	uint64_t value;

	if (read_digits(text, strlen(text), &value) != DIGITS)
		return refuse(reason, NO_ADDRESS);
	*mac48 = value;
	return 0;
}

/* One to three digits without leading zeros; anything else is 0. */
static unsigned read_length(const char *text)
{
	unsigned length = 0;
	size_t size = strlen(text);

	if (size < 1 || size > 3 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		length = length * 10 + (unsigned)(text[i] - '0');
	}
	return length;
}

static int check_length(unsigned len, unsigned digits, const char **reason)
{
	if (!len)
		return refuse(reason, "not a prefix length; write a number from 24 to 48 behind the slash");
	if (len < 24)
		return refuse(reason, "the prefix is too broad; the shortest length is 24");
	if (len > 48)
		return refuse(reason, "the prefix length is over 48");
	if (digits * 4 < len)
		return refuse(reason, "the address ends before its prefix length does; write out the octets it covers");
	return 0;
}

static int check_flaggable(uint64_t mac48, unsigned len, const char **reason)
{
	if (mac48 & ((1ull << (48 - len)) - 1))
		return refuse(reason, "bits are set beyond the prefix length; clear them or make the length longer");
	if (mac48 == 0xffffffffffffull)
		return refuse(reason, "this is the broadcast address, which no device sends from");
	if (mac48 >> 40 & 1)
		return refuse(reason, "this is a group address, which no device sends from");
	if (!mac48)
		return refuse(reason, "this is the all-zero address, which belongs to no device");
	return 0;
}

int prefix_parse(const char *text, struct prefix *out, const char **reason)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t mac48 = 0;
	unsigned digits = read_digits(text, size, &mac48);
	unsigned len = slash ? read_length(slash + 1) : 48;
	int err;

	if (!digits || digits % 2 || (!slash && digits != DIGITS))
		return refuse(reason, !slash && digits ? "the address is not whole; a prefix needs its length, like 44:19:b6/24"
						       : NO_ADDRESS);
	err = check_length(len, digits, reason);
	if (!err)
		err = check_flaggable(mac48, len, reason);
	if (!err)
		*out = (struct prefix){.mac48 = mac48, .len = len};
	return err;
}

/* Colons between OCTETS octets. */
static void format_octets(uint64_t mac48, unsigned octets, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < octets; i++) {
		unsigned octet = (unsigned)(mac48 >> (40 - 8 * i)) & 0xff;

		out[3 * i] = digits[octet >> 4];
		out[3 * i + 1] = digits[octet & 15];
		out[3 * i + 2] = i + 1 < octets ? ':' : '\0';
	}
}

uint64_t mac_read(const uint8_t octet[static 6])
{
	uint64_t mac48 = 0;

	for (unsigned i = 0; i < 6; i++)
		mac48 = mac48 << 8 | octet[i];
	return mac48;
}

void mac_format(uint64_t mac48, char out[static MAC_TEXT])
{
	format_octets(mac48, 6, out);
}

void prefix_format(const struct prefix *p, char out[static PREFIX_TEXT])
{
	unsigned octets = (p->len + 7) / 8;

	format_octets(p->mac48, octets, out);
	if (p->len < 48)
		(void)snprintf(out + 3ul * octets - 1, 4, "/%u", p->len % 100);
}

unsigned prefix_kernel_length(unsigned len)
{
	unsigned code = 0;

	while (code < LC_LENGTHS - 1 && kernel_bits[code] < len)
		code++;
	return code;
}

unsigned prefix_bits(unsigned length_code)
{
	return kernel_bits[length_code % LC_LENGTHS];
}
