/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From YAML to the configuration by a table of fields. libyaml's document tree keeps the place of every node, so every
 * error of a file can be told with its line and column at once, those of meaning too.
 */
#include <string.h>
#include <yaml.h>

#include "config_internal.h"
#include "text.h"

static struct config_place place_of(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct config_place){r->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static struct config_place place_of_node(const struct reader *r, const yaml_node_t *node)
{
	return place_of(r, &node->start_mark);
}

/* A wrong byte is known by its offset alone. */
static struct config_place place_of_offset(const struct reader *r, const char *data, size_t size, size_t offset)
{
	struct config_place at = {r->file, 1, 1};

	for (size_t i = 0; i < offset && i < size; i++) {
		at.column = data[i] == '\n' ? 1 : at.column + 1;
		at.line += data[i] == '\n';
	}
	return at;
}

#define NO_ALIAS "aliases (*name) are not accepted; write the value out, and put quotes around a text that begins with *"
#define NO_ANCHOR "anchors (&name) are not accepted; put quotes around a text that begins with &"

/* ---- Refused before the tree is built: what Lenscap has no use for, and what makes a small file a big tree ---- */
static const char *token_refusal(yaml_token_type_t type, unsigned *depth)
{
	switch (type) {
	case YAML_ALIAS_TOKEN:
		return NO_ALIAS;
	case YAML_ANCHOR_TOKEN:
		return NO_ANCHOR;
	case YAML_TAG_TOKEN:
	case YAML_TAG_DIRECTIVE_TOKEN:
		return "tags (!name) are not accepted; put quotes around a text that begins with !";
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		return ++*depth > CONFIG_DEPTH ? "lists and mappings are nested too deep; see lenscap.yaml(5) for the layout" : NULL;
	case YAML_BLOCK_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		--*depth;
		return NULL;
	default:
		return NULL;
	}
}

/* A lone * or & begins no name: the same mistake as an alias, and far commoner (interfaces: [*]). */
static const char *broken_name(const yaml_parser_t *parser)
{
	if (!parser->context)
		return NULL;
	if (!strcmp(parser->context, "while scanning an alias"))
		return NO_ALIAS;
	return strcmp(parser->context, "while scanning an anchor") != 0 ? NULL : NO_ANCHOR;
}

static void complain_syntax(struct reader *r, const yaml_parser_t *parser, const char *data, size_t size)
{
	struct config_place at = place_of(r, &parser->problem_mark);
	const char *hint = broken_name(parser);

	if (parser->error == YAML_MEMORY_ERROR) {
		r->out_of_memory = true;
		return;
	}
	if (parser->error == YAML_READER_ERROR)
		at = place_of_offset(r, data, size, parser->problem_offset);
	if (hint)
		complain(&r->complaints, &at, "%s", hint);
	else
		complain(&r->complaints, &at, "not YAML: %s%s%s; correct the text here or just above",
			 parser->context ? parser->context : "", parser->context ? ", " : "",
			 parser->problem ? parser->problem : "unreadable");
}

static void start_parser(yaml_parser_t *parser, const char *data, size_t size)
{
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)data, size);
}

/* True when every token is acceptable. */
static bool scan(struct reader *r, const char *data, size_t size)
{
	const char *refusal = NULL;
	unsigned depth = 0;
	bool more = true;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		r->out_of_memory = true;
		return false;
	}
	start_parser(&parser, data, size);
	while (more && !refusal) {
		yaml_token_t token;

		if (!yaml_parser_scan(&parser, &token)) {
			complain_syntax(r, &parser, data, size);
			break;
		}
		refusal = token_refusal(token.type, &depth);
		if (refusal) {
			struct config_place at = place_of(r, &token.start_mark);

			complain(&r->complaints, &at, "%s", refusal);
		}
		more = token.type != YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return !more && !refusal;
}

/* ---- The walk ---- */
static const char *what_it_is(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return "a single value";
	}
}

/* Text of a scalar that a message may show. */
static const char *shown(const yaml_node_t *node, char buffer[static TEXT_MAX + 1])
{
	if (node->type != YAML_SCALAR_NODE)
		return what_it_is(node);
	(void)text_clean((const char *)node->data.scalar.value, node->data.scalar.length, buffer);
	return buffer;
}

