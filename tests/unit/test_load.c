/* SPDX-License-Identifier: GPL-2.0-only */
/* Sources as the configuration names them, their rules, paths and files; the overrides folder and its digest. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lib/file.h"
#include "../../userspace/policy/load.h"

#define HEADER(list) "{\"lenscap\":1,\"list\":\"" list "\",\"serial\":7,\"count\":1}\n"
#define ENTRY(n) "{\"mac\":\"44:19:b6:00:00:0" #n "\"}\n"

static char base[64], overrides[128], state_dir[128], data_dir[128], list_file[128];
static struct config_feed feeds[2];
static struct config_list lists[2];
static struct config config;

static int make_site(void **state)
{
	char feed_dir[192];

	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/lcload.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	(void)snprintf(overrides, sizeof(overrides), "%s/overrides.d", base);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", base);
	(void)snprintf(data_dir, sizeof(data_dir), "%s/data", base);
	(void)snprintf(list_file, sizeof(list_file), "%s/own.jsonl", base);
	(void)snprintf(feed_dir, sizeof(feed_dir), "%s/daemon/feeds", state_dir);
	feeds[0] = (struct config_feed){.name = "auditor", .enforce = true, .min_length = 28, .max_entries = 100};
	feeds[1] = (struct config_feed){.name = "second", .may_allow = true, .min_length = 24, .max_entries = 5};
	lists[0] = (struct config_list){.name = "uk-core-network", .enforce = true};
	lists[1] = (struct config_list){.name = list_file};
	config = (struct config){.feeds = feeds,
				 .n_feeds = 2,
				 .lists = lists,
				 .n_lists = 2,
				 .capacity = 4096,
				 .state = state_dir,
				 .overrides = overrides,
				 .data = data_dir};
	return file_make_dir(overrides, 0700) || file_make_dir(feed_dir, 0700) || file_make_dir(data_dir, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_site(void **state)
{
	(void)state;
	return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[384];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write(path, text, strlen(text), 0600, (gid_t)-1, false), 0);
}

static void take_away(const char *folder, const char *name)
{
	char path[384];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
}

static void names_and_kinds(void **state)
{
	static const char *const names[] = {"local", "auditor", "second", "uk-core-network", list_file};
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_from_config(&config, &p), 0);
	assert_int_equal(policy_sources(p), 5);
	for (size_t s = 0; s < 5; s++) {
		assert_string_equal(policy_source_name(p, s), names[s]);
		assert_int_equal(policy_source_kind(p, s), s == 0 ? SOURCE_LOCAL : s < 3 ? SOURCE_FEED : SOURCE_LIST);
	}
	policy_free(p);
}

static void rules(void **state)
{
	struct policy *p = NULL;
	struct source_rules r;

	(void)state;
	assert_int_equal(policy_from_config(&config, &p), 0);
	r = policy_rules(&config, p, 0);
	assert_true(!r.header && r.may_allow && !r.dry_run && !r.list && r.max_entries == 4096);
	r = policy_rules(&config, p, 1);
	assert_true(r.header && !r.may_allow && !r.dry_run && r.max_entries == 100 && r.min_length == 28);
	assert_string_equal(r.list, "auditor");
	r = policy_rules(&config, p, 2);
	assert_true(r.header && r.may_allow && r.dry_run && r.max_entries == 5 && r.min_length == 24);
	r = policy_rules(&config, p, 3);
	assert_true(r.header && !r.may_allow && !r.dry_run && r.max_entries == 4096 - RESERVED_ENTRIES);
	assert_string_equal(r.list, "uk-core-network");
	r = policy_rules(&config, p, 4);
	assert_true(r.header && !r.may_allow && r.dry_run && !r.list);
	policy_free(p);
}

static void paths(void **state)
{
	static const char *const names[] = {"/overrides.d", "/state/daemon/feeds/auditor.jsonl",
					    "/state/daemon/feeds/second.jsonl", "/data/uk-core-network.jsonl",
					    "/own.jsonl"};
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_from_config(&config, &p), 0);
	for (size_t s = 0; s < 5; s++) {
		char *path = policy_source_path(&config, p, s), want[256];

		(void)snprintf(want, sizeof(want), "%s%s", base, names[s]);
		assert_string_equal(path, want);
		free(path);
	}
	policy_free(p);
}

/* ---- Loading it all ---- */
static void load_and_warn(void **state)
{
	struct policy *p = NULL;
	char *warnings = NULL, feed_dir[192], want[1024];

	(void)state;
	(void)snprintf(feed_dir, sizeof(feed_dir), "%s/daemon/feeds", state_dir);
	put(feed_dir, "auditor.jsonl", HEADER("auditor") ENTRY(1)); /* "second" was never accepted: no complaint */
	put(data_dir, "uk-core-network.jsonl", HEADER("other") ENTRY(2));
	put(overrides, "local.jsonl", "{\"mac\":\"44:19:b6:00:00:03\",\"action\":\"allow\"}\n");
	assert_int_equal(policy_from_config(&config, &p), 0);
	assert_int_equal(policy_load(&config, p, &warnings), 0);
	(void)snprintf(want, sizeof(want),
		       "%s/uk-core-network.jsonl:1: this is list \"other\", not \"uk-core-network\"; give the file of "
		       "that list or "
		       "correct the name in lenscap.yaml\n"
		       "%s: cannot be read: No such file or directory; put a regular file there that lenscap may read",
		       data_dir, list_file);
	assert_string_equal(warnings, want);
	assert_int_equal(policy_count(p), 2);
	assert_int_equal(policy_verdict(p, 0x4419b6000003ull, 0, 0, NULL), LC_ALLOW);
	free(warnings);
	policy_free(p);

	put(data_dir, "uk-core-network.jsonl", HEADER("uk-core-network") ENTRY(2));
	put(base, "own.jsonl", HEADER("anything") ENTRY(4));
	assert_int_equal(policy_from_config(&config, &p), 0);
	assert_int_equal(policy_load(&config, p, &warnings), 0);
	assert_null(warnings);
	assert_int_equal(policy_count(p), 4);
	assert_int_equal(policy_verdict(p, 0x4419b6000004ull, 0, 0, NULL), LC_QUARANTINE | LC_ENTRY_DRY_RUN);
	policy_free(p);
	take_away(overrides, "local.jsonl");
}

