# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd in enemy hands: a debugger makes it call what an intruder would. doc/security.md names these tests line by line.

`own`: what lenscapd does to itself, started as user lenscap without a unit. `unit`: within what its unit allows besides.
The control is a process of root's that makes the same calls: not one is refused in the same way.
"""
import os
import pathlib
import shutil
import struct
import subprocess

import pytest

import inject
import netsite
import pins

pytestmark = [
    pytest.mark.skipif(not shutil.which("gdb") or not inject.SYS, reason="needs gdb and x86-64"),
]
CONFINE = pathlib.Path(__file__).parent / "confine.py"
AT_FDCWD, O_RDONLY, O_WRONLY, O_CREAT = -100, 0, 1, 0o100
CREATE = O_WRONLY | O_CREAT
PTRACE_SEIZE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP = 0x4206, 39, 21
SIOCSIFFLAGS = 0x8914
EXIT = {"bytes": struct.pack("<QQ", 0xb7, 0x95).hex()}  # r0 = 0; exit


def zero(size=144):
    return {"bytes": bytes(size).hex()}


def program_attr():
    """bpf_attr of an XDP program that lets everything pass."""
    head = struct.pack("=II", 6, 2).ljust(144, b"\0")
    return {"bytes": head.hex(), "at": {"8": EXIT, "16": "GPL"}}


def pin_attr(path, flags=0):
    return {"bytes": struct.pack("=QII", 0, 0, flags).ljust(144, b"\0").hex(), "at": {"0": str(path)}}


def bpf_calls(site):
    """name: (call, how it is refused)."""
    link = sorted((site.bpf / "port" / str(site.port_number("cam1"))).iterdir())[0]
    map_attr = {"bytes": struct.pack("=IIIII", 2, 4, 8, 1, 0).ljust(144, b"\0").hex()}
    calls = {
        "load a program": (["bpf", 5, program_attr(), 144], "EPERM"),
        "make a map": (["bpf", 0, map_attr, 144], "EPERM"),
        "freeze a map": (["bpf", 22, zero(), 144], "EPERM"),
        "attach a program": (["bpf", 8, zero(), 144], "EPERM"),
        "make a link": (["bpf", 28, zero(), 144], "EPERM"),
        "change a link": (["bpf", 29, zero(), 144], "EPERM"),
        "detach a link": (["bpf", 34, zero(), 144], "EPERM"),
        "pin": (["bpf", 6, zero(), 144], "EPERM"),
        "load types": (["bpf", 18, zero(), 144], "EPERM"),
        "open a program by number": (["bpf", 13, zero(), 144], "EPERM"),
        "open a map by number": (["bpf", 14, zero(), 144], "EPERM"),
        "a command of tomorrow": (["bpf", 99, zero(), 144], "EPERM"),
        "open a link": (["bpf", pins.OBJ_GET, pin_attr(link), 144], "EACCES"),
    }
    for name in ("control", "switches", "protect", "ports"):
        calls[f"open root's map {name} to write"] = (["bpf", pins.OBJ_GET, pin_attr(site.bpf / name), 144], "EACCES")
    return calls


def process_calls(site):
    loader = site.loader.pid
    return {
        "trace the loader": (["ptrace", PTRACE_SEIZE, loader, 0, 0], "EPERM"),
        "read the loader's memory": (["process_vm_readv", loader, 0, 0, 0, 0, 0], "EPERM"),
        "take a descriptor": (["pidfd_getfd", -1, 0, 0], "EPERM"),
        "signal the loader": (["kill", loader, 0], "EPERM"),
        "signal init": (["kill", 1, 0], "EPERM"),
        "become root": (["setuid", 0], "EPERM"),
        "become root by all three": (["setresuid", 0, 0, 0], "EPERM"),
        "take capabilities": (["capset", 0, 0], "EPERM"),
        "unshare": (["unshare", 0], "EPERM"),
        "enter a namespace": (["setns", -1, 0], "EPERM"),
        "mount": (["mount", 0, 0, 0, 0, 0], "EPERM"),
        "change the root": (["chroot", "/nonexistent"], "EPERM"),
        "make a device": (["mknod", "/nonexistent/x", 0o020600, 0], "EPERM"),
        "load a module": (["init_module", 0, 0, 0], "EPERM"),
        "remove a module": (["delete_module", "none", 0], "EPERM"),
        "set the clock": (["clock_settime", 0, 0], "EPERM"),
        "use keys": (["keyctl", 0x7fff, 0, 0, 0, 0], "EPERM"),
        "watch by perf": (["perf_event_open", 0, 0, 0, 0, 0], "EPERM"),
        "handle page faults": (["userfaultfd", 0x7fffffff], "EPERM"),
        "watch everybody's files": (["fanotify_init", 0x7fffffff, 0], "EPERM"),
        "change its personality": (["personality", 0xffffffff], "EPERM"),
        "wait for callers": (["listen", -1, 1], "EPERM"),
        "send raw Ethernet": (["socket", 17, 3, 0], "EAFNOSUPPORT"),
        "an AF_XDP socket": (["socket", 44, 3, 0], "EAFNOSUPPORT"),
        "a raw IP socket": (["socket", 2, 3, 1], "EPERM"),
    }


def file_calls(site, confined):
    secret = site.etc / "secret"  # of somebody else: a token, a key
    secret.write_text("secret")
    secret.chmod(0o600)
    calls = {
        "read /etc/shadow": (["openat", AT_FDCWD, "/etc/shadow", O_RDONLY], "EACCES"),
        "read another's secret": (["openat", AT_FDCWD, str(secret), O_RDONLY], "EACCES"),
        "write the configuration": (["openat", AT_FDCWD, str(site.config_file), O_WRONLY], ("EACCES", "EROFS")),
    }
    folders = {"etc": site.etc, "overrides": site.overrides, "accept": site.overrides / "accept", "run": site.run,
               "run/loader": site.run / "loader", "state": site.state, "state/loader": site.state / "loader",
               "/etc": pathlib.Path("/etc"), "/usr/bin": pathlib.Path("/usr/bin")}
    if confined:  # ProtectSystem=strict, PrivateTmp=
        folders |= {"/tmp": pathlib.Path("/tmp"), "/var/tmp": pathlib.Path("/var/tmp"), "/dev/shm": pathlib.Path("/dev/shm")}
    for name, folder in folders.items():
        calls[f"make a file in {name}"] = (["openat", AT_FDCWD, str(folder / "lc-injected"), CREATE, 0o600],
                                           ("EACCES", "EROFS", "EPERM"))
    calls["make a folder in pins"] = (["mkdirat", AT_FDCWD, str(site.bpf / "lc-injected"), 0o700], ("EACCES", "EROFS", "EPERM"))
    return calls


def start_confined(site):
    """As its unit confines it; what the unit's filter forbids is EPERM, as there, and not the end."""
    moved = [f"/run/lenscap={site.run}", f"/var/lib/lenscap={site.state}", f"/var/log/lenscap={site.log}"]
    return site.program("lenscapd", [
        "nsenter", f"--net={site.netns(netsite.SWITCH)}", "--", "/usr/bin/python3", CONFINE, "--errno",
        netsite.ROOT / "dist/lenscapd.service.in", *moved, "--", netsite.BUILD / "lenscapd", "--config", site.config_file])