static bool has_control(const yaml_node_t *node)
{
	for (size_t i = 0; i < node->data.scalar.length; i++)
		if (node->data.scalar.value[i] < 0x20 || node->data.scalar.value[i] == 0x7f)
			return true;
	return false;
}

static bool is_empty(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE &&
	       (!*text || (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!strcmp(text, "~") || !strcmp(text, "null"))));
}

static void walk_scalar(struct reader *r, const struct field *f, const yaml_node_t *node, void *object)
{
	struct value v = {.at = place_of_node(r, node)};

	if (node->type != YAML_SCALAR_NODE)
		complain(&r->complaints, &v.at, "'%s' is %s; give a single value", f->key, what_it_is(node));
	else if (has_control(node))
		complain(&r->complaints, &v.at, "'%s' has a control character in its value; remove it", f->key);
	else if (is_empty(node))
		complain(&r->complaints, &v.at, "'%s' has no value; give one or take the key out", f->key);
	else {
		v.text = (const char *)node->data.scalar.value;
		f->set(r, f, &v, object);
	}
}

static void walk_mapping(struct reader *r, yaml_document_t *doc, const yaml_node_t *node, const struct field *fields,
			 const char *noun, void *object, bool once);

static void walk_item(struct reader *r, yaml_document_t *doc, const struct field *f, const yaml_node_t *item, void *object)
{
	struct config_place at = place_of_node(r, item);
	void *made;

	if (item->type == YAML_MAPPING_NODE && f->fields) {
		made = f->add(r, &at, object);
		if (made)
			walk_mapping(r, doc, item, f->fields, f->noun, made, false);
	} else if (f->set) {
		walk_scalar(r, f, item, object);
	} else {
		complain(&r->complaints, &at, "this %s is %s; give a mapping like '- name: …'", f->noun, what_it_is(item));
	}
}

