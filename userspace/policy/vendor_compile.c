/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiles vendor lists: names and lists, then the registries, then everything is written. */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/mac.h"
#include "vendor_hits.h"
#include "vendor_write.h"

#define MAX_LISTS 256

struct compile {
	const struct vendor_job *job;
	const char *sources, *registry;
	vendor_say_fn *say;
	void *arg;
	char *error; /* FEED_ERROR bytes */
	char *names_path;
	struct vendor_names *names;
	struct vendor_match *match;
	struct vendor_source *lists[MAX_LISTS];
	size_t n_lists;
	struct vendor_hits hits;
	int64_t edition;
	struct {
		char *text;
		size_t size;
	} made[MAX_LISTS];
};

static void *no_memory(struct compile *c)
{
	snprintf(c->error, FEED_ERROR, "out of memory");
	return NULL;
}

__attribute__((format(printf, 3, 4))) static void say(struct compile *c, enum vendor_said kind, const char *format, ...)
{
	char text[FEED_ERROR];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->say(c->arg, kind, text);
}

/* A list's name becomes a file's name. */
static bool good_name(const char *name)
{
	size_t size = strlen(name);

	return size && size <= 64 && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

static int check_list(struct compile *c, const char *path, const struct vendor_source *list)
{
	if (!good_name(list->list)) {
		snprintf(c->error, FEED_ERROR, "%s: list \"%s\": a name has letters, digits, '.', '_' and '-' only",
			 path, list->list);
		return -EINVAL;
	}
	for (size_t i = 0; i + 1 < c->n_lists; i++) {
		if (strcmp(c->lists[i]->list, list->list))
			continue;
		snprintf(c->error, FEED_ERROR, "%s: another file is list \"%s\" already; rename one", path, list->list);
		return -EINVAL;
	}
	return 0;
}

static int read_list(struct compile *c, const char *path)
{
	int err;

	if (c->n_lists == MAX_LISTS) {
		snprintf(c->error, FEED_ERROR, "%s: more than %d lists; compile them one by one with --list", path,
			 MAX_LISTS);
		return -EFBIG;
	}
	err = vendor_source_read(path, &c->lists[c->n_lists], c->error);
	if (err)
		return err;
	c->n_lists++;
	err = check_list(c, path, c->lists[c->n_lists - 1]);
	if (!err)
		err = vendor_match_add(c->match, path, c->lists[c->n_lists - 1]->own,
				       c->lists[c->n_lists - 1]->own_count, c->error);
	return err;
}

static bool is_path(const char *list)
{
	size_t size = strlen(list);

	return strchr(list, '/') || (size > 5 && !strcmp(list + size - 5, ".yaml"));
}

static int read_all_lists(struct compile *c, const char *pattern)
{
	glob_t found = {0};
	int err = 0;

	if (glob(pattern, 0, NULL, &found)) {
		snprintf(c->error, FEED_ERROR, "%s: no list there; name the folder with names.yaml and lists/",
			 pattern);
		err = -ENOENT;
	}
	for (size_t i = 0; i < found.gl_pathc && !err; i++)
		err = read_list(c, found.gl_pathv[i]);
	globfree(&found);
	return err;
}

static int read_lists(struct compile *c)
{
	const char *list = c->job->list;
	char *path = NULL;
	int err;

	if (list && is_path(list))
		return read_list(c, list);
	if (asprintf(&path, "%s/lists/%s.yaml", c->sources, list ? list : "*") < 0) {
		no_memory(c);
		return -ENOMEM;
	}
	err = list ? read_list(c, path) : read_all_lists(c, path);
	free(path);
	return err;
}

static int read_names(struct compile *c)
{
	int err;

	c->match = vendor_match_new();
	if (!c->match || asprintf(&c->names_path, "%s/names.yaml", c->sources) < 0) {
		c->names_path = no_memory(c);
		return -ENOMEM;
	}
	err = vendor_names_read(c->names_path, &c->names, c->error);
	if (!err)
		err = vendor_match_add(c->match, c->names_path, c->names->vendors, c->names->vendors_count, c->error);
	if (!err)
		err = vendor_match_add_others(c->match, c->names_path, c->names->others, c->names->others_count,
					      c->error);
	return err;
}

static int check_members(struct compile *c, const struct vendor_source *list)
{
	for (unsigned i = 0; i < list->members_count; i++) {
		if (vendor_match_vendor(c->match, list->members[i].vendor))
			continue;
		snprintf(c->error, FEED_ERROR, "list %s: vendor \"%s\" is not in %s; add it there with its names",
			 list->list, list->members[i].vendor, c->names_path);
		return -EINVAL;
	}
	return 0;
}

/* Everything that people wrote, checked before a registry is opened. */
static int read_sources(struct compile *c)
{
	int err = read_names(c);

	if (!err)
		err = read_lists(c);
	if (!err)
		err = vendor_match_ready(c->match, c->names_path, c->error);
	for (size_t i = 0; i < c->n_lists && !err; i++)
		err = check_members(c, c->lists[i]);
	return err;
}

static int find_edition(struct compile *c)
{
	if (!c->registry) {
		snprintf(c->error, FEED_ERROR,
			 "no registry in /var/lib/ieee-data or /usr/share/ieee-data; install the package "
			 "ieee-data, or name a folder with --registry");
		return -ENOENT;
	}
	c->edition = c->job->edition;
	if (!c->edition && registry_edition(c->registry, &c->edition)) {
		snprintf(c->error, FEED_ERROR,
			 "%s: neither .lastupdate nor a registry is there; name a folder with oui.csv, "
			 "mam.csv and oui36.csv",
			 c->registry);
		return -ENOENT;
	}
	return 0;
}

static bool used(const struct compile *c, const struct vendor *vendor)
{
	for (size_t i = 0; i < c->n_lists; i++) {
		for (unsigned m = 0; m < c->lists[i]->members_count; m++) {
			if (!strcmp(c->lists[i]->members[m].vendor, vendor->vendor))
				return true;
		}
	}
	return false;
}

static void say_unseen(struct compile *c, const char *date)
{
	size_t n;
	struct vendor_alias *aliases = vendor_match_aliases(c->match, &n);

	for (size_t i = 0; i < n; i++) {
		if (aliases[i].seen || !aliases[i].vendor || !used(c, aliases[i].vendor))
			continue;
		say(c, VENDOR_WARNING,
		    "\"%s\" (%s) does not occur in the edition of %s: an old edition does not know it yet, "
		    "in a new one look for what it is called now",
		    aliases[i].name, aliases[i].vendor->vendor, date);
	}
}

static void say_alikes(struct compile *c)
{
	for (size_t i = 0; i < c->hits.n_alikes; i++) {
		const struct vendor_alike *a = &c->hits.alikes[i];
		struct prefix p = {.mac48 = a->mac48, .len = a->length};
		char prefix[PREFIX_TEXT];

		if (!used(c, a->like))
			continue;
		prefix_format(&p, prefix);
		if (a->why)
			say(c, VENDOR_LOOK_ALIKE, "not matched: \"%s\" (%s, rows: %u) looks like %s: %s",
			    a->organisation, prefix, a->rows, a->like->vendor, a->why);
		else
			say(c, VENDOR_WARNING,
			    "not matched: \"%s\" (%s, rows: %u) looks like %s and nobody reviewed it: add it to "
			    "names or not-theirs in %s",
			    a->organisation, prefix, a->rows, a->like->vendor, c->names_path);
	}
}

static void say_owners(struct compile *c)
{
	for (size_t i = 0; i < c->hits.n; i++) {
		const struct vendor_hit *hit = &c->hits.hits[i];
		struct prefix p = {.mac48 = hit->mac48, .len = hit->kind->length};
		char prefix[PREFIX_TEXT];

		if (hit->owners < 2 || !used(c, hit->vendor))
			continue;
		prefix_format(&p, prefix);
		say(c, VENDOR_WARNING,
		    "%s stands in %u rows, one of them %s: it is in the list; exempt it where another "
		    "owner's device uses it",
		    prefix, hit->owners, hit->vendor->vendor);
	}
}

static char *list_path(const char *folder, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s.jsonl", folder, name) < 0 ? NULL : path;
}

/* Everything is made before anything is written. */
static int make_texts(struct compile *c, struct vendor_result *result)
{
	for (size_t i = 0; i < c->n_lists; i++) {
		struct vendor_made *made = &result->made[i];

		made->edition = c->edition - c->edition % 86400;
		made->name = strdup(c->lists[i]->list);
		made->path = list_path(c->job->out, c->lists[i]->list);
		if (!made->name || !made->path ||
		    vendor_text(c->lists[i], &c->hits, c->edition, &c->made[i].text, &c->made[i].size, &made->count)) {
			no_memory(c);
			return -ENOMEM;
		}
		if (!made->count)
			say(c, VENDOR_WARNING, "list %s has no entry: the registry knows none of its vendors",
			    made->name);
	}
	return 0;
}

static int write_all(struct compile *c, struct vendor_result *result)
{
	int err;

	result->made = calloc(c->n_lists, sizeof(*result->made));
	if (!result->made) {
		no_memory(c);
		return -ENOMEM;
	}
	result->n = c->n_lists;
	err = make_texts(c, result);
	for (size_t i = 0; i < c->n_lists && !err; i++)
		err = vendor_check(c->lists[i], c->made[i].text, c->made[i].size, &result->made[i], c->error);
	for (size_t i = 0; i < c->n_lists && !err; i++)
		err = vendor_put(c->made[i].text, c->made[i].size, &result->made[i], c->error);
	return err;
}

static int run(struct compile *c, struct vendor_result *result)
{
	char date[VENDOR_DATE];
	int err = read_sources(c);

	if (!err)
		err = find_edition(c);
	if (!err)
		err = vendor_hits_read(c->registry, c->match, c->say, c->arg, &c->hits, c->error);
	if (err)
		return err;
	vendor_date(c->edition, date);
	say_unseen(c, date);
	say_alikes(c);
	say_owners(c);
	result->rows = c->hits.n_keys;
	return write_all(c, result);
}

static void clean_up(struct compile *c)
{
	vendor_hits_free(&c->hits);
	vendor_match_free(c->match);
	for (size_t i = 0; i < c->n_lists; i++) {
		vendor_source_free(c->lists[i]);
		free(c->made[i].text);
	}
	vendor_names_free(c->names);
	free(c->names_path);
	free(c);
}

int vendor_compile(const struct vendor_job *job, vendor_say_fn *sayer, void *arg, struct vendor_result *result,
		   char error[static FEED_ERROR])
{
	struct compile *c = calloc(1, sizeof(*c));
	int err;

	*result = (struct vendor_result){0};
	if (!c) {
		snprintf(error, FEED_ERROR, "out of memory");
		return -ENOMEM;
	}
	*c = (struct compile){.job = job,
			      .say = sayer,
			      .arg = arg,
			      .error = error,
			      .sources = job->sources ? job->sources : LENSCAP_DATADIR,
			      .registry = job->registry ? job->registry : registry_default_folder()};
	err = run(c, result);
	clean_up(c);
	if (err)
		vendor_result_free(result);
	return err;
}

void vendor_result_free(struct vendor_result *result)
{
	for (size_t i = 0; i < result->n; i++) {
		free(result->made[i].name);
		free(result->made[i].path);
	}
	free(result->made);
	*result = (struct vendor_result){0};
}
