/* SPDX-License-Identifier: GPL-2.0-only */
/* What a server called the content that is in force (ETag, Last-Modified), kept beside its record: after a restart, too, only
 * what is new is fetched. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "pull_private.h"

#define FILE_MAX (16u << 10)
#define RECORD_SUFFIX ".jsonl"

/* "<state>/daemon/feeds/NAME.fetch". */
static char *path_of(const struct source *s)
{
	size_t size = strlen(s->record) - strlen(RECORD_SUFFIX);
	char *path = NULL;

	return asprintf(&path, "%.*s.fetch", (int)size, s->record) < 0 ? NULL : path;
}

/* It goes into a request: nothing but printable ASCII. False, and OUT empty, when it is not there or not so. */
static bool take(const json_t *whole, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(whole, key));

	out[0] = '\0';
	if (!text || strlen(text) >= size)
		return false;
	for (const char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	(void)snprintf(out, size, "%s", text);
	return true;
}

static void take_all(const json_t *whole, const struct source *s, struct server *server)
{
	const char *sha256 = json_string_value(json_object_get(whole, "sha256"));

	if (!sha256 || !s->sha256[0] || strcmp(sha256, s->sha256) != 0)
		return;
	server->answered = (int64_t)json_integer_value(json_object_get(whole, "answered"));
	if (server->answered < 0 || server->answered > (int64_t)time(NULL))
		server->answered = 0;
	if (!take(whole, "url", server->url, sizeof(server->url)))
		return;
	(void)take(whole, "etag", server->etag, sizeof(server->etag));
	(void)take(whole, "modified", server->modified, sizeof(server->modified));
}

void server_load(struct source *s)
{
	char *path = path_of(s), *text = NULL;
	size_t size = 0;
	json_t *whole = NULL;

	if (path && !file_read(path, FILE_MAX, &text, &size))
		whole = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (whole) /* else everything is fetched once more: no harm */
		take_all(whole, s, &s->pull->server);
	json_decref(whole);
	free(text);
	free(path);
}

void server_save(const struct source *s)
{
	const struct server *server = &s->pull->server;
	json_t *whole = json_pack("{s:s, s:s, s:s, s:s, s:I}", "url", server->url, "sha256", s->sha256, "etag", server->etag, "modified",
				  server->modified, "answered", (json_int_t)server->answered);
	char *path = path_of(s), *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	int err = path && text ? file_write(path, text, strlen(text), 0640, (gid_t)-1, false) : -ENOMEM;

	if (err)
		log_warning("%s: cannot be written: %s; after a restart the feed is fetched once more", path ? path : s->name,
			    strerror(-err));
	json_decref(whole);
	free(text);
	free(path);
}
