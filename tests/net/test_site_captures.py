# SPDX-License-Identifier: GPL-2.0-only
"""Real traffic replayed through the running programs, with the exact number of frames each camera may lose."""
import csv
import json
import pathlib

import pytest
from scapy.utils import RawPcapNgReader, RawPcapReader

import netsite

CAPTURES = netsite.SHARED / "captures"
ENCAP = sorted(p.name for p in (CAPTURES / "encap").glob("*")) if CAPTURES.exists() else ["(no captures)"]
pytestmark = pytest.mark.skipif(not CAPTURES.exists(), reason=f"no captures in {CAPTURES}")
FLAGGED = bytes.fromhex("4419b6000001")


def read(path):
    """Every frame's bytes."""
    kind = RawPcapNgReader if pathlib.Path(path).read_bytes()[:4] == b"\x0a\x0d\x0d\x0a" else RawPcapReader
    reader = kind(str(path))
    frames = [frame for frame, _ in reader]
    reader.close()
    return frames


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def with_mac(frames, old, new):
    """The same frames with one address for another, as source and as destination."""
    def swap(address):
        return new if address == old else address
    return [swap(f[:6]) + swap(f[6:12]) + f[12:] for f in frames]


def vendor_feed(site, group):
    """A feed with every prefix of a vendor group, from the reviewed table."""
    with open(netsite.SHARED / "vendors.csv", newline="", encoding="utf-8") as table:
        rows = {(r[2].lower(), int(r[3])) for r in csv.reader(table) if r[0] == group}
    entries = [{"prefix": bytes.fromhex(digits.ljust(12, "0")).hex(":") + f"/{length}"}
               for digits, length in sorted(rows)]
    head = {"lenscap": 1, "list": group, "serial": 1, "generated": "2026-07-01T00:00:00Z", "count": len(entries)}
    path = site.feed_path(f"{group}.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *entries]))
    return {"name": group, "path": str(path)}


@pytest.fixture
def replay():
    """A site for merged frames of up to 64 KiB. Call with frames, and the configuration's changes: what arrived, and
    what the port counted."""
    site = netsite.Site(devices=False)
    site.add_host("cam1", "02:00:00:00:00:01", mtu=65535)
    site.add_host("core", netsite.CORE, mtu=65535)
    site.in_ns(netsite.SWITCH, "ethtool", "-K", "cam1", "gro", "off")  # it would merge frames before they arrive
    site.in_ns(netsite.SWITCH, "bridge", "link", "set", "dev", "cam1", "learning", "off")  # both ends sit behind it

    def go(frames, **changes):
        site.configure(**changes)
        site.start()
        capture = site.capture("core")
        return site.send_and_settle("cam1", frames, capture), site.totals("cam1")
    go.site = site
    yield go
    site.close()


def stopped(counted):
    return counted.get("stopped_xdp", 0) + counted.get("stopped_tc", 0)


def test_camera_with_a_hikvision_address(replay):
    frames = with_mac(read(CAPTURES / "01-nku-imilab-camera-setup.pcap"), mac("78:df:72:24:69:4d"), FLAGGED)
    assert len(frames) == 630
    got, counted = replay(frames)
    assert (len(got), stopped(counted), sum(counted.values())) == (235, 395, 395)
    assert got == [f for f in frames if f[6:12] != FLAGGED]


def test_camera_with_its_own_address_is_not_touched(replay):
    """Control: nobody lists the maker."""
    frames = read(CAPTURES / "01-nku-imilab-camera-setup.pcap")
    assert replay(frames) == (frames, {})


def test_tuya_broadcasts(replay):
    frames = read(CAPTURES / "03-ndpi-tuya-lan-broadcast.pcap")
    got, counted = replay(frames, feeds=[vendor_feed(replay.site, "tuya")])
    assert (len(frames), len(got), stopped(counted)) == (98, 61, 37)


def test_busy_lan_loses_exactly_the_one_xiaomi_frame(replay):
    frames = read(CAPTURES / "05-ndpi-1kxun-busy-lan.pcap")
    got, counted = replay(frames, feeds=[vendor_feed(replay.site, "xiaomi")])
    assert (len(frames), len(got), stopped(counted)) == (1723, 1722, 1)
    assert sum(len(f) > 1514 for f in got) == sum(len(f) > 1514 for f in frames) > 0


def test_unlisted_camera_passes_until_the_auditor_names_it(replay):
    frames = read(CAPTURES / "06-neu-yi-camera-unlisted-oui.pcap")
    assert replay(frames) == (frames, {})
    site = replay.site
    camera = "b0:d5:9d:b9:f0:b4"
    assert site.lenscap("flag", camera, "--reason", "auditor").returncode == 0
    capture = site.capture("core")
    got = site.send_and_settle("cam1", frames, capture)
    assert len(got) == 1631 - 1249
    assert stopped(site.totals("cam1")) == 1249


@pytest.mark.parametrize("name", ENCAP)
def test_encapsulated_frames_of_a_flagged_source(replay, name):
    frames = [f[:6] + FLAGGED + f[12:] for f in read(CAPTURES / "encap" / name)]
    got, counted = replay(frames)
    assert got == []
    assert (stopped(counted), sum(counted.values())) == (len(frames), len(frames))


@pytest.mark.parametrize("name", ENCAP)
def test_encapsulated_frames_in_dry_run(replay, name):
    """Control of the former: each is seen and passes. (A bridge keeps link-local groups, so the port is asked.)"""
    frames = [f[:6] + FLAGGED + f[12:] for f in read(CAPTURES / "encap" / name)]
    got, counted = replay(frames, zones=[{"name": "core", "interfaces": ["bridge:br0"], "mode": "dry-run"}])
    assert counted == {"dry_run": len(frames)}
    assert got == [f for f in frames if f[:5] != bytes.fromhex("0180c20000") or f[5] == 0 or f[5] > 15]
