# SPDX-License-Identifier: GPL-2.0-only
"""Every command on a site with the real programs: what it shows, what it changes, its exit code, and its JSON."""
import json
import re
import subprocess
import time

import pytest
from scapy.layers.l2 import Dot1Q, Ether

import netsite

FEED_MAC = "02:00:00:00:00:77"
SHOWING = ["status", "check", "explain " + netsite.HIKVISION, "list", "devices", "events", "bypass", "feed list",
           "feed verify {next}", "plan {next}", "vendor list", "vendor show uk-core-network", "doctor"]


def native(serial, entries, **header):
    """A native feed of the list "auditor"."""
    lines = [{"lenscap": 1, "list": "auditor", "serial": serial, "generated": "2026-11-01T00:00:00Z",
              "count": len(entries), **header}, *entries]
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def fed():
    """Cameras, laptop, core; an auditor's feed with one entry; in force."""
    site = netsite.Site()
    try:
        site.feed = site.feed_path("auditor.jsonl")
        site.feed.write_text(native(1, [{"mac": FEED_MAC, "action": "drop"}]))
        site.next = site.folder / "next.jsonl"
        site.next.write_text(native(2, [{"mac": FEED_MAC, "action": "drop"}, {"mac": netsite.LAPTOP}]))
        site.sections = {"feeds": [{"name": "auditor", "path": str(site.feed), "max-newly-stopped": 0}]}
        site.configure(**site.sections)
        site.start()
        netsite.wait_until("the feed in force", lambda: site.lenscap("explain", FEED_MAC, "-j").stdout.count("auditor"))
        yield site
    finally:
        site.close()


def frame(source, destination=netsite.CORE, vlan=None):
    head = Ether(src=source, dst=destination, type=0x88b5 if vlan is None else 0x8100)
    return head / (Dot1Q(vlan=vlan, type=0x88b5) if vlan is not None else b"") / bytes(46)


def reaches(site, source, host="cam1"):
    """Does a frame from this address come through?"""
    capture = site.capture("core")
    site.send_and_settle(host, [frame(source)], capture)
    return capture.from_mac(source) == 1


def test_every_showing_command_gives_text_and_json(fed):
    reaches(fed, netsite.HIKVISION)
    netsite.wait_until("an event", fed.events)
    for command in SHOWING:
        words = command.format(next=fed.next).split()
        text, data = fed.lenscap(*words), fed.lenscap(*words, "-j")
        assert text.returncode == data.returncode <= 1, (command, text.stderr)
        assert text.stdout.strip() and not text.stdout.startswith("{"), command
        assert isinstance(json.loads(data.stdout), dict), command
        assert "\x1b" not in text.stdout


def test_status_good_and_its_counts(fed):
    fed.send("cam1", [frame(netsite.HIKVISION)] * 7)
    reaches(fed, netsite.HIKVISION)
    status = fed.lenscap_json("status")
    assert status["degraded"] is False and status["problems"] == []
    assert {p["name"] for p in status["ports"]} == {"cam1", "cam2", "laptop", "core"}
    zone = {"name": "core", "vlans": "any", "mode": "enforce", "action": "drop", "direction": "from"}
    assert all(p["enforcing"] and p["zones"] == [zone] for p in status["ports"])
    assert {t["what"]: t["frames"] for t in status["totals"]}["stopped_xdp"] == 8
    assert status["policy"]["entries"] == 142 and status["policy"]["digest"] == status["policy"]["daemon_digest"]
    assert fed.lenscap("status").returncode == 0


@pytest.mark.parametrize("program", ["loader", "daemon"])
def test_status_degrades_with_a_dead_program(fed, program):
    getattr(fed, program).stop(9)
    status = fed.lenscap_json("status")
    name = {"loader": "lenscap-loader", "daemon": "lenscapd"}[program]
    assert f"{name}: is not running; systemctl start {name}" in status["problems"]
    assert status[program]["running"] is False and fed.lenscap("status").returncode == 1


def test_status_believes_no_pid_of_another_program(fed):
    """The state file names a live process that is not lenscapd: it does not run."""
    fed.daemon.stop(9)
    path = fed.run / "daemon" / "state.json"
    state = json.loads(path.read_text())
    state["pid"] = 1
    path.write_text(json.dumps(state))
    assert fed.lenscap_json("status")["daemon"]["running"] is False


