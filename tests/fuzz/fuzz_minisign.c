/* SPDX-License-Identifier: GPL-2.0-only */
/* .minisig files, with the key id that is in them pinned: the way to the cryptography is open. */
#include "../../userspace/feed/minisign.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "RWThuF/t4InlWj0aZFcZpwex7MGF1N4it/mBdak4f/9fb8GHqUJrpN94"; /* any; its key does not matter */
	struct minisign *m = NULL;
	char reason[MINISIGN_REASON], comment[TEXT_MAX + 1];
	struct pubkey key = {.id = {0xe1, 0xb8, 0x5f, 0xed, 0xe0, 0x89, 0xe5, 0x5a}};
	const char *why;

	(void)pubkey_parse(text, &key, &why);
	if (minisign_new((const char *)data, size, &key, 1, &m, reason))
		return 0;
	minisign_comment(m, comment);
	minisign_update(m, data, size);
	(void)minisign_end(m, reason);
	minisign_free(m);
	return 0;
}
