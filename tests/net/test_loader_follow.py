# SPDX-License-Identifier: GPL-2.0-only
"""Following interfaces: they come, go, come back, change names, addresses and namespaces."""
import os
import signal
import struct

import pytest

import loaderkit as kit
import pins
from netsite import SWITCH, run, wait_until


@pytest.fixture
def following(bare_site):
    """p1 attached, p2 not there yet; the loader running."""
    kit.add_port(bare_site, "p1")
    kit.leave_snapshot(bare_site)
    bare_site.configure(zones=[{**kit.ZONE, "direction": "both"}])  # egress is followed too
    bare_site.loader = bare_site.start_loader()
    return bare_site


def row(site, number):
    """A line of the ports map: name, ifindex, xdp, tc, MAC."""
    fd = pins.obj_get(site.bpf / "ports", pins.F_RDONLY)
    try:
        data = pins.lookup(fd, struct.pack("=I", number), 64)
    finally:
        os.close(fd)
    name, ifindex, xdp, tc, mac = struct.unpack("=16sIBB6s", data[:28])
    return name.rstrip(b"\0").decode(), ifindex, xdp, tc, mac.hex(":")


def ifindex(site, name):
    return int(kit.ip(site, "-o", "link", "show", "dev", name).stdout.split(":")[0])


def test_a_port_that_appears_is_attached_before_it_is_up(following):
    following.add_namespace("p2")
    kit.ip(following, "link", "add", "p2", "type", "veth", "peer", "name", "eth0", "address", kit.CAMERA,
           "netns", f"{following.tag}-p2")
    port = kit.wait_port(following, "p2")
    assert (port["up"], port["xdp"], port["tc"]) == (False, "native", "tcx")
    kit.ip(following, "link", "set", "p2", "up")
    following.in_ns("p2", "ip", "link", "set", "eth0", "up")
    kit.wait_port(following, "p2", "up", lambda p: p["up"])
    assert kit.counted(following, "p2") == {"stopped_xdp": 3}


def test_a_port_in_no_zone_is_left_alone(following):
    kit.add_port(following, "q1")
    kit.add_port(following, "p2")
    kit.wait_port(following, "p2")  # later than q1 was seen
    assert following.port_state("q1") is None and kit.xdp_on(following, "q1") is None


def test_deleted_and_made_anew_keeps_its_number_and_counters(following):
    number = following.port_number("p1")
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}
    before = kit.link_ids(following)
    kit.ip(following, "link", "delete", "p1")
    wait_until("p1 to be gone", lambda: following.port_state("p1") is None)
    assert row(following, number)[:4] == ("p1", 0, 0, 0)
    assert kit.links(following) == {}
    following.add_port("p1", kit.CAMERA, bridge=None)
    kit.wait_port(following, "p1")
    assert following.port_number("p1") == number
    assert not set(before.values()) & set(kit.link_ids(following).values())
    kit.counted(following, "p1")
    assert following.totals("p1")["stopped_xdp"] == 6


def test_deleted_while_the_loader_is_dead(following):
    kit.stop(following, signal.SIGKILL)
    old = ifindex(following, "p1")
    kit.ip(following, "link", "delete", "p1")
    kit.ip(following, "link", "add", "p1", "index", str(old), "type", "veth", "peer", "name", "eth0",
           "address", kit.CAMERA, "netns", f"{following.tag}-p1")
    kit.ip(following, "link", "set", "p1", "up")
    following.in_ns("p1", "ip", "link", "set", "eth0", "up")
    assert [link["ifindex"] for link in kit.links(following).values()] == [0, 0, 0]  # the pins are there, the links dead
    following.loader = following.start_loader()
    assert ifindex(following, "p1") == old  # the number was used again, the device is another
    assert following.port_state("p1")["enforcing"]
    assert [link["ifindex"] for link in kit.links(following).values()] == [old, old, old]
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}


def test_made_anew_with_the_same_number_at_once(following):
    old = ifindex(following, "p1")
    following.loader.process.send_signal(signal.SIGSTOP)  # it will see both changes together
    kit.ip(following, "link", "delete", "p1")
    kit.ip(following, "link", "add", "p1", "index", str(old), "type", "veth", "peer", "name", "eth0",
           "address", kit.CAMERA, "netns", f"{following.tag}-p1")
    kit.ip(following, "link", "set", "p1", "up")
    following.in_ns("p1", "ip", "link", "set", "eth0", "up")
    assert kit.xdp_on(following, "p1") is None
    following.loader.process.send_signal(signal.SIGCONT)
    wait_until("a program on it", lambda: kit.xdp_on(following, "p1"))
    kit.wait_port(following, "p1", "attached", lambda p: p["xdp"] == "native" and p["tc"] == "tcx" and p["up"])
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}


def test_renamed_within_its_zone(following):
    number, links = following.port_number("p1"), kit.link_ids(following)
    kit.ip(following, "link", "set", "p1", "name", "p7")
    kit.wait_port(following, "p7")
    assert following.port_state("p1") is None and following.port_number("p7") == number
    assert kit.link_ids(following) == links
    assert row(following, number)[0] == "p7"


def test_renamed_out_of_every_zone_and_back(following):
    kit.ip(following, "link", "set", "p1", "name", "q1")
    wait_until("it to be let go", lambda: kit.net(following)["xdp"] == [] and kit.links(following) == {})
    wait_until("its state to say so", lambda: following.loader_state()["ports"] == [])
    kit.ip(following, "link", "set", "q1", "name", "p1")
    kit.wait_port(following, "p1")
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}


def test_renamed_while_the_loader_is_dead(following):
    links = kit.link_ids(following)
    kit.stop(following, signal.SIGKILL)
    kit.ip(following, "link", "set", "p1", "name", "p7")
    following.loader = following.start_loader()
    assert kit.link_ids(following) == links and following.port_state("p7")["enforcing"]