@pytest.fixture(scope="module", params=["own", "unit"])
def intruder(request):
    """What came of every call made by a lenscapd in enemy hands: (site, calls, its results, results of a root's process)."""
    site = netsite.Site()
    try:
        site.configure()
        site.loader = site.start_loader()
        site.daemon = start_confined(site) if request.param == "unit" else site.start_daemon()
        netsite.wait_until("the policy in force", site.settled)
        site.calls = bpf_calls(site) | process_calls(site) | file_calls(site, request.param == "unit")
        made = [[name, *words] for name, (words, _) in site.calls.items()]
        site.refused = inject.call(site.daemon.pid, made)
        site.may = inject.call(site.daemon.pid, permitted(site))
        with subprocess.Popen(["sleep", "1000"]) as roots:
            try:
                site.control = inject.call(roots.pid, made)
            finally:
                roots.kill()
        yield site
    finally:
        for folder in ("/etc", "/usr/bin", "/tmp", "/var/tmp", "/dev/shm"):
            pathlib.Path(folder, "lc-injected").unlink(missing_ok=True)
        site.close()


def permitted(site):
    """What it may, so that a refusal is not that of a call made wrongly; and what it says of itself."""
    flags = struct.pack("16sH", b"cam1", 0).ljust(40, b"\0").hex()
    return [
        ["open the policy", "bpf", pins.OBJ_GET, pin_attr(site.bpf / "policy_table"), 144],
        ["read the configuration", "openat", AT_FDCWD, str(site.config_file), O_RDONLY],
        ["make a file in state/daemon", "openat", AT_FDCWD, str(site.state / "daemon/lc-injected"), CREATE, 0o600],
        ["make a file in run/daemon", "openat", AT_FDCWD, str(site.run / "daemon/lc-injected"), CREATE, 0o600],
        ["make a file in log", "openat", AT_FDCWD, str(site.log / "lc-injected"), CREATE, 0o600],
        ["netlink", "socket", 16, 3, 0],
        ["no new privileges", "prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0],
        ["filter", "prctl", PR_GET_SECCOMP, 0, 0, 0, 0],
        ["unix", "socket", 1, 2, 0],
        ["set a port down", "ioctl", "$unix", SIOCSIFFLAGS, {"bytes": flags}],
        ["memory to write and run", "mmap", 0, 4096, 7, 0x22, -1, 0],
    ]


def wrong(site, names):
    """Those that were not refused as expected: {name: what came of it}."""
    found = {}
    for name in names:
        expected = site.calls[name][1]
        if site.refused[name] not in ((expected,) if isinstance(expected, str) else expected):
            found[name] = site.refused[name]
    return found


def test_it_cannot_load_attach_or_open_what_is_roots(intruder):
    assert wrong(intruder, bpf_calls(intruder)) == {}


def test_it_cannot_reach_other_processes_users_or_the_kernel(intruder):
    assert wrong(intruder, process_calls(intruder)) == {}


def test_it_cannot_read_secrets_or_write_outside_its_folders(intruder):
    begin = ("read /etc", "read another", "write", "make a file", "make a folder")
    assert wrong(intruder, [name for name in intruder.calls if name.startswith(begin)]) == {}


def test_the_control_is_refused_nothing_of_that(intruder):
    """Of root's process each call succeeds, or fails for a reason of its own."""
    same = {name: result for name, result in intruder.control.items() if result == intruder.refused[name]}
    assert same == {}


def test_it_may_do_its_work_and_has_no_way_to_more(intruder):
    may = intruder.may
    for name in ("open the policy", "read the configuration", "make a file in state/daemon", "make a file in run/daemon",
                 "make a file in log", "netlink", "unix"):
        assert isinstance(may[name], int) and may[name] >= 0, (name, may[name])
    assert may["no new privileges"] == 1 and may["filter"] == 2
    assert may["set a port down"] == "EPERM"
    if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 3):
        assert may["memory to write and run"] in ("EACCES", "EPERM")


def test_enforcement_and_the_program_go_on(intruder):
    assert intruder.daemon.process.poll() is None and intruder.loader.process.poll() is None
    assert not intruder.ping("cam1", "10.77.0.4") and intruder.ping("laptop", "10.77.0.4")
    assert intruder.lenscap("flag", netsite.LAPTOP, "--reason", "test").returncode == 0
    assert not intruder.ping("laptop", "10.77.0.4")
