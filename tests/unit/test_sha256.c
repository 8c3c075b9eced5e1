/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256: known digests, and both ways of making one agree whatever the pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../userspace/lib/sha256.h"

static void digest(const void *data, size_t size, size_t piece, char hex[static 65])
{
	const char *from = data;
	struct sha256 s;

	sha256_begin(&s);
	for (size_t done = 0, some; done < size; done += some) {
		some = size - done < piece ? size - done : piece;
		sha256_add(&s, from + done, some);
	}
	sha256_end(&s, hex);
}

/* FIPS 180-4's examples. */
static void check_known(bool instructions)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char hex[65];

	sha256_use_instructions(instructions);
	digest("", 0, 1, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest("abc", 3, 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest(two, strlen(two), 56, hex);
	assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_known(void **state)
{
	(void)state;
	check_known(false);
	if (!sha256_has_instructions())
		print_message("this processor has no SHA instructions: only libsodium's way was tested\n");
	else
		check_known(true);
}

/* Every length around the ends of blocks, in pieces of every kind, against libsodium. */
static void test_lengths(void **state)
{
	static const size_t pieces[] = {1, 3, 63, 64, 65, 128, 1000};
	uint8_t data[700], expected[crypto_hash_sha256_BYTES];
	char hex[65], want[65];

	(void)state;
	sha256_use_instructions(true);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + (i >> 3));
	for (size_t size = 0; size <= sizeof(data); size++) {
		(void)crypto_hash_sha256(expected, data, size);
		(void)sodium_bin2hex(want, sizeof(want), expected, sizeof(expected));
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
			digest(data, size, pieces[p], hex);
			assert_string_equal(hex, want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_lengths)};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
