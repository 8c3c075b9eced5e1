/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits and system call filters (libseccomp) of lenscapd and its workers. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY_MAX (3ull << 30) /* of addresses: the largest list there may be takes half of it */
#define FILE_MAX_BYTES (2ull << 30)
#define FILES_MAX 64

#ifdef __SANITIZE_ADDRESS__
static const bool sanitized = true; /* its shadow takes terabytes of addresses */
#else
static const bool sanitized = false;
#endif

static int limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	return setrlimit(resource, &both) ? -errno : 0;
}

int sandbox_limit(unsigned first, unsigned seconds)
{
	const struct {
		int resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_AS, sanitized ? RLIM_INFINITY : MEMORY_MAX},
		{RLIMIT_CPU, seconds},
		{RLIMIT_NOFILE, FILES_MAX},
		{RLIMIT_FSIZE, FILE_MAX_BYTES},
		{RLIMIT_CORE, 0},
	};
	int err = close_range(first, ~0u, 0) ? -errno : 0;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !err; i++)
		err = limit(limits[i].resource, limits[i].value);
	if (!err && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)))
		err = -errno;
	return err;
}

static int load(scmp_filter_ctx filter, int err)
{
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* ---- Talking to servers: by what is forbidden, for resolvers and TLS libraries do many things ---- */
static const int forbidden[] = {
	SCMP_SYS(bpf), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kill),
	SCMP_SYS(tkill), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(pidfd_getfd), SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(openat2), SCMP_SYS(creat),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(link), SCMP_SYS(linkat),
	SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown),
	SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(utimensat), SCMP_SYS(inotify_init1), SCMP_SYS(fanotify_init), SCMP_SYS(bind),
	SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(prlimit64), SCMP_SYS(setrlimit),
};

/* Files to read only: no way of opening that writes or makes one. */
static int forbid_writing(scmp_filter_ctx filter)
{
	static const unsigned flags[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND};
	int err = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && !err; i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
#ifdef __NR_open
		if (!err)
			err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 1,
					       SCMP_A1(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
#endif
	}
	return err;
}

/* IPv4, IPv6, AF_UNIX (a resolver on this machine), AF_NETLINK (which of an address's kinds has a route). */
static int forbid_families(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

	for (int family = AF_INET6 + 1; family < AF_NETLINK && !err; family++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family));
	for (int family = AF_INET + 1; family < AF_INET6 && !err; family++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family));
	return err;
}

int sandbox_for_network(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (!err)
		err = forbid_writing(filter);
	if (!err)
		err = forbid_families(filter);
	return load(filter, err);
}

/* ---- lenscapd itself: by what is forbidden; its unit allows no more than it needs ---- */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#define REFUSE_EXEC_GAIN 1
#define COMMANDS 64 /* of bpf(2); those that are not there yet are refused with the rest */

static const int not_for_daemon[] = {
	SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount),
	SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(capset), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at), SCMP_SYS(fanotify_init), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(vhangup), SCMP_SYS(personality),
};

/* Leaks are found by a thread that traces the others: sanitized builds may. */
static const int not_for_daemon_unless_sanitized[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
};

static int forbid(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return err;
}

static bool is_needed(int command)
{
	static const int needed[] = {
		BPF_MAP_LOOKUP_ELEM,  BPF_MAP_UPDATE_ELEM,  BPF_MAP_DELETE_ELEM,	 BPF_MAP_GET_NEXT_KEY,
		BPF_OBJ_GET,	      BPF_OBJ_GET_INFO_BY_FD, BPF_MAP_LOOKUP_BATCH,	 BPF_MAP_UPDATE_BATCH,
		BPF_MAP_DELETE_BATCH,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i] == command)
			return true;
	return false;
}

static int forbid_bpf_commands(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1, SCMP_A0(SCMP_CMP_GE, COMMANDS));

	for (int command = 0; command < COMMANDS && !err; command++)
		if (!is_needed(command))
			err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
					       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)command));
	return err;
}

int sandbox_for_daemon(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : -ENOMEM;

	if (!err)
		err = forbid(filter, not_for_daemon, sizeof(not_for_daemon) / sizeof(not_for_daemon[0]));
	if (!err && !sanitized) {
		err = forbid(filter, not_for_daemon_unless_sanitized,
			     sizeof(not_for_daemon_unless_sanitized) / sizeof(not_for_daemon_unless_sanitized[0]));
		(void)prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0); /* 6.1 does not know it; the unit's filter does it there */
	}
	if (!err)
		err = forbid_bpf_commands(filter);
	if (!err)
		err = forbid_families(filter);
	return load(filter, err);
}

/* ---- Decoding: by what is allowed ---- */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(fsync), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(close), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
	SCMP_SYS(sigaltstack),
};

int sandbox_for_decoding(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	return load(filter, err);
}
