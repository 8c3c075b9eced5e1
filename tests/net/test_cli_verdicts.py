# SPDX-License-Identifier: GPL-2.0-only
"""What the command line says of every action, on one site: explain, list, plan, status, devices, events, doctor, check."""
import json

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

import netsite
from netsite import CORE, LAPTOP, SWITCH, wait_until

ACTIONS = ("quarantine", "drop", "divert", "contain", "mirror", "monitor", "allow")
DEVICE = {action: f"02:00:00:00:01:{number:02x}" for number, action in enumerate(ACTIONS, 1)}
RECORDER, OTHER = "10.77.0.4", "10.77.0.9"
# In zone core, which permits all of them: the final action, the result, whether it is out of the network
IN_CORE = {
    "quarantine": ("drop", "stopped", True), "drop": ("drop", "stopped", True), "divert": ("divert", "diverted", True),
    "contain": ("contain", "contained", True), "mirror": ("mirror", "copied", False), "monitor": ("monitor", "passes", False),
    "allow": ("allow", "passes", False),
}
# Zone lab contains and permits the default: drop, monitor, allow
IN_LAB = {action: action if action in ("drop", "monitor", "allow") else "contain" for action in ACTIONS}
ASKED = "the entry asks for it"
WHY = {"quarantine": "quarantine means the zone's action", "monitor": "monitored", "allow": "exempt"}


