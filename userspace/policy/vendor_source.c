/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads names.yaml and lists by libcyaml schemas: unknown keys and missing ones are errors with their place. */
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/text.h"
#include "vendor_source.h"

#define MAX_BYTES (1u << 20)
#define MAX_ENTRIES 10000

static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};

static const cyaml_schema_field_t vendor_fields[] = {
    CYAML_FIELD_STRING_PTR("vendor", CYAML_FLAG_POINTER, struct vendor, vendor, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("names", CYAML_FLAG_POINTER, struct vendor, names, &text_value, 1, MAX_ENTRIES),
    CYAML_FIELD_SEQUENCE("marks", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct vendor, marks, &text_value, 0,
			 MAX_ENTRIES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t vendor_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vendor, vendor_fields)};

static const cyaml_schema_field_t other_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct vendor_other, name, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("why", CYAML_FLAG_POINTER, struct vendor_other, why, 1, TEXT_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t other_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vendor_other, other_fields)};

static const cyaml_schema_field_t names_fields[] = {
    CYAML_FIELD_SEQUENCE("vendors", CYAML_FLAG_POINTER, struct vendor_names, vendors, &vendor_value, 1, MAX_ENTRIES),
    CYAML_FIELD_SEQUENCE_COUNT("not-theirs", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct vendor_names, others,
			       others_count, &other_value, 0, MAX_ENTRIES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t names_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct vendor_names, names_fields)};

static const cyaml_schema_field_t member_fields[] = {
    CYAML_FIELD_STRING_PTR("vendor", CYAML_FLAG_POINTER, struct vendor_member, vendor, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("basis", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct vendor_member, basis, 1, TEXT_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t member_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vendor_member, member_fields)};

static const cyaml_schema_field_t source_fields[] = {
    CYAML_FIELD_STRING_PTR("list", CYAML_FLAG_POINTER, struct vendor_source, list, 1, 64),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct vendor_source, title, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("basis", CYAML_FLAG_POINTER, struct vendor_source, basis, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("caution", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct vendor_source, caution, 1,
			   2 * TEXT_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("vendors", CYAML_FLAG_POINTER, struct vendor_source, members, members_count,
			       &member_value, 1, MAX_ENTRIES),
    CYAML_FIELD_SEQUENCE_COUNT("names", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct vendor_source, own, own_count,
			       &vendor_value, 0, MAX_ENTRIES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t source_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct vendor_source, source_fields)};

/* libcyaml says what is wrong in one message and where in later ones: the first place is the innermost. */
struct complaint {
	char what[160];
	unsigned long line, column;
};

__attribute__((format(printf, 3, 0))) static void take_message(cyaml_log_t level, void *ctx, const char *format,
							       va_list args)
{
	struct complaint *c = ctx;
	char text[256];
	const char *place;

	if (level != CYAML_LOG_ERROR)
		return;
	vsnprintf(text, sizeof(text), format, args);
	place = strstr(text, "(line: ");
	if (place && !c->line) {
		const char *column = strstr(place, "column: ");

		c->line = strtoul(place + strlen("(line: "), NULL, 10);
		c->column = column ? strtoul(column + strlen("column: "), NULL, 10) : 0;
	}
	if (!place && !c->what[0]) {
		const char *what = strncmp(text, "Load: ", 6) ? text : text + 6;

		snprintf(c->what, sizeof(c->what), "%.*s", (int)strcspn(what, "\n"), what);
	}
}

static int load_text(const char *path, const char *data, size_t size, const cyaml_schema_value_t *schema, void **out,
		     char error[static FEED_ERROR])
{
	struct complaint c = {.what = ""};
	cyaml_config_t config = {
	    .log_fn = take_message, .log_ctx = &c, .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};
	cyaml_err_t err = cyaml_load_data((const uint8_t *)data, size, &config, schema, out, NULL);

	if (err == CYAML_ERR_OOM) {
		snprintf(error, FEED_ERROR, "%s: out of memory", path);
		return -ENOMEM;
	}
	if (err == CYAML_OK && *out)
		return 0;
	snprintf(error, FEED_ERROR, "%s:%lu:%lu: %s; see lenscap-vendor-list(5)", path, c.line ? c.line : 1,
		 c.column ? c.column : 1, c.what[0] ? c.what : "the file is empty");
	return -EINVAL;
}

static int load(const char *path, const cyaml_schema_value_t *schema, void **out, char error[static FEED_ERROR])
{
	char *data = NULL;
	size_t size = 0;
	int err = file_read(path, MAX_BYTES, &data, &size);

	if (err) {
		snprintf(error, FEED_ERROR, "%s: %s; name the folder with names.yaml and lists/, or reinstall Lenscap",
			 path, strerror(-err));
		return err;
	}
	*out = NULL;
	err = load_text(path, data, size, schema, out, error);
	free(data);
	return err;
}

static void unload(const cyaml_schema_value_t *schema, void *data)
{
	cyaml_config_t config = {.log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};

	(void)cyaml_free(&config, schema, data, 0);
}

int vendor_names_read(const char *path, struct vendor_names **out, char error[static FEED_ERROR])
{
	void *names;
	int err = load(path, &names_schema, &names, error);

	if (!err)
		*out = names;
	return err;
}

void vendor_names_free(struct vendor_names *names)
{
	unload(&names_schema, names);
}

int vendor_source_read(const char *path, struct vendor_source **out, char error[static FEED_ERROR])
{
	void *source;
	int err = load(path, &source_schema, &source, error);

	if (!err)
		*out = source;
	return err;
}

void vendor_source_free(struct vendor_source *source)
{
	unload(&source_schema, source);
}
