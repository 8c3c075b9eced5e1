/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of the configuration: one strict parser a type. Each uses the whole text or complains with what to write. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "mac.h"
#include "text.h"

#define NAME_MAX_BYTES 64
#define PATH_MAX_BYTES 200 /* leaves room for what is built below a folder */
#define ACCOUNT_MAX_BYTES 32
#define TEN_YEARS (3650L * 86400)

static void *member(const struct field *f, void *object)
{
	return (char *)object + f->offset;
}

/* Text of a value that a message may show. */
#define SHOWN(v) text_shown(v, (char[TEXT_MAX + 1]){0})
static const char *text_shown(const struct value *v, char *buffer)
{
	(void)text_clean(v->text, strlen(v->text), buffer);
	return buffer;
}

void replace_text(struct reader *r, char **place, const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		r->out_of_memory = true;
		return;
	}
	free(*place);
	*place = copy;
}

/* Decimal digits only, at most nine: no sign, no octal, no space. */
static bool parse_digits(const char *text, size_t size, uint32_t *out)
{
	uint32_t v = 0;

	if (!size || size > 9)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	*out = v;
	return true;
}

void set_number(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	uint32_t number;

	if (!parse_digits(v->text, strlen(v->text), &number) || number < f->of.range.min || number > f->of.range.max)
		complain(&r->complaints, &v->at, "'%s' is not a number that '%s' may have; give one from %u to %u", SHOWN(v),
			 f->key, f->of.range.min, f->of.range.max);
	else
		*(uint32_t *)member(f, object) = number;
}

/* "drop, monitor or allow": those to be had. */
static void list_words(const struct word *words, char *out, size_t size)
{
	size_t used = 0, left = 0;

	for (const struct word *w = words; w->text; w++)
		left += !w->refusal;
	out[0] = '\0';
	for (const struct word *w = words; w->text && used < size; w++) {
		int add;

		if (w->refusal)
			continue;
		left--;
		add = snprintf(out + used, size - used, "%s%s", w->text, left > 1 ? ", " : left ? " or " : "");
		used += add > 0 ? (size_t)add : 0;
	}
}

int word_value(struct reader *r, const struct field *f, const struct value *v, int *value)
{
	char known[256];

	for (const struct word *w = f->of.words; w->text; w++) {
		if (strcmp(w->text, v->text))
			continue;
		if (w->refusal)
			complain(&r->complaints, &v->at, "'%s: %s': %s", f->key, w->text, w->refusal);
		else
			*value = w->value;
		return w->refusal ? -EINVAL : 0;
	}
	list_words(f->of.words, known, sizeof(known));
	complain(&r->complaints, &v->at, "'%s' is nothing that '%s' may be; write %s", SHOWN(v), f->key, known);
	return -EINVAL;
}

void set_enum(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	int value;

	if (!word_value(r, f, v, &value))
		*(int *)member(f, object) = value;
}

void set_bool(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	int value;

	if (!word_value(r, f, v, &value))
		*(bool *)member(f, object) = value;
}

bool path_is_valid(const char *text)
{
	size_t size = strlen(text);

	return text[0] == '/' && size > 1 && size <= PATH_MAX_BYTES && text[size - 1] != '/' && !strstr(text, "//") &&
	       !strstr(text, "/../") && !strstr(text, "/./") && (size < 3 || strcmp(text + size - 3, "/..") != 0) &&
	       strcmp(text + size - 2, "/.") != 0;
}

void set_path(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	if (path_is_valid(v->text))
		replace_text(r, member(f, object), v->text);
	else
		complain(&r->complaints, &v->at,
			 "'%s' is not an absolute path; write one like /run/lenscap, without .. or a slash at the end, up to %d bytes",
			 SHOWN(v), PATH_MAX_BYTES);
}

void set_account(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t size = strlen(v->text);

	if (size > ACCOUNT_MAX_BYTES || strspn(v->text, letters) != size || isdigit((unsigned char)v->text[0]) ||
	    v->text[0] == '-')
		complain(&r->complaints, &v->at, "'%s' is not an account's name; write small letters, digits, _ and -, up to %d",
			 SHOWN(v), ACCOUNT_MAX_BYTES);
	else
		replace_text(r, member(f, object), v->text);
}

bool name_is_valid(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t size = strlen(text);

	return size && size <= NAME_MAX_BYTES && strspn(text, letters) == size && text[0] != '.';
}

