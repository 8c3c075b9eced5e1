/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings from outside, times and durations. */
#include "../../userspace/lib/text.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static const struct {
	const char *in;
	size_t size; /* 0 = up to the zero */
	const char *out;
} strings[] = {
	{"", 0, ""},
	{"Hikvision DS-2CD", 0, "Hikvision DS-2CD"},
	{"a\tb\nc\rd", 0, "a?b?c?d"},
	{"\x1b[31mred", 0, "?[31mred"},
	{"a\0b", 3, "a?b"},
	{"del\x7f", 0, "del?"},
	{"c1\xc2\x9b", 0, "c1?"},			      /* U+009B, an escape by itself */
	{"\xc2\xa0", 0, "\xc2\xa0"},			      /* U+00A0, the first behind C1 */
	{"Z\xc3\xbcrich \xe6\x9d\xad\xe5\xb7\x9e", 0, "Z\xc3\xbcrich \xe6\x9d\xad\xe5\xb7\x9e"},
	{"\xf0\x9f\x93\xb7", 0, "\xf0\x9f\x93\xb7"},
	{"\xd8\x9c", 0, "?"},				      /* U+061C */
	{"\xe2\x80\x8e\xe2\x80\x8f", 0, "??"},		      /* U+200E, U+200F */
	{"\xe2\x80\x8d", 0, "\xe2\x80\x8d"},		      /* U+200D is no direction */
	{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xae", 0, "????"}, /* U+2028, 2029, 202A, 202E */
	{"\xe2\x80\xaf", 0, "\xe2\x80\xaf"},		      /* U+202F */
	{"\xe2\x81\xa6\xe2\x81\xa9", 0, "??"},		      /* U+2066, U+2069 */
	{"\xe2\x81\xaa", 0, "\xe2\x81\xaa"},		      /* U+206A */
	{"\xc0\xaf", 0, "??"},				      /* overlong */
	{"\xe0\x80\xaf", 0, "???"},			      /* overlong */
	{"\xed\xa0\x80", 0, "???"},			      /* surrogate */
	{"\xf4\x90\x80\x80", 0, "????"},		      /* over U+10FFFF */
	{"\xf5", 0, "?"},
	{"\xe2\x82", 0, "??"},				      /* cut off */
	{"\x80", 0, "?"},
	{"a\xffz", 0, "a?z"},
};

static void strings_are_cleaned(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(strings); i++) {
		size_t size = strings[i].size ? strings[i].size : strlen(strings[i].in);
		char out[TEXT_MAX + 1];

		assert_int_equal(text_clean(strings[i].in, size, out), strlen(strings[i].out));
		assert_string_equal(out, strings[i].out);
	}
}

static void long_strings_are_cut_between_characters(void **state)
{
	char in[2 * TEXT_MAX], out[TEXT_MAX + 1];

	(void)state;
	memset(in, 'a', sizeof(in));
	assert_int_equal(text_clean(in, sizeof(in), out), TEXT_MAX);
	assert_int_equal(text_clean(in, TEXT_MAX, out), TEXT_MAX);
	memcpy(in + TEXT_MAX - 2, "\xe2\x82\xac", 3); /* three bytes where two fit */
	assert_int_equal(text_clean(in, sizeof(in), out), TEXT_MAX - 2);
	memcpy(in + TEXT_MAX - 3, "\xe2\x82\xac", 3);
	assert_int_equal(text_clean(in, sizeof(in), out), TEXT_MAX);
}

static const struct {
	const char *text;
	int64_t seconds;
} times[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2026-11-23T21:43:54Z", 1795470234},
	{"2026-11-23t21:43:54z", 1795470234},
	{"2026-11-23T21:43:54.999999999Z", 1795470234},
	{"2026-11-23T22:43:54+01:00", 1795470234},
	{"2026-11-23T16:13:54-05:30", 1795470234},
	{"2024-02-29T00:00:00Z", 1709164800},
	{"2000-02-29T00:00:00Z", 951782400},
	{"2016-12-31T23:59:60Z", 1483228800},
	{"1969-12-31T23:59:59Z", -1},
	{"9999-12-31T23:59:59Z", 253402300799},
};

static const char *const no_times[] = {
	"",
	"2026",
	"2026-11-23",
	"2026-11-23T21:43:54",
	"2026-11-23 21:43:54Z",
	"2026-11-23T21:43Z",
	"2026-11-23T21:43:54Zx",
	"2026-11-23T21:43:54Z ",
	" 2026-11-23T21:43:54Z",
	"2026-11-23T21:43:54.Z",
	"2026-11-23T21:43:54+0100",
	"2026-11-23T21:43:54+24:00",
	"2026-11-23T21:43:54+01:60",
	"2026-13-23T21:43:54Z",
	"2026-00-23T21:43:54Z",
	"2026-11-00T21:43:54Z",
	"2026-11-31T21:43:54Z",
	"2026-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2026-11-23T24:00:00Z",
	"2026-11-23T21:60:00Z",
	"2026-11-23T21:43:61Z",
	"20261-11-23T21:43:54Z",
	"-026-11-23T21:43:54Z",
};

static void times_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(times); i++) {
		int64_t seconds = 0;

		if (time_parse(times[i].text, &seconds) || seconds != times[i].seconds)
			fail_msg("'%s' gave %lld", times[i].text, (long long)seconds);
	}
	for (size_t i = 0; i < LENGTH(no_times); i++) {
		int64_t seconds = 7;

		if (time_parse(no_times[i], &seconds) != -EINVAL || seconds != 7)
			fail_msg("accepted '%s'", no_times[i]);
	}
}

static void times_are_written(void **state)
{
	char text[TIME_TEXT];

	(void)state;
	time_format(1795470234, text);
	assert_string_equal(text, "2026-11-23T21:43:54Z");
	time_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	time_format(INT64_MAX, text); /* no such year: empty rather than wrong */
	assert_string_equal(text, "");
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {{"30s", 30}, {"10m", 600}, {"2h", 7200}, {"7d", 604800}, {"1w", 604800}, {"0s", 0}, {"999999999w", 604799999395200}};
	static const char *const bad[] = {"", "s", "10", "10 m", "-1s", "+1s", "1.5h", "10M", "10ms", "10mm", "1h30m", "0x10s", "1000000000s",
					  " 1s", "1s "};

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++) {
		int64_t seconds = -1;

		assert_int_equal(duration_parse(good[i].text, &seconds), 0);
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < LENGTH(bad); i++) {
		int64_t seconds = 7;

		if (duration_parse(bad[i], &seconds) != -EINVAL || seconds != 7)
			fail_msg("accepted '%s'", bad[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_cleaned), cmocka_unit_test(long_strings_are_cut_between_characters),
		cmocka_unit_test(times_are_read),      cmocka_unit_test(times_are_written),
		cmocka_unit_test(durations_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
