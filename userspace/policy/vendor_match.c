/* SPDX-License-Identifier: GPL-2.0-only */
/* A sorted table of folded names: some hundred, looked up once for each row of a registry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vendor_fold.h"
#include "vendor_match.h"

struct mark {
	char *folded;
	const struct vendor *vendor;
};

struct known {
	const struct vendor *vendor;
};

struct vendor_match {
	struct vendor_alias *aliases;
	size_t n_aliases;
	struct mark *marks;
	size_t n_marks;
	struct known *vendors;
	size_t n_vendors;
};

/* Names of rows that are nobody's, and of blocks whose owners are in the next registry. */
static const char *const nobody[] = {"private", "ieee registration authority"};

struct vendor_match *vendor_match_new(void)
{
	return calloc(1, sizeof(struct vendor_match));
}

void vendor_match_free(struct vendor_match *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_aliases; i++)
		free(m->aliases[i].folded);
	for (size_t i = 0; i < m->n_marks; i++)
		free(m->marks[i].folded);
	free(m->aliases);
	free(m->marks);
	free(m->vendors);
	free(m);
}

/* Room for one more element behind N, zeroed; NULL when out of memory. The counts are small: no doubling. */
static void *grow(void *array, size_t n, size_t size)
{
	char *bigger = reallocarray(array, n + 1, size);

	if (bigger)
		memset(bigger + n * size, 0, size);
	return bigger;
}

static int no_memory(char error[static FEED_ERROR])
{
	snprintf(error, FEED_ERROR, "out of memory");
	return -ENOMEM;
}

static int check_folded(const char *file, const char *name, const char *folded, char error[static FEED_ERROR])
{
	if (!*folded) {
		snprintf(error, FEED_ERROR, "%s: \"%s\" has no letter or digit; write what the registry says", file,
			 name);
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(nobody) / sizeof(*nobody); i++) {
		if (strcmp(folded, nobody[i]))
			continue;
		snprintf(error, FEED_ERROR, "%s: \"%s\" names no organisation but rows of many owners; take it out",
			 file, name);
		return -EINVAL;
	}
	return 0;
}

static int add_alias(struct vendor_match *m, const char *file, struct vendor_alias alias, char error[static FEED_ERROR])
{
	struct vendor_alias *aliases = grow(m->aliases, m->n_aliases, sizeof(*aliases));
	int err;

	if (!aliases)
		return no_memory(error);
	m->aliases = aliases;
	alias.folded = vendor_fold(alias.name);
	if (!alias.folded) {
		snprintf(error, FEED_ERROR, "%s: a name is not UTF-8; save the file as UTF-8", file);
		return -EINVAL;
	}
	err = check_folded(file, alias.name, alias.folded, error);
	if (err)
		free(alias.folded);
	else
		m->aliases[m->n_aliases++] = alias;
	return err;
}

static int add_mark(struct vendor_match *m, const char *file, const char *text, const struct vendor *vendor,
		    char error[static FEED_ERROR])
{
	struct mark *marks = grow(m->marks, m->n_marks, sizeof(*marks));
	char *folded = vendor_fold(text);

	if (marks)
		m->marks = marks;
	if (!marks || !folded) {
		free(folded);
		return no_memory(error);
	}
	if (!*folded || strchr(folded, ' ')) {
		snprintf(error, FEED_ERROR, "%s: mark \"%s\" of %s is not the beginning of one word; write one word",
			 file, text, vendor->vendor);
		free(folded);
		return -EINVAL;
	}
	m->marks[m->n_marks++] = (struct mark){.folded = folded, .vendor = vendor};
	return 0;
}

static int add_vendor(struct vendor_match *m, const char *file, const struct vendor *v, char error[static FEED_ERROR])
{
	struct known *vendors = grow(m->vendors, m->n_vendors, sizeof(*vendors));
	int err = 0;

	if (!vendors)
		return no_memory(error);
	m->vendors = vendors;
	if (vendor_match_vendor(m, v->vendor)) {
		snprintf(error, FEED_ERROR, "%s: vendor \"%s\" stands there twice; write all its names in one place",
			 file, v->vendor);
		return -EINVAL;
	}
	m->vendors[m->n_vendors++].vendor = v;
	for (unsigned i = 0; i < v->names_count && !err; i++)
		err = add_alias(m, file, (struct vendor_alias){.name = v->names[i], .vendor = v}, error);
	for (unsigned i = 0; i < v->marks_count && !err; i++)
		err = add_mark(m, file, v->marks[i], v, error);
	return err;
}

int vendor_match_add(struct vendor_match *m, const char *file, const struct vendor *vendors, unsigned n,
		     char error[static FEED_ERROR])
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = add_vendor(m, file, &vendors[i], error);
	return err;
}

int vendor_match_add_others(struct vendor_match *m, const char *file, const struct vendor_other *others, unsigned n,
			    char error[static FEED_ERROR])
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = add_alias(m, file, (struct vendor_alias){.name = others[i].name, .why = others[i].why}, error);
	return err;
}

static int by_folded(const void *a, const void *b)
{
	const struct vendor_alias *x = a, *y = b;

	return strcmp(x->folded, y->folded);
}

int vendor_match_ready(struct vendor_match *m, const char *file, char error[static FEED_ERROR])
{
	qsort(m->aliases, m->n_aliases, sizeof(*m->aliases), by_folded);
	for (size_t i = 1; i < m->n_aliases; i++) {
		if (strcmp(m->aliases[i - 1].folded, m->aliases[i].folded))
			continue;
		snprintf(error, FEED_ERROR, "%s: \"%s\" and \"%s\" are one name; leave one of them", file,
			 m->aliases[i - 1].name, m->aliases[i].name);
		return -EINVAL;
	}
	return 0;
}

const struct vendor *vendor_match_vendor(const struct vendor_match *m, const char *name)
{
	for (size_t i = 0; i < m->n_vendors; i++) {
		if (!strcmp(m->vendors[i].vendor->vendor, name))
			return m->vendors[i].vendor;
	}
	return NULL;
}

struct vendor_alias *vendor_match_find(const struct vendor_match *m, const char *folded)
{
	struct vendor_alias key = {.folded = (char *)folded};

	return bsearch(&key, m->aliases, m->n_aliases, sizeof(*m->aliases), by_folded);
}

const struct vendor *vendor_match_mark(const struct vendor_match *m, const char *folded)
{
	for (size_t i = 0; i < m->n_marks; i++) {
		if (vendor_has_word(folded, m->marks[i].folded))
			return m->marks[i].vendor;
	}
	return NULL;
}

struct vendor_alias *vendor_match_aliases(const struct vendor_match *m, size_t *n)
{
	*n = m->n_aliases;
	return m->aliases;
}
