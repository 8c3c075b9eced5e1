# SPDX-License-Identifier: GPL-2.0-only
"""Every action in every direction, by tcx and by clsact: what arrives at the receiver, what at the mirror port, what is counted.

One table: a frame for each action and kind goes out at once, then what came of all of them is compared.
"""
import collections

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

import actionsite
import netsite
from actionsite import ACTIONS, DEVICE, counters, settle_mirror

VLAN = 200
KINDS = {  # to (or from) whom, and whether a contained device may
    "IPv4": (lambda: IP(src="10.77.0.1", dst=actionsite.STRANGER), False),
    "IPv4 permitted": (lambda: IP(src="10.77.0.1", dst=actionsite.PEER), True),
    "IPv6": (lambda: IPv6(src="2001:db8::1", dst=actionsite.STRANGER6), False),
    "IPv6 permitted": (lambda: IPv6(src="2001:db8::1", dst=actionsite.PEER6), True),
    "non-IP": (None, False),
}
TAGS = ("untagged", "inline tag", "offloaded tag")
# from the device; to it through a port of the zone; to it through one that is in no zone, where egress alone judges
WAYS = {"from": ("cam", "core"), "to, in by a zone port": ("core", "cam"), "to, out by a zone port": ("uplink", "cam")}


@pytest.fixture(scope="module", params=["tcx", "clsact"])
def action_site(request):
    site = actionsite.make("--tc", request.param)
    site.kind = request.param
    yield site
    site.close()


def frame(action, kind, way, tag):
    """As it is on the wire; the receiver and the mirror port must have every octet of it."""
    make, _ = KINDS[kind]
    device, other = DEVICE[action], netsite.CORE if way == "from" else netsite.LAPTOP
    packet = Ether(src=device, dst=other) if way == "from" else Ether(src=other, dst=device)
    if tag != "untagged":
        packet /= Dot1Q(vlan=VLAN)
    label = f"{action}/{kind}".encode().ljust(40, b".")
    if make is None:
        packet.lastlayer().type = 0x88B5
        return bytes(packet / Raw(label))
    ip = make()
    if way != "from":
        ip.src, ip.dst = ip.dst, ip.src
    return bytes(packet / ip / UDP(sport=5000, dport=554) / Raw(label))


def expected(action, kind, way):
    """(arrives, is copied, {port: [reasons]})"""
    _, permitted = KINDS[kind]
    sender, receiver = WAYS[way]
    by_tc = receiver if way == "to, out by a zone port" else sender  # what tc stops
    leaves = sender if way == "from" else receiver                   # what passes is counted where it leaves
    by_xdp = (by_tc, "stopped_tc" if way == "to, out by a zone port" else "stopped_xdp")
    stop = (False, False, [by_xdp])
    return {
        "quarantine": stop, "drop": stop,
        "mirror": (True, True, [(leaves, "mirrored"), (leaves, "copied")]),
        "divert": (False, True, [(by_tc, "stopped_tc"), (by_tc, "copied")]),  # a veth may hide tags from XDP
        "contain": (True, False, [(leaves, "contained")]) if permitted else stop,
        "monitor": (True, False, [(leaves, "monitored")]), "allow": (True, False, [(leaves, "allowed")]),
    }[action]


def send(site, frames, way, tag):
    sender, receiver = WAYS[way]
    tagger = site.flood(sender, "tag", "--vlan", VLAN) if tag == "offloaded tag" else None
    arrived = site.capture(receiver)
    site.send_and_settle(sender, frames, arrived)
    if tagger:
        tagger.stop()
    arrived.close()
    return arrived.frames


def labels(frames, originals):
    """Which of the originals these are; anything else as it is."""
    return sorted(originals.get(f, f.hex()) for f in frames)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("way", WAYS)
def test_table(action_site, way, tag):
    cases = [(action, kind) for action in ACTIONS for kind in KINDS]
    originals = {frame(*case, way, tag): case for case in cases}
    inline = "untagged" if tag == "offloaded tag" else tag
    before = counters(action_site)
    mirror = action_site.capture("mon")
    arrived = send(action_site, [frame(*case, way, inline) for case in cases], way, tag)
    copies = settle_mirror(action_site, mirror)
    mirror.close()
    assert labels(arrived, originals) == sorted(case for case in cases if expected(*case, way)[0])
    assert labels(copies, originals) == sorted(case for case in cases if expected(*case, way)[1])
    wanted = collections.Counter(count for case in cases for count in expected(*case, way)[2])
    wanted += collections.Counter({("cam", "mirrored"): 1, ("cam", "copied"): 1})  # the frame that settles
    assert counters(action_site) - before == wanted


def test_state_says_how(action_site):
    state = action_site.loader_state()
    assert (state["mirror"]["interface"], state["mirror"]["present"], state["mirror"]["divert"]) == ("mon", True, "tc")
    assert "takes no XDP frames" in state["mirror"]["reason"]
    for name in ("cam", "core"):
        port = action_site.port_state(name)
        assert (port["tc"], port["egress"], port["divert"]) == (action_site.kind, action_site.kind, "tc")
        assert [z["direction"] for z in port["zones"]] == ["both"]
    assert state["warnings"] == []


def test_group_frames_to_all_are_not_touched(action_site):
    """Broadcast and multicast are to nobody's address, even where a flagged prefix would hold it."""
    frames = [bytes(Ether(src=netsite.LAPTOP, dst=dst, type=0x88B5) / Raw(bytes(46)))
              for dst in ("ff:ff:ff:ff:ff:ff", "45:19:b6:00:00:02", "01:00:5e:00:00:01")]
    before = counters(action_site)
    arrived = send(action_site, frames, "to, out by a zone port", "untagged")
    assert sorted(arrived) == sorted(frames)
    assert counters(action_site) == before


def test_dry_run_passes_all_and_copies_nothing(action_site):
    """The last of the module: the same table in a zone that only counts."""
    actionsite.reload(action_site, zones=[actionsite.zone(mode="dry-run")], mirror={"interface": "mon"})
    cases = [(action, kind) for action in ACTIONS for kind in KINDS]
    for way in WAYS:
        before = counters(action_site)
        frames = [frame(*case, way, "untagged") for case in cases]
        assert sorted(send(action_site, frames, way, "untagged")) == sorted(frames)
        rise = counters(action_site) - before
        assert not {reason for _, reason in rise} & {"copied", "stopped_xdp", "stopped_tc", "mirrored"}
        port = "cam"
        assert rise[(port, "monitored")] == rise[(port, "allowed")] == len(KINDS)
        assert rise[(port, "dry_run")] >= 3 * len(KINDS)
