/* SPDX-License-Identifier: GPL-2.0-only */
/* The guards: serials, expiry, what weakens and how much in a day, who would newly be stopped, and their memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lib/file.h"
#include "../../userspace/policy/guard.h"
#include "feeds.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HOUR ((int64_t)3600)
#define NOW ((int64_t)1800000000)
#define WAY_OUT "; lenscap feed accept auditor " SHA_B " admits exactly this content"

static const struct guard_content content = {.name = "auditor", .sha256 = SHA_B};
static const struct guard_limits limits = {.max_weakening = 0.10, .max_newly_stopped = 20};

/* ---- Serials and expiry ---- */
static const struct serial_case {
	const char *name;
	int64_t known, offered;
	const char *sha256;
	int err;
	const char *message;
} serials[] = {
    {"the first", -1, 0, SHA_B, 0, ""},
    {"higher", 41, 42, SHA_B, 0, ""},
    {"the same content again", 42, 42, SHA_A, 0, ""},
    {"equal with other content", 42, 42, SHA_B, -EINVAL,
     "auditor: serial 42 was accepted with other content; publish with a higher serial, or lenscap feed reset auditor"},
    {"older", 42, 41, SHA_B, -EINVAL,
     "auditor: serial 41 is older than 42 in force; publish with a higher serial, or lenscap feed reset auditor"},
    {"older with the content accepted last", 42, 0, SHA_A, -EINVAL,
     "auditor: serial 0 is older than 42 in force; publish with a higher serial, or lenscap feed reset auditor"},
};

static void serial_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		const struct serial_case *s = &serials[i];
		struct feed_header h = {.list = "auditor", .serial = s->offered};
		struct guard_memory m;
		char error[FEED_ERROR] = "";

		print_message("%s\n", s->name);
		guard_memory_init(&m);
		m.serial = s->known;
		memcpy(m.sha256, SHA_A, sizeof(SHA_A));
		assert_int_equal(guard_serial(&m, &h, s->sha256, error), s->err);
		assert_string_equal(error, s->message);
	}
}

static void expiry(void **state)
{
	struct feed_header h = {.list = "auditor", .expires = NOW};
	char error[FEED_ERROR] = "";

	(void)state;
	assert_int_equal(guard_expiry(&h, NOW - 1, error), 0);
	assert_int_equal(guard_expiry(&h, 0, error), 0); /* the clock is not trusted */
	assert_string_equal(error, "");
	assert_int_equal(guard_expiry(&h, NOW, error), -EINVAL);
	assert_string_equal(
	    error, "auditor: the list expired at 2027-01-15T08:00:00Z; publish it anew with a later \"expires\"");
	h.expires = 0;
	assert_int_equal(guard_expiry(&h, NOW, error), 0);
}

/* ---- What weakens ---- */
#define MAC(n) "{\"mac\":\"44:19:b6:00:00:0" #n "\"}\n"
#define MAC_DO(n, action) "{\"mac\":\"44:19:b6:00:00:0" #n "\",\"action\":\"" action "\"}\n"
#define MAC_UNTIL(n, year) "{\"mac\":\"44:19:b6:00:00:0" #n "\",\"until\":\"" #year "-01-01T00:00:00Z\"}\n"

