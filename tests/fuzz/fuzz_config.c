/* SPDX-License-Identifier: GPL-2.0-only */
/* lenscap.yaml. */
#include "../../userspace/lib/config.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	char *error = NULL;

	fuzz_file("lenscap.yaml", data, size);
	if (!config_load(fuzz_path, &config, &error))
		config_free(config);
	else if (!error)
		abort();
	free(error);
	return 0;
}
