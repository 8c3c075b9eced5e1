/* SPDX-License-Identifier: GPL-2.0-only */
/* The registry parser: every quirk of the real editions, and each damaged file with its exact message. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/policy/registry.h"

#define BAD "tests/badinput/registry"
#define FETCH "; fetch the registry again (update-ieee-data)"

static char folder[] = "/tmp/lcregXXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

struct seen {
	size_t n;
	struct {
		uint64_t mac48;
		size_t line;
		char organisation[REGISTRY_MAX_NAME + 1];
	} row[16];
};

static int take(void *arg, const struct registry_row *row)
{
	struct seen *s = arg;

	if (s->n < 16) {
		s->row[s->n].mac48 = row->mac48;
		s->row[s->n].line = row->line;
		snprintf(s->row[s->n].organisation, sizeof(s->row[0].organisation), "%s", row->organisation);
	}
	s->n++;
	return 0;
}

static void write_file(const char *name, const char *data, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static void read_wanted(const char *csv, char *want, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%.*s.want", (int)(strlen(csv) - 4), csv);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(want, (int)size, file));
	fclose(file);
	want[strcspn(want, "\n")] = 0;
}

static void damaged_files_are_refused_with_their_line(void **state)
{
	glob_t found = {0};

	(void)state;
	assert_int_equal(glob(BAD "/*.csv", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 26);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct registry_kind kind = {strrchr(found.gl_pathv[i], '/') + 1, "MA-L", 24, 0};
		char want[512], error[REGISTRY_ERROR] = "";
		struct seen seen = {0};

		read_wanted(found.gl_pathv[i], want, sizeof(want));
		print_message("# %s\n", kind.file);
		assert_true(registry_read(BAD, &kind, take, &seen, error) < 0);
		assert_string_equal(error, want);
	}
	globfree(&found);
}

/* Each of these stands in a real edition, but for the byte-order mark and the missing last line end. */
static const char quirks[] = "\xef\xbb\xbfRegistry,Assignment,Organization Name,Organization Address\r\n"
			     "MA-L,286FB9,\"Nokia Shanghai Bell Co., Ltd.\",\"No.388 Ning Qiao Road, Pudong\"\r\n"
			     "MA-L,C404D8,Aviva Links Inc.,\"160 E Tasman Dr\nSTE 102\nSAN JOSE \"\r\n"
			     "\r\n"
			     "MA-L,aabbcc,\"UAB \"\"Teltonika Telematics\"\"\",\r\n"
			     "MA-L,001122,\"Sichuan\xc2\xa0"
			     "AI-Link\",x\n"
			     "MA-L,001123,\"SHENZHEN BILIAN CO.\xef\xbc\x8cLTD\",\"\t x\"\r\n"
			     "MA-L,080030,CERN,Geneva\r\n"
			     "MA-L,080030,NETWORK RESEARCH CORPORATION,x\r\n"
			     "MA-L,1100AA,Private,\r\n"
			     "MA-L,0055DA,IEEE Registration Authority,445 Hoes Lane\r\n"
			     "MA-L,02608C,3COM,x";

static void quirks_of_real_editions_are_read(void **state)
{
	static const struct {
		uint64_t mac48;
		size_t line;
		const char *organisation;
	} want[] = {
	    {0x286fb9000000, 2, "Nokia Shanghai Bell Co., Ltd."},
	    {0xc404d8000000, 3, "Aviva Links Inc."},
	    {0xaabbcc000000, 7, "UAB \"Teltonika Telematics\""},
	    {0x001122000000, 8,
	     "Sichuan\xc2\xa0"
	     "AI-Link"},
	    {0x001123000000, 9, "SHENZHEN BILIAN CO.\xef\xbc\x8cLTD"},
	    {0x080030000000, 10, "CERN"},
	    {0x080030000000, 11, "NETWORK RESEARCH CORPORATION"},
	    {0x1100aa000000, 12, "Private"},
	    {0x0055da000000, 13, "IEEE Registration Authority"},
	    {0x02608c000000, 14, "3COM"},
	};
	struct seen seen = {0};
	char error[REGISTRY_ERROR] = "";

	(void)state;
	write_file("oui.csv", quirks, sizeof(quirks) - 1);
	assert_int_equal(registry_read(folder, &registry_kinds[0], take, &seen, error), 0);
	remove_file("oui.csv");
	assert_int_equal(seen.n, 10);
	for (size_t i = 0; i < seen.n; i++) {
		assert_int_equal(seen.row[i].mac48, want[i].mac48);
		assert_int_equal(seen.row[i].line, want[i].line);
		assert_string_equal(seen.row[i].organisation, want[i].organisation);
	}
}

