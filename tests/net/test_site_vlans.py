# SPDX-License-Identifier: GPL-2.0-only
"""Zones by VLAN: tags in the frame and tags the kernel keeps beside it, and the double tag that hides a VLAN."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

import netsite

STOPPED, NO_ZONE = "stopped", "no_zone"


@pytest.fixture(scope="module")
def vlan_site():
    """Zone "cctv" is VLAN 200 of the camera's port and nothing else."""
    site = netsite.Site(devices=False)
    site.add_host("cam1", netsite.HIKVISION)
    site.add_host("core", netsite.CORE)
    site.configure(zones=[{"name": "cctv", "interfaces": ["cam1"], "vlans": [200], "mode": "enforce"}])
    site.start()
    yield site
    site.close()


def frame(*tags):
    packet = Ether(src=netsite.HIKVISION, dst=netsite.CORE)
    for tag in tags:
        packet /= tag
    return packet / IP(dst="10.77.0.4") / UDP() / bytes(20)


def outcome(site, packet):
    """(what the port counted for one frame, whether it arrived)"""
    before = site.totals("cam1")
    capture = site.capture("core")
    got = site.send_and_settle("cam1", [packet], capture)
    capture.close()
    after = site.totals("cam1")
    counted = [reason for reason, n in after.items() for _ in range(n - before.get(reason, 0))]
    return [STOPPED if c.startswith("stopped") else c for c in counted], len(got)


TAGS = {
    "untagged": ([], NO_ZONE),
    "200": ([Dot1Q(vlan=200)], STOPPED),
    "100": ([Dot1Q(vlan=100)], NO_ZONE),
    "200 with priority and DEI": ([Dot1Q(vlan=200, prio=7, id=1)], STOPPED),
    "0": ([Dot1Q(vlan=0)], NO_ZONE),
    "0,200": ([Dot1Q(vlan=0), Dot1Q(vlan=200)], STOPPED),
    "0,0,200": ([Dot1Q(vlan=0), Dot1Q(vlan=0), Dot1Q(vlan=200)], STOPPED),
    "0,100": ([Dot1Q(vlan=0), Dot1Q(vlan=100)], NO_ZONE),
    "100,200": ([Dot1Q(vlan=100), Dot1Q(vlan=200)], NO_ZONE),
    "200,100": ([Dot1Q(vlan=200), Dot1Q(vlan=100)], STOPPED),
    "802.1ad 200": ([Dot1AD(vlan=200)], STOPPED),
    "802.1ad 0, 200": ([Dot1AD(vlan=0), Dot1Q(vlan=200)], STOPPED),
    "802.1ad 100, 200": ([Dot1AD(vlan=100), Dot1Q(vlan=200)], NO_ZONE),
}


@pytest.mark.parametrize("name", TAGS)
def test_tags_in_the_frame(vlan_site, name):
    tags, expected = TAGS[name]
    assert outcome(vlan_site, frame(*tags)) == ([expected], int(expected == NO_ZONE))


HIDDEN = {  # VLAN in the metadata, tags behind it in the frame
    "200": (200, [], STOPPED),
    "100": (100, [], NO_ZONE),
    "0, then 200 inline": (0, [Dot1Q(vlan=200)], STOPPED),
    "0, then 100 inline": (0, [Dot1Q(vlan=100)], NO_ZONE),
    "200, then 100 inline": (200, [Dot1Q(vlan=100)], STOPPED),
    "100, then 200 inline": (100, [Dot1Q(vlan=200)], NO_ZONE),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_tag_in_the_metadata(vlan_site, name):
    vlan, tags, expected = HIDDEN[name]
    tagger = vlan_site.flood("cam1", "tag", "--vlan", vlan)
    result = outcome(vlan_site, frame(*tags))
    tagger.stop()
    assert result == ([expected], int(expected == NO_ZONE))


def test_port_says_that_tc_decides_vlans(vlan_site):
    """A veth may carry a tag beside the frame, where XDP is blind."""
    assert vlan_site.port_state("cam1")["vlan"] == "tc"
