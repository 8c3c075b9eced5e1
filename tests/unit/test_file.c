/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads that cannot be led astray, writes that are whole or not at all. */
#include "../../userspace/lib/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../userspace/lib/paths.h"
#include "scratch.h"
#include "unit.h"

static void sizes_up_to_the_limit_are_read(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 4095, 4096, 4097, 8192, 100000};

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		char *in = malloc(sizes[i] + 1), *out = NULL;
		const char *path = scratch_path(state, "file");
		size_t size = 7;

		memset(in, 'x', sizes[i]);
		assert_int_equal(file_write(path, in, sizes[i], 0600, (gid_t)-1, false), 0);
		assert_int_equal(file_read(path, sizes[i], &out, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_memory_equal(in, out, size);
		assert_int_equal(out[size], 0);
		free(out);
		if (sizes[i])
			assert_int_equal(file_read(path, sizes[i] - 1, &out, &size), -EFBIG);
		free(in);
	}
}

/* Files of /proc say they are empty: what is read counts, and the limit holds. */
static void files_without_a_size_are_bounded(void **state)
{
	char *data = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(file_read("/proc/self/status", 1 << 16, &data, &size), 0);
	assert_true(size > 100 && !strncmp(data, "Name:", 5));
	free(data);
	assert_int_equal(file_read("/proc/self/status", 100, &data, &size), -EFBIG);
}

static void only_regular_files_are_read(void **state)
{
	const char *target = scratch_write(state, "target", "text", 0600);
	const char *link = scratch_path(state, "link"), *fifo = scratch_path(state, "fifo");
	char *data = NULL;
	size_t size;

	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(link, 100, &data, &size), -ELOOP);
	assert_int_equal(file_read(fifo, 100, &data, &size), -EINVAL); /* and does not wait for a writer */
	assert_int_equal(file_read("/dev/zero", 100, &data, &size), -EINVAL);
	assert_int_equal(file_read(*state, 100, &data, &size), -EINVAL);
	assert_int_equal(file_read(scratch_path(state, "none"), 100, &data, &size), -ENOENT);
	assert_null(data);
	assert_int_equal(file_read(target, 100, &data, &size), 0);
	free(data);
}

static size_t names_in(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void a_write_replaces_as_a_whole(void **state)
{
	const char *path = scratch_write(state, "file", "old", 0600);
	struct stat st;
	char *data;
	size_t size;
	mode_t mask = umask(077);

	assert_int_equal(file_write(path, "newer", 5, 0644, getgid(), true), 0);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(file_read(path, 100, &data, &size), 0);
	assert_string_equal(data, "newer");
	free(data);
	assert_int_equal(names_in(*state), 1);
}

static void a_failed_write_leaves_nothing(void **state)
{
	assert_int_equal(file_make_dir(scratch_path(state, "folder/below"), 0755), 0);
	assert_int_equal(file_write(scratch_path(state, "folder"), "x", 1, 0600, (gid_t)-1, false), -EISDIR);
	assert_int_equal(file_write(scratch_path(state, "none/file"), "x", 1, 0600, (gid_t)-1, false), -ENOENT);
	assert_int_equal(names_in(*state), 1);
	assert_int_equal(names_in(scratch_path(state, "folder")), 1);
}

/* The limit on a file's size stops a write in its middle, as a full disk does. */
static void a_write_that_stops_half_way_leaves_the_old_file(void **state)
{
	const char *path = scratch_write(state, "file", "old", 0600);
	static const char big[65536];
	struct rlimit limit, little;
	char *data;
	size_t size;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	little = limit;
	little.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(file_write(path, big, sizeof(big), 0600, (gid_t)-1, false), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(file_read(path, 100, &data, &size), 0);
	assert_string_equal(data, "old");
	free(data);
	assert_int_equal(names_in(*state), 1);
}

static void folders_are_made(void **state)
{
	const char *deep = scratch_path(state, "a/b/c"), *file = scratch_write(state, "file", "", 0600);
	mode_t mask = umask(077);
	struct stat st;

	assert_int_equal(file_make_dir(deep, 0750), 0);
	(void)umask(mask);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(stat(scratch_path(state, "a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(file_make_dir(deep, 0700), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750); /* one that exists stays as it is */
	assert_int_equal(file_make_dir(file, 0700), -ENOTDIR);
}

static void digests_are_known_ones(void **state)
{
	char hex[65];

	(void)state;
	sha256_hex("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Everybody else who could write the file, or replace it in its folder. */
static void private_files_are_nobody_elses(void **state)
{
	static const struct {
		mode_t folder, file;
		uid_t owner;
		int expected;
	} cases[] = {
		{0700, 0600, 0, 0},	{0755, 0644, 0, 0},	 {0700, 0620, 0, -EPERM},    {0700, 0602, 0, -EPERM},
		{0770, 0600, 0, -EPERM}, {0702, 0600, 0, -EPERM}, {0700, 0600, 65534, -EPERM},
	};
	const char *path = scratch_write(state, "private", "text", 0600);
	char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct stat st;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		if (cases[i].owner && geteuid())
			continue; /* only root can give files away */
		assert_int_equal(chmod(folder, cases[i].folder), 0);
		assert_int_equal(chmod(path, cases[i].file), 0);
		assert_int_equal(cases[i].owner ? chown(path, cases[i].owner, (gid_t)-1) : 0, 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(file_private(path, &st), cases[i].expected);
	}
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(file_private("/nonexistent/folder/file", &st), -ENOENT);
	free(folder);
}

static void paths_are_joined(void **state)
{
	char *path = path_join("/run/lenscap", PATH_BPF);

	(void)state;
	assert_string_equal(path, "/run/lenscap/bpf");
	free(path);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(sizes_up_to_the_limit_are_read),
		cmocka_unit_test(files_without_a_size_are_bounded),
		IN_SCRATCH(only_regular_files_are_read),
		IN_SCRATCH(a_write_replaces_as_a_whole),
		IN_SCRATCH(a_failed_write_leaves_nothing),
		IN_SCRATCH(a_write_that_stops_half_way_leaves_the_old_file),
		IN_SCRATCH(folders_are_made),
		cmocka_unit_test(digests_are_known_ones),
		IN_SCRATCH(private_files_are_nobody_elses),
		cmocka_unit_test(paths_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
