# SPDX-License-Identifier: GPL-2.0-only
"""A site for what is more than drop and pass: a port with a device for every action, a core server's port in the same zone,
an uplink in none, a mirror port. The loader alone runs, with a snapshot as policy."""
import collections
import os
import signal

from scapy.layers.l2 import Ether

import loaderkit as kit
import netsite
from netsite import SWITCH, wait_until

ACTIONS = {"quarantine": 1, "drop": 2, "mirror": 3, "divert": 4, "contain": 5, "monitor": 6, "allow": 7}
DEVICE = {action: f"44:19:b6:00:00:{number:02x}" for action, number in ACTIONS.items()}
# whole blocks of devices, for floods
BLOCK = {"drop": "3c:ef:8c", "mirror": "a0:bd:1d", "divert": "4c:11:bf", "contain": "90:02:a9"}
PEER, PEER6, STRANGER, STRANGER6 = "10.77.0.5", "2001:db8::5", "10.77.0.9", "2001:db8::9"


def zone(**changes):
    """The zone of "cam" and "core"."""
    return {"name": "core", "interfaces": ["cam", "core"], "action": "drop", "mode": "enforce", "direction": "both",
            "permit": [PEER, PEER6], "actions": [a for a in ACTIONS if a != "quarantine"], **changes}


def make(*options):
    """Attached; the frames' ways through the bridge are fixed, so that none is flooded to other ports."""
    site = netsite.Site(devices=False)
    site.add_host("cam", "02:00:00:00:00:99")
    site.add_host("core", netsite.CORE, "10.77.0.4")
    site.add_host("uplink", netsite.LAPTOP)
    add_mirror(site)
    site.in_ns(SWITCH, "ethtool", "-K", "uplink", "gro", "on")  # or it takes no XDP frames, as the flood tool sends them
    for mac, port in [(mac, "cam") for mac in DEVICE.values()] + [(netsite.CORE, "core"), (netsite.LAPTOP, "uplink")]:
        site.in_ns(SWITCH, "bridge", "fdb", "add", mac, "dev", port, "master", "static")
    kit.leave_snapshot(site, [(DEVICE[action], 48, number) for action, number in ACTIONS.items()] +
                       [(block, 24, ACTIONS[action]) for action, block in BLOCK.items()])
    site.configure(zones=[zone()], mirror={"interface": "mon"})
    site.loader = site.start_loader(*options)
    return site


def add_mirror(site):
    site.add_host("mon", "02:00:00:00:00:77", bridge=None)


def reload(site, **changes):
    """Another configuration, in force when this returns."""
    site.configure(**changes)
    before = site.loader.messages().count("READY=1")
    site.loader.process.send_signal(signal.SIGHUP)
    wait_until("the reload", lambda: site.loader.messages().count("READY=1") > before, limit=60)
    assert site.loader_state()["config"]["error"] is None


def counters(site, ports=("cam", "core")):
    """Frames by port and reason."""
    return collections.Counter({(port, reason): n for port in ports for reason, n in site.totals(port).items()
                                if reason not in ("events_lost", "uncounted")})


def settle_mirror(site, mirror):
    """A mirrored frame behind all others; when its copy is there, so are theirs. The copies before it."""
    marker = os.urandom(8)
    site.send("cam", [bytes(Ether(src=DEVICE["mirror"], dst=netsite.CORE, type=0x88B6)) + marker + bytes(38)])
    mirror.until("the last copy", lambda f: marker in f[:32])
    return [f for f in mirror.frames if marker not in f[:32]]
