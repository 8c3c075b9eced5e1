/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON as it is written, without a tree in memory. */
#ifndef LENSCAP_CLI_OUT_JSON_H
#define LENSCAP_CLI_OUT_JSON_H

#include <stdio.h>

#define JSON_DEPTH 16

struct json_writer {
	FILE *to;
	unsigned depth;
	unsigned filled; /* bit n: something stands at depth n already */
};

/* A comma where one belongs, then the key (NULL inside an array). */
void json_name(struct json_writer *w, const char *key);
void json_open(struct json_writer *w, const char *key, char bracket);
void json_close(struct json_writer *w, char bracket);
void json_text(struct json_writer *w, const char *value);
#endif
