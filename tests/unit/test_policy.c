/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy by example: every precedence pair, differences, ends, explanations, names of actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feeds.h"

#define CAMERA 0x4419b6010203ull
#define KEY_24 (0x4419b600000000ull | LC_LEN_24)
#define KEY_48 (CAMERA << 8 | LC_LEN_48)
#define DAY(n) "\"until\":\"1970-01-0" #n "T00:00:00Z\""
#define SECONDS(n) ((int64_t)86400 * ((n)-1))

enum { LOCAL, FEED, FEED2, LIST, SOURCES };

static struct policy *new_policy(void)
{
	struct policy *p = policy_new();

	assert_non_null(p);
	assert_int_equal(policy_add_source(p, SOURCE_LOCAL, "local"), LOCAL);
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "auditor"), FEED);
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "second"), FEED2);
	assert_int_equal(policy_add_source(p, SOURCE_LIST, "uk-core-network"), LIST);
	return p;
}

static void put(struct policy *p, size_t source, const char *lines)
{
	struct entry_set set = feed_lines(lines);

	policy_replace(p, source, &set);
}

static void sources_in_order(void **state)
{
	struct policy *p = new_policy();

	(void)state;
	assert_int_equal(policy_sources(p), SOURCES);
	assert_string_equal(policy_source_name(p, FEED2), "second");
	assert_int_equal(policy_source_kind(p, LIST), SOURCE_LIST);
	assert_int_equal(policy_source_set(p, LIST)->n, 0);
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_ABSENT);
	policy_free(p);
	policy_free(NULL);
}

/* ---- Every pair of (source, length, action) over one address ---- */
struct say {
	size_t source;
	const char *prefix;
	unsigned length;
	const char *action;
};

/* A source of another policy goes on here behind the others, and then no more. */
static void moved_and_dropped(void **state)
{
	struct policy *p = new_policy(), *before = new_policy();

	(void)state;
	put(before, FEED, "{\"prefix\":\"44:19:b6/24\",\"action\":\"drop\"}\n{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"drop\"}\n");
	put(p, LIST, "{\"prefix\":\"44:19:b6/24\",\"action\":\"monitor\"}\n");
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "leaving"), SOURCES);
	policy_move(before, FEED, p, SOURCES);
	assert_int_equal(policy_source_set(before, FEED)->n, 0);
	policy_free(before);
	assert_int_equal(policy_count(p), 2);
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_DROP);
	assert_int_equal(policy_winner(p, KEY_24, 0).source, LIST);
	policy_drop_last(p);
	assert_int_equal(policy_sources(p), SOURCES);
	assert_int_equal(policy_count(p), 1);
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_MONITOR);
	policy_free(p);
}

static const struct {
	const char *text;
	unsigned length;
} prefixes[] = {
    {"44:19:b6/24", 24},       {"44:19:b6:00/25", 25},	     {"44:19:b6:00/28", 28},	   {"44:19:b6:01:00/33", 33},
    {"44:19:b6:01:00/36", 36}, {"44:19:b6:01:02:00/40", 40}, {"44:19:b6:01:02:03/48", 48},
};
static const char *const verbs[] = {"drop", "quarantine", "monitor", "allow"}; /* the stricter first */
#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))
#define SAYS (SOURCES * PREFIXES * 4)

static struct say say_number(size_t i)
{
	return (struct say){
	    .source = i / (PREFIXES * 4),
	    .prefix = prefixes[i / 4 % PREFIXES].text,
	    .length = prefixes[i / 4 % PREFIXES].length,
	    .action = verbs[i % 4],
	};
}

static const char *who_wins(const struct say *a, const struct say *b)
{
	if (a->length != b->length)
		return a->length > b->length ? a->action : b->action;
	if (a->source != b->source)
		return a->source < b->source ? a->action : b->action;
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(verbs[i], a->action) || !strcmp(verbs[i], b->action))
			return verbs[i];
	return NULL;
}

static void put_pair(struct policy *p, const struct say *a, const struct say *b)
{
	for (size_t s = 0; s < SOURCES; s++) {
		char lines[256] = "";
		size_t used = 0;

		if (a->source == s)
			used += (size_t)snprintf(lines, 128, "{\"prefix\":\"%s\",\"action\":\"%s\"}\n", a->prefix,
						 a->action);
		if (b->source == s)
			(void)snprintf(lines + used, 128, "{\"prefix\":\"%s\",\"action\":\"%s\"}\n", b->prefix,
				       b->action);
		put(p, s, lines);
	}
}

