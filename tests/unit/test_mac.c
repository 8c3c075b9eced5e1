/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes: every spelling accepted, every mistake refused with its reason. */
#include "../../userspace/lib/mac.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define UNTOUCHED 0xdeadbeefull

static const struct {
	const char *text;
	uint64_t mac48;
} addresses[] = {
	{"44:19:b6:01:02:03", 0x4419b6010203}, {"44-19-b6-01-02-03", 0x4419b6010203}, {"4419.b601.0203", 0x4419b6010203},
	{"4419b6010203", 0x4419b6010203},	{"44:19:B6:01:02:03", 0x4419b6010203}, {"aAbBcCdDeEfF", 0xaabbccddeeff},
	{"00:00:00:00:00:00", 0},		{"ff:ff:ff:ff:ff:ff", 0xffffffffffff}, {"01:00:5e:00:00:01", 0x01005e000001},
};

static const char *const no_addresses[] = {
	"",
	" ",
	":",
	"44:19:b6:01:02",
	"44:19:b6:01:02:03:04",
	"44:19:b6:01:02:03 ",
	" 44:19:b6:01:02:03",
	"44:19:b6:01:02:03\n",
	"44:19:b6:01:02:0g",
	"44:19:b6:01:02:",
	":44:19:b6:01:02:03",
	"44:19:b6:01:02:03:",
	"44:19:b6:01:02-03",
	"44-19:b6-01:02-03",
	"4:19:b6:01:02:03",
	"044:19:b6:01:02:03",
	"44::19:b6:01:02:03",
	"4419.b601.020",
	"4419.b6010203",
	"4419:b601:0203",
	"441.9b6.010.203",
	"4419b601020",
	"4419b60102033",
	"0x4419b6010203",
	"+4419b601020",
	"44:19:b6:01:02:03/48",
	"44:19:b6:01:02:\xc3\xa9",
};

static void addresses_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(addresses); i++) {
		const char *reason = NULL;
		uint64_t mac48 = UNTOUCHED;

		assert_int_equal(mac_parse(addresses[i].text, &mac48, &reason), 0);
		assert_int_equal(mac48, addresses[i].mac48);
		assert_null(reason);
	}
}

static void other_text_is_no_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(no_addresses); i++) {
		const char *reason = NULL;
		uint64_t mac48 = UNTOUCHED;

		if (mac_parse(no_addresses[i], &mac48, &reason) != -EINVAL)
			fail_msg("accepted '%s'", no_addresses[i]);
		assert_int_equal(mac48, UNTOUCHED);
		assert_non_null(strstr(reason, "write it like 44:19:b6:01:02:03"));
	}
}

static const struct {
	const char *text;
	uint64_t mac48;
	unsigned len;
	const char *back;
} prefixes[] = {
	{"44:19:b6:01:02:03", 0x4419b6010203, 48, "44:19:b6:01:02:03"},
	{"4419.b601.0203", 0x4419b6010203, 48, "44:19:b6:01:02:03"},
	{"44:19:b6:01:02:03/48", 0x4419b6010203, 48, "44:19:b6:01:02:03"},
	{"44:19:b6/24", 0x4419b6000000, 24, "44:19:b6/24"},
	{"44-19-B6/24", 0x4419b6000000, 24, "44:19:b6/24"},
	{"4419b6/24", 0x4419b6000000, 24, "44:19:b6/24"},
	{"44:19:b6:00:00:00/24", 0x4419b6000000, 24, "44:19:b6/24"},
	{"4419.b600/24", 0x4419b6000000, 24, "44:19:b6/24"},
	{"44:19:b6:80/25", 0x4419b6800000, 25, "44:19:b6:80/25"},
	{"44:19:b6:10/28", 0x4419b6100000, 28, "44:19:b6:10/28"},
	{"44:19:b6:1f/32", 0x4419b61f0000, 32, "44:19:b6:1f/32"},
	{"70:b3:d5:12:30:00/36", 0x70b3d5123000, 36, "70:b3:d5:12:30/36"},
	{"70:b3:d5:12:30/36", 0x70b3d5123000, 36, "70:b3:d5:12:30/36"},
	{"44:19:b6:01:02:02/47", 0x4419b6010202, 47, "44:19:b6:01:02:02/47"},
	{"02:00:00:00:00:01", 0x020000000001, 48, "02:00:00:00:00:01"},
	{"00:00:01/24", 0x000001000000, 24, "00:00:01/24"},
	{"00:00:00:00:00:01", 1, 48, "00:00:00:00:00:01"},
};

