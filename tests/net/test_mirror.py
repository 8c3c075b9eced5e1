# SPDX-License-Identifier: GPL-2.0-only
"""The mirror port as it comes and goes, what is cut and left out, other people's programs, and ends in the middle of it all.

One site for all tests; each leaves it as it found it: the default configuration, the loader running.
"""
import os
import signal
import struct

import pytest
from scapy.layers.l2 import Ether

import actionsite
import foreign
import loaderkit as kit
import netsite
from actionsite import DEVICE, counters, reload, settle_mirror
from netsite import SWITCH, wait_until

SEEN = 30  # seconds until the loader has surely looked again (every five, on a busy machine)
DEFAULT = {"zones": [actionsite.zone()], "mirror": {"interface": "mon"}}
SIDES = ("ingress", "egress")


# With sanitizers the one of them that has more code of ours: what the kernel does is the same.
KINDS = ["clsact"] if netsite.BUILD.name == "san" else ["tcx", "clsact"]


@pytest.fixture(scope="module", params=KINDS)
def made(request):
    site = actionsite.make("--tc", request.param)
    site.kind = request.param
    site.sha256 = site.loader_state()["config"]["sha256"]
    yield site
    site.close()


@pytest.fixture
def site(made):
    """The site in its default state, also after a test that failed."""
    if made.loader.process.poll() is not None:
        made.loader = made.start_loader("--tc", made.kind)
    if made.loader_state()["config"]["sha256"] != made.sha256:
        reload(made, **DEFAULT)
    return made


def frames(action, count=1, size=60, way="from", tag=b""):
    """Distinct frames of one device."""
    ends = (DEVICE[action], netsite.CORE) if way == "from" else (netsite.LAPTOP, DEVICE[action])
    head = bytes(Ether(src=ends[0], dst=ends[1], type=0x88B5))
    return [(head + tag + struct.pack("!I", n)).ljust(size, b"\x5a") for n in range(count)]


def rise(site, before):
    return {reason: n for (_, reason), n in (counters(site) - before).items()}


def pass_through(site, sent, host="cam", receiver="core", mirror_host="mon", interface="eth0"):
    """(arrived, copies, what was counted, less the frame that settles)"""
    before = counters(site)
    arrived, mirror = site.capture(receiver), site.capture(mirror_host, interface)
    site.send_and_settle(host, sent, arrived)
    copies = settle_mirror(site, mirror)
    arrived.close()
    mirror.close()
    counted = rise(site, before)
    for reason in ("mirrored", "copied"):
        counted[reason] -= 1
    return arrived.frames, copies, {reason: n for reason, n in counted.items() if n}


def without_mirror(site, sent):
    """(arrived, what was counted) while no copy can settle anything."""
    before = counters(site)
    arrived = site.capture("core")
    site.send_and_settle("cam", sent, arrived)
    arrived.close()
    return arrived.frames, rise(site, before)


def on_tc(site, name, side):
    """Ids of all programs there, by tcx or in clsact."""
    filters = [t["id"] for t in kit.net(site)["tc"] if t["devname"] == name and t["kind"] == f"clsact/{side}"]
    return foreign.programs(site, name, side) + filters


def mirror_state(site):
    return site.loader_state()["mirror"]


def wait_mirror(site, present):
    return wait_until(f"the mirror port to be {'there' if present else 'away'}",
                      lambda: (lambda m: m if m["present"] == present else None)(mirror_state(site)), SEEN)


# ---- What a copy is, and what is left out ----
def test_a_thousand_frames_are_a_thousand_copies(site):
    sent = frames("mirror", 1000)
    arrived, copies, counted = pass_through(site, sent)
    assert (arrived, copies) == (sent, sent)
    assert counted == {"mirrored": 1000, "copied": 1000}