@pytest.fixture(scope="module")
def site():
    """A device of each action on port cam, which is in zone core; port uplink is in none."""
    made = netsite.Site(devices=False)
    made.add_host("cam", "02:00:00:00:00:99")
    made.add_host("lab", LAPTOP)
    made.add_host("uplink", CORE)
    made.add_host("mon", "02:00:00:00:00:77", bridge=None)
    for mac, port in [(mac, "cam") for mac in DEVICE.values()] + [(CORE, "uplink")]:
        made.in_ns(SWITCH, "bridge", "fdb", "add", mac, "dev", port, "master", "static")
    made.feed = made.feed_path("auditor.jsonl")
    made.feed.write_text(feed(1, []))
    made.sections = {
        "zones": [
            {"name": "core", "interfaces": ["cam"], "mode": "enforce", "direction": "both", "permit": [RECORDER, "2001:db8::/64"],
             "gateway": "10.77.0.254", "actions": [a for a in ACTIONS if a != "quarantine"]},
            {"name": "lab", "interfaces": ["lab"], "action": "contain", "permit": [RECORDER]}],
        "mirror": {"interface": "mon", "snaplen": 1500},
        "feeds": [{"name": "auditor", "path": str(made.feed), "max-newly-stopped": 0}]}
    made.configure(**made.sections)
    made.start()
    for action, mac in DEVICE.items():
        words = ("exempt", mac, "--reason", "test", "--forever") if action == "allow" else ("flag", mac, "--action", action)
        done = made.lenscap(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    yield made
    made.close()


def feed(serial, entries):
    header = {"lenscap": 1, "list": "auditor", "serial": serial, "generated": "2026-11-01T00:00:00Z", "count": len(entries)}
    return "".join(json.dumps(line) + "\n" for line in [header, *entries])


def frame(source, destination, peer=OTHER, back=False):
    ip = IP(src=peer, dst="10.77.0.1") if back else IP(src="10.77.0.1", dst=peer)
    return Ether(src=source, dst=destination) / ip / UDP(sport=554, dport=9) / bytes(40)


def send_all(site):
    """One frame from each device and one to it, the contained one's with the recorder besides."""
    before = site.lenscap_json("status")
    site.send("cam", [frame(mac, CORE) for mac in DEVICE.values()] + [frame(DEVICE["contain"], CORE, RECORDER)])
    site.send("uplink", [frame(CORE, mac, back=True) for mac in DEVICE.values()]
              + [frame(CORE, DEVICE["contain"], RECORDER, back=True)])
    return before


def totals(status):
    return {row["what"]: row["frames"] for row in status["totals"]}


@pytest.mark.parametrize("action", ACTIONS)
def test_explain(site, action):
    shown = site.lenscap_json("explain", DEVICE[action], "--on", "cam")
    final, result, stopped = IN_CORE[action]
    assert [(p["direction"], p["zone"], p["action"], p["result"], p["stopped"], p["why"]) for p in shown["ports"]] == [
        (way, "core", final, result, stopped, WHY.get(action, ASKED)) for way in ("from", "to")]
    contained = [{"zone": "core", "permit": [RECORDER, "2001:db8::/64"], "gateway": ["10.77.0.254"]}] if action == "contain" else []
    assert shown["contained"] == contained
    text = site.lenscap("explain", DEVICE[action], "--on", "cam").stdout
    assert ("Contained: only to and from" in text) == bool(contained) and result in text
    dry, = site.lenscap_json("explain", DEVICE[action], "--on", "lab")["ports"]
    assert (dry["direction"], dry["action"], dry["result"]) == ("from", IN_LAB[action], "passes")
    if IN_LAB[action] in ("drop", "contain"):
        assert dry["why"] == "the zone is in dry-run"


def test_flag_says_the_same(site):
    done = site.lenscap("flag", DEVICE["divert"], "--action", "divert", "-j")
    assert done.returncode == 0
    cam = [p for p in json.loads(done.stdout)["ports"] if p["port"] == "cam"]
    assert [(p["direction"], p["result"]) for p in cam] == [("from", "diverted"), ("to", "diverted")]


def test_list_and_what_it_means(site):
    shown = site.lenscap_json("list", "--source", "local")
    assert {row["entry"]: row["action"] for row in shown["entries"]} == {mac: action for action, mac in DEVICE.items()}
    assert {row["action"]: {z["zone"]: z["action"] for z in row["zones"]} for row in shown["meanings"]} == {
        action: {"core": IN_CORE[action][0], "lab": IN_LAB[action]} for action in ACTIONS}
    only = site.lenscap_json("list", "--action", "divert")
    assert [row["entry"] for row in only["entries"]] == [DEVICE["divert"]] and len(only["meanings"]) == 1
    assert "core divert, lab contain" in site.lenscap("list", "--action", "divert").stdout


def test_devices_events_and_status_after_frames(site):
    before = send_all(site)
    copies = 4  # mirror and divert, from and to
    counted = wait_until("the frames and copies to be counted", lambda: next(
        (s for s in [site.lenscap_json("status")] if totals(s)["copied"] - totals(before)["copied"] == copies
         and totals(s)["contained"] - totals(before)["contained"] == 2), None))
    assert totals(counted)["mirrored"] - totals(before)["mirrored"] == 2
    assert counted["mirror"] == {**before["mirror"], "copied": counted["mirror"]["copied"]}
    assert counted["mirror"]["present"] and counted["mirror"]["interface"] == "mon" and counted["mirror"]["divert"] in ("xdp", "tc")
    assert counted["degraded"] is False, counted["problems"]
    cam = next(p for p in counted["ports"] if p["name"] == "cam")
    assert cam["egress"] in ("tcx", "clsact") and cam["zones"][0]["direction"] == "both"

    def rows():
        found = {(d["mac"], d["direction"]): d for d in site.lenscap_json("devices")["devices"]}
        return found if all((mac, way) in found for mac in DEVICE.values() for way in ("from", "to")) else None
    devices = wait_until("all devices both ways", rows)
    for action, mac in DEVICE.items():
        for way in ("from", "to"):
            row = devices[mac, way]
            assert (row["action"], row["final"]) == (action, IN_CORE[action][0])
            assert (row["stopped_frames"] > 0) == IN_CORE[action][2]
    wait_until("the device's address in both rows", lambda: {
        d["ip"] for d in site.lenscap_json("devices")["devices"] if d["mac"] == DEVICE["drop"]} == {"10.77.0.1"})
    assert "from" in site.lenscap("devices").stdout


def test_events_tell_direction_and_final_action(site):
    send_all(site)

    def told():
        return {(e["mac"], e["direction"]): e for e in site.events() if e["event"] in ("device_seen", "device_dropped")}
    wanted = {(mac, way) for mac in DEVICE.values() for way in ("from", "to")}
    wait_until("an event of each", lambda: wanted <= set(told()))
    events = told()
    for action, mac in DEVICE.items():
        assert all(events[mac, way]["final"] == IN_CORE[action][0] and events[mac, way]["action"] == action
                   for way in ("from", "to"))
        assert events[mac, "to"]["peer"] in (OTHER, RECORDER) and "peer" not in events[mac, "from"]
    contained = DEVICE["contain"]

    def both():
        send_all(site)
        return {e["event"] for e in site.events() if e.get("mac") == contained} == {"device_seen", "device_dropped"}
    wait_until("both kinds of a contained device", both)
    for _ in range(5):
        send_all(site)
    assert len([e for e in site.events() if e.get("mac") == contained]) <= 4  # each way: passed once, stopped once
    assert "final=contain" in site.lenscap("events").stdout


def test_plan_shows_what_a_feed_would_do(site):
    site.send("lab", [Ether(src=LAPTOP, dst=CORE, type=0x88b5) / bytes(46)])
    content = site.folder / "next.jsonl"
    content.write_text(feed(2, [{"mac": LAPTOP, "action": "divert"}, {"mac": "02:00:00:00:02:02", "action": "mirror"}]))
    shown = wait_until("the laptop to be alive", lambda: next(
        (p for p in [site.lenscap_json("plan", content)] if p["hits"]), None))
    assert shown["hits"] == [{"mac": LAPTOP, "port": "lab", "action": "divert", "gateway": False}]
    assert {c["entry"]: c["after"] for c in shown["changes"]} == {LAPTOP: "divert", "02:00:00:00:02:02": "mirror"}
    assert {row["action"]: {z["zone"]: z["action"] for z in row["zones"]} for row in shown["meanings"]} == {
        "divert": {"core": "divert", "lab": "contain"}, "mirror": {"core": "mirror", "lab": "contain"}}


def test_check_shows_zones_and_mirror(site):
    shown = site.lenscap_json("check")
    core, lab = shown["zones"]
    assert (core["direction"], core["permit"], core["gateway"]) == ("both", [RECORDER, "2001:db8::/64"], ["10.77.0.254"])
    assert lab["actions"] == ["drop", "contain", "monitor", "allow"]
    assert shown["mirror"] == {"interface": "mon", "sample": 1, "snaplen": 1500, "rate_limit": None}


def test_doctor_tells_of_merged_frames_and_divert(site):
    def found():
        return {row["what"]: row for row in site.lenscap_json("doctor")["findings"]}
    assert found()["mirror port"]["found"].startswith("mon: there; ")
    for word, state in (("on", "warning"), ("off", "good")):
        site.in_ns(SWITCH, "ethtool", "-K", "cam", "gro", word)
        row = found()["copies of cam"]
        assert row["state"] == state and ("ethtool -K cam gro off" in (row["cure"] or "")) == (word == "on")
    assert "copies of lab" not in found()  # nothing is copied there


def test_a_permitted_address_that_is_flagged_is_a_warning(site):
    wanted = (f"zone core: permit {RECORDER} holds {RECORDER}, which is {DEVICE['drop']} and flagged itself "
              f"({DEVICE['drop']} drop); permit only who is not")
    assert wanted not in site.lenscap_json("status")["warnings"]
    site.in_ns(SWITCH, "ip", "neighbour", "add", RECORDER, "lladdr", DEVICE["drop"], "dev", "br0")
    assert wanted in site.lenscap_json("status")["warnings"]
    site.in_ns(SWITCH, "ip", "neighbour", "change", RECORDER, "lladdr", CORE, "dev", "br0")
    assert wanted not in site.lenscap_json("status")["warnings"]
    site.in_ns(SWITCH, "ip", "neighbour", "delete", RECORDER, "dev", "br0")


def test_without_its_mirror_port(site):
    """Last: the port goes. Degraded, and explain says what that means."""
    site.in_ns(SWITCH, "ip", "link", "delete", "mon")
    wait_until("the loader to see it", lambda: not site.loader_state()["mirror"]["present"])
    status = site.lenscap_json("status")
    assert status["mirror"]["present"] is False and any(p.startswith("mirror port mon: ") for p in status["problems"])
    assert site.lenscap("status").returncode == 1 and "NOT THERE" in site.lenscap("status").stdout
    rows = {a: site.lenscap_json("explain", DEVICE[a], "--on", "cam")["ports"][0] for a in ("mirror", "divert", "contain", "drop")}
    assert (rows["mirror"]["result"], rows["mirror"]["why"]) == ("passes", "the mirror port is not there: nothing is copied")
    assert (rows["divert"]["result"], rows["divert"]["why"]) == ("stopped", "the mirror port is not there: dropped only")
    assert (rows["contain"]["result"], rows["drop"]["result"]) == ("contained", "stopped")
    assert any(w.startswith("mirror port mon: is not there now") for w in site.lenscap_json("check")["warnings"])