@pytest.mark.parametrize("dead", [False, True])
def test_address_changed(following, dead):
    """The port keeps its links; the new address is protected, the old one is not any more."""
    links, number = kit.link_ids(following), following.port_number("p1")
    if dead:
        kit.stop(following, signal.SIGKILL)
    kit.ip(following, "link", "set", "p1", "address", kit.CAMERA)
    if dead:
        following.loader = following.start_loader()
    wait_until("the new address", lambda: row(following, number)[4] == kit.CAMERA)
    assert kit.link_ids(following) == links
    assert kit.counted(following, "p1") == {"protected": 3}  # it is this router's own now
    kit.ip(following, "link", "set", "p1", "address", "02:aa:00:00:00:77")
    wait_until("it", lambda: row(following, number)[4] == "02:aa:00:00:00:77")
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}


def test_moved_to_another_namespace_goes_on_and_comes_back(following):
    links = kit.link_ids(following)
    kit.ip(following, "link", "set", "p1", "netns", f"{following.tag}-p1")
    port = kit.wait_port(following, "p1", "elsewhere", lambda p: p["ifindex"] == 0)
    assert port["enforcing"] and any("moved to another network namespace" in w for w in port["warnings"])
    following.in_ns("p1", "ip", "link", "set", "p1", "up")
    following.in_ns("p1", "ip", "link", "set", "eth0", "up")
    assert kit.counted(following, "p1") == {"stopped_xdp": 3}
    following.in_ns("p1", "ip", "link", "set", "p1", "netns", following.netns(SWITCH))
    kit.wait_port(following, "p1", "here", lambda p: p["ifindex"] > 0 and not p["warnings"])
    assert kit.link_ids(following) == links


def test_moved_away_and_back_while_the_loader_looks(following):
    """It may be away at one step of a look and back at the next: in the end it is one port, under its own links."""
    links, number = kit.link_ids(following), following.port_number("p1")
    there, home = (following.netns(n) for n in ("p1", SWITCH))
    for _ in range(25):
        following.in_ns(SWITCH, "sh", "-c", f"ip link set p1 netns {there} && nsenter --net={there} ip link set p1 netns {home}")
    wait_until("one port under its own links", lambda: [(p["number"], p["ifindex"] > 0, p["warnings"]) for p in
                                                        following.loader_state()["ports"]] == [(number, True, [])], 30)
    assert kit.link_ids(following) == links
    assert [t["kind"] for t in kit.net(following)["tc"]] in ([], ["tcx/ingress"])  # nothing of the others is left


def test_moved_away_and_the_loader_restarted(following):
    links = kit.link_ids(following)
    kit.ip(following, "link", "set", "p1", "netns", f"{following.tag}-p1")
    kit.wait_port(following, "p1", "elsewhere", lambda p: p["ifindex"] == 0)
    kit.stop(following)
    following.loader = following.start_loader()
    assert kit.wait_port(following, "p1")["ifindex"] == 0
    assert kit.link_ids(following) == links
    kit.stop(following)
    kit.loader(following, "--detach")
    assert run("nsenter", f"--net={following.netns('p1')}", "bpftool", "-j", "net", "show").stdout.count("devname") == 0


def test_bridge_ports_now_and_later(bare_site):
    kit.leave_snapshot(bare_site)
    kit.add_port(bare_site, "x1", bridge="br0")
    kit.add_port(bare_site, "x2")
    bare_site.configure(zones=[{**kit.ZONE, "interfaces": ["bridge:br0"]}])
    bare_site.loader = bare_site.start_loader()
    assert [p["name"] for p in bare_site.loader_state()["ports"]] == ["x1"]
    kit.ip(bare_site, "link", "set", "x2", "master", "br0")
    kit.wait_port(bare_site, "x2")
    kit.ip(bare_site, "link", "set", "x1", "nomaster")
    wait_until("x1 to be let go", lambda: bare_site.port_state("x1") is None)
    assert kit.xdp_on(bare_site, "x1") is None and kit.xdp_on(bare_site, "x2")


def test_lost_messages_are_made_up_for(following):
    """More changes than the socket holds while the loader does not read: it lists everything again."""
    following.loader.process.send_signal(signal.SIGSTOP)
    batch = following.folder / "batch"
    batch.write_text("".join(f"link set br0 alias a{i}\n" for i in range(4000))
                     + "link add p9 type veth peer name p9x\nlink delete p1\n", encoding="ascii")
    kit.ip(following, "-batch", str(batch))
    drops = [line.split() for line in open(f"/proc/{following.loader.pid}/net/netlink", encoding="ascii")]
    assert any(f[1] == "0" and f[8] != "0" for f in drops[1:]), "the burst was too small to lose anything"
    following.loader.process.send_signal(signal.SIGCONT)
    kit.wait_port(following, "p9")
    wait_until("p1 to be gone", lambda: following.port_state("p1") is None)
    assert kit.xdp_on(following, "p9")


def test_many_ports_at_once(bare_site):
    kit.leave_snapshot(bare_site)
    bare_site.configure(zones=[kit.ZONE])
    bare_site.loader = bare_site.start_loader()
    batch = bare_site.folder / "batch"
    batch.write_text("".join(f"link add p{i} type veth peer name y{i}\n" for i in range(20, 60)), encoding="ascii")
    kit.ip(bare_site, "-batch", str(batch))
    wait_until("all ports", lambda: len(bare_site.loader_state()["ports"]) == 40, limit=120)
    assert len({p["number"] for p in bare_site.loader_state()["ports"]}) == 40
    assert all(p["enforcing"] for p in bare_site.loader_state()["ports"])
    assert len(kit.net(bare_site)["xdp"]) == 40
