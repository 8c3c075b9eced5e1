# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd beside the real loader: what the kernel's events become, ports, new generations, flags by the command line."""
import json
import signal

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether

import netsite
import pins
from daemonsite import addresses, feed_text
from netsite import CORE, HIKVISION, run, wait_until


def event_of(site, name, **fields):
    return wait_until(f"event {name} {fields}",
                      lambda: next((e for e in site.events() if e["event"] == name
                                    and all(e.get(k) == v for k, v in fields.items())), None))


def camera_frame(vlan=None, mac=HIKVISION):
    frame = Ether(src=mac, dst=CORE)
    if vlan is not None:
        frame /= Dot1Q(vlan=vlan)
    return frame / IP(src="10.77.0.1", dst="10.77.0.4") / UDP(sport=554, dport=9) / (b"x" * 40)


def test_dropped_device_is_an_event_with_entry_and_source(running):
    site = running
    site.send("cam1", [camera_frame()] * 3)
    event = event_of(site, "device_dropped", mac=HIKVISION)
    assert event["port"] == "cam1" and event["vlan"] == "untagged" and event["ip"] == "10.77.0.1"
    assert event["entry"] == "44:19:b6/24" and event["source"] == "uk-core-network"
    assert event["action"] == "quarantine" and event["reason"] == "stopped" and event["zone"] == "core"
    assert "ikvision" in event["vendor"] and event["frames"] >= 1
    devices = wait_until("device memory", lambda: device_rows(site))
    assert [d["mac"] for d in devices] == [HIKVISION]
    assert devices[0]["port"] == "cam1" and devices[0]["ip"] == "10.77.0.1" and devices[0]["first"] <= devices[0]["last"]


def device_rows(site):
    path = site.run / "daemon/devices.json"
    return json.loads(path.read_text())["devices"] if path.exists() else []


def test_clean_device_is_no_event(running):
    site = running
    site.send("laptop", [Ether(src=netsite.LAPTOP, dst=CORE) / IP(src="10.77.0.3", dst="10.77.0.4") / UDP()] * 3)
    site.send("cam1", [camera_frame()])  # control: what comes after is told
    event_of(site, "device_dropped", mac=HIKVISION)
    assert {e["mac"] for e in site.events() if "mac" in e} == {HIKVISION}


def test_exempted_device_is_seen_not_dropped(running):
    site = running
    site.send("cam1", [camera_frame()])
    event_of(site, "device_dropped", mac=HIKVISION)
    done = site.lenscap("exempt", HIKVISION, "--reason", "door", "--forever")
    assert done.returncode == 0, done.stderr + done.stdout

    def seen():  # the kernel tells of a change a second after the last event at the earliest
        site.send("cam1", [camera_frame()])
        return next((e for e in site.events() if e["event"] == "device_seen" and e["reason"] == "allowed"), None)
    event = wait_until("the exempted device to be seen", seen)
    assert event["source"] == "local" and event["entry"] == HIKVISION and event["action"] == "allow"
    override = event_of(site, "override", entry=HIKVISION, change="added")
    assert override["reason"] == "door"


def test_steady_device_is_told_once_for_a_while(running):
    site = running
    for _ in range(5):
        site.send("cam1", [camera_frame()] * 50)
    event_of(site, "device_dropped", mac=HIKVISION)
    site.send("cam2", [camera_frame(mac=netsite.DAHUA)])
    event_of(site, "device_dropped", mac=netsite.DAHUA)
    assert len([e for e in site.events() if e.get("mac") == HIKVISION]) <= 2


def test_device_memory_survives_a_restart(running):
    site = running
    site.send("cam1", [camera_frame()])
    event_of(site, "device_dropped", mac=HIKVISION)
    site.daemon.stop()
    first = device_rows(site)[0]["first"]
    site.daemon = site.start_daemon()
    site.daemon.stop()
    assert device_rows(site)[0]["first"] == first