static void every_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAYS; i++)
		for (size_t j = 0; j < SAYS; j++) {
			struct say a = say_number(i), b = say_number(j);
			struct candidate c[POLICY_CANDIDATES];
			struct policy *p = new_policy();

			put_pair(p, &a, &b);
			assert_string_equal(action_name(policy_verdict(p, CAMERA, 0, 0, NULL)), who_wins(&a, &b));
			assert_true(policy_explain(p, CAMERA, 0, c) >= 1);
			assert_string_equal(action_name(c[0].entry->word & 7), who_wins(&a, &b));
			policy_free(p);
		}
}

/* ---- Differences ---- */
static struct changes diff(const struct policy *p, size_t source, const char *lines, int64_t now)
{
	struct entry_set set = feed_lines(lines);
	struct changes c = {0};

	assert_int_equal(policy_diff(p, source, &set, now, &c), 0);
	entry_set_free(&set);
	return c;
}

static void only_what_differs(void **state)
{
	struct policy *p = new_policy();
	struct changes c;

	(void)state;
	put(p, LIST, "{\"prefix\":\"44:19:b6/24\"}\n{\"prefix\":\"3c:ef:8c/24\"}\n");
	c = diff(p, LIST, "{\"prefix\":\"3c:ef:8c/24\"}\n{\"prefix\":\"44:19:b6/24\",\"model\":\"other text\"}\n", 0);
	assert_int_equal(c.n, 0);
	changes_free(&c);
	c = diff(p, LIST, "{\"prefix\":\"44:19:b6/24\",\"action\":\"drop\"}\n{\"mac\":\"44:19:b6:01:02:03\"}\n", 0);
	assert_int_equal(c.n, 3); /* sorted: 3c:ef:8c goes, 44:19:b6 changes, the camera comes */
	assert_int_equal(c.change[0].after, LC_ABSENT);
	assert_int_equal(c.change[0].source, UINT16_MAX);
	assert_int_equal(c.change[1].key, KEY_24);
	assert_int_equal(c.change[1].before, LC_QUARANTINE);
	assert_int_equal(c.change[1].after, LC_DROP);
	assert_int_equal(c.change[2].key, KEY_48);
	assert_int_equal(c.change[2].source, LIST);
	changes_free(&c);
	assert_int_equal(policy_count(p), 2); /* asking changed nothing */
	policy_free(p);
}

static void hidden_by_another_source(void **state)
{
	struct policy *p = new_policy();
	struct changes c;

	(void)state;
	put(p, FEED, "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"drop\"}\n");
	c = diff(p, FEED2, "{\"mac\":\"44:19:b6:01:02:03\"}\n", 0);
	assert_int_equal(c.n, 0);
	changes_free(&c);
	put(p, FEED2, "{\"mac\":\"44:19:b6:01:02:03\"}\n");
	assert_int_equal(policy_count(p), 1);
	c = diff(p, FEED, "", 0); /* what it hid comes to light */
	assert_int_equal(c.n, 1);
	assert_int_equal(c.change[0].before, LC_DROP);
	assert_int_equal(c.change[0].after, LC_QUARANTINE);
	assert_int_equal(c.change[0].source, FEED2);
	changes_free(&c);
	policy_free(p);
}

/* An expanded prefix yields, key by key, to one written at the kernel's length in a lesser source. */
static void expanded_yields_to_written(void **state)
{
	struct policy *p = new_policy();

	(void)state;
	put(p, LOCAL, "{\"prefix\":\"44:19:b6:00/25\",\"action\":\"allow\"}\n");
	put(p, LIST, "{\"prefix\":\"44:19:b6:00/28\"}\n");
	assert_int_equal(policy_count(p), 8);
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_QUARANTINE);
	assert_int_equal(policy_verdict(p, 0x4419b6100000ull, 0, 0, NULL), LC_ALLOW);
	assert_int_equal(policy_verdict(p, 0x4419b6800000ull, 0, 0, NULL), LC_ABSENT);
	policy_free(p);
}

