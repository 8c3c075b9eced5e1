/* SPDX-License-Identifier: GPL-2.0-only */
/* The IEEE's registry of 24-bit blocks as CSV. */
#include "../../userspace/policy/registry.h"
#include "fuzz_file.h"

static int on_row(void *arg, const struct registry_row *row)
{
	size_t *bytes = arg;

	*bytes += strlen(row->organisation);
	if (!row->line || row->mac48 & 0xffffff)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[REGISTRY_ERROR];
	size_t bytes = 0;

	fuzz_file("oui.csv", data, size);
	if (registry_read(fuzz_folder, &registry_kinds[0], on_row, &bytes, error) && !*error)
		abort();
	return 0;
}
