# SPDX-License-Identifier: GPL-2.0-only
"""Ports that come, go and come back, and a foreign XDP program on one: enforcement follows."""
import netsite

CLASSES = [f"flagged={netsite.HIKVISION}", "clean=02:00:00:01:00:00"]


def attached(site, port):
    return netsite.wait_until(f"port {port} to be attached", lambda: (
        lambda p: p and p["enforcing"] and p["tc"] != "none" and p)(site.port_state(port)))


def test_port_deleted_and_made_anew(running):
    first = running.port_state("cam1")
    running.in_ns(netsite.SWITCH, "ip", "link", "delete", "cam1")
    netsite.wait_until("the port to be gone", lambda: not (running.port_state("cam1") or {}).get("enforcing"))
    running.add_port("cam1", netsite.HIKVISION)
    running.in_ns("cam1", "ip", "address", "add", "10.77.0.1/24", "dev", "eth0")
    netsite.wait_until("the new port", lambda: (
        lambda p: p["enforcing"] and p["ifindex"] != first["ifindex"] and p["xdp"] == first["xdp"] and p)(
            attached(running, "cam1")))
    assert not running.ping("cam1", "10.77.0.4")
    assert running.ping("laptop", "10.77.0.4")
    assert sum(running.totals("cam1").values()) > 0


def test_port_that_joins_the_bridge_later(running):
    running.add_host("cam3", "44:19:b6:00:00:03", "10.77.0.5", bridge=None)
    assert running.port_state("cam3") is None
    running.in_ns(netsite.SWITCH, "ip", "link", "set", "cam3", "master", "br0")
    attached(running, "cam3")
    assert not running.ping("cam3", "10.77.0.4")


def test_port_taken_out_of_the_bridge(running):
    """Control: on a port in no zone nothing is stopped."""
    assert not running.ping("cam1", "10.77.0.4")
    running.in_ns(netsite.SWITCH, "ip", "link", "set", "cam1", "nomaster")
    netsite.wait_until("the port to be let go", lambda: not (running.port_state("cam1") or {}).get("enforcing"))
    running.in_ns(netsite.SWITCH, "ip", "address", "add", "10.77.0.9/24", "dev", "cam1")
    assert running.ping("cam1", "10.77.0.9")


def test_foreign_program_is_left_and_tc_enforces(site):
    foreign = site.flood(netsite.SWITCH, "receive", "--pass", classes=CLASSES, interface="cam1")
    site.start()
    port = site.port_state("cam1")
    assert (port["xdp"], port["tc"], port["enforcing"]) == ("foreign", "tcx", True)
    assert isinstance(port["foreign_id"], int) and port["foreign_id"] > 0
    assert site.port_state("cam2")["xdp"] == "native"
    assert site.ping("core", "10.77.0.3")
    receiver = site.flood("core", "receive", classes=CLASSES)
    sent = site.flood_frames("cam1", 20000, "--to", netsite.CORE, classes=CLASSES)
    got = receiver.stop()
    assert (got["flagged"], got["clean"]) == (0, sent["clean"])
    assert foreign.counts() == {**sent, "other": foreign.counts()["other"]}
    assert site.totals("cam1") == {"stopped_tc": sent["flagged"]}
    foreign.stop()  # it was there to the end


def test_clean_network_counts_nothing(running):
    """Control of every count above: talk among clean devices is in no counter."""
    assert running.ping("laptop", "10.77.0.4", count=5)
    for port in ("laptop", "core"):
        assert running.totals(port) == {}