/* A list being tried out must not lift what another enforces, at any length. */
static void trial_lifts_nothing(void **state)
{
	struct policy *p = new_policy();
	struct entry_set set = feed_lines_on_trial("{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"allow\"}\n"
						   "{\"prefix\":\"44:19:b6/24\"}\n{\"prefix\":\"3c:ef:8c/24\"}\n");

	(void)state;
	policy_replace(p, LOCAL, &set);
	put(p, LIST, "{\"prefix\":\"44:19:b6/24\",\"action\":\"drop\"}\n");
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_DROP);
	assert_int_equal(policy_verdict(p, 0x4419b6ffffffull, 0, 0, NULL), LC_DROP);
	assert_int_equal(policy_verdict(p, 0x3cef8c000001ull, 0, 0, NULL), LC_QUARANTINE | LC_ENTRY_DRY_RUN);
	assert_int_equal(policy_winner(p, KEY_24, 0).source, LIST);
	assert_null(policy_winner(p, KEY_24 + 0x100, 0).entry);
	put(p, LIST, "");
	assert_int_equal(policy_winner(p, KEY_24, 0).source, LOCAL);
	assert_int_equal(policy_verdict(p, CAMERA, 0, 0, NULL), LC_ALLOW | LC_ENTRY_DRY_RUN);
	policy_free(p);
}

/* ---- Ends ---- */
static struct changes expire(struct policy *p, int64_t from, int64_t to)
{
	struct changes c = {0};

	assert_int_equal(policy_expire(p, from, to, &c), 0);
	return c;
}

static void ends_in_time(void **state)
{
	struct policy *p = new_policy();
	struct changes c;

	(void)state;
	put(p, LOCAL, "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"allow\"," DAY(5) "}\n");
	put(p, LIST, "{\"mac\":\"44:19:b6:01:02:03\"}\n{\"mac\":\"44:19:b6:01:02:04\"," DAY(7) "}\n");
	assert_int_equal(policy_count(p), 2);
	assert_int_equal(policy_next_until(p, 0), SECONDS(5));
	assert_int_equal(policy_next_until(p, SECONDS(5)), SECONDS(7));
	c = expire(p, 0, SECONDS(5) - 1);
	assert_int_equal(c.n, 0);
	changes_free(&c);
	c = expire(p, SECONDS(5) - 1, SECONDS(5));
	assert_int_equal(c.n, 1);
	assert_int_equal(c.change[0].before, LC_ALLOW);
	assert_int_equal(c.change[0].after, LC_QUARANTINE);
	assert_int_equal(c.change[0].source, LIST);
	changes_free(&c);
	c = expire(p, SECONDS(5), SECONDS(8));
	assert_int_equal(c.n, 1);
	assert_int_equal(c.change[0].after, LC_ABSENT);
	changes_free(&c);
	assert_int_equal(policy_count(p), 1);
	assert_int_equal(policy_next_until(p, SECONDS(8)), 0);
	policy_free(p);
}

static void clock_lost_and_set_back(void **state)
{
	struct policy *p = new_policy();
	struct changes c;

	(void)state;
	put(p, LIST, "{\"mac\":\"44:19:b6:01:02:03\"," DAY(5) "}\n{\"mac\":\"44:19:b6:01:02:04\"," DAY(7) "}\n");
	c = expire(p, 0, SECONDS(8));
	assert_int_equal(c.n, 2);
	assert_int_equal(policy_count(p), 0);
	changes_free(&c);
	c = expire(p, SECONDS(8), SECONDS(6)); /* set back: one is in force again */
	assert_int_equal(c.n, 1);
	assert_int_equal(c.change[0].before, LC_ABSENT);
	assert_int_equal(c.change[0].after, LC_QUARANTINE);
	assert_int_equal(policy_next_until(p, SECONDS(6)), SECONDS(7));
	changes_free(&c);
	c = expire(p, SECONDS(6), 0); /* not trusted any more: nothing ends */
	assert_int_equal(c.n, 1);
	assert_int_equal(policy_count(p), 2);
	changes_free(&c);
	policy_free(p);
}

