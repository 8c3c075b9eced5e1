/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of lenscap.yaml, as tables: what may stand where, and what takes it over. lenscap.yaml(5) explains them. */
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "text.h"

static const struct word modes[] = {{"enforce", true, NULL}, {"dry-run", false, NULL}, {NULL, 0, NULL}};
static const struct word yes_or_no[] = {{"yes", true, NULL}, {"true", true, NULL}, {"no", false, NULL}, {"false", false, NULL}, {NULL, 0, NULL}};
static const struct word clocks[] = {{"synchronised", false, NULL}, {"trust", true, NULL}, {NULL, 0, NULL}};
static const struct word directions[] = {{"from", false, NULL}, {"both", true, NULL}, {NULL, 0, NULL}};
static const struct word actions[] = {
	{"drop", LC_DROP, NULL},
	{"divert", LC_DIVERT, NULL},
	{"contain", LC_CONTAIN, NULL},
	{"mirror", LC_MIRROR, NULL},
	{"monitor", LC_MONITOR, NULL},
	{"allow", LC_ALLOW, NULL},
	{"quarantine", LC_QUARANTINE, "it means the zone's own action; write drop, divert, contain, mirror, monitor or allow"},
	{NULL, 0, NULL},
};
static const struct word formats[] = {
	{"native", FORMAT_NATIVE, NULL}, {"plain", FORMAT_PLAIN, NULL},	  {"csv", FORMAT_CSV, NULL},
	{"stix", FORMAT_STIX, NULL},	 {"detect", FORMAT_DETECT, NULL}, {NULL, 0, NULL},
};
enum may { MAY_FLAG, MAY_ALLOW };
static const struct word mays[] = {{"flag", MAY_FLAG, NULL}, {"allow", MAY_ALLOW, NULL}, {NULL, 0, NULL}};

/* ---- Setters that only one key needs ---- */
static void add_action(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	uint16_t *permitted = (uint16_t *)((char *)object + f->offset);
	int action;

	if (!word_value(r, f, v, &action))
		*permitted |= (uint16_t)(1u << action);
}

static void add_may(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;
	int may;

	if (!word_value(r, f, v, &may))
		feed->may_allow |= may == MAY_ALLOW; /* flag every feed may */
}

static void set_max_entries(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;
	struct field plain = *f;
	uint32_t entries = 0;

	plain.offset = 0;
	set_number(r, &plain, v, &entries);
	feed->max_entries = entries;
}

static void add_public_key(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;
	struct pubkey key, *bigger;
	const char *reason;
	char shown[TEXT_MAX + 1];

	(void)f;
	if (pubkey_parse(v->text, &key, &reason)) {
		(void)text_clean(v->text, strlen(v->text), shown);
		complain(&r->complaints, &v->at, "'%s' is %s", shown, reason);
		return;
	}
	if (feed->n_keys == CONFIG_FEED_KEYS) {
		complain(&r->complaints, &v->at, "'public-keys' has over %d keys; remove those no longer used", CONFIG_FEED_KEYS);
		return;
	}
	bigger = realloc(feed->keys, (feed->n_keys + 1) * sizeof(key));
	if (!bigger) {
		r->out_of_memory = true;
		return;
	}
	feed->keys = bigger;
	feed->keys[feed->n_keys++] = key;
}

static void set_column(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	char shown[TEXT_MAX + 1];

	if (strlen(v->text) > TEXT_MAX) {
		(void)text_clean(v->text, strlen(v->text), shown);
		complain(&r->complaints, &v->at, "'%s' is over %d bytes; name the column as the file does, shorter", shown, TEXT_MAX);
		return;
	}
	replace_text(r, (char **)((char *)object + f->offset), v->text);
}

static void set_feed_name(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	if (!strcmp(v->text, "local"))
		complain(&r->complaints, &v->at, "'local' is the name of the overrides made here; give the feed another");
	else
		set_name(r, f, v, object);
}

static bool has_place(struct reader *r, const struct value *v, const struct config_feed *feed)
{
	if (feed->path || feed->url)
		complain(&r->complaints, &v->at, "'path' and 'url' both say where the feed is; keep one of them");
	return feed->path || feed->url;
}

static void set_feed_path(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;

	(void)f;
	if (has_place(r, v, feed))
		return;
	set_path(r, &(struct field){.offset = offsetof(struct config_feed, path)}, v, object);
	if (!feed->path) /* refused: complained of already, and not missing */
		replace_text(r, &feed->path, "");
}

static void set_feed_url(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	static const char scheme[] = "file://";
	struct config_feed *feed = object;
	struct value path = *v;

	if (!strncmp(v->text, scheme, strlen(scheme)))
		path.text += strlen(scheme);
	if (*path.text == '/')
		set_feed_path(r, f, &path, object);
	else if (!has_place(r, v, feed) && complain_url(r, v, "https://"))
		replace_text(r, &feed->path, ""); /* as above */
	else if (!feed->path)
		replace_text(r, &feed->url, v->text);
}