@pytest.mark.parametrize("snaplen", [64, 1000])
def test_snaplen_cuts_copies_and_nothing_else(site, snaplen):
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "snaplen": snaplen})
    mirrored = frames("mirror", 3, 1400) + frames("mirror", 3, 60)
    sent = mirrored + frames("divert", 3, 1400) + frames("divert", 3, 60)
    copies = [f[:snaplen] for f in sent]
    assert pass_through(site, sent)[:2] == (mirrored, copies)
    names = {p.name for p in (site.bpf / "copies").iterdir()}
    assert names == {"egress_link" if site.kind == "tcx" else "egress_prog"}
    kit.stop(site, signal.SIGKILL)  # and a start takes its program over
    site.loader = site.start_loader("--tc", site.kind)
    assert pass_through(site, sent)[:2] == (mirrored, copies)
    reload(site, **DEFAULT)
    assert pass_through(site, sent)[:2] == (mirrored, sent)
    assert not (site.bpf / "copies").exists()
    assert on_tc(site, "mon", "egress") == []


def occupy(site):
    """Leave no room on the mirror port for a program of ours: a full tcx chain, or a filter of our number. Returns the end of it."""
    if site.kind == "tcx":
        links = [foreign.tcx(site, "mon", "egress") for _ in range(63)]  # as many as there can be
        return lambda: [os.close(link) for link in links]
    foreign.pin(site.bpf / "somebody")
    site.in_ns(SWITCH, "tc", "qdisc", "add", "dev", "mon", "clsact", check=False)
    site.in_ns(SWITCH, "tc", "filter", "add", "dev", "mon", "egress", "prio", "1", "handle", "0x6c656e73", "bpf", "da",
               "pinned", site.bpf / "somebody")
    (site.bpf / "somebody").unlink()
    return lambda: site.in_ns(SWITCH, "tc", "filter", "delete", "dev", "mon", "egress", "prio", "1")


def test_copies_stay_whole_where_nothing_can_cut_them(site):
    """And it is said; no mark of ours is left on them. Once there is room they are cut."""
    leave = occupy(site)
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "snaplen": 64})
    assert any(w.startswith("mirror port mon: ") and w.endswith("; copies are not cut to 64 octets")
               for w in site.loader_state()["warnings"])
    sent = frames("mirror", 3, 200)
    assert pass_through(site, sent)[:2] == (sent, sent)
    leave()
    wait_until("room for ours", lambda: site.loader_state()["warnings"] == [], SEEN)
    assert pass_through(site, sent)[:2] == (sent, [f[:64] for f in sent])
    reload(site, **DEFAULT)


def test_sample_and_rate_limit_leave_out_and_count(site):
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "sample": "1/10"})
    before = counters(site)
    site.send("cam", frames("mirror", 1000))
    wait_until("all to be counted", lambda: rise(site, before).get("mirrored") == 1000)
    assert rise(site, before) == {"mirrored": 1000, "copied": 100, "copy_sampled": 900}
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "rate-limit": 10})
    before = counters(site)
    site.send("cam", frames("divert", 1000))
    wait_until("all to be counted", lambda: rise(site, before).get("stopped_tc") == 1000)
    counted = rise(site, before)
    assert counted["copied"] + counted["copy_limited"] == 1000 and counted["copied"] < 500
    reload(site, **DEFAULT)
    assert pass_through(site, frames("mirror", 20))[2] == {"mirrored": 20, "copied": 20}


# ---- It comes and goes ----
def gone_and_verdicts_stay(site, why):
    """No copies; what is dropped is dropped, what is diverted is not in the network, what is mirrored passes."""
    state = wait_mirror(site, False)
    assert (state["ifindex"], state["reason"]) == (0, why)
    assert any(w.startswith(f"mirror port mon {why}") for w in site.loader_state()["warnings"])
    mirrored = frames("mirror", 3)
    arrived, counted = without_mirror(site, frames("drop", 3) + frames("divert", 3) + mirrored)
    assert arrived == mirrored
    assert counted == {"stopped_xdp": 6, "mirrored": 3, "copy_failed": 6}


