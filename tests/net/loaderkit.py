# SPDX-License-Identifier: GPL-2.0-only
"""What the loader's tests ask of the kernel, and a policy for them without lenscapd: a snapshot of words."""
import ctypes
import hashlib
import json
import os
import shutil
import signal
import struct

import netsite
import pins
from netsite import SWITCH, wait_until

ABI = 3  # LC_ABI
MAGIC = 0x3153444F5743434C  # struct lc_snapshot
LENGTHS = {24: 0, 28: 1, 36: 2, 48: 3}
DROP, MONITOR = 2, 6
ZONE = {"name": "core", "interfaces": ["p*"], "action": "drop", "mode": "enforce"}
CAMERA = "44:19:b6:00:00:0a"  # on every port of these tests; flagged by SNAPSHOT_ENTRIES
SNAPSHOT_ENTRIES = [("44:19:b6", 24, DROP)]


def word(prefix, length, action):
    """A policy word (bpf/abi.h)."""
    number = int(prefix.replace(":", "").ljust(12, "0"), 16)
    return number << 16 | LENGTHS[length] << 8 | action


def snapshot_bytes(entries):
    words = b"".join(struct.pack("<Q", w) for w in sorted(word(*e) for e in entries))
    return struct.pack("<QII", MAGIC, ABI, len(words) // 8) + hashlib.blake2b(words, digest_size=32).digest() + words


def leave_snapshot(site, entries=None, data=None):
    """What lenscapd leaves for the next boot."""
    path = site.state / "daemon" / "table.words"
    path.write_bytes(snapshot_bytes(SNAPSHOT_ENTRIES if entries is None else entries) if data is None else data)
    path.chmod(0o644)


def add_port(site, name, mac=CAMERA, bridge=None, **kwargs):
    """A port with a device behind it; both ends up."""
    site.add_host(name, mac, bridge=bridge, **kwargs)


def ip(site, *arguments):
    return site.in_ns(SWITCH, "ip", *arguments)


def loader(site, *options, check=True):
    """The loader for something that ends: --check, --detach, --once, errors."""
    return site.in_ns(SWITCH, netsite.BUILD / "lenscap-loader", "--config", site.config_file, *options, check=check)


def wait_port(site, name, what="attached", test=lambda p: p["enforcing"]):
    return wait_until(f"{name}: {what}", lambda: (lambda p: p if p and test(p) else None)(site.port_state(name)))


def links(site):
    """Every pinned link: "<number>/<pin>" to its id, its program's, and the interface it is on (0 = it is dead)."""
    found = {}
    for path in sorted((site.bpf / "port").glob("*/*_link")):
        try:
            fd, info = pins.obj_get(path), ctypes.create_string_buffer(128)
        except FileNotFoundError:  # the loader is removing it now
            continue
        pins.bpf(pins.OBJ_INFO, struct.pack("=IIQ", fd, 128, ctypes.addressof(info)))
        os.close(fd)
        _, number, prog, _, ifindex = struct.unpack("=IIIII", info.raw[:20])
        found[f"{path.parent.name}/{path.name}"] = {"id": number, "prog_id": prog, "ifindex": ifindex}
    return found


def link_ids(site):
    return {name: link["id"] for name, link in links(site).items()}


def prog_ids(site):
    return {name: link["prog_id"] for name, link in links(site).items()}


def net(site):
    """What is on the interfaces, whoever's: bpftool net."""
    return json.loads(site.in_ns(SWITCH, "bpftool", "-j", "net", "show").stdout)[0]


def xdp_on(site, name):
    """(mode, program id) on an interface, or None."""
    return next(((x["mode"], x["id"]) for x in net(site)["xdp"] if x["devname"] == name), None)


def counted(site, name, count=3):
    """Send frames of the flagged camera behind a port; what its counters say of them, by reason."""
    number = site.port_number(name)
    before = pins.totals(site.bpf, number)
    frame = bytes.fromhex("ffffffffffff" + CAMERA.replace(":", "") + "88b6") + bytes(46)
    site.send(name, [frame] * count)

    def difference():
        now = pins.totals(site.bpf, number)
        rise = {reason: n - before.get(reason, 0) for reason, n in now.items() if n != before.get(reason, 0)}
        rise.pop("events_lost", None)
        return rise if sum(rise.values()) >= count else None
    return wait_until(f"{count} frames on {name} to be counted", difference)


def stop(site, sig=signal.SIGTERM):
    return site.loader.stop(sig)


def copy_build(folder):
    """Another file of the same program, as an upgrade leaves."""
    folder.mkdir(exist_ok=True)
    shutil.copy(netsite.BUILD / "lenscap-loader", folder / "lenscap-loader")
    return folder
