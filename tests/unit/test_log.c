/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines as people and as the journal see them. */
#include "../../userspace/lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "unit.h"

static int saved, ends[2];

/* Standard error into a pipe. */
static int catch_stderr(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	return saved < 0 || pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static void caught(char *text, size_t room)
{
	ssize_t size;

	assert_true(write(ends[1], ".", 1) == 1); /* so that nothing to read is no wait */
	size = read(ends[0], text, room - 1);
	assert_true(size > 0);
	text[size - 1] = '\0';
}

static int release_stderr(void **state)
{
	(void)state;
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return unsetenv("JOURNAL_STREAM");
}

static void people_see_the_programs_name(void **state)
{
	char text[512];

	(void)state;
	log_init("lenscap-test", LOG_LEVEL_INFO);
	log_error("port %s: %d", "swp1", 5);
	log_warning("two\nlines");
	log_info("done");
	log_debug("not shown");
	caught(text, sizeof(text));
	assert_string_equal(text, "lenscap-test: port swp1: 5\nlenscap-test: warning: two\nlenscap-test: warning: lines\n"
				  "lenscap-test: done\n");
}

static void the_journal_sees_priorities(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	log_init("lenscap-test", LOG_LEVEL_DEBUG);
	log_error("one\ntwo");
	log_warning("three");
	log_info("four");
	log_debug("five");
	caught(text, sizeof(text));
	assert_string_equal(text, "<3>one\n<3>two\n<4>three\n<6>four\n<7>five\n");
}

static void errors_only_when_asked(void **state)
{
	char text[512];

	(void)state;
	log_init("lenscap-test", LOG_LEVEL_ERROR);
	log_warning("not shown");
	caught(text, sizeof(text));
	assert_string_equal(text, "");
}

static void errno_is_kept(void **state)
{
	(void)state;
	log_init("lenscap-test", LOG_LEVEL_INFO);
	errno = ENOLINK;
	log_info("%s", "x");
	assert_int_equal(errno, ENOLINK);
}

/* A file that is no ELF object makes libbpf warn. */
static void libbpf_speaks_through_the_log(void **state)
{
	char text[2048];

	(void)state;
	log_init("lenscap-test", LOG_LEVEL_WARNING);
	log_take_libbpf();
	assert_null(bpf_object__open_mem("no object", 9, NULL));
	caught(text, sizeof(text));
	assert_int_equal(strncmp(text, "lenscap-test: warning: libbpf:", 30), 0);
	assert_null(strstr(text, "\n\n"));
}

#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, catch_stderr, release_stderr)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		CAUGHT(people_see_the_programs_name), CAUGHT(the_journal_sees_priorities), CAUGHT(errors_only_when_asked),
		CAUGHT(errno_is_kept),		      CAUGHT(libbpf_speaks_through_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