def back(site):
    assert wait_mirror(site, True)["ifindex"] > 0
    wait_until("no warning", lambda: site.loader_state()["warnings"] == [], SEEN)
    sent = frames("mirror", 10)
    assert pass_through(site, sent)[:2] == (sent, sent)
    assert pass_through(site, frames("divert", 10))[:2] == ([], frames("divert", 10))


def test_mirror_port_is_deleted_and_made_anew(site):
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "snaplen": 64})
    kit.ip(site, "link", "delete", "mon")
    gone_and_verdicts_stay(site, "is not there")
    site.add_port("mon", "02:00:00:00:00:77", bridge=None)
    back(site)
    assert pass_through(site, frames("mirror", 1, 200))[1] == [frames("mirror", 1, 200)[0][:64]]
    reload(site, **DEFAULT)


def test_mirror_port_is_renamed_and_named_again(site):
    kit.ip(site, "link", "set", "mon", "down")
    wait_until("a warning", lambda: any("is down" in w for w in site.loader_state()["warnings"]), SEEN)
    kit.ip(site, "link", "set", "mon", "name", "other")
    gone_and_verdicts_stay(site, "is not there")
    kit.ip(site, "link", "set", "other", "name", "mon")
    kit.ip(site, "link", "set", "mon", "up")
    back(site)


def test_mirror_port_in_a_zone_is_refused(site):
    reload(site, zones=[actionsite.zone(interfaces=["cam", "core", "m?n"])], mirror={"interface": "mon"})
    gone_and_verdicts_stay(site, "is in a zone, where copies would be judged again")
    reload(site, **DEFAULT)
    back(site)


def test_xdp_is_used_only_while_the_mirror_port_takes_it(site):
    """A veth says that it does while its other end has XDP; read again at every look. Ports that may hide tags stay with tc."""
    assert mirror_state(site)["divert"] == "tc" and "takes no XDP frames" in mirror_state(site)["reason"]
    receiver = site.flood("mon", "receive", "--pass", classes=["all=00:00:00:00:00:00+1"])
    wait_until("XDP to be possible", lambda: mirror_state(site)["divert"] == "xdp", SEEN)
    assert mirror_state(site)["reason"] is None and site.port_state("cam")["divert"] == "tc"
    assert pass_through(site, frames("divert", 10))[:2] == ([], frames("divert", 10))
    receiver.stop()
    wait_until("tc again", lambda: mirror_state(site)["divert"] == "tc", SEEN)


# ---- VXLAN ----
@pytest.fixture
def tunnel(site):
    """vx0 of the switch leads to vx0 of the core server, over the server's own port, which is in the zone."""
    kit.ip(site, "address", "add", "10.77.0.254/24", "dev", "br0")
    for host, remote, device in ((SWITCH, "10.77.0.4", "br0"), ("core", "10.77.0.254", "eth0")):
        site.in_ns(host, "ip", "link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "4789", "remote", remote,
                   "dev", device)
        site.in_ns(host, "ip", "link", "set", "vx0", "up", "mtu", "1450")
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "vx0"})
    yield site
    reload(site, **DEFAULT)
    for host in (SWITCH, "core"):
        site.in_ns(host, "ip", "link", "delete", "vx0")
    kit.ip(site, "address", "delete", "10.77.0.254/24", "dev", "br0")


def test_copies_by_vxlan_over_a_port_of_the_zone(tunnel):
    """A thousand frames are a thousand copies, decoded at the far end: the tunnel's own frames are not copied again."""
    assert (mirror_state(tunnel)["present"], mirror_state(tunnel)["divert"]) == (True, "tc")
    assert tunnel.ping("core", "10.77.0.254")
    outer = tunnel.capture("core")
    sent = frames("mirror", 500) + frames("mirror", 500, 1000, tag=b"\x81\x00\x00\xc8\x08\x00")
    arrived, copies, counted = pass_through(tunnel, sent, mirror_host="core", interface="vx0")
    assert ([f for f in arrived if f[6:12].hex(":") == DEVICE["mirror"]], copies) == (sent, sent)
    assert counted == {"mirrored": 1000, "copied": 1000}
    assert sum(f[34:38].endswith(b"\x12\xb5") for f in outer.drain()) == 1001  # UDP port 4789; one more settles
    outer.close()
    assert pass_through(tunnel, frames("divert", 10), mirror_host="core", interface="vx0")[1] == frames("divert", 10)