static void set_proxy(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;

	(void)f;
	if (!complain_url(r, v, strncmp(v->text, "http://", 7) ? "https://" : "http://"))
		replace_text(r, &feed->proxy, v->text);
}

static void set_max_bytes(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_feed *feed = object;
	struct field plain = *f;
	uint32_t bytes = 0;

	plain.offset = 0;
	set_number(r, &plain, v, &bytes);
	feed->max_bytes = bytes;
}

static void set_list_name(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	if (strchr(v->text, '/'))
		set_path(r, f, v, object);
	else
		set_name(r, f, v, object);
}

/* ---- New items of lists ---- */
/* One more element of *ARRAY, zeroed; NULL with a complaint at MAX. */
static void *grow(struct reader *r, const struct config_place *at, void *array, size_t *n, size_t size, size_t max)
{
	char *bigger, **place = array;

	if (*n == max) {
		complain(&r->complaints, at, "this is one too many; %zu is the most here, put several into one", max);
		return NULL;
	}
	bigger = realloc(*place, (*n + 1) * size);
	if (!bigger) {
		r->out_of_memory = true;
		return NULL;
	}
	*place = bigger;
	memset(bigger + *n * size, 0, size);
	return bigger + (*n)++ * size;
}

static void *add_zone(struct reader *r, const struct config_place *at, void *object)
{
	struct config *c = object;
	struct config_zone *zone = grow(r, at, &c->zones, &c->n_zones, sizeof(*zone), CONFIG_ZONES);

	if (zone) {
		zone->place = *at;
		zone->action = LC_DROP;
		zone->vlans.any = true;
	}
	return zone;
}

static void *add_feed(struct reader *r, const struct config_place *at, void *object)
{
	struct config *c = object;
	struct config_feed *feed = grow(r, at, &c->feeds, &c->n_feeds, sizeof(*feed), CONFIG_FEEDS);

	if (feed) {
		feed->place = *at;
		feed->enforce = true;
		feed->min_length = 24;
		feed->format = FORMAT_DETECT;
		feed->max_weakening = 0.10;
		feed->max_newly_stopped = 20;
		feed->every = 300;
		feed->timeout = 120;
	}
	return feed;
}

static void *add_list(struct reader *r, const struct config_place *at, void *object)
{
	struct config *c = object;
	struct config_list *list = grow(r, at, &c->lists, &c->n_lists, sizeof(*list), CONFIG_LISTS);

	if (list) {
		list->place = *at;
		list->enforce = true;
	}
	return list;
}

/* A list given by its name alone. */
static void add_named_list(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_list *list = add_list(r, &v->at, object);

	if (list)
		set_list_name(r, f, v, list);
}

/* ---- The tables ---- */
#define IN(type, member) .offset = offsetof(struct type, member)
#define LATER(name) {.key = name, .kind = FIELD_LATER}
#define RANGE(least, most) .of.range = {least, most}

static const struct field list_fields[] = {
	{"name", FIELD_SCALAR, .required = true, .set = set_list_name, IN(config_list, name)},
	{"mode", FIELD_SCALAR, .set = set_bool, IN(config_list, enforce), .of.words = modes},
	{0},
};

static const struct field policy_fields[] = {
	{"vendor-lists", FIELD_LIST, .set = add_named_list, .fields = list_fields, .add = add_list, .noun = "vendor list"},
	{"capacity", FIELD_SCALAR, .set = set_number, IN(config, capacity), RANGE(2048, 8388608)},
	{"devices", FIELD_SCALAR, .set = set_number, IN(config, devices), RANGE(64, 1048576)},
	{"clock", FIELD_SCALAR, .set = set_bool, IN(config, trust_clock), .of.words = clocks},
	{"protect", FIELD_LIST, .set = add_protect, .noun = "address"},
	{0},
};

static const struct field zone_fields[] = {
	{"name", FIELD_SCALAR, .required = true, .set = set_name, IN(config_zone, name)},
	{"interfaces", FIELD_LIST, .required = true, .set = add_interface, IN(config_zone, interfaces), .noun = "interface"},
	{"exclude", FIELD_LIST, .set = add_exclude, IN(config_zone, exclude), .noun = "interface"},
	{"vlans", FIELD_LIST, .not_empty = true, .set = add_vlan, IN(config_zone, vlans), .noun = "VLAN"},
	{"action", FIELD_SCALAR, .set = set_enum, IN(config_zone, action), .of.words = actions},
	{"mode", FIELD_SCALAR, .set = set_bool, IN(config_zone, enforce), .of.words = modes},
	{"direction", FIELD_SCALAR, .set = set_bool, IN(config_zone, both), .of.words = directions},
	{"actions", FIELD_LIST, .not_empty = true, .set = add_action, IN(config_zone, permitted), .of.words = actions, .noun = "action"},
	{"permit", FIELD_LIST, .not_empty = true, .set = add_permit, .noun = "address"},
	{"gateway", FIELD_LIST, .not_empty = true, .or_one = true, .set = add_gateway, .noun = "address"},
	{0},
};