static const struct weaken_case { /* NOW is in January 2027 */
	const char *name, *list, *old, *set;
	uint64_t weakened;
} weakenings[] = {
    {"nothing changed", "", MAC(1) MAC(2), MAC(1) MAC(2), 0},
    {"added", "", MAC(1), MAC(1) MAC(2), 0},
    {"one removed", "", MAC(1) MAC(2), MAC(2), 1},
    {"all removed", "", MAC(1) MAC(2) MAC(3), "", 3},
    {"one exchanged", "", MAC(1), MAC(2), 1},
    {"an expanded prefix removed", "", "{\"prefix\":\"44:19:b6:00/25\"}\n", "", 8},
    {"texts changed", "", "{\"mac\":\"44:19:b6:00:00:01\",\"vendor\":\"a\"}\n", MAC(1), 0},
    {"quarantine to drop", "", MAC(1), MAC_DO(1, "drop"), 0},
    {"drop to quarantine", "", MAC_DO(1, "drop"), MAC_DO(1, "quarantine"), 0},
    {"quarantine to monitor", "", MAC(1), MAC_DO(1, "monitor"), 1},
    {"quarantine to allow", "", MAC(1), MAC_DO(1, "allow"), 1},
    {"drop to divert", "", MAC_DO(1, "drop"), MAC_DO(1, "divert"), 1},
    {"quarantine to divert", "", MAC(1), MAC_DO(1, "divert"), 1},
    {"divert to contain", "", MAC_DO(1, "divert"), MAC_DO(1, "contain"), 1},
    {"contain to mirror", "", MAC_DO(1, "contain"), MAC_DO(1, "mirror"), 1},
    {"mirror to monitor", "", MAC_DO(1, "mirror"), MAC_DO(1, "monitor"), 1},
    {"monitor to mirror", "", MAC_DO(1, "monitor"), MAC_DO(1, "mirror"), 0},
    {"mirror to contain", "", MAC_DO(1, "mirror"), MAC_DO(1, "contain"), 0},
    {"contain to divert", "", MAC_DO(1, "contain"), MAC_DO(1, "divert"), 0},
    {"divert to drop", "", MAC_DO(1, "divert"), MAC_DO(1, "drop"), 0},
    {"monitor to allow", "", MAC_DO(1, "monitor"), MAC_DO(1, "allow"), 1},
    {"allow to monitor", "", MAC_DO(1, "allow"), MAC_DO(1, "monitor"), 0},
    {"monitor removed", "", MAC_DO(1, "monitor"), "", 1},
    {"a new end", "", MAC(1), MAC_UNTIL(1, 2030), 1},
    {"a shorter end", "", MAC_UNTIL(1, 2030), MAC_UNTIL(1, 2029), 1},
    {"a later end", "", MAC_UNTIL(1, 2029), MAC_UNTIL(1, 2030), 0},
    {"an end taken away", "", MAC_UNTIL(1, 2030), MAC(1), 0},
    {"an end in the past", "", MAC(1), MAC_UNTIL(1, 2020), 1},
    {"removed after its end", "", MAC_UNTIL(1, 2020) MAC(2), MAC(2), 0},
    {"removed before its end", "", MAC_UNTIL(1, 2030) MAC(2), MAC(2), 1},
    {"an end with monitor behind", "", MAC(1), MAC_UNTIL(1, 2030) MAC_DO(1, "monitor"), 1},
    {"an end with drop behind", "", MAC(1), MAC_UNTIL(1, 2030) MAC_DO(1, "drop"), 0},
    {"an allow that ends before the same", "", MAC_UNTIL(1, 2030), MAC_DO(1, "drop"), 0},
    {"a new allow over nothing", "", MAC(1), MAC(1) MAC_DO(2, "allow"), 0},
    {"a new allow under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "allow"), 1},
    {"a new monitor under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "monitor"), 1},
    {"a new mirror under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "mirror"), 1},
    {"a new contain under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "contain"), 1},
    {"a new divert under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "divert"), 1},
    {"a new contain under a list's mirror", "{\"prefix\":\"44:19:b6/24\",\"action\":\"mirror\"}\n", "", MAC_DO(2, "contain"), 0},
    {"a new drop under a list's prefix", "{\"prefix\":\"44:19:b6/24\"}\n", "", MAC_DO(2, "drop"), 0},
    {"a new allow under its own prefix", "", "{\"prefix\":\"44:19:b6/24\"}\n",
     "{\"prefix\":\"44:19:b6/24\"}\n" MAC_DO(2, "allow"), 1},
    {"a new allow over a list's own address", MAC(2), "", MAC_DO(2, "allow"), 1},
    {"an allow prefix under a list's longer one", MAC(2), "", "{\"prefix\":\"44:19:b6/24\",\"action\":\"allow\"}\n", 0},
    {"a removal that the list covers", "{\"prefix\":\"44:19:b6/24\"}\n", MAC(1), "", 1},
    {"an allow removed over a list", "{\"prefix\":\"44:19:b6/24\"}\n", MAC_DO(2, "allow"), "", 1},
};

static void what_weakens(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(weakenings) / sizeof(weakenings[0]); i++) {
		const struct weaken_case *w = &weakenings[i];
		struct entry_set list = feed_lines(w->list), old = feed_lines(w->old), set = feed_lines(w->set);
		struct policy *p = policy_new();

		print_message("%s\n", w->name);
		assert_int_equal(policy_add_source(p, SOURCE_FEED, "auditor"), 0);
		assert_int_equal(policy_add_source(p, SOURCE_LIST, "list"), 1);
		policy_replace(p, 0, &old);
		policy_replace(p, 1, &list);
		assert_int_equal(guard_weakened(p, 0, &set, NOW), w->weakened);
		entry_set_free(&set);
		policy_free(p);
	}
}

static void trial_weakens(void **state)
{
	struct entry_set old = feed_lines(MAC(1) MAC(2)), set = feed_lines_on_trial(MAC(1) MAC(2));
	struct policy *p = policy_new();

	(void)state;
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "auditor"), 0);
	policy_replace(p, 0, &old);
	assert_int_equal(guard_weakened(p, 0, &set, NOW), 2);
	entry_set_free(&set);
	policy_free(p);
}

/* ---- How much in a day ---- */
static struct guard_memory remembered(int64_t ago1, uint64_t weakened1, int64_t ago2, uint64_t weakened2)
{
	struct guard_memory m;

	guard_memory_init(&m);
	m.step[0].at = NOW - ago1;
	m.step[0].weakened = weakened1;
	m.step[1].at = NOW - ago2;
	m.step[1].weakened = weakened2;
	m.n_steps = 2;
	return m;
}

static const struct amount_case {
	const char *name;
	int64_t ago1;
	uint64_t weakened1;
	int64_t ago2;
	uint64_t weakened2, entries, weakened;
	double limit;
	int err;
	const char *message;
} amounts[] = {
    {"none of a small list", 0, 0, 0, 0, 3, 0, 0.10, 0, ""},
    {"two of a small list", 0, 0, 0, 0, 3, 2, 0.10, 0, ""},
    {"three of a small list", 0, 0, 0, 0, 3, 3, 0.10, -EPERM,
     "auditor: weakens 3 of 3 entries after 0 in the last 24 hours, max-weakening allows 2" WAY_OUT},
    {"ten of a hundred", 0, 0, 0, 0, 100, 10, 0.10, 0, ""},
    {"eleven of a hundred", 0, 0, 0, 0, 100, 11, 0.10, -EPERM,
     "auditor: weakens 11 of 100 entries after 0 in the last 24 hours, max-weakening allows 10" WAY_OUT},
    {"eleven in three steps", 20 * HOUR, 4, HOUR, 4, 100, 3, 0.10, -EPERM,
     "auditor: weakens 3 of 100 entries after 8 in the last 24 hours, max-weakening allows 10" WAY_OUT},
    {"ten in three steps", 20 * HOUR, 4, HOUR, 4, 100, 2, 0.10, 0, ""},
    {"yesterday's are forgotten", 24 * HOUR, 9, HOUR, 4, 100, 6, 0.10, 0, ""},
    {"a second short of yesterday", 24 * HOUR - 1, 9, HOUR, 4, 100, 1, 0.10, -EPERM,
     "auditor: weakens 1 of 100 entries after 13 in the last 24 hours, max-weakening allows 10" WAY_OUT},
    {"over the limit, but nothing more", HOUR, 90, HOUR, 90, 100, 0, 0.10, 0, ""},
    {"the clock was set back", -HOUR, 9, -30 * HOUR, 1, 100, 1, 0.10, -EPERM,
     "auditor: weakens 1 of 100 entries after 10 in the last 24 hours, max-weakening allows 10" WAY_OUT},
    {"none allowed still means two", 0, 0, 0, 0, 1000, 2, 0.0, 0, ""},
    {"all allowed", 0, 0, 0, 0, 1000, 1000, 1.0, 0, ""},
    {"29 % of 100 is 29", 0, 0, 0, 0, 100, 29, 0.29, 0, ""},
};

static void how_much_in_a_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		const struct amount_case *a = &amounts[i];
		struct guard_memory m = remembered(a->ago1, a->weakened1, a->ago2, a->weakened2);
		struct guard_limits l = {.max_weakening = a->limit};
		char error[FEED_ERROR] = "";

		print_message("%s\n", a->name);
		assert_int_equal(guard_weakening(&m, &l, &content, a->entries, a->weakened, NOW, error), a->err);
		assert_string_equal(error, a->message);
	}
}

