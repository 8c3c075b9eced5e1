/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files the configuration is read from, which are refused, and the last valid copy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/lib/config.h"
#include "../../userspace/lib/file.h"
#include "scratch.h"
#include "unit.h"

#define MAIN "lenscap.yaml"

/* FILE must be refused with ERR, and the complaint be "PATH WHY", or "PATH:PLACE: WHY" as WHY has it. */
static void refused(const char *file, int err, const char *path, const char *why)
{
	struct config *config = NULL;
	char expected[1024], *error = NULL;

	(void)snprintf(expected, sizeof(expected), "%s:%s", path, why);
	assert_int_equal(config_load(file, &config, &error), err);
	assert_null(config);
	assert_string_equal(error, expected);
	free(error);
}

static void accepted(const char *file)
{
	struct config *config = NULL;
	char *error = NULL;

	if (config_load(file, &config, &error))
		fail_msg("%s", error);
	config_free(config);
}

static void what_is_no_file_is_refused(void **state)
{
	const char *target = scratch_write(state, "target", "", 0600), *link = scratch_path(state, "link.yaml");
	const char *fifo = scratch_path(state, "fifo.yaml"), *none = scratch_path(state, "none.yaml");

	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(none, -ENOENT, none, " does not exist; create it, or name another with --config FILE");
	refused(link, -ELOOP, link, " is a symbolic link, which is not followed; put the file itself here");
	refused(fifo, -EINVAL, fifo, " is not a regular file; put a text file here");
	refused(*state, -EINVAL, *state, " is not a regular file; put a text file here");
	refused("/proc/none/x.yaml", -ENOENT, "/proc/none", " does not exist; create it, or name another with --config FILE");
	accepted(target);
}

static void big_files_are_refused(void **state)
{
	char *text = malloc((1 << 20) + 2);
	const char *file;

	memset(text, '#', (1 << 20) + 1);
	text[(1 << 20) + 1] = '\0';
	file = scratch_write(state, MAIN, text, 0600);
	refused(file, -EFBIG, file, " is over 1048576 bytes; split it into files in lenscap.d");
	text[1 << 20] = '\0';
	accepted(scratch_write(state, MAIN, text, 0600));
	free(text);
}

static void files_that_others_may_write_are_refused(void **state)
{
	const char *file = scratch_write(state, MAIN, "", 0646), *drop_in;

	refused(file, -EPERM, file, " may be written by everybody; take that away (chmod o-w)");
	assert_int_equal(chmod(file, 0644), 0);
	accepted(file);
	drop_in = scratch_write(state, "lenscap.d/a.yaml", "", 0602);
	refused(file, -EPERM, drop_in, " may be written by everybody; take that away (chmod o-w)");
	assert_int_equal(chmod(drop_in, 0600), 0);
	accepted(file);
	assert_int_equal(chmod(scratch_path(state, "lenscap.d"), 0757), 0);
	refused(file, -EPERM, scratch_path(state, "lenscap.d"), " may be written by everybody; take that away (chmod o-w)");
	assert_int_equal(chmod(scratch_path(state, "lenscap.d"), 0755), 0);
	assert_int_equal(chmod(*state, 0777), 0);
	refused(file, -EPERM, *state, " may be written by everybody; take that away (chmod o-w)");
	assert_int_equal(chmod(*state, 01777), 0); /* sticky, as /tmp: others cannot replace what is not theirs */
	accepted(file);
}

static void files_of_others_are_refused(void **state)
{
	const char *file = scratch_write(state, MAIN, "", 0660);

	if (geteuid())
		skip(); /* only root can give files away */
	accepted(file); /* group root */
	assert_int_equal(chown(file, 0, 12345), 0);
	refused(file, -EPERM, file, " may be written by group 12345; take that away (chmod g-w)");
	assert_int_equal(chmod(file, 0640), 0);
	accepted(file);
	assert_int_equal(chown(file, 12345, 0), 0);
	refused(file, -EPERM, file, " belongs to user 12345, who could change it; make root its owner (chown root)");
	assert_int_equal(chown(file, 0, 0), 0);
	assert_int_equal(chown(*state, 12345, 0), 0);
	refused(file, -EPERM, *state, " belongs to user 12345, who could change it; make root its owner (chown root)");
}