def test_status_degrades_with_a_foreign_word_in_the_table(fed):
    """Something writes the kernel's table behind lenscapd's back: the digest of what it holds tells."""
    table = fed.bpf / "policy_table"
    info = json.loads(netsite.run("bpftool", "-j", "map", "show", "pinned", table).stdout)
    word = (0x020000000055 << 16 | 3 << 8 | 0x22).to_bytes(8, "little")
    netsite.run("bpftool", "map", "update", "pinned", table, "key", "hex",
                *(f"{b:02x}" for b in (info["max_entries"] - 1).to_bytes(4, "little")), "value", "hex",
                *(f"{b:02x}" for b in word + bytes(56)))
    problems = fed.lenscap_json("status")["problems"]
    assert "the kernel's table is not what lenscapd applied; systemctl restart lenscapd" in problems


def test_a_flagged_device_in_no_zone_degrades(fed):
    fed.configure(zones=[{"name": "cctv", "interfaces": ["cam1"], "vlans": [200], "mode": "enforce"}], **fed.sections)
    assert fed.lenscap("reload").returncode == 0
    assert fed.lenscap("status").returncode == 0
    assert reaches(fed, netsite.HIKVISION)
    problems = fed.lenscap_json("status")["problems"]
    assert problems == [f"1 flagged device passes in no zone ({netsite.HIKVISION} on cam1, VLAN untagged); add a zone "
                        "for it"]


def test_a_device_half_in_a_zone_degrades(fed):
    """It sends into a zone all the time and past it now and then: a silent miss, had the last event the only say."""
    zones = [{"name": "cctv", "interfaces": ["cam1"], "vlans": [200], "mode": "enforce"}]
    fed.configure(zones=zones, **fed.sections)
    assert fed.lenscap("reload").returncode == 0
    fed.send("cam1", [frame(netsite.HIKVISION)])
    netsite.wait_until("the event of the frame in no zone",
                       lambda: any(e["event"] == "device_seen" and e["reason"] == "no zone" for e in fed.events()))

    def stopped_last():
        fed.send("cam1", [frame(netsite.HIKVISION, vlan=200)])
        return fed.lenscap_json("devices")["devices"][0]["reason"].startswith("stopped")
    netsite.wait_until("an event of a stopped frame", stopped_last)
    wanted = f"1 flagged device passes in no zone ({netsite.HIKVISION} on cam1, VLAN untagged); add a zone for it"
    netsite.wait_until("what lenscapd remembers", lambda: fed.lenscap_json("status")["problems"] == [wanted])
    fed.configure(zones=[{**zones[0], "vlans": [200, "untagged"]}], **fed.sections)
    assert fed.lenscap("reload").returncode == 0
    netsite.wait_until("a good state", lambda: fed.lenscap_json("status")["problems"] == [])


def test_explain_with_port_and_vlan(fed):
    fed.configure(zones=[
        {"name": "core", "interfaces": ["bridge:br0"], "mode": "enforce"},
        {"name": "cctv", "interfaces": ["cam1"], "vlans": [200], "mode": "dry-run"}], **fed.sections)
    assert fed.lenscap("reload").returncode == 0
    untagged = fed.lenscap_json("explain", netsite.HIKVISION, "--on", "cam1")["ports"]
    assert {(p["vlan"], p["zone"], p["result"]) for p in untagged} == {("any", "core", "stopped"),
                                                                        ("200", "cctv", "passes")}
    tagged, = fed.lenscap_json("explain", netsite.HIKVISION, "--on", "cam1.200")["ports"]
    assert (tagged["zone"], tagged["stopped"], tagged["why"]) == ("cctv", False, "the zone is in dry-run")
    other, = fed.lenscap_json("explain", netsite.HIKVISION, "--on", "cam1.201")["ports"]
    assert (other["zone"], other["stopped"]) == ("core", True)
    clean = fed.lenscap_json("explain", netsite.LAPTOP)
    assert clean["entries"] == [] and {p["result"] for p in clean["ports"]} == {"passes"}


def test_explain_names_what_was_beaten_and_what_protects(fed):
    fed.configure(policy={**fed.default_config()["policy"], "protect": [netsite.HIKVISION]}, **fed.sections)
    assert fed.lenscap("reload").returncode == 0
    assert fed.lenscap("flag", netsite.HIKVISION, "--action", "drop", "--reason", "by hand").returncode == 0
    shown = fed.lenscap_json("explain", netsite.HIKVISION)
    assert [(e["entry"], e["action"], e["source"], e["decides"]) for e in shown["entries"]] == [
        (netsite.HIKVISION, "drop", "local", True), ("44:19:b6/24", "quarantine", "uk-core-network", False)]
    assert shown["protected"] and shown["kernel"]["agrees"]
    assert {p["why"] for p in shown["ports"]} == {"the address is protected"}
    assert reaches(fed, netsite.HIKVISION)


