/* SPDX-License-Identifier: GPL-2.0-only */
/* The .minisig format: untrusted comment, signature, trusted comment, signature over signature and trusted comment. */
#include "minisign.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "
#define LINES 4

struct packed { /* what the second line's base64 holds */
	uint8_t algorithm[2], id[PUBKEY_ID], signature[64];
};
_Static_assert(sizeof(struct packed) == 74, "no padding");

struct minisign {
	crypto_generichash_state hash; /* aligned to 64 bytes */
	const struct pubkey *keys;
	size_t n_keys;
	uint8_t *bytes; /* legacy only */
	size_t size, room;
	size_t comment_size;
	bool legacy, too_big, no_memory;
	uint8_t global[64]; /* over packed.signature and the trusted comment */
	struct packed packed;
	char comment[MINISIGN_FILE_MAX];
};

struct line {
	const char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int reject(char reason[static MINISIGN_REASON], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, MINISIGN_REASON, format, args);
	va_end(args);
	return -EKEYREJECTED;
}

static int not_minisig(char reason[static MINISIGN_REASON])
{
	return reject(reason, "is not a minisign signature; sign the feed again: minisign -Sm FILE");
}

/* Exactly four lines; the last may lack its end. */
static bool split(const char *text, size_t size, struct line lines[static LINES])
{
	const char *stop = text + size;

	for (unsigned i = 0; i < LINES; i++) {
		const char *end = text < stop ? memchr(text, '\n', (size_t)(stop - text)) : NULL;

		if (text >= stop || (!end && i + 1 < LINES))
			return false;
		end = end ? end : stop;
		lines[i] = (struct line){text, (size_t)(end - text)};
		if (lines[i].size && end[-1] == '\r')
			lines[i].size--;
		text = end < stop ? end + 1 : stop;
	}
	return text == stop && !memchr(lines[0].text, '\0', size);
}

static bool begins(const struct line *line, const char *with)
{
	return line->size >= strlen(with) && !memcmp(line->text, with, strlen(with));
}

static bool decode(const struct line *line, void *out, size_t size)
{
	const char *end = NULL;
	size_t got = 0;

	return !sodium_base642bin(out, size, line->text, line->size, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL) &&
	       got == size && end == line->text + line->size;
}

static bool read_text(struct minisign *m, const char *text, size_t size)
{
	struct line lines[LINES];

	if (size > MINISIGN_FILE_MAX || !split(text, size, lines) || !begins(&lines[0], UNTRUSTED) ||
	    !begins(&lines[2], TRUSTED) || !decode(&lines[1], &m->packed, sizeof(m->packed)) ||
	    !decode(&lines[3], m->global, sizeof(m->global)))
		return false;
	m->comment_size = lines[2].size - strlen(TRUSTED);
	memcpy(m->comment, lines[2].text + strlen(TRUSTED), m->comment_size);
	return true;
}

/* Key ids are chosen by who makes the keys: several keys may have one, so all that have it are tried. */
static bool fits(const struct minisign *m, const uint8_t signature[static 64], const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < m->n_keys; i++)
		if (!memcmp(m->keys[i].id, m->packed.id, PUBKEY_ID) &&
		    !crypto_sign_verify_detached(signature, data, size, m->keys[i].key))
			return true;
	return false;
}

static bool is_known(const struct minisign *m)
{
	for (size_t i = 0; i < m->n_keys; i++)
		if (!memcmp(m->keys[i].id, m->packed.id, PUBKEY_ID))
			return true;
	return false;
}

static int check_comment(const struct minisign *m, char reason[static MINISIGN_REASON])
{
	uint8_t signed_bytes[64 + MINISIGN_FILE_MAX];

	memcpy(signed_bytes, m->packed.signature, 64);
	memcpy(signed_bytes + 64, m->comment, m->comment_size);
	if (fits(m, m->global, signed_bytes, 64 + m->comment_size))
		return 0;
	return reject(reason, "has a trusted comment that was changed after signing; sign the feed again");
}

static int begin(struct minisign *m, char reason[static MINISIGN_REASON])
{
	char id[PUBKEY_ID_TEXT];

	m->legacy = !memcmp(m->packed.algorithm, "Ed", 2);
	if (!m->legacy && memcmp(m->packed.algorithm, "ED", 2) != 0)
		return reject(reason, "has an unknown algorithm; sign the feed with minisign");
	if (!is_known(m)) {
		pubkey_id_format(m->packed.id, id);
		return reject(reason, "was made by key %s, which is not among the feed's public-keys; sign with one that is, or add it",
			      id);
	}
	(void)crypto_generichash_init(&m->hash, NULL, 0, 64);
	return check_comment(m, reason);
}

int minisign_new(const char *text, size_t size, const struct pubkey *keys, size_t n_keys, struct minisign **out,
		 char reason[static MINISIGN_REASON])
{
	struct minisign *m = sodium_init() < 0 ? NULL : aligned_alloc(_Alignof(struct minisign), sizeof(*m));
	int err;

	if (!m) {
		(void)reject(reason, "cannot be checked: out of memory");
		return -ENOMEM;
	}
	memset(m, 0, sizeof(*m));
	m->keys = keys;
	m->n_keys = n_keys;
	err = read_text(m, text, size) ? begin(m, reason) : not_minisig(reason);
	if (err) {
		minisign_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void minisign_free(struct minisign *m)
{
	if (!m)
		return;
	free(m->bytes);
	free(m);
}

/* Pure Ed25519 goes over the message twice; libsodium wants it whole. */
static void keep(struct minisign *m, const void *data, size_t size)
{
	m->too_big |= m->size + size > MINISIGN_LEGACY_MAX;
	if (m->too_big || m->no_memory)
		return;
	if (m->size + size > m->room) {
		size_t room = (m->size + size) * 2;
		uint8_t *bytes = realloc(m->bytes, room);

		m->no_memory = !bytes;
		if (!bytes)
			return;
		m->bytes = bytes;
		m->room = room;
	}
	memcpy(m->bytes + m->size, data, size);
	m->size += size;
}

void minisign_update(struct minisign *m, const void *data, size_t size)
{
	if (!size)
		return;
	if (m->legacy)
		keep(m, data, size);
	else
		(void)crypto_generichash_update(&m->hash, data, size);
}

int minisign_end(struct minisign *m, char reason[static MINISIGN_REASON])
{
	uint8_t digest[64];
	bool good;

	if (m->too_big)
		return reject(reason, "is of the legacy kind, which is read up to %zu MiB; sign without minisign -l",
			      MINISIGN_LEGACY_MAX >> 20);
	if (m->no_memory)
		return reject(reason, "cannot be checked: out of memory; sign without minisign -l");
	if (m->legacy) {
		good = fits(m, m->packed.signature, m->bytes ? m->bytes : digest, m->size);
	} else {
		(void)crypto_generichash_final(&m->hash, digest, sizeof(digest));
		good = fits(m, m->packed.signature, digest, sizeof(digest));
	}
	return good ? 0
		    : reject(reason, "does not fit the feed: one of the two was changed, or belongs to another file; "
				     "sign the feed again");
}

void minisign_key_id(const struct minisign *m, char out[static PUBKEY_ID_TEXT])
{
	pubkey_id_format(m->packed.id, out);
}

void minisign_comment(const struct minisign *m, char out[static TEXT_MAX + 1])
{
	(void)text_clean(m->comment, m->comment_size, out);
}