/* ---- Overrides ---- */
static void load_overrides(int err, size_t n, char sha256[static 65], char error[static FEED_ERROR])
{
	struct entry_set set = {0};

	error[0] = '\0';
	assert_int_equal(overrides_load(&config, &set, sha256, error), err);
	assert_int_equal(set.n, n);
	entry_set_free(&set);
}

static void no_overrides(void **state)
{
	char sha256[65], want[65], error[FEED_ERROR];
	struct config elsewhere = config;
	struct entry_set set = {0};

	(void)state;
	sha256_hex("", 0, want);
	load_overrides(0, 0, sha256, error);
	assert_string_equal(sha256, want);
	elsewhere.overrides = "/nonexistent/overrides.d";
	assert_int_equal(overrides_load(&elsewhere, &set, sha256, error), 0);
	assert_string_equal(sha256, want);
	entry_set_free(&set);
}

static void digest_of_all_files(void **state)
{
	static const char bytes[] = "a.jsonl\0"
				    "28\0" ENTRY(1) "b.jsonl\0"
						    "28\0" ENTRY(2);
	char sha256[65], want[65], error[FEED_ERROR];

	(void)state;
	_Static_assert(sizeof(ENTRY(1)) - 1 == 28, "the size written above");
	put(overrides, "b.jsonl", ENTRY(2));
	put(overrides, "a.jsonl", ENTRY(1));
	put(overrides, ".hidden.jsonl", "no entry");
	put(overrides, "a.jsonl.tmp", "no entry");
	put(overrides, "README", "no entry");
	load_overrides(0, 2, sha256, error);
	sha256_hex(bytes, sizeof(bytes) - 1, want);
	assert_string_equal(sha256, want);
	put(overrides, "b.jsonl", ENTRY(3));
	load_overrides(0, 2, sha256, error);
	assert_string_not_equal(sha256, want);
}

static void one_bad_line_refuses_all(void **state)
{
	char sha256[65], error[FEED_ERROR], want[FEED_ERROR];

	(void)state;
	put(overrides, "a.jsonl", ENTRY(1) "{\"mac\":\"44:19:b6:00:00:01\",\"action\":\"no\"}\n");
	load_overrides(-EINVAL, 0, sha256, error);
	(void)snprintf(want, sizeof(want),
		       "%s/a.jsonl:2: \"no\" is not an action; use quarantine, drop, divert, contain, mirror, monitor or allow", overrides);
	assert_string_equal(error, want);
	assert_int_equal(strlen(sha256), 64); /* what was refused has a name: a waiting command learns of it */
	put(overrides, "a.jsonl", ENTRY(1));
	load_overrides(0, 2, sha256, error);
}

static void no_regular_override(void **state)
{
	char sha256[65], error[FEED_ERROR], want[FEED_ERROR], path[384];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/c.jsonl", overrides);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	load_overrides(-ELOOP, 0, sha256, error);
	(void)snprintf(want, sizeof(want), "%s: is a symbolic link; put a regular file there", path);
	assert_string_equal(error, want);
	assert_string_equal(sha256, "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	load_overrides(-EINVAL, 0, sha256, error);
	(void)snprintf(want, sizeof(want), "%s: is not a regular file; put one there or remove it", path);
	assert_string_equal(error, want);
	assert_int_equal(unlink(path), 0);
}

static void overrides_are_limited_by_capacity(void **state)
{
	char sha256[65], error[FEED_ERROR], want[FEED_ERROR];

	(void)state;
	config.capacity = 1;
	load_overrides(-EFBIG, 0, sha256, error);
	config.capacity = 4096;
	(void)snprintf(
	    want, sizeof(want),
	    "%s/b.jsonl:1: over 1 entries (a /25 counts as eight /28); raise policy.capacity or shorten the list",
	    overrides);
	assert_string_equal(error, want);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_kinds),
	    cmocka_unit_test(rules),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(load_and_warn),
	    cmocka_unit_test(no_overrides),
	    cmocka_unit_test(digest_of_all_files),
	    cmocka_unit_test(one_bad_line_refuses_all),
	    cmocka_unit_test(no_regular_override),
	    cmocka_unit_test(overrides_are_limited_by_capacity),
	};

	return cmocka_run_group_tests(tests, make_site, remove_site);
}