def test_explain_says_when_the_kernel_disagrees(fed):
    fed.daemon.stop(9)
    fed.overrides.joinpath("hand.jsonl").write_text(json.dumps({"mac": netsite.LAPTOP, "action": "drop"}) + "\n")
    shown = fed.lenscap_json("explain", netsite.LAPTOP)
    assert shown["entries"][0]["source"] == "local"
    assert shown["kernel"] == {"readable": True, "entry": None, "action": None, "agrees": False}
    assert {p["stopped"] for p in shown["ports"]} == {False}
    assert "DISAGREES: it holds no entry" in fed.lenscap("explain", netsite.LAPTOP).stdout


def test_explain_lets_no_entry_on_trial_lift_an_enforced_one(fed):
    """A feed in dry-run says monitor for one camera of an enforced vendor prefix: the kernel stops it, and so says explain."""
    fed.feed.write_text(native(2, [{"mac": FEED_MAC, "action": "drop"}, {"mac": netsite.HIKVISION, "action": "drop"}]))
    fed.sections["feeds"][0]["mode"] = "dry-run"
    fed.configure(**fed.sections)
    assert fed.lenscap("reload").returncode == 0
    netsite.wait_until("both entries", lambda: len(fed.lenscap_json("explain", netsite.HIKVISION)["entries"]) == 2)
    assert not reaches(fed, netsite.HIKVISION) and reaches(fed, FEED_MAC)
    shown = fed.lenscap_json("explain", netsite.HIKVISION, "--on", "cam1")
    assert shown["entries"][0]["entry"] == "44:19:b6/24" and shown["entries"][1]["dry_run"] is True
    assert shown["kernel"]["agrees"] is True and shown["kernel"]["entry"] == "44:19:b6/24"
    assert shown["ports"][0]["stopped"] is True
    trial = fed.lenscap_json("explain", FEED_MAC, "--on", "cam1")
    assert trial["kernel"]["agrees"] is True and trial["ports"][0]["stopped"] is False


def test_nothing_running_nothing_claimed(site):
    """A configuration alone stops nobody, whatever its entries say."""
    site.configure()
    shown = site.lenscap_json("explain", netsite.HIKVISION)
    assert shown["entries"][0]["entry"] == "44:19:b6/24" and shown["kernel"]["readable"] is False
    assert {p["why"] for p in shown["ports"]} == {"nothing is pinned: Lenscap enforces nothing"}
    status = site.lenscap_json("status")
    assert f"nothing is pinned in {site.bpf}: nothing is enforced; systemctl start lenscap-loader" in status["problems"]
    assert site.lenscap("doctor").returncode == site.lenscap("status").returncode == 1
    for command, code in (("devices", 3), ("events", 3), ("feed list", 3), ("bypass", 3), ("reload", 3)):
        done = site.lenscap(*command.split())
        assert done.returncode == code and done.stderr.startswith(f"lenscap {command}: "), command


def test_flag_exempt_unflag_decide_frames(fed):
    assert reaches(fed, netsite.LAPTOP, "laptop")
    flagged = fed.lenscap("flag", netsite.LAPTOP, "--reason", "test", "-j")
    assert flagged.returncode == 0 and json.loads(flagged.stdout)["enforced"] is True
    assert not reaches(fed, netsite.LAPTOP, "laptop")
    assert not reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("exempt", netsite.HIKVISION, "--reason", "door", "--until", "2h").returncode == 0
    assert reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("unflag", netsite.HIKVISION).returncode == 0
    assert not reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("unflag", netsite.LAPTOP).returncode == 0
    assert reaches(fed, netsite.LAPTOP, "laptop")


def test_the_override_file_says_who_and_when(fed):
    fed.lenscap("flag", netsite.LAPTOP, "--reason", "bad\x1b[31m\u202ename", "--until", "1h", env={"SUDO_USER": "maria"})
    entry = json.loads((fed.overrides / "local.jsonl").read_text())
    assert (entry["mac"], entry["action"], entry["by"]) == (netsite.LAPTOP, "quarantine", "maria")
    assert entry["reason"] == "bad?[31m?name"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["until"]) and entry["at"] < entry["until"]
    status = (fed.overrides / "local.jsonl").stat()
    assert status.st_mode & 0o777 == 0o640 and status.st_uid == 0