# ---- Permitted addresses ----
def test_permitted_addresses_change_with_a_reload(site):
    def passes(address):
        head = bytes(Ether(src=DEVICE["contain"], dst=netsite.CORE, type=0x800))
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, 0, 0, 64, 17, 0, bytes([10, 77, 0, 1]), address)
        return len(pass_through(site, [head + ip + struct.pack("!HHHH", 5000, 554, 26, 0) + bytes(18)])[0])
    peer, stranger = bytes([10, 77, 0, 5]), bytes([10, 77, 0, 9])
    assert (passes(peer), passes(stranger)) == (1, 0)
    links, pin = kit.link_ids(site), (site.bpf / "permits").stat().st_ino
    reload(site, zones=[actionsite.zone(permit=["10.77.0.8/30"])], mirror={"interface": "mon"})
    assert (passes(peer), passes(stranger)) == (0, 1)
    assert (site.bpf / "permits").stat().st_ino != pin and kit.link_ids(site) == links
    reload(site, **DEFAULT)
    assert (passes(peer), passes(stranger)) == (1, 0)


# ---- One direction again ----
def test_egress_goes_when_no_zone_wants_it_and_ours_alone(site):
    assert len(on_tc(site, "cam", "egress")) == 1
    links = {name: number for name, number in kit.link_ids(site).items() if not name.endswith("egress_link")}
    reload(site, zones=[actionsite.zone(direction="from")], mirror={"interface": "mon"})
    assert on_tc(site, "cam", "egress") == [] and site.port_state("cam")["egress"] == "none"
    assert kit.link_ids(site) == links
    assert not list((site.bpf / "port").glob("*/egress*"))
    sent = frames("drop", 3, way="to")
    assert pass_through(site, sent, "uplink", "cam")[::2] == (sent, {})
    reload(site, **DEFAULT)
    assert len(on_tc(site, "cam", "egress")) == 1
    assert pass_through(site, sent, "uplink", "cam")[::2] == ([], {"stopped_tc": 3})


# ---- Ends in the middle ----
def test_loader_is_killed_and_all_goes_on(site):
    links = kit.link_ids(site)
    assert len(links) == (6 if site.kind == "tcx" else 2)
    kit.stop(site, signal.SIGKILL)
    sent = frames("mirror", 10)
    assert pass_through(site, sent)[:2] == (sent, sent)
    assert pass_through(site, frames("drop", 10, way="to"), "uplink", "cam")[::2] == ([], {"stopped_tc": 10})
    site.loader = site.start_loader("--tc", site.kind)
    assert kit.link_ids(site) == links
    assert site.loader_state()["warnings"] == [] and site.port_state("cam")["egress"] == site.kind
    assert [len(on_tc(site, "cam", side)) for side in SIDES] == [1, 1]
    assert pass_through(site, sent)[:2] == (sent, sent)
    assert pass_through(site, frames("drop", 10, way="to"), "uplink", "cam")[::2] == ([], {"stopped_tc": 10})


def test_mirror_port_vanishes_while_no_loader_runs(site):
    kit.stop(site, signal.SIGKILL)
    kit.ip(site, "link", "delete", "mon")
    mirrored = frames("mirror", 3)
    arrived, counted = without_mirror(site, frames("drop", 3) + frames("divert", 3) + mirrored)
    assert arrived == mirrored
    assert counted == {"stopped_xdp": 3, "stopped_tc": 3, "mirrored": 3, "copy_failed": 6}
    site.loader = site.start_loader("--tc", site.kind)
    gone_and_verdicts_stay(site, "is not there")
    site.add_port("mon", "02:00:00:00:00:77", bridge=None)
    back(site)


