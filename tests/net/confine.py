#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs a program as its unit confines it, without systemd: confine.py [--errno] UNIT [FROM=TO]... -- COMMAND...

Applied are User=, SupplementaryGroups=, CapabilityBoundingSet=, NoNewPrivileges=, ProtectSystem=strict with
ReadWritePaths= (FROM replaced by TO), ProtectKernelTunables=, ProcSubset= and ProtectProc=, MemoryDenyWriteExecute=,
RestrictAddressFamilies= and SystemCallFilter=. A system call beyond the filter kills the program, so that none goes unseen; with
--errno it is EPERM, as under systemd.
"""
import ctypes
import errno
import grp
import os
import pwd
import socket
import subprocess
import sys

import seccomp

CAPS = {"CAP_NET_ADMIN": 12, "CAP_PERFMON": 38, "CAP_BPF": 39}
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
CLONE_NEWNS = 0x20000
MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8
MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result:
        raise OSError(ctypes.get_errno(), what)


def read_unit(path):
    """The service section: key -> values in order."""
    values = {}
    for line in open(path, encoding="utf-8"):
        if "=" in line and not line.startswith("#"):
            key, value = line.strip().split("=", 1)
            values.setdefault(key, []).append(value)
    return values


def set_read_only(path, on):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, attributes, 32), f"remount {path}")


def make_mounts(unit, moved):
    check(libc.unshare(CLONE_NEWNS), "unshare")
    check(libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "make slave")
    writable = " ".join(unit["ReadWritePaths"]).split()
    for source, target in moved.items():
        writable = [target + path[len(source):] if path.startswith(source) else path for path in writable]
    for path in writable:
        check(libc.mount(path.encode(), path.encode(), None, MS_BIND | MS_REC, None), f"bind {path}")
    check(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID_NODEV_NOEXEC, b"subset=pid,hidepid=invisible"), "proc")
    set_read_only("/", True)
    for path in writable:
        set_read_only(path, False)


def expand(names):
    """@sets to system calls, as systemd defines them."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        text = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True,
                              text=True).stdout
        calls |= expand(word for line in text.splitlines() for word in line.split()
                        if line.startswith("    ") and not line.strip().startswith("#"))
    return calls


def allowed_calls(unit):
    calls = set()
    for value in unit["SystemCallFilter"]:
        if value.startswith("~"):
            calls -= expand(value[1:].split())
        else:
            calls |= expand(value.split())
    return calls


def load_filter(unit, calls, action):
    families = [getattr(socket, name) for name in " ".join(unit["RestrictAddressFamilies"]).split()]
    rules = seccomp.SyscallFilter(action)
    for family in families:
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, family))
    for call in calls - {"socket"}:
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError):
            pass  # of another architecture
    rules.load()


def give_up(unit):
    keep = {CAPS[name] for name in " ".join(unit["CapabilityBoundingSet"]).split()}
    user = pwd.getpwnam(unit["User"][0])
    for cap in set(range(64)) - keep:
        libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)
    os.setgroups([grp.getgrnam(name).gr_gid for name in " ".join(unit["SupplementaryGroups"]).split()])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(int(unit["UMask"][0], 8))
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    check(libc.prctl(PR_SET_MDWE, 1, 0, 0, 0), "mdwe")


def main():
    action = seccomp.KILL_PROCESS
    if sys.argv[1] == "--errno":
        action = seccomp.ERRNO(errno.EPERM)
        del sys.argv[1]
    split = sys.argv.index("--")
    unit = read_unit(sys.argv[1])
    calls = allowed_calls(unit)
    make_mounts(unit, dict(word.split("=", 1) for word in sys.argv[2:split]))
    give_up(unit)
    load_filter(unit, calls, action)
    os.execv(sys.argv[split + 1], sys.argv[split + 1:])


if __name__ == "__main__":
    main()