/* A feed cannot win by many small steps: what is merged counts as long as the younger. */
static void many_small_steps(void **state)
{
	struct feed_header h = {.serial = 1};
	char error[FEED_ERROR] = "";
	struct guard_memory m;
	uint64_t sum = 0;

	(void)state;
	guard_memory_init(&m);
	for (int i = 0; i < 200; i++) {
		h.serial++;
		guard_remember(&m, &h, SHA_A, 1, NOW + 60 * (int64_t)i);
	}
	assert_int_equal(m.n_steps, GUARD_STEPS);
	assert_int_equal(m.serial, 201);
	for (size_t i = 0; i < m.n_steps; i++) {
		sum += m.step[i].weakened;
		assert_true(!i || m.step[i - 1].at <= m.step[i].at);
	}
	assert_int_equal(sum, 200);
	assert_int_equal(guard_weakening(&m, &limits, &content, 2000, 1, NOW + 12000, error), -EPERM);
	guard_remember(&m, &h, SHA_A, 0, NOW + 25 * HOUR + 12000);
	assert_int_equal(m.n_steps, 0);
	assert_int_equal(guard_weakening(&m, &limits, &content, 2000, 1, NOW + 25 * HOUR + 12000, error), 0);
}

/* A record made while older serials are replayed by hand never lowers the highest. */
static void serial_never_falls(void **state)
{
	struct feed_header h = {.serial = 5};
	struct guard_memory m;

	(void)state;
	guard_memory_init(&m);
	guard_remember(&m, &h, SHA_A, 0, NOW);
	h.serial = 4;
	guard_remember(&m, &h, SHA_B, 0, NOW);
	assert_int_equal(m.serial, 5);
	assert_string_equal(m.sha256, SHA_A);
}