static void drop_ins_that_contradict_are_refused(void **state)
{
	const char *file = scratch_write(state, MAIN, "policy: {capacity: 4096}\n", 0600);
	const char *drop_in = scratch_write(state, "lenscap.d/a.yaml", "policy:\n  capacity: 8192\n", 0600);
	char why[512];

	(void)snprintf(why, sizeof(why), "2:3: 'capacity' is given twice, first at %s:1:10; keep one of them", file);
	refused(file, -EINVAL, drop_in, why);
	(void)scratch_write(state, "lenscap.d/a.yaml", "policy: {devices: x}\n", 0600);
	refused(file, -EINVAL, drop_in, "1:19: 'x' is not a number that 'devices' may have; give one from 64 to 1048576");
	(void)scratch_write(state, "lenscap.d/a.yaml", "", 0600);
	(void)scratch_write(state, "lenscap.d/b.yml", "", 0600);
	refused(file, -EINVAL, scratch_path(state, "lenscap.d/b.yml"), " would not be read; drop-ins end in .yaml, rename it");
}

static void too_many_drop_ins_are_refused(void **state)
{
	const char *file = scratch_write(state, MAIN, "", 0600);

	for (unsigned i = 0; i < 64; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "lenscap.d/%02u.yaml", i);
		(void)scratch_write(state, name, "", 0600);
	}
	accepted(file);
	(void)scratch_write(state, "lenscap.d/64.yaml", "", 0600);
	refused(file, -EFBIG, scratch_path(state, "lenscap.d"), " holds 65 drop-ins; 64 is the most, put several into one");
}

static void a_drop_in_folder_that_is_none_is_refused(void **state)
{
	const char *file = scratch_write(state, MAIN, "", 0600), *folder = scratch_write(state, "lenscap.d", "", 0600);

	refused(file, -ENOTDIR, folder, " is not a folder; drop-ins are files in it, remove or rename this");
}

/* Every error of every file in one go. */
static void all_files_are_complained_of(void **state)
{
	const char *file = scratch_write(state, MAIN, "user: A\n", 0600);
	const char *drop_in = scratch_write(state, "lenscap.d/a.yaml", "group: B\nzones: [\n", 0600);
	struct config *config = NULL;
	char expected[1024], *error = NULL;

	(void)snprintf(expected, sizeof(expected),
		       "%s:1:7: 'A' is not an account's name; write small letters, digits, _ and -, up to 32\n"
		       "%s:3:1: not YAML: while parsing a flow node, did not find expected node content; correct the text here or "
		       "just above",
		       file, drop_in);
	assert_int_equal(config_load(file, &config, &error), -EINVAL);
	assert_string_equal(error, expected);
	free(error);
}

/* A thousand errors: told are those a person can take in. */
static void complaints_end_somewhere(void **state)
{
	char *text = calloc(1, 1 << 16), *error = NULL;
	struct config *config;
	size_t lines = 1, used = 0;

	for (unsigned i = 0; i < 1000; i++)
		used += (size_t)sprintf(text + used, "key%u: 1\n", i);
	assert_int_equal(config_load(scratch_write(state, MAIN, text, 0600), &config, &error), -EINVAL);
	for (const char *p = error; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 51);
	assert_non_null(strstr(error, "\nmore errors follow; correct these first"));
	free(error);
	free(text);
}

/* ---- The last valid copy ---- */
static struct config *load_or_last(const char *file, const char *last)
{
	struct config *config = NULL;
	char *error = NULL;

	if (config_load_or_last(file, last, &config, &error))
		fail_msg("%s", error);
	return config;
}

