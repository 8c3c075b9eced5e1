# SPDX-License-Identifier: GPL-2.0-only
"""Attaching: which interfaces, in which mode, with which pins; what others have on them stays."""
import grp
import os
import signal
import stat

import pytest

import loaderkit as kit
import netsite
from netsite import SWITCH, run, wait_until


def names(site):
    return sorted(p["name"] for p in site.loader_state()["ports"])


def test_native_and_tcx_with_the_snapshot_in_force(ports):
    ports.loader = ports.start_loader()
    for name in ("p1", "p2"):
        port = ports.port_state(name)
        assert (port["xdp"], port["xdp_reason"], port["tc"], port["tc_reason"]) == ("native", None, "tcx", None)
        assert (port["enforcing"], port["warnings"], port["foreign_id"]) == (True, [], None)
        assert kit.xdp_on(ports, name)[0] == "driver"
        assert kit.counted(ports, name) == {"stopped_xdp": 3}
    assert names(ports) == ["p1", "p2"]


def test_without_a_snapshot_nothing_is_flagged(ports):
    """Control, and it is said."""
    (ports.state / "daemon" / "table.words").unlink()
    ports.loader = ports.start_loader()
    assert "table.words is not there: nothing is flagged until lenscapd runs" in ports.loader.text()
    assert netsite.pins.totals(ports.bpf, ports.port_number("p1")) == {}


@pytest.mark.parametrize("damage", ["empty", "cut", "turned bit", "too many", "fifo", "symlink"])
def test_damaged_snapshot_is_said_and_the_loader_goes_on(ports, damage):
    path = ports.state / "daemon" / "table.words"
    good = kit.snapshot_bytes(kit.SNAPSHOT_ENTRIES)
    if damage in ("fifo", "symlink"):
        path.unlink()
        if damage == "fifo":
            os.mkfifo(path, 0o644)
        else:
            (ports.state / "other").write_bytes(good)
            path.symlink_to(ports.state / "other")
    else:
        kit.leave_snapshot(ports, data={
            "empty": b"", "cut": good[:-1], "turned bit": good[:-1] + bytes([good[-1] ^ 1]),
            "too many": kit.snapshot_bytes([(f"02:00:00:{i >> 16 & 255:02x}:{i >> 8 & 255:02x}:{i & 255:02x}", 48, 2)
                                            for i in range(16385)]),
        }[damage])
    ports.loader = ports.start_loader()
    assert f"{path} cannot be used" in ports.loader.text()
    assert any("cannot be used" in w for w in ports.loader_state()["warnings"])
    assert ports.port_state("p1")["enforcing"]


@pytest.mark.parametrize("interfaces, exclude, expected", [
    (["p1"], [], ["p1"]),
    (["p*"], [], ["p1", "p2", "p30"]),
    (["p?"], [], ["p1", "p2"]),
    (["p*"], ["p3*"], ["p1", "p2"]),
    (["p[2-9]*"], [], ["p2", "p30"]),
    (["bridge:br0"], [], ["p2", "q1"]),
    (["bridge:br0"], ["q*"], ["p2"]),
    (["bridge:br0", "p1"], [], ["p1", "p2", "q1"]),
    (["bridge:none"], [], []),
])
def test_patterns(ports, interfaces, exclude, expected):
    kit.add_port(ports, "p30")
    kit.add_port(ports, "q1", bridge="br0")
    kit.ip(ports, "link", "set", "p2", "master", "br0")
    ports.configure(zones=[{**kit.ZONE, "interfaces": interfaces, "exclude": exclude}])
    ports.loader = ports.start_loader()
    assert names(ports) == expected
    assert sorted(x["devname"] for x in kit.net(ports)["xdp"]) == expected


def load_foreign(site, kind, pin):
    """Somebody else's program: another instance of one of ours."""
    obj = netsite.BUILD / "bpf" / f"lenscap_{kind}.bpf.o"
    run("bpftool", "prog", "load", obj, pin, "type", "xdp" if kind == "xdp" else "classifier")


def foreign_filter(site, name):
    load_foreign(site, "tc", site.bpf / "filter")
    site.in_ns(SWITCH, "tc", "qdisc", "add", "dev", name, "clsact")
    site.in_ns(SWITCH, "tc", "filter", "add", "dev", name, "ingress", "prio", "7", "bpf", "da", "pinned",
               site.bpf / "filter")