/* ---- Newly stopped ---- */
static struct live lives[64];

static struct live_set live_of(unsigned n, int gateway)
{
	for (unsigned i = 0; i < n; i++) {
		lives[i] = (struct live){.mac48 = 0x4419b6000000ull + i, .gateway = (int)i == gateway};
		(void)snprintf(lives[i].port, sizeof(lives[i].port), "swp%u", i);
	}
	return (struct live_set){.live = lives, .n = n};
}

static const struct stop_case {
	const char *name, *list; /* enforced by another source */
	unsigned first, n;	 /* what the new set flags */
	const char *action;
	unsigned live;
	int gateway;
	size_t hits;
	int err;
	const char *message;
} stop_cases[] = {
    {"nobody there", "", 0, 30, "drop", 0, -1, 0, 0, ""},
    {"twenty", "", 0, 20, "drop", 30, -1, 20, 0, ""},
    {"twenty-one", "", 0, 21, "drop", 30, -1, 21, -EPERM,
     "auditor: would newly stop 21 live addresses (44:19:b6:00:00:00 on swp0 and others), max-newly-stopped allows "
     "20" WAY_OUT},
    {"thirty monitored", "", 0, 30, "monitor", 30, -1, 0, 0, ""},
    {"thirty mirrored", "", 0, 30, "mirror", 30, -1, 0, 0, ""},
    {"twenty-one contained", "", 0, 21, "contain", 30, -1, 21, -EPERM,
     "auditor: would newly stop 21 live addresses (44:19:b6:00:00:00 on swp0 and others), max-newly-stopped allows "
     "20" WAY_OUT},
    {"twenty-one diverted", "", 0, 21, "divert", 30, -1, 21, -EPERM,
     "auditor: would newly stop 21 live addresses (44:19:b6:00:00:00 on swp0 and others), max-newly-stopped allows "
     "20" WAY_OUT},
    {"twenty-one diverted, mirrored before", "{\"prefix\":\"44:19:b6/24\",\"action\":\"mirror\"}\n", 0, 21, "divert", 30, -1, 21,
     -EPERM,
     "auditor: would newly stop 21 live addresses (44:19:b6:00:00:00 on swp0 and others), max-newly-stopped allows "
     "20" WAY_OUT},
    {"thirty that a list stops already", "{\"prefix\":\"44:19:b6/24\"}\n", 0, 30, "drop", 30, -1, 0, 0, ""},
    {"thirty that are elsewhere", "", 40, 30, "quarantine", 30, -1, 0, 0, ""},
    {"one gateway", "", 7, 1, "quarantine", 30, 7, 1, -EPERM,
     "auditor: would stop 44:19:b6:00:00:07 on swp7, which is a gateway of this machine" WAY_OUT},
    {"a gateway among others", "", 0, 10, "quarantine", 30, 9, 10, -EPERM,
     "auditor: would stop 44:19:b6:00:00:09 on swp9, which is a gateway of this machine" WAY_OUT},
    {"a gateway that is stopped already", "{\"prefix\":\"44:19:b6/24\"}\n", 7, 1, "drop", 30, 7, 0, 0, ""},
};

