/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that somebody names on the command line: read as the caller, parsed without rights. */
#include "content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../feed/native.h"
#include "../lib/file.h"

int content_read(const struct cli *cli, const char *name, struct content *out)
{
	int err = file_read(name, NATIVE_MAX_BYTES, &out->data, &out->size);

	out->name = name;
	if (err == -EFBIG)
		return cli_say(cli, CLI_FAILED, "%s: over 1 GiB, the most a feed may be", name);
	if (err == -EINVAL || err == -ELOOP)
		return cli_say(cli, CLI_FAILED, "%s: not a regular file; give the file itself", name);
	if (err)
		return cli_say(cli, CLI_FAILED, "%s: %s; name a file that you may read", name, strerror(-err));
	if (!cli_drop_root(cli)) {
		content_free(out);
		return CLI_FAILED;
	}
	sha256_hex(out->data, out->size, out->sha256);
	return CLI_DONE;
}

void content_free(struct content *c)
{
	free(c->data);
	c->data = NULL;
}