def test_clsact_where_tcx_is_not_wanted(ports):
    ports.loader = ports.start_loader("--tc", "clsact")
    port = ports.port_state("p1")
    assert (port["tc"], port["enforcing"]) == ("clsact", True)
    assert [t["kind"] for t in kit.net(ports)["tc"] if t["devname"] == "p1"] == ["clsact/ingress"]
    left = ports.bpf / "port" / str(port["number"]) / "tc_prog_next"  # as by a change whose pinning failed
    load_foreign(ports, "tc", left)
    wait_until("what was left over to be removed", lambda: not left.exists())
    off = ports.in_ns(SWITCH, "ip", "link", "set", "p1", "xdp", "off", check=False)
    assert off.returncode != 0  # a link cannot be taken off so
    assert kit.counted(ports, "p1") == {"stopped_xdp": 3}


def test_clsact_filter_is_adopted_renewed_and_ours_alone_removed(ports):
    def filters():
        return [t["id"] for t in kit.net(ports)["tc"] if t["devname"] == "p1" and t["id"] not in theirs]
    foreign_filter(ports, "p1")
    foreign = ports.in_ns(SWITCH, "tc", "filter", "show", "dev", "p1", "ingress").stdout
    theirs = [t["id"] for t in kit.net(ports)["tc"]]
    assert len(theirs) == 1
    ports.loader = ports.start_loader("--tc", "clsact")
    assert len(filters()) == 1
    before = filters()
    kit.stop(ports, signal.SIGKILL)
    ports.loader = ports.start_loader("--tc", "clsact")
    assert len(filters()) == 1 and before != filters()
    assert not ports.port_state("p1")["warnings"]
    ports.in_ns(SWITCH, "tc", "filter", "delete", "dev", "p1", "ingress", "prio", "1")
    wait_until("the filter to be there again", lambda: len(filters()) == 1)
    kit.stop(ports)
    kit.loader(ports, "--detach")
    assert filters() == []
    assert ports.in_ns(SWITCH, "tc", "filter", "show", "dev", "p1", "ingress").stdout == foreign


def test_pins_have_the_rights_of_the_design(ports):
    ports.loader = ports.start_loader()
    group, policy = (grp.getgrnam(name).gr_gid for name in ("lenscap", "lenscap-policy"))
    expected = {name: (0o640, group) for name in
                ("control", "switches", "protect", "protect_filter", "ports", "slots", "totals", "permits", "mirror",
                 "capture")}
    expected |= {name: (0o600, 0) for name in ("mirror_device", "capture_ring")}
    expected |= {name: (0o664, policy) for name in ("policy_head", "policy_filter", "policy_table", "policy_grace")}
    expected |= {"events": (0o660, policy), "port": (0o700, 0)}
    for number in ("0", "1"):
        expected |= {f"port/{number}": (0o700, 0), f"port/{number}/xdp_link": (0o600, 0),
                     f"port/{number}/tc_link": (0o600, 0)}
    found = {}
    for path in ports.bpf.rglob("*"):
        if not path.name.endswith(".debug"):  # the kernel's own
            st = path.lstat()
            assert st.st_uid == 0
            found[str(path.relative_to(ports.bpf))] = (stat.S_IMODE(st.st_mode), st.st_gid)
    assert found == expected
    assert stat.S_IMODE(ports.bpf.stat().st_mode) == 0o750 and ports.bpf.stat().st_gid == group
    state = (ports.run / "loader" / "state.json").stat()
    assert (stat.S_IMODE(state.st_mode), state.st_gid) == (0o640, group)


def test_folders_are_made_where_absent(ports):
    """Full root, nothing prepared but the mount: what quickstart relies on."""
    for path in (ports.run / "loader", ports.run / "daemon", ports.state / "loader", ports.log):
        path.rmdir()
    kit.loader(ports, "--once")
    made = {path: (path.owner(), path.group(), stat.S_IMODE(path.stat().st_mode)) for path in
            (ports.run, ports.run / "loader", ports.run / "daemon", ports.state / "loader", ports.log)}
    assert made == {ports.run: ("root", "lenscap", 0o750), ports.run / "loader": ("root", "lenscap", 0o750),
                    ports.run / "daemon": ("lenscap", "lenscap", 0o750),
                    ports.state / "loader": ("root", "lenscap", 0o750), ports.log: ("lenscap", "lenscap", 0o750)}
    assert len(kit.links(ports)) == 4  # and it ended with everything attached