def test_what_still_wins_is_named(fed):
    """A longer prefix of a lesser source decides for its addresses, whatever is said about the prefix above."""
    done = fed.lenscap("exempt", "02:00:00:00:00:70/44", "--reason", "lab", "--forever", "-j")
    shown = json.loads(done.stdout)
    assert done.returncode == 1 and shown["winners"] == [f"{FEED_MAC} drop from auditor"]
    done = fed.lenscap("unflag", "02:00:00:00:00:70/44")
    assert done.returncode == 0, done.stdout


def test_flags_at_the_same_time_are_all_kept(fed):
    macs = [f"02:00:00:00:01:{i:02x}" for i in range(8)]
    calls = [subprocess.Popen(["nsenter", f"--net={fed.netns(netsite.SWITCH)}", netsite.BUILD / "lenscap", "--config",
                               fed.config_file, "flag", mac], stdout=subprocess.DEVNULL) for mac in macs]
    for call in calls:
        while call.poll() is None:
            fed.daemon.messages()
            time.sleep(0.01)
    assert [call.returncode for call in calls] == [0] * len(macs)
    assert {e["entry"] for e in fed.lenscap_json("list", "--source", "local")["entries"]} == set(macs)


def test_flag_without_the_daemon_is_recorded_not_enforced(fed):
    fed.daemon.stop(9)
    done = fed.lenscap("flag", netsite.LAPTOP, "-j")
    shown = json.loads(done.stdout)
    assert done.returncode == 3 and shown["enforced"] is False and {p["stopped"] for p in shown["ports"]} == {False}
    assert done.stderr == ("lenscap flag: recorded, but not enforced: lenscapd is not running; "
                           "systemctl start lenscapd\n")
    assert reaches(fed, netsite.LAPTOP, "laptop")
    fed.daemon = fed.start_daemon()
    netsite.wait_until("the flag", lambda: not reaches(fed, netsite.LAPTOP, "laptop"))


def test_bypass_with_every_process_dead(fed):
    fed.daemon.stop(9)
    fed.loader.stop(9)
    assert not reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("bypass", "on", "--for", "5m").returncode == 0
    assert fed.lenscap_json("bypass")["bypass"] is True
    assert reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("bypass", "off").returncode == 0
    assert fed.lenscap_json("bypass") == {"bypass": False, "until": None}
    assert not reaches(fed, netsite.HIKVISION)


def test_bypass_ends_by_itself(fed):
    assert fed.lenscap("bypass", "on", "--for", "1s").returncode == 0
    assert reaches(fed, netsite.HIKVISION)
    netsite.wait_until("the end of bypass", lambda: not reaches(fed, netsite.HIKVISION))


def test_reload_takes_the_configuration(fed):
    fed.configure(zones=[{"name": "core", "interfaces": ["bridge:br0"], "mode": "dry-run"}], **fed.sections)
    problems = fed.lenscap_json("status")["problems"]
    assert "lenscap-loader: has not taken the configuration as it is now; lenscap reload" in problems
    assert not reaches(fed, netsite.HIKVISION)
    assert fed.lenscap("reload").returncode == 0
    assert reaches(fed, netsite.HIKVISION)
    assert fed.lenscap_json("status")["degraded"] is False


def test_reload_unconfirmed_returns_to_dry_run(fed):
    done = fed.lenscap("reload", "--confirm", "1s")
    assert done.returncode == 0 and "confirm by:" in done.stdout
    netsite.wait_until("dry-run", lambda: reaches(fed, netsite.HIKVISION))
    assert any(p.startswith("a reload was not confirmed by ") for p in fed.lenscap_json("status")["problems"])
    assert fed.lenscap("reload", "--keep").returncode == 0
    assert not reaches(fed, netsite.HIKVISION)


def test_reload_confirmed_stays(fed):
    assert fed.lenscap("reload", "--confirm", "2s").returncode == 0
    assert fed.lenscap("reload", "--keep").returncode == 0
    time.sleep(2.5)
    assert not reaches(fed, netsite.HIKVISION)