static void walk_list(struct reader *r, yaml_document_t *doc, const struct field *f, const yaml_node_t *node, void *object)
{
	struct config_place at = place_of_node(r, node);

	if (f->or_one && node->type == YAML_SCALAR_NODE) {
		walk_scalar(r, f, node, object);
		return;
	}
	if (node->type != YAML_SEQUENCE_NODE) {
		if (is_empty(node))
			complain(&r->complaints, &at, "'%s' has no value; give a list or take the key out", f->key);
		else
			complain(&r->complaints, &at, "'%s' is %s; give a list, like [one, two]", f->key, what_it_is(node));
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
		walk_item(r, doc, f, yaml_document_get_node(doc, *i), object);
	if ((f->required || f->not_empty) && node->data.sequence.items.start == node->data.sequence.items.top)
		complain(&r->complaints, &at, "'%s' is an empty list; name at least one%s", f->key, f->required ? "" : ", or take the key out");
}

/* Scalars outside lists: the first place counts for all files together. */
static bool given_before(struct reader *r, const struct field *f, const struct config_place *at)
{
	for (size_t i = 0; i < r->n_seen; i++) {
		if (r->seen[i] != f)
			continue;
		complain(&r->complaints, at, "'%s' is given twice, first at %s:%u:%u; keep one of them", f->key,
			 r->seen_at[i].file, r->seen_at[i].line, r->seen_at[i].column);
		return true;
	}
	if (r->n_seen < sizeof(r->seen) / sizeof(r->seen[0])) {
		r->seen[r->n_seen] = f;
		r->seen_at[r->n_seen++] = *at;
	}
	return false;
}

static void walk_field(struct reader *r, yaml_document_t *doc, const struct field *f, const struct config_place *at,
		       const yaml_node_t *node, void *object, bool once)
{
	switch (f->kind) {
	case FIELD_LATER:
		complain(&r->complaints, at, "'%s': this version of Lenscap (" LENSCAP_VERSION ") does not have it; take the key out",
			 f->key);
		break;
	case FIELD_SCALAR:
		if (!once || !given_before(r, f, at))
			walk_scalar(r, f, node, object);
		break;
	case FIELD_LIST:
		walk_list(r, doc, f, node, object);
		break;
	case FIELD_MAPPING:
		walk_mapping(r, doc, node, f->fields, f->key, object, once);
		break;
	}
}

static void complain_unknown(struct reader *r, const yaml_node_t *key, const struct field *fields, const char *noun)
{
	struct config_place at = place_of_node(r, key);
	char buffer[TEXT_MAX + 1], known[512];
	size_t used = 0;

	for (const struct field *f = fields; f->key && used < sizeof(known); f++) {
		int add = f->kind == FIELD_LATER ? 0 : snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", f->key);

		used += add > 0 ? (size_t)add : 0;
	}
	complain(&r->complaints, &at, "'%s' is not a key of %s; known are %s", shown(key, buffer), noun, known);
}

static const struct field *find_field(const struct field *fields, const yaml_node_t *key)
{
	if (key->type != YAML_SCALAR_NODE || strlen((const char *)key->data.scalar.value) != key->data.scalar.length)
		return NULL;
	for (const struct field *f = fields; f->key; f++)
		if (!strcmp(f->key, (const char *)key->data.scalar.value))
			return f;
	return NULL;
}

static void walk_pair(struct reader *r, yaml_document_t *doc, const yaml_node_pair_t *pair, const struct field *fields,
		      const char *noun, void *object, bool once, struct config_place first[static CONFIG_KEYS])
{
	const yaml_node_t *key = yaml_document_get_node(doc, pair->key);
	const struct field *f = find_field(fields, key);
	struct config_place at = place_of_node(r, key);

	if (!f) {
		complain_unknown(r, key, fields, noun);
		return;
	}
	if (first[f - fields].line) {
		complain(&r->complaints, &at, "'%s' is given twice, first at %s:%u:%u; keep one of them", f->key, r->file,
			 first[f - fields].line, first[f - fields].column);
		return;
	}
	first[f - fields] = at;
	walk_field(r, doc, f, &at, yaml_document_get_node(doc, pair->value), object, once);
}

/* ONCE: a mapping that exists once however many files there are, and not one of a list. */
static void walk_mapping(struct reader *r, yaml_document_t *doc, const yaml_node_t *node, const struct field *fields,
			 const char *noun, void *object, bool once)
{
	struct config_place first[CONFIG_KEYS] = {0};
	struct config_place at = place_of_node(r, node);

	if (node->type != YAML_MAPPING_NODE) {
		complain(&r->complaints, &at, "%s is %s; give a mapping like 'key: value'", noun, what_it_is(node));
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++)
		walk_pair(r, doc, p, fields, noun, object, once, first);
	for (const struct field *f = fields; f->key; f++)
		if (f->required && !first[f - fields].line)
			complain(&r->complaints, &at, "this %s has no '%s'; add one", noun, f->key);
}

static void walk_document(struct reader *r, yaml_document_t *doc, const struct field *fields, void *object)
{
	const yaml_node_t *root = yaml_document_get_root_node(doc);

	if (root && !is_empty(root))
		walk_mapping(r, doc, root, fields, "the configuration", object, true);
}

/* Only the first document of a stream would be read: a second one is a mistake that must not pass unseen. */
static void check_end(struct reader *r, yaml_parser_t *parser, const char *data, size_t size)
{
	yaml_document_t doc;
	const yaml_node_t *root;

	if (!yaml_parser_load(parser, &doc)) {
		complain_syntax(r, parser, data, size);
		return;
	}
	root = yaml_document_get_root_node(&doc);
	if (root) {
		struct config_place at = place_of_node(r, root);

		complain(&r->complaints, &at, "a second YAML document begins here; remove the line ---");
	}
	yaml_document_delete(&doc);
}

void yaml_walk(struct reader *r, const char *data, size_t size, const struct field *fields, void *object)
{
	yaml_parser_t parser;
	yaml_document_t doc;

	if (!scan(r, data, size))
		return;
	if (!yaml_parser_initialize(&parser)) {
		r->out_of_memory = true;
		return;
	}
	start_parser(&parser, data, size);
	if (!yaml_parser_load(&parser, &doc)) {
		complain_syntax(r, &parser, data, size);
	} else {
		walk_document(r, &doc, fields, object);
		yaml_document_delete(&doc);
		check_end(r, &parser, data, size);
	}
	yaml_parser_delete(&parser);
}