static void the_last_valid_copy_stands_in(void **state)
{
	const char *file = scratch_write(state, MAIN, "user: good\n", 0600), *last = scratch_path(state, "state/last");
	char digest[65], why[512];
	struct config *c;

	(void)scratch_write(state, "lenscap.d/a.yaml", "group: also\n", 0640);
	assert_int_equal(file_make_dir(scratch_path(state, "state"), 0755), 0);
	assert_int_equal(config_keep(file, last), 0);
	assert_int_equal(config_sha256(file, digest), 0);

	c = load_or_last(file, last);
	assert_false(c->fallback);
	config_free(c);

	(void)scratch_write(state, MAIN, "user: BAD\n", 0600);
	c = load_or_last(file, last);
	assert_true(c->fallback);
	assert_string_equal(c->user, "good");
	assert_string_equal(c->group, "also");
	assert_string_equal(c->sha256, digest);
	(void)snprintf(why, sizeof(why), "%s:1:7: 'BAD' is not an account's name; write small letters, digits, _ and -, up to 32", file);
	assert_string_equal(c->error, why);
	config_free(c);
}

static void a_newer_copy_replaces_the_older(void **state)
{
	const char *file = scratch_write(state, MAIN, "user: one\n", 0600), *last = scratch_path(state, "last");
	struct stat st;
	struct config *c;

	(void)scratch_write(state, "lenscap.d/a.yaml", "group: one\n", 0640);
	assert_int_equal(config_keep(file, last), 0);
	assert_int_equal(unlink(scratch_path(state, "lenscap.d/a.yaml")), 0);
	(void)scratch_write(state, MAIN, "user: two\n", 0640);
	assert_int_equal(config_keep(file, last), 0);
	(void)scratch_write(state, MAIN, "nonsense\n", 0600);
	c = load_or_last(file, last);
	assert_string_equal(c->user, "two");
	assert_string_equal(c->group, "lenscap");
	config_free(c);
	assert_int_equal(stat(scratch_path(state, "last/lenscap.yaml"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(access(scratch_path(state, "last.new"), F_OK), -1);
	assert_int_equal(access(scratch_path(state, "last/lenscap.d"), F_OK), -1);
}

static void an_invalid_configuration_is_not_kept(void **state)
{
	const char *file = scratch_write(state, MAIN, "user: one\n", 0600), *last = scratch_path(state, "last");
	struct config *c;

	assert_int_equal(config_keep(file, last), 0);
	(void)scratch_write(state, MAIN, "nonsense\n", 0600);
	assert_int_equal(config_keep(file, last), -EINVAL);
	c = load_or_last(file, last);
	assert_string_equal(c->user, "one");
	config_free(c);
	assert_int_equal(access(scratch_path(state, "last.new"), F_OK), -1);
}

static void without_a_copy_both_errors_are_told(void **state)
{
	const char *file = scratch_write(state, MAIN, "nonsense\n", 0600), *last = scratch_path(state, "none");
	struct config *config = NULL;
	char expected[1024], *error = NULL;

	assert_int_equal(config_load_or_last(file, last, &config, &error), -EINVAL);
	assert_null(config);
	(void)snprintf(expected, sizeof(expected),
		       "%s:1:1: the configuration is a single value; give a mapping like 'key: value'\n"
		       "%s: does not exist; create it, or name another with --config FILE",
		       file, last);
	assert_string_equal(error, expected);
	free(error);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(what_is_no_file_is_refused),
		IN_SCRATCH(big_files_are_refused),
		IN_SCRATCH(files_that_others_may_write_are_refused),
		IN_SCRATCH(files_of_others_are_refused),
		IN_SCRATCH(drop_ins_that_contradict_are_refused),
		IN_SCRATCH(too_many_drop_ins_are_refused),
		IN_SCRATCH(a_drop_in_folder_that_is_none_is_refused),
		IN_SCRATCH(all_files_are_complained_of),
		IN_SCRATCH(complaints_end_somewhere),
		IN_SCRATCH(the_last_valid_copy_stands_in),
		IN_SCRATCH(a_newer_copy_replaces_the_older),
		IN_SCRATCH(an_invalid_configuration_is_not_kept),
		IN_SCRATCH(without_a_copy_both_errors_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