def test_foreign_xdp_stays_and_its_place_is_taken_when_it_goes(ports):
    pin = ports.bpf / "somebody"
    load_foreign(ports, "xdp", pin)
    ports.in_ns(SWITCH, "bpftool", "net", "attach", "xdpdrv", "pinned", pin, "dev", "p1")
    theirs = kit.xdp_on(ports, "p1")
    ports.loader = ports.start_loader()
    port = ports.port_state("p1")
    assert (port["xdp"], port["foreign_id"], port["tc"], port["enforcing"]) == ("foreign", theirs[1], "tcx", True)
    assert any(f"XDP program {theirs[1]} of somebody else" in w for w in port["warnings"])
    assert ports.port_state("p2")["xdp"] == "native"
    assert kit.counted(ports, "p1") == {"stopped_tc": 3}
    assert kit.xdp_on(ports, "p1") == theirs
    ports.in_ns(SWITCH, "bpftool", "net", "detach", "xdpdrv", "dev", "p1")
    kit.wait_port(ports, "p1", "native now", lambda p: p["xdp"] == "native")
    assert ports.port_state("p1")["foreign_id"] is None and not ports.port_state("p1")["warnings"]
    assert kit.counted(ports, "p1") == {"stopped_xdp": 3}


def test_foreign_programs_survive_detach(ports):
    load_foreign(ports, "xdp", ports.bpf / "somebody")
    ports.in_ns(SWITCH, "bpftool", "net", "attach", "xdpdrv", "pinned", ports.bpf / "somebody", "dev", "p1")
    foreign_filter(ports, "p2")
    theirs = kit.net(ports)["tc"]
    before = kit.xdp_on(ports, "p1")
    ports.loader = ports.start_loader()
    kit.stop(ports)
    kit.loader(ports, "--detach")
    assert kit.xdp_on(ports, "p1") == before and kit.xdp_on(ports, "p2") is None
    assert kit.net(ports)["tc"] == theirs and len(theirs) == 1
    assert sorted(p.name for p in ports.bpf.iterdir() if not p.name.endswith(".debug")) == ["filter", "somebody"]


def few_queues(site, name):
    """A veth that refuses native XDP as long as its peer sends on more queues than it has."""
    site.add_namespace(name)
    kit.ip(site, "link", "add", name, "numrxqueues", "1", "numtxqueues", "1", "type", "veth", "peer", "name", "eth0",
           "address", kit.CAMERA, "numrxqueues", "2", "numtxqueues", "2", "netns", f"{site.tag}-{name}")
    kit.ip(site, "link", "set", name, "up")
    site.in_ns(name, "ip", "link", "set", "eth0", "up")


def test_generic_with_the_drivers_reason_then_native_when_it_can(ports):
    few_queues(ports, "p5")
    ports.loader = ports.start_loader()
    port = ports.port_state("p5")
    assert port["xdp"] == "generic" and port["enforcing"]
    assert "queue" in port["xdp_reason"]  # the driver's own words
    assert any(port["xdp_reason"] in w for w in port["warnings"])
    assert kit.xdp_on(ports, "p5")[0] == "generic"
    assert kit.counted(ports, "p5") == {"stopped_xdp": 3}
    ports.in_ns("p5", "ethtool", "-L", "eth0", "tx", "1")
    kit.ip(ports, "link", "set", "p5", "mtu", "1400")  # something changed: it is tried again
    kit.wait_port(ports, "p5", "native", lambda p: p["xdp"] == "native")
    assert kit.xdp_on(ports, "p5")[0] == "driver"
    assert kit.counted(ports, "p5") == {"stopped_xdp": 3}


def test_vlan_zones_on_veth_are_judged_in_tc(ports):
    ports.configure(zones=[{**kit.ZONE, "interfaces": ["p1"], "vlans": ["untagged"]},
                           {**kit.ZONE, "name": "any", "interfaces": ["p2"]}])
    ports.loader = ports.start_loader()
    assert (ports.port_state("p1")["vlan"], ports.port_state("p2")["vlan"]) == ("tc", "inline")
    assert ports.port_state("p1")["zones"] == [
        {"name": "core", "vlans": "untagged", "mode": "enforce", "action": "drop", "direction": "from"}]
    assert kit.counted(ports, "p1") == {"stopped_tc": 3}
    assert kit.counted(ports, "p2") == {"stopped_xdp": 3}
