# SPDX-License-Identifier: GPL-2.0-only
"""Frames of every kind through running loader and daemon: a flagged source's never arrive, a clean one's always do."""
import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert, fragment
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6, IPv6ExtHdrHopByHop, Jumbo
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import Raw

import netsite

CLEAN = "02:00:00:00:01:01"
UNLISTED = "44:19:b5:ff:ff:ff"  # the address before Hikvision's block
LAST = "44:19:b6:ff:ff:ff"      # the last one in it


def eth(src, kind=None, dst=netsite.CORE):
    return Ether(src=src, dst=dst) if kind is None else Ether(src=src, dst=dst, type=kind)


def udp(size=10):
    return IP(src="10.77.0.1", dst="10.77.0.4") / UDP(sport=5000, dport=554) / Raw(bytes(size))


KINDS = {
    "IPv4": lambda s: eth(s) / udp(),
    "broadcast": lambda s: eth(s, dst="ff:ff:ff:ff:ff:ff") / udp(),
    "multicast": lambda s: eth(s, dst="01:00:5e:7f:ff:fa") / udp(),
    "IPv4 with options": lambda s: eth(s) / IP(options=[IPOption_Router_Alert()], dst="10.77.0.4") / UDP() / Raw(b"x"),
    "IPv4 fragment": lambda s: eth(s) / IP(dst="10.77.0.4", frag=185, flags="MF") / Raw(bytes(1480)),
    "IPv4 cut off": lambda s: bytes(eth(s) / udp())[:20],
    "TCP": lambda s: eth(s) / IP(dst="10.77.0.4") / TCP(dport=80, flags="S"),
    "ARP": lambda s: eth(s, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=s, psrc="10.77.0.1", pdst="10.77.0.4"),
    "ARP naming another": lambda s: eth(s, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=CLEAN, psrc="10.77.0.1"),
    "IPv6": lambda s: eth(s) / IPv6(src="fe80::1", dst="fe80::4") / UDP() / Raw(b"x"),
    "IPv6 neighbour": lambda s: eth(s, dst="33:33:ff:00:00:04") / IPv6(src="fe80::1", dst="ff02::1:ff00:4") /
    ICMPv6ND_NS(tgt="fe80::4"),
    "IPv6 jumbogram": lambda s: eth(s) / IPv6(src="fe80::1", dst="fe80::4", plen=0) /
    IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)]) / Raw(bytes(64)),
    "802.3 LLC": lambda s: Dot3(src=s, dst=netsite.CORE) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(bytes(35)),
    "802.3 SNAP": lambda s: Dot3(src=s, dst=netsite.CORE) / LLC() / SNAP(OUI=0xc, code=0x2000) / Raw(bytes(40)),
    "802.3 length 0": lambda s: eth(s, 0) / Raw(bytes(46)),
    "ethertype ffff": lambda s: eth(s, 0xffff) / Raw(bytes(46)),
    "ethertype alone": lambda s: eth(s, 0x88b5) / Raw(b"x"),
    "VLAN tag": lambda s: eth(s) / Dot1Q(vlan=200) / udp(),
    "priority tag": lambda s: eth(s) / Dot1Q(vlan=0, prio=7) / udp(),
    "priority tag, then VLAN": lambda s: eth(s) / Dot1Q(vlan=0) / Dot1Q(vlan=200) / udp(),
    "two tags": lambda s: eth(s) / Dot1Q(vlan=100) / Dot1Q(vlan=200) / udp(),
    "QinQ 802.1ad": lambda s: eth(s) / Dot1AD(vlan=100) / Dot1Q(vlan=200) / udp(),
    "three tags": lambda s: eth(s) / Dot1AD(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / udp(),
    "nine priority tags": lambda s: eth(s, 0x8100) / Raw(b"\0\0\x81\0" * 9 + bytes(40)),
    "PPPoE": lambda s: eth(s, 0x8864) / PPPoE() / PPP() / IP(),
    "MPLS": lambda s: eth(s, 0x8847) / MPLS(label=16, s=1) / udp(),
    "MACsec": lambda s: eth(s, 0x88e5) / Raw(bytes(60)),
    "1,500 bytes": lambda s: eth(s) / udp(1472),
    "9,000 bytes": lambda s: eth(s) / udp(8972),
}

CUT = {  # the kernel itself drops these between XDP and tc
    "tag cut off": lambda s: eth(s, 0x8100) / Raw(b"\0\xc8"),
    "tag without a type": lambda s: eth(s, 0x8100) / Raw(b"\0"),
}


@pytest.fixture(scope="module")
def jumbo():
    site = netsite.Site(devices=False)
    site.add_host("cam1", netsite.HIKVISION, mtu=9000)
    site.add_host("core", netsite.CORE, mtu=9000)
    site.start()
    yield site
    site.close()


@pytest.fixture(scope="module")
def dry_run():
    site = netsite.Site(devices=False)
    site.add_host("cam1", netsite.HIKVISION, mtu=9000)
    site.add_host("core", netsite.CORE, mtu=9000)
    site.configure(zones=[{"name": "core", "interfaces": ["bridge:br0"], "mode": "dry-run"}])
    site.start()
    yield site
    site.close()


def exchange(site, frames):
    """Send from cam1; what arrived at the core server, and what the port counted meanwhile."""
    before = site.totals("cam1")
    capture = site.capture("core")
    got = site.send_and_settle("cam1", frames, capture)
    capture.close()
    after = site.totals("cam1")
    return got, {reason: n - before.get(reason, 0) for reason, n in after.items() if n != before.get(reason, 0)}


@pytest.mark.parametrize("kind", KINDS)
def test_flagged_frame_is_stopped(jumbo, kind):
    got, counted = exchange(jumbo, [KINDS[kind](netsite.HIKVISION), KINDS[kind](LAST)])
    assert got == []
    assert sum(counted.values()) == 2
    assert set(counted) <= {"stopped_xdp", "stopped_tc"}


@pytest.mark.parametrize("kind", KINDS)
def test_clean_frame_arrives(jumbo, kind):
    frames = [bytes(KINDS[kind](CLEAN)), bytes(KINDS[kind](UNLISTED))]
    got, counted = exchange(jumbo, frames)
    assert got == frames
    assert counted == {}


@pytest.mark.parametrize("kind", KINDS)
def test_flagged_frame_arrives_in_dry_run(dry_run, kind):
    """The control of the first: the same frames, counted, and they arrive."""
    frames = [bytes(KINDS[kind](netsite.HIKVISION)), bytes(KINDS[kind](LAST))]
    got, counted = exchange(dry_run, frames)
    assert got == frames
    assert counted == {"dry_run": 2}


@pytest.mark.parametrize("kind", CUT)
def test_cut_off_tag(jumbo, kind):
    assert exchange(jumbo, [CUT[kind](netsite.HIKVISION)]) == ([], {"stopped_xdp": 1})
    assert exchange(jumbo, [CUT[kind](CLEAN)]) == ([], {})


def test_fragments_of_one_datagram(jumbo):
    pieces = fragment(IP(src="10.77.0.1", dst="10.77.0.4") / UDP() / Raw(bytes(20000)), 8000)
    got, counted = exchange(jumbo, [eth(netsite.HIKVISION) / piece for piece in pieces])
    assert (got, sum(counted.values())) == ([], len(pieces))
    got, counted = exchange(jumbo, [eth(CLEAN) / piece for piece in pieces])
    assert (len(got), counted) == (len(pieces), {})