static void prefixes_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(prefixes); i++) {
		const char *reason = "";
		char text[PREFIX_TEXT];
		struct prefix p;

		if (prefix_parse(prefixes[i].text, &p, &reason))
			fail_msg("refused '%s': %s", prefixes[i].text, reason);
		assert_int_equal(p.mac48, prefixes[i].mac48);
		assert_int_equal(p.len, prefixes[i].len);
		prefix_format(&p, text);
		assert_string_equal(text, prefixes[i].back);
	}
}

static const struct {
	const char *text, *reason;
} no_prefixes[] = {
	{"", "not a MAC address"},
	{"/24", "not a MAC address"},
	{"44:19:b6", "a prefix needs its length"},
	{"44:19:b6/23", "too broad"},
	{"44:19:b6/1", "too broad"},
	{"44:19:b6/0", "not a prefix length"},
	{"44:19:b6/", "not a prefix length"},
	{"44:19:b6/024", "not a prefix length"},
	{"44:19:b6/24 ", "not a prefix length"},
	{"44:19:b6/ 24", "not a prefix length"},
	{"44:19:b6/+24", "not a prefix length"},
	{"44:19:b6/2x", "not a prefix length"},
	{"44:19:b6/24/24", "not a prefix length"},
	{"44:19:b6/9999", "not a prefix length"},
	{"44:19:b6:01:02:03/49", "over 48"},
	{"44:19:b6:01:02:03/999", "over 48"},
	{"44:19:b6/28", "ends before its prefix length"},
	{"44:19/24", "ends before its prefix length"},
	{"70:b3:d5:12/36", "ends before its prefix length"},
	{"44:19:b6:01/24", "beyond the prefix length"},
	{"44:19:b6:80/24", "beyond the prefix length"},
	{"44:19:b6:40/25", "beyond the prefix length"},
	{"44:19:b6:01:02:03/47", "beyond the prefix length"},
	{"01:00:5e:00:00:01", "group address"},
	{"33:33:00/24", "group address"},
	{"ff:ff:ff:ff:ff:fe", "group address"},
	{"ff:ff:ff:ff:ff:ff", "broadcast"},
	{"00:00:00:00:00:00", "all-zero"},
	{"00:00:00/24", "all-zero"},
	{"44:19:b6:01:02:03x", "not a MAC address"},
	{"44:19:b6:0/28", "not a MAC address"},
};

static void other_text_is_no_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(no_prefixes); i++) {
		struct prefix p = {UNTOUCHED, 7};
		const char *reason = "";

		if (prefix_parse(no_prefixes[i].text, &p, &reason) != -EINVAL)
			fail_msg("accepted '%s'", no_prefixes[i].text);
		if (!strstr(reason, no_prefixes[i].reason))
			fail_msg("'%s' was refused with '%s'", no_prefixes[i].text, reason);
		assert_true(p.mac48 == UNTOUCHED && p.len == 7);
	}
}

static void addresses_are_written(void **state)
{
	char text[MAC_TEXT];

	(void)state;
	mac_format(0x4419b60a0203, text);
	assert_string_equal(text, "44:19:b6:0a:02:03");
	mac_format(0xffffffffffff, text);
	assert_string_equal(text, "ff:ff:ff:ff:ff:ff");
	mac_format(0, text);
	assert_string_equal(text, "00:00:00:00:00:00");
}

static void lengths_go_up_to_the_kernels(void **state)
{
	static const unsigned kernel[][2] = {{24, 24}, {25, 28}, {28, 28}, {29, 36}, {36, 36}, {37, 48}, {47, 48}, {48, 48}};

	(void)state;
	for (size_t i = 0; i < LENGTH(kernel); i++)
		assert_int_equal(prefix_bits(prefix_kernel_length(kernel[i][0])), kernel[i][1]);
	assert_int_equal(prefix_kernel_length(24), 0);
	assert_int_equal(prefix_kernel_length(48), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),	       cmocka_unit_test(other_text_is_no_address),
		cmocka_unit_test(prefixes_are_read_and_written), cmocka_unit_test(other_text_is_no_prefix),
		cmocka_unit_test(addresses_are_written),       cmocka_unit_test(lengths_go_up_to_the_kernels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