def test_mirror_port_vanishes_and_returns_while_frames_flow(site):
    """None of those diverted is in the network, and each is a copy or counted as one that could not be made."""
    classes = [f"divert={actionsite.BLOCK['divert']}:00:00:00+16*9", "clean=02:00:00:01:00:00+16*1"]
    before = counters(site)
    network = site.flood("core", "receive", classes=classes)
    sender = site.flood("cam", "send", "--rate", 20000, "--to", netsite.CORE, classes=classes)

    def copies(reason, more):
        start = counters(site)[("cam", reason)]
        wait_until(f"{more} {reason}", lambda: counters(site)[("cam", reason)] >= start + more, SEEN)
    copies("copied", 500)
    kit.ip(site, "link", "delete", "mon")
    copies("copy_failed", 500)
    site.add_port("mon", "02:00:00:00:00:77", bridge=None)
    copies("copied", 500)
    sent = sender.stop()
    wait_until("the last clean frame", lambda: network.counts()["clean"] >= sent["clean"])
    got = network.stop()
    assert (got["divert"], got["clean"]) == (0, sent["clean"])
    counted = rise(site, before)
    assert counted["copied"] + counted["copy_failed"] == sent["divert"]
    assert counted["stopped_tc"] + counted["stopped_xdp"] == sent["divert"]  # with no mirror port XDP need not leave it to tc
    back(site)


def test_port_is_deleted_and_made_anew(site):
    number = site.port_number("cam")
    kit.ip(site, "link", "delete", "cam")
    wait_until("the port to be gone", lambda: site.port_state("cam") is None, SEEN)
    assert not list((site.bpf / "port" / str(number)).iterdir())
    site.add_port("cam", "02:00:00:00:00:99")
    for mac in DEVICE.values():
        site.in_ns(SWITCH, "bridge", "fdb", "replace", mac, "dev", "cam", "master", "static")
    kit.wait_port(site, "cam", "attached again", lambda p: p["up"] and p["egress"] == site.kind)
    assert site.port_number("cam") == number
    assert pass_through(site, frames("drop", 3, way="to"), "uplink", "cam")[::2] == ([], {"stopped_tc": 3})


def test_killed_again_and_again_while_frames_flow_to_a_device(site):
    """At starts, at reloads: not one frame to it gets through."""
    classes = [f"all={netsite.LAPTOP}", "clean=02:00:00:01:00:00"]
    before = counters(site)
    receiver = site.flood("cam", "receive", classes=classes)
    sender = site.flood("uplink", "send", "--rate", 20000, "--to", DEVICE["drop"], classes=classes)
    for delay in (0.01, 0.03, 0.1):
        kit.stop(site, signal.SIGKILL)
        site.loader = site.start_loader("--tc", site.kind, wait=False)
        netsite.time.sleep(delay)  # where it is killed is the test's subject
    kit.stop(site, signal.SIGKILL)
    site.loader = site.start_loader("--tc", site.kind)
    site.configure(zones=[actionsite.zone(permit=["10.77.0.6"])], mirror={"interface": "mon"})
    site.loader.process.send_signal(signal.SIGHUP)  # other permits are other programs
    kit.stop(site, signal.SIGKILL)
    site.loader = site.start_loader("--tc", site.kind)
    assert [site.port_state(port)["egress"] for port in ("cam", "core")] == [site.kind] * 2
    reload(site, **DEFAULT)
    sent = sender.stop()
    got = receiver.stop()
    assert sent["all"] > 1000 and (got["all"], got["clean"]) == (0, 0)
    assert rise(site, before) == {"stopped_tc": sent["all"] + sent["clean"]}


