# SPDX-License-Identifier: GPL-2.0-only
"""The site itself: without Lenscap every frame arrives, so that a missing frame elsewhere means something."""
import os

from scapy.layers.l2 import Dot1Q, Ether

import netsite


def test_without_lenscap_everything_arrives(site):
    capture = site.capture("core")
    frames = [Ether(src=mac, dst=netsite.CORE, type=0x88b5) / bytes(46) for mac in (netsite.HIKVISION, netsite.LAPTOP)]
    frames.append(Ether(src=netsite.HIKVISION, dst=netsite.CORE) / Dot1Q(vlan=200, type=0x88b5) / bytes(46))
    got = site.send_and_settle("cam1", frames, capture)
    assert got == [bytes(f) for f in frames]


def test_devices_reach_each_other(site):
    assert site.ping("laptop", "10.77.0.4")
    assert site.ping("cam1", "10.77.0.4")
    assert not site.ping("laptop", "10.77.0.99")


def test_close_leaves_nothing():
    site = netsite.Site()
    site.close()
    assert not site.folder.exists()
    assert not [n for n in os.listdir("/run/netns") if n.startswith(site.tag)]
    with open("/proc/mounts", encoding="ascii") as mounts:
        assert site.tag not in mounts.read()


def test_flood_tool_counts_every_frame(site):
    classes = [f"flagged={netsite.HIKVISION}+256*3", "clean=02:00:00:01:00:00+256"]
    site.in_ns(netsite.SWITCH, "ethtool", "-K", "cam1", "gro", "on")  # a port without XDP takes XDP frames so
    assert site.ping("core", "10.77.0.3")  # the bridge learns where the core server is
    receiver = site.flood("core", "receive", classes=classes)
    sent = site.flood_frames("cam1", 100000, "--to", netsite.CORE, classes=classes)
    assert sent == {"flagged": 75000, "clean": 25000}
    assert receiver.stop() == {**sent, "other": 0}
