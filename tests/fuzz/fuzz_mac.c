/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses, prefixes, times, durations, public keys: what is taken must come out the same when it is written and read again. */
#include "../../userspace/lib/pubkey.h"
#include "../../userspace/lib/text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], out[PREFIX_TEXT], clean[TEXT_MAX + 1];
	struct prefix first, second;
	struct pubkey key;
	const char *reason;
	uint64_t mac48;
	int64_t value;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)mac_parse(text, &mac48, &reason);
	(void)pubkey_parse(text, &key, &reason);
	(void)time_parse(text, &value);
	(void)duration_parse(text, &value);
	if (text_clean(text, size, clean) > TEXT_MAX)
		abort();
	if (prefix_parse(text, &first, &reason))
		return 0;
	prefix_format(&first, out);
	if (prefix_parse(out, &second, &reason) || first.mac48 != second.mac48 || first.len != second.len)
		abort();
	return 0;
}
