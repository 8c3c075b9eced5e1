/* SPDX-License-Identifier: GPL-2.0-only */
/* STIX 2.1, section 9: a cursor over the pattern; whatever is not of the known form refuses the whole. */
#include "stix_pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define OTHER "only [mac-addr:value = '…'], IN ('…', '…') and LIKE '44:19:b6:%', joined by OR, can be enforced"
#define PATH "mac-addr:value"

struct cursor {
	const char *at;
	stix_pattern_fn *fn;
	void *arg;
	const char *reason;
};

static int refuse(struct cursor *c, const char *reason)
{
	c->reason = reason;
	return -EINVAL;
}

/* Skip spaces, then TEXT if it is there. */
static bool take(struct cursor *c, const char *text)
{
	size_t size = strlen(text);

	c->at += strspn(c->at, " \t\r\n");
	if (strncmp(c->at, text, size) != 0)
		return false;
	c->at += size;
	return true;
}

/* A word: what follows must not go on with it. */
static bool take_word(struct cursor *c, const char *word)
{
	const char *before = c->at;

	if (take(c, word) && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c->at))
		return true;
	c->at = before;
	return false;
}

/* A string in quotes; no address has anything that would be escaped. */
static int take_string(struct cursor *c, char out[static PREFIX_TEXT])
{
	size_t size;

	if (!take(c, "'"))
		return refuse(c, OTHER);
	size = strcspn(c->at, "'\\");
	if (c->at[size] != '\'' || size >= MAC_TEXT)
		return refuse(c, "a value is not an address; STIX writes them like 44:19:b6:00:00:01");
	memcpy(out, c->at, size);
	out[size] = '\0';
	c->at += size + 1;
	return 0;
}

/* As STIX writes addresses (6.9): lower case, colons. Other spellings would match nothing. */
static bool is_spelled(const char *text)
{
	for (size_t i = 0; text[i]; i++)
		if (!strchr(i % 3 == 2 ? ":" : "0123456789abcdef", text[i]))
			return false;
	return true;
}

static int give(struct cursor *c, const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix, &c->reason))
		return -EINVAL;
	return c->fn(c->arg, &prefix);
}

static int take_address(struct cursor *c)
{
	char text[PREFIX_TEXT];
	int err = take_string(c, text);

	if (err)
		return err;
	if (strlen(text) != MAC_TEXT - 1 || !is_spelled(text))
		return refuse(c, "an address is not in lower case with colons; STIX writes them like 44:19:b6:00:00:01");
	return give(c, text);
}

/* "44:19:b6:%" is 44:19:b6/24, "44:19:b6:0%" is 44:19:b6:00/28. */
static int take_like(struct cursor *c)
{
	char text[PREFIX_TEXT], prefix[PREFIX_TEXT + 8];
	int err = take_string(c, text);
	size_t size = strlen(text), digits;

	if (err)
		return err;
	if (!size || text[size - 1] != '%')
		return refuse(c, "LIKE without % at its end; write = for one address, or LIKE '44:19:b6:%'");
	text[--size] = '\0';
	if (!is_spelled(text))
		return refuse(c, "LIKE is of another form than '44:19:b6:%'; write octets in lower case with colons, % at the end");
	if (size && text[size - 1] == ':')
		text[--size] = '\0';
	digits = size / 3 * 2 + size % 3;
	(void)snprintf(prefix, sizeof(prefix), "%s%s/%zu", text, digits % 2 ? "0" : "", digits * 4);
	return give(c, prefix);
}

static int take_set(struct cursor *c)
{
	int err = take(c, "(") ? take_address(c) : refuse(c, OTHER);

	while (!err && take(c, ","))
		err = take_address(c);
	if (!err && !take(c, ")"))
		return refuse(c, OTHER);
	return err;
}

static int take_comparison(struct cursor *c)
{
	if (!take(c, PATH))
		return refuse(c, OTHER);
	if (take(c, "="))
		return take_address(c);
	if (take_word(c, "IN"))
		return take_set(c);
	return take_word(c, "LIKE") ? take_like(c) : refuse(c, OTHER);
}

static int take_observation(struct cursor *c)
{
	int err = take(c, "[") ? take_comparison(c) : refuse(c, OTHER);

	while (!err && take_word(c, "OR"))
		err = take_comparison(c);
	if (!err && !take(c, "]"))
		return refuse(c, OTHER);
	return err;
}

int stix_pattern_read(const char *text, stix_pattern_fn *fn, void *arg, const char **reason)
{
	struct cursor c = {.at = text, .fn = fn, .arg = arg};
	int err = take_observation(&c);

	while (!err && take_word(&c, "OR"))
		err = take_observation(&c);
	(void)take(&c, "");
	if (!err && *c.at)
		err = refuse(&c, OTHER);
	*reason = c.reason;
	return err;
}
