# SPDX-License-Identifier: GPL-2.0-only
"""System calls made by another process, as code injected into it would: a debugger attaches and calls syscall(2) there.

A call is [name, number, argument...]; an argument is a number, a text, {"bytes": hex} or {"bytes": hex, "at": {offset: argument}}
with addresses put in, or "$name": what the call of that name returned. call() gives {name: value or name of the error}.
This file is read by gdb's own Python too.
"""
import errno
import json
import os
import subprocess
import tempfile

SYS = {
    "x86_64": {
        "read": 0, "mmap": 9, "ioctl": 16, "socket": 41, "listen": 50, "kill": 62, "mknod": 133, "chroot": 161, "mount": 165, "setuid": 105,
        "setresuid": 117, "ptrace": 101, "prctl": 157, "capset": 126, "delete_module": 176, "init_module": 175, "clock_settime": 227,
        "keyctl": 250, "openat": 257, "unshare": 272, "perf_event_open": 298, "fanotify_init": 300, "setns": 308,
        "process_vm_readv": 310, "bpf": 321, "userfaultfd": 323, "personality": 135, "pidfd_getfd": 438, "mkdirat": 258,
    },
}.get(os.uname().machine)


def _address(gdb, value, results):
    """The argument as a number; texts and bytes are put into memory of the process's own."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.startswith("$"):
        return results[value[1:]]
    if isinstance(value, str):
        value = {"bytes": os.fsencode(value).hex() + "00"}
    data = bytearray.fromhex(value["bytes"])
    for offset, inner in value.get("at", {}).items():
        data[int(offset):int(offset) + 8] = _address(gdb, inner, results).to_bytes(8, "little")
    place = int(gdb.parse_and_eval(f"((unsigned long (*)(unsigned long)) malloc)({len(data) or 1})"))
    gdb.selected_inferior().write_memory(place, bytes(data))
    return place


def inside_gdb(gdb, path):
    """Make the calls that the file PATH holds, and write down in it what came of them."""
    with open(path, encoding="ascii") as file:
        calls = json.load(file)
    results = {}
    for name, number, *arguments in calls:
        words = ", ".join(f"{_address(gdb, a, results) & (1 << 64) - 1}UL" for a in arguments)
        value = int(gdb.parse_and_eval(f"((long (*)(long, ...)) syscall)({number}L{', ' if words else ''}{words})"))
        error = int(gdb.parse_and_eval("*((int *(*)(void)) __errno_location)()")) if value == -1 else 0
        results[name] = errno.errorcode.get(error, str(error)) if value == -1 else value
    with open(path, "w", encoding="ascii") as file:
        json.dump(results, file)


def call(pid, calls):
    """Attach to PID, have it make the calls one after the other, let it go on."""
    with tempfile.TemporaryDirectory(prefix="lcinject") as folder:
        path = os.path.join(folder, "calls")
        with open(path, "w", encoding="ascii") as file:
            json.dump([[name, SYS[number], *arguments] for name, number, *arguments in calls], file)
        lines = ["import sys", f"sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})", "import inject",
                 f"inject.inside_gdb(gdb, {path!r})"]
        command = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", str(pid)]
        for line in lines:
            command += ["-ex", f"python {line}"]
        done = subprocess.run([*command, "-ex", "detach"], capture_output=True, text=True, timeout=120, check=False)
        with open(path, encoding="ascii") as file:
            results = json.load(file)
    assert isinstance(results, dict), f"gdb did not get to the end:\n{done.stdout}{done.stderr}"
    return results