def test_ports_that_come_and_go_are_events(running):
    site = running
    event_of(site, "port_attached", port="cam1")
    site.in_ns("sw", "ip", "link", "delete", "cam1")
    event_of(site, "port_lost", port="cam1")
    site.add_port("cam1", HIKVISION)
    again = wait_until("the port attached anew", lambda: [
        e for e in site.events() if e["event"] == "port_attached" and e["port"] == "cam1"][1:])
    assert "started" not in again[0]["reason"]


def test_port_that_loses_its_fast_path_is_an_event(running):
    """Somebody takes our XDP program off and puts his own there before the loader can: tc goes on, and it is told."""
    site = running
    pin = site.bpf / f"port/{site.port_number('cam1')}/xdp_link"
    site.loader.process.send_signal(signal.SIGSTOP)
    assert run("/usr/bin/python3", pins.__file__, pin, "detach").stdout.strip() == "done"
    foreign = site.flood(netsite.SWITCH, "receive", "--pass", classes=["any=02:00:00:00:00:00+1*1"], interface="cam1")
    site.loader.process.send_signal(signal.SIGCONT)
    told = event_of(site, "port_degraded", port="cam1")
    assert told["reason"] == "xdp foreign, tc tcx, enforcing"
    assert not any(e["event"] == "port_degraded" and e["port"] != "cam1" for e in site.events())
    foreign.stop()


def test_flag_by_the_command_line_is_acknowledged(running):
    site = running
    done = site.lenscap("flag", netsite.LAPTOP, "--reason", "test")
    assert done.returncode in (0, 1), done.stderr
    site.send("laptop", [camera_frame(mac=netsite.LAPTOP)])
    assert event_of(site, "device_dropped", mac=netsite.LAPTOP)["source"] == "local"


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_enforcement_goes_on_without_the_daemon(running, sig):
    site = running
    site.daemon.stop(sig)
    capture = site.capture("core")
    frames = site.send_and_settle("cam1", [camera_frame()] * 20, capture)
    assert not [f for f in frames if f[6:12] == bytes.fromhex(HIKVISION.replace(":", ""))]
    site.daemon = site.start_daemon()
    assert site.daemon_state()["policy"]["in_force"]


def test_new_generation_of_the_loader_is_taken(running):
    site = running
    digest = site.daemon_state()["policy"]["digest"]
    generation = site.daemon_state()["generation"]
    config = site.default_config()
    config["policy"]["capacity"] = 65536  # other sizes: other maps
    site.configure(policy=config["policy"])
    site.loader.stop()
    site.loader = site.start_loader()
    wait_until("the new maps", lambda: site.daemon_state()["generation"] != generation)
    assert site.daemon_state()["policy"]["digest"] == digest
    assert site.daemon_state()["policy"]["capacity"] > 16384
    site.send("cam1", [camera_frame()])
    event_of(site, "device_dropped", mac=HIKVISION)


def test_reset_by_the_command_line(site):
    path = site.feed_path("auditor.jsonl")
    site.configure(feeds=[{"name": "auditor", "path": str(path)}])

    def put(serial, n):
        aside = path.with_suffix(".new")
        aside.write_text(feed_text("auditor", serial, addresses(n)))
        aside.chmod(0o644)
        aside.rename(path)

    def auditor():
        return next(s for s in site.daemon_state()["sources"] if s["name"] == "auditor")
    put(9, 3)
    site.start()
    wait_until("serial 9", lambda: auditor()["serial"] == 9)
    done = site.lenscap("feed", "reset", "auditor")
    assert done.returncode == 1 and "no content" in done.stderr
    put(1, 4)
    wait_until("the refusal", lambda: auditor()["refused"])
    assert "lenscap feed reset auditor" in auditor()["refused"]["reason"]
    done = site.lenscap("feed", "reset", "auditor")
    assert done.returncode == 0, done.stderr
    assert auditor()["serial"] == 1 and auditor()["entries"] == 4