static void newly_stopped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stop_cases) / sizeof(stop_cases[0]); i++) {
		const struct stop_case *c = &stop_cases[i];
		struct entry_set list = feed_lines(c->list), set = feed_of(c->first, c->n, c->action);
		struct live_set live = live_of(c->live, c->gateway);
		struct policy *p = policy_new();
		char error[FEED_ERROR] = "";
		struct live hit[4]; /* fewer than there are: the gateway must be among them */
		size_t n;

		print_message("%s\n", c->name);
		assert_int_equal(policy_add_source(p, SOURCE_FEED, "auditor"), 0);
		assert_int_equal(policy_add_source(p, SOURCE_LIST, "list"), 1);
		policy_replace(p, 1, &list);
		n = guard_newly_stopped(p, 0, &set, 0, &live, hit, 4);
		assert_int_equal(n, c->hits);
		assert_int_equal(guard_stops(&limits, &content, hit, n, error), c->err);
		assert_string_equal(error, c->message);
		entry_set_free(&set);
		policy_free(p);
	}
}

static void trial_stops_nobody(void **state)
{
	struct entry_set set = feed_lines_on_trial("{\"prefix\":\"44:19:b6/24\"}\n");
	struct live_set live = live_of(30, 1);
	struct policy *p = policy_new();
	struct live hit[4];

	(void)state;
	assert_int_equal(policy_add_source(p, SOURCE_FEED, "auditor"), 0);
	assert_int_equal(guard_newly_stopped(p, 0, &set, 0, &live, hit, 4), 0);
	entry_set_free(&set);
	policy_free(p);
}

/* ---- The memory's file ---- */
static char path[64];

static void round_trip(void **state)
{
	static struct guard_source out[2];
	struct guard_source *in = NULL;
	char error[FEED_ERROR] = "";
	size_t n = 0;

	(void)state;
	memcpy(out[0].name, "auditor", 8);
	out[0].memory = remembered(3 * HOUR, 4, HOUR, 7);
	out[0].memory.serial = INT64_MAX;
	memcpy(out[0].memory.sha256, SHA_A, sizeof(SHA_A));
	memcpy(out[1].name, "second", 7);
	guard_memory_init(&out[1].memory);
	assert_int_equal(guard_save(path, out, 2), 0);
	assert_int_equal(guard_load(path, &in, &n, error), 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct guard_source *want = strcmp(in[i].name, "auditor") ? &out[1] : &out[0];

		assert_string_equal(in[i].name, want->name);
		assert_memory_equal(&in[i].memory, &want->memory, sizeof(want->memory));
	}
	free(in);
}

static void no_file_is_no_memory(void **state)
{
	struct guard_source *in = NULL;
	char error[FEED_ERROR] = "";
	size_t n = 9;

	(void)state;
	(void)unlink(path);
	assert_int_equal(guard_load(path, &in, &n, error), 0);
	assert_int_equal(n, 0);
	assert_null(in);
	assert_string_equal(error, "");
}

#define FILE_OF(source) "{\"version\":1,\"sources\":{\"auditor\":" source "}}"

