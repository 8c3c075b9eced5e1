/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder for registries, names and results of a test, and compiling in it. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lib/file.h"
#include "vendor_folder.h"

#define HEADER "Registry,Assignment,Organization Name,Organization Address\r\n"

char folder[] = "/tmp/lcvendXXXXXX";

int make_folder(void **state)
{
	char lists[64];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(lists, sizeof(lists), "%s/lists", folder);
	return mkdir(lists, 0755);
}

static void remove_matching(const char *pattern)
{
	char path[128];
	glob_t found = {0};

	snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	if (!glob(path, 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)unlink(found.gl_pathv[i]);
	}
	globfree(&found);
}

int empty_folder(void **state)
{
	(void)state;
	remove_matching("*.*");
	remove_matching("lists/*");
	return 0;
}

int remove_folder(void **state)
{
	char lists[64];

	empty_folder(state);
	snprintf(lists, sizeof(lists), "%s/lists", folder);
	return rmdir(lists) || rmdir(folder);
}

void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write(path, text, strlen(text), 0644, (gid_t)-1, false), 0);
}

char *get_file(const char *path)
{
	char *data = NULL;
	size_t size;

	assert_int_equal(file_read(path, 64 << 20, &data, &size), 0);
	return data;
}

char *get(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return get_file(path);
}

void listen_to(void *arg, enum vendor_said kind, const char *text)
{
	struct said *s = arg;
	size_t used = strlen(s->text[kind]);

	s->n[kind]++;
	snprintf(s->text[kind] + used, sizeof(s->text[kind]) - used, "%s\n", text);
}

int count_of(const struct vendor_result *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!strcmp(r->made[i].name, name))
			return (int)r->made[i].count;
	}
	return -1;
}

int compile(const char *registry, const char *sources, const char *list, struct said *said,
	    struct vendor_result *result, char error[static FEED_ERROR])
{
	struct vendor_job job = {
	    .registry = registry, .sources = sources, .list = list, .out = folder, .edition = EDITION_2026};

	memset(said, 0, sizeof(*said));
	error[0] = 0;
	return vendor_compile(&job, listen_to, said, result, error);
}

void put_registries(const char *mal, const char *mam)
{
	char text[4096];

	snprintf(text, sizeof(text), HEADER "%s", mal);
	put("oui.csv", text);
	snprintf(text, sizeof(text), HEADER "%s", mam);
	put("mam.csv", text);
	put("oui36.csv", HEADER);
}

void drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

bool has(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, F_OK);
}

size_t count_lines(const char *text, const char *with)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, with)); at += strlen(with))
		n++;
	return n;
}

void strip_folder(char *text)
{
	for (char *at; (at = strstr(text, folder));)
		memmove(at, at + strlen(folder), strlen(at + strlen(folder)) + 1);
}

void need(const char *path)
{
	if (!access(path, R_OK))
		return;
	print_message("# skipped: %s is not there\n", path);
	skip();
}