static void ended_before_it_came(void **state)
{
	struct policy *p = new_policy();
	struct changes c = expire(p, 0, SECONDS(8));

	(void)state;
	changes_free(&c);
	c = diff(p, LIST, "{\"mac\":\"44:19:b6:01:02:03\"," DAY(5) "}\n", SECONDS(8));
	assert_int_equal(c.n, 0);
	changes_free(&c);
	c = diff(p, LIST, "{\"mac\":\"44:19:b6:01:02:03\"," DAY(5) "}\n", 0); /* the control: clock not trusted */
	assert_int_equal(c.n, 1);
	changes_free(&c);
	put(p, LIST, "{\"mac\":\"44:19:b6:01:02:03\"," DAY(5) "}\n");
	assert_int_equal(policy_count(p), 0);
	policy_free(p);
}

/* ---- Explanations and names ---- */
static void the_chain(void **state)
{
	struct policy *p = new_policy();
	struct candidate c[POLICY_CANDIDATES];
	size_t n;

	(void)state;
	put(p, LOCAL,
	    "{\"mac\":\"44:19:b6:01:02:03\",\"action\":\"allow\",\"reason\":\"door\"," DAY(
		5) "}\n"
		   "{\"prefix\":\"44:19:b6/24\",\"action\":\"monitor\"}\n");
	put(p, FEED, "{\"mac\":\"44:19:b6:01:02:03\",\"vendor\":\"Hikvision\"}\n");
	put(p, LIST, "{\"prefix\":\"44:19:b6/24\"}\n{\"prefix\":\"44:19:b6:00/25\"}\n");
	n = policy_explain(p, CAMERA, 0, c);
	assert_int_equal(n, 5);
	assert_int_equal(c[0].source, LOCAL);
	assert_string_equal(strings_get(policy_source_set(p, LOCAL)->strings, c[0].entry->reason), "door");
	assert_int_equal(c[1].source, FEED);
	assert_string_equal(strings_get(policy_source_set(p, FEED)->strings, c[1].entry->vendor), "Hikvision");
	assert_int_equal(c[2].entry->length, 25);
	assert_int_equal(c[3].source, LOCAL);
	assert_int_equal(c[4].source, LIST);
	n = policy_explain(p, CAMERA, SECONDS(5), c);
	assert_int_equal(n, 4);
	assert_int_equal(c[0].source, FEED);
	assert_int_equal(policy_explain(p, 0x3cef8c000001ull, 0, c), 0);
	policy_free(p);
}

static void action_names(void **state)
{
	static const char *const names[] = {"quarantine", "drop", "mirror", "divert", "contain", "monitor", "allow"};

	(void)state;
	for (int a = LC_QUARANTINE; a <= LC_ALLOW; a++) {
		assert_string_equal(action_name(a), names[a - 1]);
		assert_int_equal(action_parse(names[a - 1]), a);
	}
	assert_int_equal(action_parse("dropp"), LC_ABSENT);
	assert_int_equal(action_parse(""), LC_ABSENT);
	assert_string_equal(action_name(LC_ABSENT), "absent");
	assert_int_equal(action_strictness(LC_DROP), action_strictness(LC_QUARANTINE));
	assert_true(action_strictness(LC_DROP) > action_strictness(LC_DIVERT));
	assert_true(action_strictness(LC_DIVERT) > action_strictness(LC_CONTAIN));
	assert_true(action_strictness(LC_CONTAIN) > action_strictness(LC_MIRROR));
	assert_true(action_strictness(LC_MIRROR) > action_strictness(LC_MONITOR));
	assert_true(action_strictness(LC_MONITOR) > action_strictness(LC_ALLOW));
	assert_true(action_strictness(LC_ALLOW) > action_strictness(LC_ABSENT));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sources_in_order),
	    cmocka_unit_test(moved_and_dropped),
	    cmocka_unit_test(every_pair),
	    cmocka_unit_test(only_what_differs),
	    cmocka_unit_test(hidden_by_another_source),
	    cmocka_unit_test(expanded_yields_to_written),
	    cmocka_unit_test(trial_lifts_nothing),
	    cmocka_unit_test(ends_in_time),
	    cmocka_unit_test(clock_lost_and_set_back),
	    cmocka_unit_test(ended_before_it_came),
	    cmocka_unit_test(the_chain),
	    cmocka_unit_test(action_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
