/* SPDX-License-Identifier: GPL-2.0-only */
/* Every bad configuration of tests/badinput/config is refused with exactly the complaint its table has: one test each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../userspace/lib/config.h"
#include "../../userspace/lib/file.h"
#include "unit.h"

#define FOLDER "tests/badinput/config"
#define CASES 400

struct bad {
	const char *name, *expected;
};

/* Compare TEXT with the expectation, in which @ is the file and | a line feed. */
static bool complaint_matches(const char *expected, const char *file, const char *text)
{
	for (; *expected; expected++) {
		size_t size = *expected == '@' ? strlen(file) : 1;

		if (*expected == '@' ? strncmp(text, file, size) != 0 : *text != (*expected == '|' ? '\n' : *expected))
			return false;
		text += size;
	}
	return !*text;
}

static char folder[] = "/tmp/lenscap-badinput-XXXXXX";

/* In a folder of our own: who owns a checkout, and who may write there, is not what is tested here. */
static void copy_of(const char *name, char *file, size_t room)
{
	size_t size;
	char *data;

	(void)snprintf(file, room, FOLDER "/%s.yaml", name);
	assert_int_equal(file_read(file, 1 << 20, &data, &size), 0);
	(void)snprintf(file, room, "%s/%s.yaml", folder, name);
	assert_int_equal(file_write(file, data, size, 0600, (gid_t)-1, false), 0);
	free(data);
}

static void is_refused(void **state)
{
	const struct bad *bad = *state;
	struct config *config = NULL;
	char file[256], *error = NULL;
	int err;

	copy_of(bad->name, file, sizeof(file));
	err = config_load(file, &config, &error);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(err, -EINVAL);
	assert_null(config);
	if (!complaint_matches(bad->expected, file, error))
		fail_msg("%s: expected\n%s\nbut it says\n%s", bad->name, bad->expected, error);
	free(error);
}

/* Lines of the table, split in place. */
static size_t read_table(char *table, struct bad bad[static CASES])
{
	size_t n = 0;
	char *rest = NULL;

	for (char *line = strtok_r(table, "\n", &rest); line && n < CASES; line = strtok_r(NULL, "\n", &rest)) {
		char *tab = strchr(line, '\t');

		if (*line == '#' || !tab)
			continue;
		*tab = '\0';
		bad[n++] = (struct bad){line, tab + 1};
	}
	return n;
}

int main(void)
{
	static struct CMUnitTest tests[CASES];
	static struct bad bad[CASES];
	char *table;
	size_t size, n;
	int failed;

	if (!mkdtemp(folder) || file_read(FOLDER "/table", 1 << 20, &table, &size)) {
		(void)fprintf(stderr, FOLDER "/table: cannot be read; start this from the project's folder\n");
		return 1;
	}
	n = read_table(table, bad);
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){.name = bad[i].name, .test_func = is_refused, .initial_state = &bad[i]};
	failed = _cmocka_run_group_tests("bad configurations", tests, n, NULL, NULL);
	free(table);
	(void)rmdir(folder);
	return failed;
}
