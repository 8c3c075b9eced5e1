# SPDX-License-Identifier: GPL-2.0-only
"""Loader and daemon do their whole work inside what their units allow: nothing in them is one step too narrow."""
import pathlib
import re
import shutil
import signal

import pytest

import daemonsite
import netsite

pytest.importorskip("seccomp", reason="python3-seccomp is not there")
pytestmark = [
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there"),
    pytest.mark.skipif(b"__asan_init" in (netsite.BUILD / "lenscapd").read_bytes(),
                       reason="sanitizers need system calls that the units forbid; the plain build runs it"),
]
CONFINE = pathlib.Path(__file__).parent / "confine.py"


def unit_file(site, name, without=None):
    """The unit as it is shipped; WITHOUT: a word taken out of its system call filter."""
    text = (netsite.ROOT / f"dist/{name}.service.in").read_text()
    if without:
        text = re.sub(rf"^(SystemCallFilter=@.*?) {without}\b", r"\1", text, flags=re.MULTILINE)
    path = site.folder / f"{name}.service"
    path.write_text(text)
    return path


def start(site, name, without=None, wait=True):
    moved = [f"/run/lenscap={site.run}", f"/var/lib/lenscap={site.state}", f"/var/log/lenscap={site.log}"]
    return site.program(name, ["nsenter", f"--net={site.netns(netsite.SWITCH)}", "--", "/usr/bin/python3", CONFINE,
                               unit_file(site, name, without), *moved, "--", netsite.BUILD / name, "--config",
                               site.config_file], wait)


@pytest.fixture
def confined(site):
    site.configure()
    site.loader = start(site, "lenscap-loader")
    site.daemon = start(site, "lenscapd")
    netsite.wait_until("the policy in force", lambda: (site.daemon_state() or {}).get("policy", {}).get("in_force"))
    return site


def alive(site):
    return all(program.process.poll() is None for program in (site.loader, site.daemon))


def test_they_attach_and_enforce(confined):
    assert confined.ping("laptop", "10.77.0.4")
    assert not confined.ping("cam1", "10.77.0.4") and not confined.ping("cam2", "10.77.0.4")
    log = confined.log / "events.jsonl"
    netsite.wait_until("an event in the log", lambda: log.exists() and "44:19:b6:00:00:01" in log.read_text())
    assert alive(confined)


def test_they_reload_take_overrides_and_follow_ports(confined):
    assert confined.lenscap("exempt", netsite.HIKVISION, "--reason", "test", "--forever").returncode == 0
    assert confined.ping("cam1", "10.77.0.4")
    assert confined.lenscap("flag", netsite.LAPTOP, "--reason", "test").returncode == 0
    assert not confined.ping("laptop", "10.77.0.4")
    for program in (confined.loader, confined.daemon):
        program.process.send_signal(signal.SIGHUP)
    for program in (confined.loader, confined.daemon):
        netsite.wait_until("the reload", lambda p=program: any(m.startswith("RELOADING") for m in p.messages()) and
                           p.messages()[-1].startswith(("READY", "STATUS", "WATCHDOG")))
    confined.add_host("late", "44:19:b6:00:00:09", "10.77.0.9")
    netsite.wait_until("the new port", lambda: not confined.ping("late", "10.77.0.4"))
    assert confined.ping("core", "10.77.0.4") and alive(confined)


def test_until_is_honoured(confined):
    """adjtimex must be allowed: without it the clock would never be called synchronised."""
    confined.configure(policy={"vendor-lists": ["uk-core-network"], "capacity": 16384})
    confined.daemon.process.send_signal(signal.SIGHUP)
    netsite.wait_until("the answer about the clock",
                       lambda: confined.daemon_state().get("clock") in ("synchronised", "not synchronised"))
    assert alive(confined)


def test_feeds_from_files(confined):
    """Workers inherit the unit's limits and need a few calls more than lenscapd itself. They have no network: that is
    lenscapd-fetch's (test_fetch_service.py)."""
    names = ("near", "far")
    for name in names:
        confined.feed_path(f"{name}.jsonl").write_text(daemonsite.feed_text(name, 1, daemonsite.addresses(3)))
        confined.feed_path(f"{name}.jsonl").chmod(0o644)
    confined.configure(feeds=[{"name": name, "path": str(confined.feed_path(f"{name}.jsonl"))} for name in names])
    confined.daemon.process.send_signal(signal.SIGHUP)
    netsite.wait_until("both feeds", lambda: [s["serial"] for s in confined.daemon_state()["sources"]
                                              if s["kind"] == "feed"] == [1, 1])
    assert alive(confined)


@pytest.mark.parametrize("name", ["lenscap-loader", "lenscapd"])
def test_the_filter_is_really_there(site, name):
    """The control: without bpf in the filter each ends by the signal of seccomp."""
    site.configure()
    if name == "lenscapd":
        start(site, "lenscap-loader")
    program = start(site, name, without="bpf", wait=False)
    assert program.process.wait(netsite.LIMIT) == -signal.SIGSYS