static const struct {
	const char *name, *text;
	bool good;
} files[] = {
    {"control", FILE_OF("{\"serial\":4,\"sha256\":\"\",\"steps\":[[1,2]]}"), true},
    {"empty", "", false},
    {"cut off", "{\"version\":1,\"sources\":{\"auditor\":{\"ser", false},
    {"not an object", "[]", false},
    {"another version", "{\"version\":2,\"sources\":{}}", false},
    {"no version", "{\"sources\":{}}", false},
    {"no sources", "{\"version\":1}", false},
    {"source twice", "{\"version\":1,\"sources\":{\"a\":{},\"a\":{}}}", false},
    {"source a number", FILE_OF("5"), false},
    {"name empty", "{\"version\":1,\"sources\":{\"\":{\"serial\":4,\"sha256\":\"\",\"steps\":[]}}}", false},
    {"serial as text", FILE_OF("{\"serial\":\"4\",\"sha256\":\"\",\"steps\":[]}"), false},
    {"serial -2", FILE_OF("{\"serial\":-2,\"sha256\":\"\",\"steps\":[]}"), false},
    {"sha256 missing", FILE_OF("{\"serial\":4,\"steps\":[]}"), false},
    {"sha256 too short", FILE_OF("{\"serial\":4,\"sha256\":\"abc\",\"steps\":[]}"), false},
    {"sha256 in capitals",
     FILE_OF(
	 "{\"serial\":4,\"sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"steps\":[]}"),
     false},
    {"steps missing", FILE_OF("{\"serial\":4,\"sha256\":\"\"}"), false},
    {"a step of three", FILE_OF("{\"serial\":4,\"sha256\":\"\",\"steps\":[[1,2,3]]}"), false},
    {"a negative step", FILE_OF("{\"serial\":4,\"sha256\":\"\",\"steps\":[[1,-2]]}"), false},
    {"a step as text", FILE_OF("{\"serial\":4,\"sha256\":\"\",\"steps\":[\"1\"]}"), false},
};

static void damaged_files(void **state)
{
	char message[256];

	(void)state;
	(void)snprintf(
	    message, sizeof(message),
	    "%s: the guards' memory is damaged; serials are taken from the lists in force and the 24 hours of "
	    "max-weakening begin anew",
	    path);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct guard_source *in = NULL;
		char error[FEED_ERROR] = "";
		size_t n = 9;

		print_message("%s\n", files[i].name);
		assert_int_equal(file_write(path, files[i].text, strlen(files[i].text), 0600, (gid_t)-1, false), 0);
		assert_int_equal(guard_load(path, &in, &n, error), files[i].good ? 0 : -EINVAL);
		assert_string_equal(error, files[i].good ? "" : message);
		assert_int_equal(n, files[i].good);
		free(in);
	}
}

static void too_many_steps(void **state)
{
	char text[4096], error[FEED_ERROR] = "";
	struct guard_source *in = NULL;
	size_t used, n = 9;

	(void)state;
	used =
	    (size_t)sprintf(text, "{\"version\":1,\"sources\":{\"a\":{\"serial\":4,\"sha256\":\"\",\"steps\":[[1,1]");
	for (int i = 0; i < GUARD_STEPS; i++)
		used += (size_t)sprintf(text + used, ",[1,1]");
	used += (size_t)sprintf(text + used, "]}}}");
	assert_int_equal(file_write(path, text, used, 0600, (gid_t)-1, false), 0);
	assert_int_equal(guard_load(path, &in, &n, error), -EINVAL);
	assert_null(in);
}

static int name_file(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/lcguard.%d.json", getpid());
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(serial_rules),	    cmocka_unit_test(expiry),
	    cmocka_unit_test(what_weakens),	    cmocka_unit_test(trial_weakens),
	    cmocka_unit_test(how_much_in_a_day),    cmocka_unit_test(many_small_steps),
	    cmocka_unit_test(serial_never_falls),   cmocka_unit_test(newly_stopped),
	    cmocka_unit_test(trial_stops_nobody),   cmocka_unit_test(round_trip),
	    cmocka_unit_test(no_file_is_no_memory), cmocka_unit_test(damaged_files),
	    cmocka_unit_test(too_many_steps),
	};

	return cmocka_run_group_tests(tests, name_file, remove_file);
}