static const struct field mirror_fields[] = {
	{"interface", FIELD_SCALAR, .required = true, .set = set_mirror_interface},
	{"sample", FIELD_SCALAR, .set = set_sample, IN(config, mirror.sample)},
	{"snaplen", FIELD_SCALAR, .set = set_number, IN(config, mirror.snaplen), RANGE(64, 65535)},
	{"rate-limit", FIELD_SCALAR, .set = set_number, IN(config, mirror.rate), RANGE(1, 100000000)},
	{0},
};

static const struct field column_fields[] = {
	{"mac", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_MAC])},
	{"action", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_ACTION])},
	{"vendor", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_VENDOR])},
	{"model", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_MODEL])},
	{"reason", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_REASON])},
	{"until", FIELD_SCALAR, .set = set_column, IN(config_feed, columns[COLUMN_UNTIL])},
	{0},
};

static const struct field feed_fields[] = {
	{"name", FIELD_SCALAR, .required = true, .set = set_feed_name, IN(config_feed, name)},
	{"path", FIELD_SCALAR, .set = set_feed_path, IN(config_feed, path)},
	{"url", FIELD_SCALAR, .set = set_feed_url, IN(config_feed, path)},
	{"mode", FIELD_SCALAR, .set = set_bool, IN(config_feed, enforce), .of.words = modes},
	{"may", FIELD_LIST, .not_empty = true, .set = add_may, .of.words = mays, .noun = "right"},
	{"min-length", FIELD_SCALAR, .set = set_number, IN(config_feed, min_length), RANGE(24, 48)},
	{"max-entries", FIELD_SCALAR, .set = set_max_entries, RANGE(1, 8388608)},
	{"max-weakening", FIELD_SCALAR, .set = set_percent, IN(config_feed, max_weakening)},
	{"max-newly-stopped", FIELD_SCALAR, .set = set_number, IN(config_feed, max_newly_stopped), RANGE(0, 1000000)},
	{"stale-after", FIELD_SCALAR, .set = set_duration, IN(config_feed, stale_after)},
	{"public-keys", FIELD_LIST, .not_empty = true, .set = add_public_key, .noun = "public key"},
	{"min-serial", FIELD_SCALAR, .set = set_number, IN(config_feed, min_serial), RANGE(0, 999999999)},
	{"format", FIELD_SCALAR, .set = set_enum, IN(config_feed, format), .of.words = formats},
	{"columns", FIELD_MAPPING, .fields = column_fields},
	{"every", FIELD_SCALAR, .set = set_duration, IN(config_feed, every)},
	{"timeout", FIELD_SCALAR, .set = set_duration, IN(config_feed, timeout)},
	{"max-bytes", FIELD_SCALAR, .set = set_max_bytes, RANGE(1024, 999999999)},
	{"ca-file", FIELD_SCALAR, .set = set_path, IN(config_feed, ca_file)},
	{"client-cert", FIELD_SCALAR, .set = set_path, IN(config_feed, client_cert)},
	{"client-key", FIELD_SCALAR, .set = set_path, IN(config_feed, client_key)},
	{"token-file", FIELD_SCALAR, .set = set_path, IN(config_feed, token_file)},
	{"proxy", FIELD_SCALAR, .set = set_proxy},
	{"unsigned", FIELD_SCALAR, .set = set_bool, IN(config_feed, unsigned_), .of.words = yes_or_no},
	{0},
};

static const struct field path_fields[] = {
	{"run", FIELD_SCALAR, .set = set_path, IN(config, run)},
	{"state", FIELD_SCALAR, .set = set_path, IN(config, state)},
	{"log", FIELD_SCALAR, .set = set_path, IN(config, log)},
	{"overrides", FIELD_SCALAR, .set = set_path, IN(config, overrides)},
	{"data", FIELD_SCALAR, .set = set_path, IN(config, data)},
	{0},
};

const struct field config_fields[] = {
	{"policy", FIELD_MAPPING, .fields = policy_fields},
	{"zones", FIELD_LIST, .fields = zone_fields, .add = add_zone, .noun = "zone"},
	{"mirror", FIELD_MAPPING, .fields = mirror_fields},
	{"feeds", FIELD_LIST, .fields = feed_fields, .add = add_feed, .noun = "feed"},
	{"paths", FIELD_MAPPING, .fields = path_fields},
	{"user", FIELD_SCALAR, .set = set_account, IN(config, user)},
	{"group", FIELD_SCALAR, .set = set_account, IN(config, group)},
	{"policy-group", FIELD_SCALAR, .set = set_account, IN(config, policy_group)},
	LATER("metrics"),
	{0},
};