def test_plan_says_what_the_guards_will(fed):
    """The laptop is live: nothing may newly stop it unasked. What plan says, lenscapd then does; accept lifts it."""
    assert reaches(fed, netsite.LAPTOP, "laptop")
    done = fed.lenscap("plan", fed.next, "-j")
    shown = json.loads(done.stdout)
    assert done.returncode == 1 and shown["answer"] == "held back" and (shown["added"], shown["removed"]) == (1, 0)
    assert shown["hits"] == [{"mac": netsite.LAPTOP, "port": "laptop", "action": "quarantine", "gateway": False}]
    fed.next.replace(fed.feed)
    source = netsite.wait_until("the feed to wait", lambda: next(
        (s for s in fed.lenscap_json("feed", "list")["sources"] if s["name"] == "auditor" and s["pending"]), None))
    assert source["pending"]["sha256"] == shown["sha256"] and source["pending"]["reason"] == shown["why"]
    assert fed.lenscap("status").returncode == 1
    assert reaches(fed, netsite.LAPTOP, "laptop")
    other = fed.lenscap("feed", "accept", "auditor", "b" * 64)
    assert other.returncode == 1 and "another content waits" in other.stderr
    assert fed.lenscap("feed", "accept", "auditor", shown["sha256"]).returncode == 0
    assert not reaches(fed, netsite.LAPTOP, "laptop")
    assert fed.lenscap("status").returncode == 0


@pytest.mark.parametrize("serial,entries,answer,why", [
    (2, [{"mac": FEED_MAC, "action": "drop"}, {"mac": "02:00:00:00:00:99"}], "applied", None),
    (1, [{"mac": "02:00:00:00:00:99"}], "refused", "serial 1 was accepted with other content"),
    (0, [{"mac": FEED_MAC, "action": "drop"}], "refused", "serial 0 is older than 1"),
])
def test_plan_answers(fed, serial, entries, answer, why):
    fed.next.write_text(native(serial, entries))
    done = fed.lenscap("plan", fed.next, "-j")
    shown = json.loads(done.stdout)
    assert shown["answer"] == answer and done.returncode == (0 if answer == "applied" else 1)
    assert (shown["why"] is None) if why is None else (why in shown["why"])


def test_devices_joins_kernel_and_daemon(fed):
    fed.ping("cam1", "10.77.0.4")
    fed.send("cam2", [frame(netsite.DAHUA)] * 3)

    def rows():
        devices = {d["mac"]: d for d in fed.lenscap_json("devices")["devices"]}
        return devices if devices.get(netsite.HIKVISION, {}).get("ip") and netsite.DAHUA in devices else None
    devices = netsite.wait_until("both cameras", rows)
    assert (devices[netsite.HIKVISION]["vendor"], devices[netsite.HIKVISION]["ip"]) == ("Hikvision", "10.77.0.1")
    dahua = devices[netsite.DAHUA]
    assert (dahua["vendor"], dahua["port"], dahua["vlan"], dahua["stopped_frames"]) == ("Dahua", "cam2", "untagged", 3)
    assert dahua["passed_frames"] == 0 and dahua["first"] <= dahua["last"]
    assert [d["mac"] for d in fed.lenscap_json("devices", "--port", "cam2")["devices"]] == [netsite.DAHUA]


def test_list_says_when_the_kernel_holds_another_policy(fed):
    """Overrides over the capacity are refused whole: what list reads in the files is not in force."""
    assert fed.lenscap("list").returncode == 0
    rows = "".join(f'{{"mac":"02:11:00:00:{i >> 8:02x}:{i & 255:02x}","action":"drop"}}\n' for i in range(16384))
    (fed.overrides / "big.jsonl").write_text(rows)
    netsite.wait_until("its refusal", lambda: any("there is room for" in p for p in fed.lenscap_json("status")["problems"]))
    done = fed.lenscap("list", "-j")
    assert done.returncode == 1 and json.loads(done.stdout)["whole"] is False
    assert done.stderr == ("lenscap: warning: this is what the files say, the kernel holds another policy; see: lenscap "
                           "status\n")


def test_list_filters(fed):
    everything = fed.lenscap_json("list")["entries"]
    assert len(everything) == 142 and len({e["entry"] for e in everything}) == 142
    assert [e["entry"] for e in fed.lenscap_json("list", "--action", "drop")["entries"]] == [FEED_MAC]
    assert [e["entry"] for e in fed.lenscap_json("list", netsite.HIKVISION)["entries"]] == ["44:19:b6/24"]
    assert fed.lenscap_json("list", "--source", "local")["entries"] == []


