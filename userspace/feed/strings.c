/* SPDX-License-Identifier: GPL-2.0-only */
/* A pool of distinct strings: one growing buffer, handles are offsets, found again through a keyed open hash. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"

#define FIRST_BYTES 4096u
#define FIRST_SLOTS 256u

struct strings {
	char *text;
	uint32_t used, size;
	uint32_t *slot; /* handles, 0 = free */
	uint32_t slots, count;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* whoever writes a feed must not choose who collides */
};

struct strings *strings_new(void)
{
	struct strings *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->text = calloc(1, FIRST_BYTES);
	s->slot = calloc(FIRST_SLOTS, sizeof(*s->slot));
	if (!s->text || !s->slot || sodium_init() < 0) {
		strings_free(s);
		return NULL;
	}
	s->used = 1; /* handle 0: the empty string */
	s->size = FIRST_BYTES;
	s->slots = FIRST_SLOTS;
	crypto_shorthash_keygen(s->key);
	return s;
}

void strings_free(struct strings *s)
{
	if (!s)
		return;
	free(s->text);
	free(s->slot);
	free(s);
}

/* The slot where TEXT is, or would go. */
static uint32_t *find_slot(const struct strings *s, const char *text, size_t len)
{
	uint64_t hash;
	uint32_t i;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, len, s->key);
	for (i = (uint32_t)hash & (s->slots - 1); s->slot[i]; i = (i + 1) & (s->slots - 1))
		if (!strcmp(s->text + s->slot[i], text))
			break;
	return &s->slot[i];
}

static bool grow_slots(struct strings *s)
{
	uint32_t *old = s->slot, n = s->slots;
	uint32_t *slot = calloc((size_t)n * 2, sizeof(*slot));

	if (!slot)
		return false;
	s->slot = slot;
	s->slots = n * 2;
	for (uint32_t i = 0; i < n; i++)
		if (old[i])
			*find_slot(s, s->text + old[i], strlen(s->text + old[i])) = old[i];
	free(old);
	return true;
}

static bool grow_text(struct strings *s, size_t need)
{
	size_t size = s->size;
	char *text;

	while (size < need)
		size *= 2;
	if (size > STRINGS_MAX)
		size = STRINGS_MAX;
	text = realloc(s->text, size);
	if (!text)
		return false;
	s->text = text;
	s->size = (uint32_t)size;
	return true;
}

uint32_t strings_add(struct strings *s, const char *text)
{
	size_t len = strlen(text);
	uint32_t *slot;

	if (!len || len >= STRINGS_MAX)
		return 0;
	slot = find_slot(s, text, len);
	if (*slot)
		return *slot;
	if (s->used + len + 1 > STRINGS_MAX || (s->used + len + 1 > s->size && !grow_text(s, s->used + len + 1)))
		return 0;
	if (s->count * 2 >= s->slots) {
		if (!grow_slots(s))
			return 0;
		slot = find_slot(s, text, len);
	}
	*slot = s->used;
	memcpy(s->text + s->used, text, len + 1);
	s->used += (uint32_t)len + 1;
	s->count++;
	return *slot;
}

const char *strings_get(const struct strings *s, uint32_t handle)
{
	return s && handle < s->used ? s->text + handle : "";
}

const char *strings_all(const struct strings *s, size_t *size)
{
	*size = s->used;
	return s->text;
}
