# SPDX-License-Identifier: GPL-2.0-only
"""A million frames of every action: each is where it belongs, and the counters agree to the frame."""
import pytest

import actionsite
import netsite
from actionsite import BLOCK, counters
from netsite import wait_until

FRAMES = 1_000_000
# of each 10 frames: 4 diverted, 2 mirrored, 2 contained, 1 dropped, 1 clean; 256 addresses of each
WEIGHTS = {"divert": 4, "mirror": 2, "contain": 2, "drop": 1}
CLASSES = [f"{action}={BLOCK[action]}:00:00:00+256*{weight}" for action, weight in WEIGHTS.items()] + \
          ["clean=02:00:00:01:00:00+256*1"]


@pytest.fixture(scope="module")
def flooded():
    site = actionsite.make()
    yield site
    site.close()


def flood(site, frames, *options, host="cam", receiver="core", classes=None):
    """(sent, in the network, at the mirror port, counted)"""
    classes = classes or CLASSES
    before = counters(site)
    network, mirror = site.flood(receiver, "receive", classes=classes), site.flood("mon", "receive", classes=classes)
    sent = site.flood_frames(host, frames, *options, classes=classes)
    wait_until("the last clean frame", lambda: network.counts().get("clean", 0) >= sent.get("clean", 0))
    got, copies = network.stop(), mirror.stop()
    return sent, got, copies, {f"{port} {reason}": n for (port, reason), n in (counters(site) - before).items()}


def test_a_million_frames_from_devices(flooded):
    sent, network, mirror, counted = flood(flooded, FRAMES, "--to", netsite.CORE, "--ip", actionsite.PEER)
    assert sent == {"divert": 400_000, "mirror": 200_000, "contain": 200_000, "drop": 100_000, "clean": 100_000}
    assert {name: n for name, n in network.items() if name != "other"} == \
        {"divert": 0, "mirror": 200_000, "contain": 200_000, "drop": 0, "clean": 100_000}
    assert {name: n for name, n in mirror.items() if name != "other"} == \
        {"divert": 400_000, "mirror": 200_000, "contain": 0, "drop": 0, "clean": 0}
    assert counted == {"cam stopped_xdp": 100_000, "cam stopped_tc": 400_000, "cam mirrored": 200_000,
                       "cam contained": 200_000, "cam copied": 600_000}


def test_contained_devices_reach_nobody_else(flooded):
    """The same frames to another address: those of contained devices are stopped, all else is as before."""
    sent, network, mirror, counted = flood(flooded, FRAMES // 10, "--to", netsite.CORE, "--ip", actionsite.STRANGER)
    assert (network["contain"], mirror["contain"]) == (0, 0)
    assert network["mirror"] == mirror["mirror"] == sent["mirror"] == 20_000
    assert (network["divert"], mirror["divert"]) == (0, sent["divert"])
    assert counted["cam stopped_xdp"] == sent["contain"] + sent["drop"] == 30_000 and "cam contained" not in counted


def test_frames_to_a_contained_device(flooded):
    """From the recorder alone, by the sender's address: 10.77.0.5 is the end of its MAC address in these frames."""
    device = actionsite.DEVICE["contain"]
    classes = ["recorder=02:00:00:4d:00:05+1*3", "stranger=02:00:00:4d:00:09+1*7"]
    before = counters(flooded)
    receiver = flooded.flood("cam", "receive", classes=classes)
    sent = flooded.flood_frames("uplink", FRAMES // 10, "--to", device, "--ip", "10.77.0.1", classes=classes)
    wait_until("the recorder's frames", lambda: receiver.counts()["recorder"] >= sent["recorder"])
    got = receiver.stop()
    assert (got["recorder"], got["stranger"]) == (sent["recorder"], 0) == (30_000, 0)
    assert counters(flooded) - before == {("cam", "contained"): 30_000, ("cam", "stopped_tc"): 70_000}
