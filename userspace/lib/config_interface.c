/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces of a zone: names, globs and "bridge:NAME". */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "text.h"

#define BRIDGE "bridge:"
#define NAMES_MAX 128 /* of one list */

bool is_glob(const char *interface)
{
	return strpbrk(interface, "*?[") != NULL;
}

/* Length of "[…]" at TEXT, 0 when it does not end or has nothing in it. */
static size_t bracket_length(const char *text)
{
	const char *p = text + 1;

	p += *p == '!' || *p == '^';
	p += *p == ']';
	p = strchr(p, ']');
	return p ? (size_t)(p - text) + 1 : 0;
}

/* Characters the shortest name has that a glob matches; SIZE_MAX when the glob is broken. */
static size_t shortest_match(const char *glob)
{
	size_t least = 0;

	while (*glob) {
		size_t step = *glob == '[' ? bracket_length(glob) : 1;

		if (!step)
			return SIZE_MAX;
		least += *glob != '*';
		glob += step;
	}
	return least;
}

/* What the kernel refuses in names, and what would make a glob mean something else. */
const char *refuse_name(const char *text)
{
	size_t least = shortest_match(text);

	if (!*text)
		return "has no name behind the colon; write it like bridge:br0";
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("/:\\,;\"'", *p))
			return "has a character that no interface name has; write a name, a glob like swp* or bridge:br0";
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return "is not an interface name; write one like swp1";
	if (least == SIZE_MAX)
		return "has a [ without its ]; close it, like swp[1-4]";
	return least >= IFNAMSIZ ? "is longer than the 15 characters an interface name may have; shorten it" : NULL;
}

static const char *refuse_interface(const char *text)
{
	const char *name = text + strlen(BRIDGE);

	if (strncmp(text, BRIDGE, strlen(BRIDGE)) != 0)
		return refuse_name(text);
	return is_glob(name) ? "is a glob of bridges; name each bridge" : refuse_name(name);
}

static void append(struct reader *r, const struct field *f, const struct value *v, const char *refusal, void *object)
{
	char ***names = (char ***)((char *)object + f->offset);
	size_t *n = (size_t *)(names + 1); /* the count lies behind the pointer: config.h */
	char shown[TEXT_MAX + 1];
	char **bigger;

	(void)text_clean(v->text, strlen(v->text), shown);
	for (size_t i = 0; i < *n && !refusal; i++)
		if (!strcmp((*names)[i], v->text))
			refusal = "is named twice in this list; keep one of them";
	if (!refusal && *n == NAMES_MAX)
		refusal = "is one too many for this list; use a glob, or make a second zone";
	if (refusal) {
		complain(&r->complaints, &v->at, "'%s' %s", shown, refusal);
		return;
	}
	bigger = realloc(*names, (*n + 1) * sizeof(*bigger));
	if (!bigger) {
		r->out_of_memory = true;
		return;
	}
	*names = bigger;
	bigger[*n] = NULL;
	replace_text(r, &bigger[*n], v->text);
	*n += bigger[*n] != NULL;
}

_Static_assert(offsetof(struct config_zone, n_interfaces) == offsetof(struct config_zone, interfaces) + sizeof(char **),
	       "append() finds the count behind the list");
_Static_assert(offsetof(struct config_zone, n_exclude) == offsetof(struct config_zone, exclude) + sizeof(char **),
	       "append() finds the count behind the list");

void add_interface(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	append(r, f, v, refuse_interface(v->text), object);
}

void add_exclude(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	append(r, f, v, refuse_name(v->text), object);
}
