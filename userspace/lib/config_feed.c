/* SPDX-License-Identifier: GPL-2.0-only */
/* Where feeds come from: URLs, and keys that only mean something together. */
#include <string.h>

#include "config_internal.h"
#include "text.h"

#define URL_MAX_BYTES 1024 /* leaves room for the serial and ".minisig" */
#define EVERY_MAX (7 * 86400u)
#define TIMEOUT_MAX 3600u
#define BYTES_PER_ENTRY 512
#define BYTES_MOST (1ull << 30)

static const char *refusal(const char *text, const char *scheme)
{
	size_t length = strlen(scheme), size = strlen(text);
	const char *host = text + length;

	if (strncmp(text, scheme, length) != 0)
		return "neither a path nor https://; give a file, or a URL that begins with https://";
	if (size > URL_MAX_BYTES)
		return "the URL is over 1024 bytes; shorten it";
	for (size_t i = 0; i < size; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return "a URL has no spaces, controls or letters beyond ASCII; write those as %XX";
	if (!*host || strchr("/:?#", *host))
		return "the URL names no host; write it like https://host/name.jsonl";
	if (memchr(host, '@', strcspn(host, "/?#")))
		return "a name and password do not belong into the URL; use token-file or client-cert";
	return strchr(text, '#') ? "a URL to fetch has no #; take it out" : NULL;
}

bool complain_url(struct reader *r, const struct value *v, const char *scheme)
{
	const char *reason = refusal(v->text, scheme);
	char shown[TEXT_MAX + 1];

	(void)text_clean(v->text, strchr(v->text, '@') ? strlen(scheme) : strlen(v->text), shown); /* passwords are not for logs */
	if (reason)
		complain(&r->complaints, &v->at, "'%s': %s", shown, reason);
	return reason != NULL;
}

static void check_url(struct reader *r, const struct config_feed *feed)
{
	const char *wrong = NULL;

	if (!feed->client_cert != !feed->client_key)
		wrong = "has one of client-cert and client-key; give both";
	else if (!feed->every || feed->every > EVERY_MAX)
		wrong = "has an 'every' outside 1s to 7d; write one between, like 5m";
	else if (!feed->timeout || feed->timeout > TIMEOUT_MAX)
		wrong = "has a 'timeout' outside 1s to 1h; write one between, like 2m";
	else if (!feed->n_keys && !feed->unsigned_)
		wrong = "comes from the network without 'public-keys'; add the publisher's, or 'unsigned: yes' to believe whoever "
			"answers there";
	else if (feed->n_keys && feed->unsigned_)
		wrong = "has 'public-keys' and 'unsigned: yes'; keep one of them";
	if (wrong)
		complain(&r->complaints, &feed->place, "feed '%s' %s", feed->name, wrong);
}

/* Keys of transport would be without effect at a file, and nobody would notice. */
static void check_file(struct reader *r, const struct config_feed *feed)
{
	if (feed->ca_file || feed->client_cert || feed->client_key || feed->token_file || feed->proxy)
		complain(&r->complaints, &feed->place,
			 "feed '%s' is a file: ca-file, client-cert, client-key, token-file and proxy mean nothing there; take them out",
			 feed->name);
}

void config_check_transport(struct reader *r, struct config_feed *feed)
{
	uint64_t most = feed->max_entries * BYTES_PER_ENTRY + (64u << 10);

	if (!feed->max_bytes)
		feed->max_bytes = most < BYTES_MOST ? most : BYTES_MOST;
	if (!feed->name) /* complained of where it is missing */
		return;
	if (feed->url)
		check_url(r, feed);
	else
		check_file(r, feed);
}