static void blocks_have_the_length_of_their_registry(void **state)
{
	static const struct {
		const char *text;
		uint64_t mac48;
	} want[REGISTRY_KINDS] = {
	    {"MA-L,C0619A,A,x\n", 0xc0619a000000},
	    {"MA-M,C0619AE,A,x\n", 0xc0619ae00000},
	    {"MA-S,70B3D5F2F,A,x\n", 0x70b3d5f2f000},
	    {"IAB,0050C27D5,A,x\n", 0x0050c27d5000},
	};

	(void)state;
	for (int i = 0; i < REGISTRY_KINDS; i++) {
		char text[256], error[REGISTRY_ERROR] = "";
		struct seen seen = {0};

		snprintf(text, sizeof(text), "Registry,Assignment,Organization Name,Organization Address\n%s",
			 want[i].text);
		write_file(registry_kinds[i].file, text, strlen(text));
		assert_int_equal(registry_read(folder, &registry_kinds[i], take, &seen, error), 0);
		remove_file(registry_kinds[i].file);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.row[0].mac48, want[i].mac48);
	}
}

static void only_regular_files_are_read(void **state)
{
	char error[REGISTRY_ERROR], path[64], want[REGISTRY_ERROR];
	struct seen seen = {0};

	(void)state;
	snprintf(path, sizeof(path), "%s/oui.csv", folder);
	assert_int_equal(registry_read(folder, &registry_kinds[0], take, &seen, error), -ENOENT);
	snprintf(want, sizeof(want),
		 "%s: No such file or directory; install the package ieee-data, or name another "
		 "folder with --registry",
		 path);
	assert_string_equal(error, want);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(registry_read(folder, &registry_kinds[0], take, &seen, error), -EINVAL);
	snprintf(want, sizeof(want),
		 "%s: not a regular file; install the package ieee-data, or name another folder with "
		 "--registry",
		 path);
	assert_string_equal(error, want);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(seen.n, 0);
}

static void a_file_without_end_is_refused(void **state)
{
	static const char header[] = "Registry,Assignment,Organization Name,Organization Address\n";
	char row[4096], path[64], error[REGISTRY_ERROR], want[REGISTRY_ERROR];
	struct seen seen = {0};
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/oui.csv", folder);
	snprintf(row, sizeof(row), "MA-L,286FB9,A,%04060d\n", 0);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(header, file) >= 0);
	for (size_t size = 0; size <= REGISTRY_MAX_BYTES; size += strlen(row))
		assert_true(fputs(row, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(registry_read(folder, &registry_kinds[0], take, &seen, error), -EFBIG);
	assert_int_equal(unlink(path), 0);
	snprintf(want, sizeof(want), "%s:%zu: more than 64 MiB" FETCH, path, seen.n + 2);
	assert_string_equal(error, want);
}

static void the_edition_is_noted_or_the_files_date(void **state)
{
	static const struct timespec times[2] = {{.tv_sec = 1782345600}, {.tv_sec = 1782345600}};
	char path[64];
	int64_t edition = -1;

	(void)state;
	assert_int_equal(registry_edition(folder, &edition), -ENOENT);
	assert_int_equal(edition, -1);
	write_file("mam.csv", "x", 1);
	snprintf(path, sizeof(path), "%s/mam.csv", folder);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(registry_edition(folder, &edition), 0);
	assert_int_equal(edition, 1782345600);
	write_file(".lastupdate", "1661630937\n", 11);
	assert_int_equal(registry_edition(folder, &edition), 0);
	assert_int_equal(edition, 1661630937);
	write_file(".lastupdate", "yesterday\n", 10);
	assert_int_equal(registry_edition(folder, &edition), 0);
	assert_int_equal(edition, 1782345600);
	remove_file(".lastupdate");
	remove_file("mam.csv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damaged_files_are_refused_with_their_line),
	    cmocka_unit_test(quirks_of_real_editions_are_read),
	    cmocka_unit_test(blocks_have_the_length_of_their_registry),
	    cmocka_unit_test(only_regular_files_are_read),
	    cmocka_unit_test(a_file_without_end_is_refused),
	    cmocka_unit_test(the_edition_is_noted_or_the_files_date),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