def test_events_last_and_since(fed):
    fed.lenscap("flag", netsite.LAPTOP)
    netsite.wait_until("the override", lambda: any(e["event"] == "override" for e in fed.events()))
    everything = fed.lenscap_json("events", "-n", "1000")["events"]
    assert [(e["time"], e["event"]) for e in everything] == [(e["time"], e["event"]) for e in fed.events()]
    assert fed.lenscap_json("events", "-n", "2")["events"] == everything[-2:]
    assert fed.lenscap_json("events", "--since", "2099-01-01T00:00:00Z")["events"] == []
    assert fed.lenscap_json("events", "--since", "1h")["events"] == everything


def test_events_follow_survives_rotation(fed):
    fed.daemon.stop()  # its own events would come between
    follow = subprocess.Popen([netsite.BUILD / "lenscap", "--config", fed.config_file, "events", "-f", "-n", "0", "-j"],
                              stdout=subprocess.PIPE, text=True)
    try:
        log = fed.log / "events.jsonl"
        netsite.wait_until("follow to watch", lambda: "inotify" in netsite.run(
            "sh", "-c", f"ls -l /proc/{follow.pid}/fd").stdout)
        for name in ("one", "two"):
            with open(log, "a", encoding="ascii") as out:
                out.write(json.dumps({"time": "2026-11-23T00:00:00Z", "event": name, "why": "\x1b]0;x"}) + "\n")
            line = json.loads(follow.stdout.readline())
            assert (line["event"], line["why"]) == (name, "?]0;x")
            log.rename(log.with_suffix(".1"))
            log.touch()
            log.chmod(0o644)
    finally:
        follow.kill()
        follow.wait(netsite.LIMIT)
        follow.stdout.close()


def test_check_shows_zones_and_their_ports(fed):
    shown = fed.lenscap_json("check")
    assert shown["valid"] and set(shown["zones"][0]["ports"]) == {"cam1", "cam2", "laptop", "core"}
    fed.configure(zones=[{"name": "none", "interfaces": ["nosuch*"]}])
    assert "zone none: no interface that is there now matches it" in fed.lenscap_json("check")["warnings"]


def test_check_warns_of_a_pvid(fed):
    if fed.in_ns(netsite.SWITCH, "ip", "link", "set", "br0", "type", "bridge", "vlan_filtering", "1",
                 check=False).returncode != 0:
        pytest.skip("this kernel's bridges do not filter VLANs")
    fed.in_ns(netsite.SWITCH, "bridge", "vlan", "add", "dev", "cam1", "vid", "30", "pvid", "untagged")
    fed.configure(zones=[{"name": "cctv", "interfaces": ["cam1"], "vlans": [30]}])
    warning = 'zone cctv: VLAN 30 is the PVID of cam1: its frames arrive untagged; list "untagged" too'
    assert warning in fed.lenscap_json("check")["warnings"]
    fed.configure(zones=[{"name": "cctv", "interfaces": ["cam1"], "vlans": [31]}])
    assert warning not in fed.lenscap_json("check")["warnings"]


def test_doctor_good_and_what_it_finds(fed):
    good = fed.lenscap("doctor", "-j")
    assert good.returncode == 0, good.stdout
    (fed.bpf / "policy_table").chmod(0o666)
    fed.state.joinpath("daemon").chmod(0o777)
    found = {(f["what"], f["state"]): f["found"] for f in fed.lenscap_json("doctor")["findings"]}
    assert "mode 0666" in found["pin", "problem"]
    assert "others may write it (mode 0777)" in found["folder", "problem"]
    assert fed.lenscap("doctor").returncode == 1


def test_untrusted_bytes_are_parsed_without_root(fed):
    """Root gives itself up before it parses a file it was given; the descriptor tells: strace sees the order."""
    trace = fed.folder / "trace"
    if netsite.run("which", "strace", check=False).returncode != 0:
        pytest.skip("strace is not installed")
    netsite.run("strace", "-o", trace, "-e", "trace=setresuid,openat", netsite.BUILD / "lenscap", "--config",
                fed.config_file, "status", check=False)
    calls = trace.read_text().splitlines()
    dropped = next(i for i, call in enumerate(calls) if call.startswith("setresuid"))
    assert not any("state.json" in call for call in calls[:dropped])
    assert any("state.json" in call for call in calls[dropped:])
