# SPDX-License-Identifier: GPL-2.0-only
"""Pinned objects by raw system calls: what a process may do with a pin is asked of the kernel itself.

Layouts are those of bpf/abi.h. Run as a program ("pins.py PIN WAY"), it tries one way of changing a pin as whoever
calls it and prints "done" or the name of the error.
"""
import ctypes
import errno
import mmap
import os
import struct
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, OBJ_PIN, OBJ_GET, OBJ_INFO, MAP_FREEZE, LINK_DETACH = 0, 1, 2, 6, 7, 15, 22, 34
F_RDONLY, F_WRONLY = 1 << 3, 1 << 4
LC_PORTS, LC_REASONS = 1024, 32
REASONS = ("stopped_xdp", "stopped_tc", "allowed", "monitored", "no_zone", "dry_run", "bypassed", "unconfirmed",
           "protected", "uncounted", "events_lost", "evicted", "mirrored", "contained", "14", "15", "copied",
           "copy_sampled", "copy_limited", "copy_failed", "capture_lost")
_libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    """The bpf system call; attr is its packed bytes."""
    return bpf_buffer(command, ctypes.create_string_buffer(attr.ljust(144, b"\0"), 144))


def bpf_buffer(command, buffer):
    """The same with 144 bytes that the kernel may write to."""
    result = _libc.syscall(SYS_BPF, command, buffer, 144)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def obj_get(path, flags=0):
    name = ctypes.create_string_buffer(os.fsencode(path))
    return bpf(OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, flags))


def pin_array(path, values):
    """Pin a new array map of 64-bit values over what is there."""
    fd = bpf(MAP_CREATE, struct.pack("=IIIII", 2, 4, 8, len(values), 0))
    for i, value in enumerate(values):
        update(fd, struct.pack("=I", i), struct.pack("=Q", value))
    path.unlink()
    name = ctypes.create_string_buffer(os.fsencode(path))
    bpf(OBJ_PIN, struct.pack("=QII", ctypes.addressof(name), fd, 0))
    os.close(fd)


def _bpf_map_info(fd):
    """(type, id, key size, value size, entries)."""
    info = ctypes.create_string_buffer(128)
    bpf(OBJ_INFO, struct.pack("=IIQ", fd, 128, ctypes.addressof(info)))
    return struct.unpack("=IIIII", info.raw[:20])


def map_info(fd):
    """(key size, value size, entries) of a map."""
    return _bpf_map_info(fd)[2:]


def map_id(path):
    fd = obj_get(path, F_RDONLY)
    try:
        return _bpf_map_info(fd)[1]
    finally:
        os.close(fd)


def switches(fd):
    """Nanoseconds of bypass, confirmation and capture."""
    return struct.unpack("=QQQ", lookup(fd, bytes(4), 24))


def set_switches(fd, bypass, confirm, capture):
    update(fd, bytes(4), struct.pack("=QQQ", bypass, confirm, capture))


def epoch(folder):
    """Of the policy in force."""
    fd = obj_get(folder / "policy_head", F_RDONLY)
    try:
        return struct.unpack("=IIQ", lookup(fd, bytes(4), 64)[:16])[2]
    finally:
        os.close(fd)


def lookup(fd, key, size):
    key, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(size)
    bpf(MAP_LOOKUP, struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
    return value.raw


def update(fd, key, value):
    key, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
    bpf(MAP_UPDATE, struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))


def control(folder):
    """struct lc_control as a dict."""
    fd = obj_get(folder / "control", F_RDONLY)
    try:
        abi, generation, _, _, buckets, slots, cpus, capacity = struct.unpack("=IIQQIIII", lookup(fd, bytes(4), 40))
    finally:
        os.close(fd)
    return {"abi": abi, "generation": generation, "buckets": buckets, "slots": slots, "cpus": cpus,
            "capacity": capacity}


def totals(folder, port):
    """Frames of one port number by reason, all CPUs added up; reasons without a frame are left out."""
    fd = obj_get(folder / "totals", F_RDONLY)
    try:
        frames = [0] * LC_REASONS
        for cpu in range(control(folder)["cpus"]):
            value = lookup(fd, struct.pack("=I", cpu * LC_PORTS + port), 16 * LC_REASONS)
            frames = [a + b for a, b in zip(frames, struct.unpack(f"={LC_REASONS}Q", value[:8 * LC_REASONS]))]
    finally:
        os.close(fd)
    return {name: n for name, n in zip(REASONS, frames) if n}


def _mmap(path):
    fd = obj_get(path)
    key, value, entries = map_info(fd)
    mmap.mmap(fd, (value + 7) // 8 * 8 * entries, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)


def _write(path):
    """Write the first element back as it is."""
    fd = obj_get(path)
    key, value, _ = map_info(fd)
    try:
        before = lookup(fd, bytes(key), value)
    except OSError:  # an empty hash
        before = bytes(value)
    update(fd, bytes(key), before)


def _write_only(path):
    fd = obj_get(path, F_WRONLY)
    key, value, _ = map_info(fd)
    update(fd, bytes(key), bytes(value))


WAYS = {
    "read": lambda path: obj_get(path, F_RDONLY),
    "write": _write,
    "write-only": _write_only,
    "mmap": _mmap,
    "freeze": lambda path: bpf(MAP_FREEZE, struct.pack("=I", obj_get(path))),
    "detach": lambda path: bpf(LINK_DETACH, struct.pack("=I", obj_get(path))),
    "open": obj_get,
    "unlink": os.unlink,
    "replace": lambda path: os.rename(path, path + "_old"),
}


def main():
    try:
        WAYS[sys.argv[2]](sys.argv[1])
    except (OSError, ValueError) as error:
        print(errno.errorcode.get(getattr(error, "errno", None), type(error).__name__))
    else:
        print("done")


if __name__ == "__main__":
    main()
