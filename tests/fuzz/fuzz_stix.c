/* SPDX-License-Identifier: GPL-2.0-only */
/* Feeds of the format stix. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_feed(FORMAT_STIX, data, size);
}