# ---- Other people's programs ----
def with_foreign(site, test):
    """Somebody's program drops one EtherType, both ways, and ours the devices; then TEST, and theirs still does."""
    theirs = b"\x88\xb7"

    def works(ours):
        for way, host, receiver in (("from", "cam", "core"), ("to", "uplink", "cam")):
            clean = bytes(Ether(src="02:00:00:00:12:34", dst=netsite.CORE if way == "from" else "02:00:00:00:00:99"))[:12]
            sent = [clean + theirs + bytes(46), clean + b"\x88\xb5" + bytes(46)] + frames("drop", 2, way=way)
            arrived = site.capture(receiver)
            got = site.send_and_settle(host, sent, arrived)
            arrived.close()
            assert got == (sent[1:2] if ours else sent[1:])
    works(True)
    test()
    works(False)


def detach(site):
    kit.stop(site)
    kit.loader(site, "--detach")


def test_foreign_tcx_programs_go_on_and_stay(site):
    links = [foreign.tcx(site, "cam", side) for side in SIDES]
    with_foreign(site, lambda: detach(site))
    assert [len(on_tc(site, "cam", side)) for side in SIDES] == [1, 1]
    for link in links:
        os.close(link)
    site.loader = site.start_loader("--tc", site.kind)


def test_foreign_filters_go_on_and_stay(site):
    pin = site.bpf / "somebody"
    foreign.pin(pin)
    site.in_ns(SWITCH, "tc", "qdisc", "add", "dev", "cam", "clsact", check=False)  # ours may have made it
    for side in SIDES:
        site.in_ns(SWITCH, "tc", "filter", "add", "dev", "cam", side, "prio", "7", "bpf", "da", "pinned", pin)
    with_foreign(site, lambda: detach(site))
    for side in SIDES:
        shown = site.in_ns(SWITCH, "tc", "filter", "show", "dev", "cam", side).stdout
        assert "pref 7" in shown and "pref 1 " not in shown
        site.in_ns(SWITCH, "tc", "filter", "delete", "dev", "cam", side, "prio", "7")
    pin.unlink()
    site.loader = site.start_loader("--tc", site.kind)


def test_foreign_xdp_program_goes_on_and_stays(site):
    """All actions are tc's then, and each frame is counted once."""
    detach(site)
    pin = site.bpf / "somebody"
    netsite.run("bpftool", "prog", "load", netsite.BUILD / "bpf" / "lenscap_xdp.bpf.o", pin, "type", "xdp")
    site.in_ns(SWITCH, "bpftool", "net", "attach", "xdpdrv", "pinned", pin, "dev", "cam")
    theirs = kit.xdp_on(site, "cam")
    site.loader = site.start_loader("--tc", site.kind)
    assert (site.port_state("cam")["xdp"], site.port_state("cam")["divert"]) == ("foreign", "tc")
    mirrored, diverted = frames("mirror", 3), frames("divert", 3)
    assert pass_through(site, mirrored + diverted + frames("drop", 3)) == \
        (mirrored, mirrored + diverted, {"mirrored": 3, "copied": 6, "stopped_tc": 6})
    assert pass_through(site, frames("drop", 3, way="to"), "uplink", "cam")[::2] == ([], {"stopped_tc": 3})
    detach(site)
    assert kit.xdp_on(site, "cam") == theirs
    site.in_ns(SWITCH, "bpftool", "net", "detach", "xdpdrv", "dev", "cam")
    pin.unlink()
    site.loader = site.start_loader("--tc", site.kind)


def test_detach_takes_all_of_it_off(site):
    reload(site, zones=DEFAULT["zones"], mirror={"interface": "mon", "snaplen": 64})
    assert len(on_tc(site, "mon", "egress")) == 1
    detach(site)
    assert kit.net(site)["xdp"] == []
    assert not any(on_tc(site, name, side) for name in ("cam", "core", "mon") for side in SIDES)
    assert [p.name for p in site.bpf.iterdir() if not p.name.endswith(".debug")] == []
    site.configure(**DEFAULT)
    site.loader = site.start_loader("--tc", site.kind)