void set_name(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	if (name_is_valid(v->text))
		replace_text(r, member(f, object), v->text);
	else
		complain(&r->complaints, &v->at,
			 "'%s' is not a name; write letters, digits, dot, _ and -, up to %d, the first of them no dot", SHOWN(v),
			 NAME_MAX_BYTES);
}

/* "10%", "2.5%". */
void set_percent(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	size_t whole = strspn(v->text, "0123456789");
	const char *rest = v->text + whole;
	size_t parts = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
	uint32_t hundred = 0, fraction = 0, scale = 1;

	rest += parts ? parts + 1 : 0;
	if (!parse_digits(v->text, whole, &hundred) || strcmp(rest, "%") != 0 || parts > 3 ||
	    (parts && !parse_digits(v->text + whole + 1, parts, &fraction))) {
		complain(&r->complaints, &v->at, "'%s' is not a share; write it like 10%% or 2.5%%", SHOWN(v));
		return;
	}
	while (parts--)
		scale *= 10;
	if (hundred > 100 || (hundred == 100 && fraction))
		complain(&r->complaints, &v->at, "'%s' is over the whole; write 0%% to 100%%", SHOWN(v));
	else
		*(double *)member(f, object) = (hundred + (double)fraction / scale) / 100;
}

void set_duration(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	int64_t seconds;

	if (duration_parse(v->text, &seconds) || seconds > TEN_YEARS)
		complain(&r->complaints, &v->at, "'%s' is not a time; write it like 30s, 10m, 2h, 7d or 1w, up to ten years",
			 SHOWN(v));
	else
		*(unsigned *)member(f, object) = (unsigned)seconds;
}

/* ---- VLANs ---- */
static void add_range(struct config_vlans *vlans, uint32_t first, uint32_t last)
{
	vlans->any = false;
	for (uint32_t vlan = first; vlan <= last; vlan++)
		vlans->bits[vlan / 8] |= (uint8_t)(1u << vlan % 8);
}

void add_vlan(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_vlans *vlans = member(f, object);
	const char *dash = strchr(v->text, '-');
	size_t size = dash ? (size_t)(dash - v->text) : strlen(v->text);
	uint32_t first, last;

	if (!strcmp(v->text, "untagged")) {
		add_range(vlans, LC_VLAN_UNTAGGED, LC_VLAN_UNTAGGED);
		return;
	}
	if (!parse_digits(v->text, size, &first)) {
		complain(&r->complaints, &v->at, "'%s' is not a VLAN; write untagged, a number like 200 or a range like 1-99",
			 SHOWN(v));
		return;
	}
	last = first;
	if (dash && !parse_digits(dash + 1, strlen(dash + 1), &last))
		complain(&r->complaints, &v->at, "'%s' is not a range of VLANs; write it like 1-99", SHOWN(v));
	else if (!first)
		complain(&r->complaints, &v->at, "VLAN 0 marks priority and is no VLAN; write untagged for such frames");
	else if (first > 4094 || last > 4094)
		complain(&r->complaints, &v->at, "'%s' goes over the last VLAN; the numbers are 1 to 4094", SHOWN(v));
	else if (last < first)
		complain(&r->complaints, &v->at, "'%s' runs backwards; write the lower VLAN first", SHOWN(v));
	else
		add_range(vlans, first, last);
}

/* ---- Addresses ---- */
void add_protect(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config *config = object;
	const char *reason;
	uint64_t mac48, *bigger;

	(void)f;
	if (mac_parse(v->text, &mac48, &reason)) {
		complain(&r->complaints, &v->at, "'%s': %s", SHOWN(v), reason);
		return;
	}
	if (!mac48 || mac48 >> 40 & 1) {
		complain(&r->complaints, &v->at, "'%s' is no single device's address; give the one to protect", SHOWN(v));
		return;
	}
	if (config->n_protect == CONFIG_PROTECT) {
		complain(&r->complaints, &v->at, "'protect' has over %d addresses; remove some", CONFIG_PROTECT);
		return;
	}
	bigger = realloc(config->protect, (config->n_protect + 1) * sizeof(*bigger));
	if (!bigger) {
		r->out_of_memory = true;
		return;
	}
	config->protect = bigger;
	bigger[config->n_protect++] = mac48;
}
