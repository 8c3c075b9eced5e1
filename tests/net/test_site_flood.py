# SPDX-License-Identifier: GPL-2.0-only
"""A flood of ten million frames: exactly the flagged ones are missing, and the counters agree to the frame."""
import pytest

import netsite

# of each 100 frames: 64 of one vendor, 26 of another, 10 of clean sources; 4,096 addresses of each camera maker
CLASSES = ["hikvision=44:19:b6:00:00:00+4096*64", "dahua=3c:ef:8c:00:00:00+4096*26", "clean=02:00:00:01:00:00+64*10"]
FRAMES = 10_000_000


@pytest.fixture
def flood_site(site):
    config = site.configure()
    config["policy"]["devices"] = 262144  # so many that none of the 8,192 goes without a slot
    site.configure(policy=config["policy"])
    site.start()
    assert site.ping("core", "10.77.0.3")  # the bridge learns where the core server is
    return site


def arrived(receiver):
    """By class; the switch's and the server's own ARP is not part of the flood."""
    return {name: n for name, n in receiver.stop().items() if name != "other"}


def test_ten_million_frames(flood_site):
    receiver = flood_site.flood("core", "receive", classes=CLASSES)
    sent = flood_site.flood_frames("cam1", FRAMES, "--to", netsite.CORE, classes=CLASSES)
    assert sent == {"hikvision": 6_400_000, "dahua": 2_600_000, "clean": 1_000_000}
    assert arrived(receiver) == {"hikvision": 0, "dahua": 0, "clean": 1_000_000}
    counted = flood_site.totals("cam1")
    assert {r: n for r, n in counted.items() if r != "events_lost"} == {"stopped_xdp": 9_000_000}
    devices = [d for d in flood_site.lenscap_json("devices")["devices"] if d["port"] == "cam1"]
    assert len(devices) == 8192
    assert sum(d["stopped_frames"] for d in devices) == 9_000_000


def test_bypass_lets_the_same_flood_through(flood_site):
    """Control: a hundredth of it, not stopped."""
    assert flood_site.lenscap("bypass", "on", "--for", "5m").returncode == 0
    receiver = flood_site.flood("core", "receive", classes=CLASSES)
    sent = flood_site.flood_frames("cam1", FRAMES // 100, "--to", netsite.CORE, classes=CLASSES)
    assert arrived(receiver) == sent
    counted = flood_site.totals("cam1")
    assert counted["bypassed"] == sent["hikvision"] + sent["dahua"]
    assert "stopped_xdp" not in counted and "stopped_tc" not in counted
