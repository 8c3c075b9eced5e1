/* SPDX-License-Identifier: GPL-2.0-only */
/* What a worker can still do in its sandbox: every attempt is made twice, before (the control) and inside. */
#include "../../userspace/daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define FREE 0 /* it goes on working */

static char folder[64], given[80], hidden[80], below[96], made[80];

static int of(int result)
{
	int err = result < 0 ? -errno : 0;

	if (result > 2)
		(void)close(result);
	return err;
}

static int open_given(void)
{
	return of(open(given, O_RDONLY));
}

static int open_below(void)
{
	return of(open(below, O_RDONLY));
}

static int open_hidden(void)
{
	return of(open(hidden, O_RDONLY));
}

static int open_memory(void)
{
	return of(open("/proc/self/mem", O_RDONLY));
}

static int open_passwords(void)
{
	return of(open("/etc/passwd", O_RDONLY));
}

static int list_root(void)
{
	return of(open("/", O_RDONLY | O_DIRECTORY));
}

static int write_given(void)
{
	return of(open(given, O_WRONLY));
}

static int truncate_given(void)
{
	return of(truncate(given, 5));
}

static int make_file(void)
{
	int err = of(open(made, O_WRONLY | O_CREAT | O_EXCL, 0600));

	if (!err)
		(void)unlink(made);
	return err;
}

static int make_folder(void)
{
	int err = of(mkdir(made, 0700));

	if (!err)
		(void)rmdir(made);
	return err;
}

static int packets(void)
{
	return of(socket(AF_PACKET, SOCK_RAW, 0));
}

static int internet(void)
{
	return of(socket(AF_INET, SOCK_STREAM, 0));
}

static int serve(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), err = fd < 0 ? -errno : of(bind(fd, (const struct sockaddr *)&any, sizeof(any)));

	if (fd >= 0)
		(void)close(fd);
	return err;
}

static int use_maps(void)
{
	union bpf_attr attr = {0};
	int err = of((int)syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)));

	return err == -ENOENT ? 0 : err; /* there is no map, and it could have been told of one */
}

static int signal_parent(void)
{
	return of(kill(getppid(), 0));
}

static int trace(void)
{
	int err = of((int)ptrace(PTRACE_PEEKUSER, 999999999, NULL, NULL));

	return err == -ESRCH ? 0 : err; /* nobody has that number, and it would have been let */
}

static int start_program(void)
{
	char *const nothing[] = {NULL};
	int err;

	(void)execve("/nonexistent", nothing, nothing);
	err = -errno;
	return err == -ENOENT ? 0 : err;
}

static int own_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -errno : of(munmap(page, 4096));
}

struct attempt {
	const char *name;
	int (*fn)(void);
	int network, decoding; /* what it gives in each sandbox */
	bool landlock;	       /* that it is refused needs Landlock */
};

static const struct attempt attempts[] = {
    {"open a file that was named", open_given, FREE, -EPERM, false},
    {"open a file below a folder that was named", open_below, FREE, -EPERM, false},
    {"open another file", open_hidden, -EACCES, -EPERM, true},
    {"open its own memory", open_memory, -EACCES, -EPERM, true},
    {"open /etc/passwd", open_passwords, -EACCES, -EPERM, true},
    {"list the root folder", list_root, -EACCES, -EPERM, true},
    {"write to a file that was named", write_given, -EACCES, -EPERM, false},
    {"truncate it", truncate_given, -EPERM, -EPERM, false},
    {"make a file", make_file, -EACCES, -EPERM, false},
    {"make a folder", make_folder, -EPERM, -EPERM, false},
    {"a socket for frames", packets, -EAFNOSUPPORT, -EPERM, false},
    {"a socket for the internet", internet, FREE, -EPERM, false},
    {"serve", serve, -EPERM, -EPERM, false},
    {"use maps", use_maps, -EPERM, -EPERM, false},
    {"signal another process", signal_parent, -EPERM, -EPERM, false},
    {"trace another process", trace, -EPERM, -EPERM, false},
    {"start a program", start_program, -EPERM, -EPERM, false},
    {"memory of its own", own_memory, FREE, FREE, false},
};

static void write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs("hello", file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_files(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/lcsandbox%d", getpid());
	(void)snprintf(given, sizeof(given), "%s/given", folder);
	(void)snprintf(hidden, sizeof(hidden), "%s/hidden", folder);
	(void)snprintf(made, sizeof(made), "%s/made", folder);
	(void)snprintf(below, sizeof(below), "%s/named", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkdir(below, 0700), 0);
	(void)strcat(below, "/below");
	write_file(given);
	write_file(hidden);
	write_file(below);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(given);
	(void)unlink(hidden);
	(void)unlink(below);
	*strrchr(below, '/') = '\0';
	(void)rmdir(below);
	return rmdir(folder);
}

/* In a process of its own, which ends with the number of the first attempt that went otherwise than expected, plus one; 255:
 * it could not shut itself in. Before it makes each attempt without the sandbox. */
static int try_all(bool network, bool landlock)
{
	char named[sizeof(below)];
	const char *const readable[] = {given, named, NULL, "", "/does/not/exist"};
	size_t n = sizeof(attempts) / sizeof(attempts[0]);

	(void)snprintf(named, sizeof(named), "%.*s", (int)(strrchr(below, '/') - below), below);
	for (size_t i = 0; i < n; i++)
		if (attempts[i].fn())
			return (int)i + 101;
	if (sandbox_limit(3, 60) || sandbox_files(readable, network ? 5 : 0) < 0 ||
	    (network ? sandbox_for_network() : sandbox_for_decoding()))
		return 255;
	for (size_t i = 0; i < n; i++) {
		int expected = network ? attempts[i].network : attempts[i].decoding;

		if (network && attempts[i].landlock && !landlock)
			expected = FREE;
		if (attempts[i].fn() != expected)
			return (int)i + 1;
	}
	return 0;
}

/* In a child that has nothing else: what it reports is the whole of it. */
static void check(bool network)
{
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
	int status = 0, code;
	pid_t pid = fork();

	if (!pid)
		_exit(try_all(network, landlock));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	code = WEXITSTATUS(status);
	if (code && code != 255)
		print_message("%s: %s\n", code > 100 ? "cannot do even outside" : "not as expected inside",
			      attempts[code > 100 ? code - 101 : code - 1].name);
	assert_int_equal(code, 0);
	if (!landlock)
		print_message("# this kernel has no Landlock: other files were readable\n");
}

static void fetching(void **state)
{
	(void)state;
	check(true);
}

static void decoding(void **state)
{
	(void)state;
	check(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(fetching, make_files, remove_files),
	    cmocka_unit_test_setup_teardown(decoding, make_files, remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
