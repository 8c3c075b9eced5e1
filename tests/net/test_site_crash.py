# SPDX-License-Identifier: GPL-2.0-only
"""Crash, kill, restart and upgrade of both programs during a flood: not one flagged frame gets through."""
import shutil
import signal
import time

import pytest

import netsite

CLASSES = [f"flagged={netsite.HIKVISION}+200*9", "clean=02:00:00:01:00:00+50"]
RATE = 20000  # frames a second: enough to meet any gap, and the cables never fill up


class Traffic:
    """Flagged and clean frames from cam1 to the core server, for as long as the test runs."""

    def __init__(self, site):
        assert site.ping("core", "10.77.0.3")  # the bridge learns where the core server is
        # so that the port takes frames when its program is gone: a gap must show
        site.in_ns(netsite.SWITCH, "ethtool", "-K", "cam1", "gro", "on")
        self.site = site
        self.receiver = site.flood("core", "receive", classes=CLASSES)
        self.sender = site.flood("cam1", "send", "--rate", RATE, "--to", netsite.CORE, classes=CLASSES)
        self.flows()

    def flows(self):
        """Returns when frames sent after the call have been received."""
        before = self.receiver.counts()["clean"]
        netsite.wait_until("traffic", lambda: self.receiver.counts()["clean"] > before + 200)

    def end(self):
        """(sent, received) by class"""
        sent = self.sender.stop()
        assert self.site.xmit_errors("cam1") == 0
        end = time.monotonic() + 2
        while self.receiver.counts()["clean"] < sent["clean"] and time.monotonic() < end:
            time.sleep(0.01)
        return sent, self.receiver.stop()


@pytest.fixture
def flooded(running):
    running.traffic = Traffic(running)
    return running


def assert_no_gap(site):
    site.traffic.flows()
    sent, received = site.traffic.end()
    assert sent["flagged"] > 1000
    assert received["flagged"] == 0
    assert received["clean"] == sent["clean"]


def in_force(site):
    netsite.wait_until("the policy in force", site.settled)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_loader_ends_and_comes_back(flooded, sig):
    flooded.loader.stop(sig)
    flooded.traffic.flows()
    flooded.loader = flooded.start_loader()
    assert_no_gap(flooded)


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_daemon_ends_and_comes_back(flooded, sig):
    flooded.daemon.stop(sig)
    flooded.traffic.flows()
    flooded.daemon = flooded.start_daemon()
    in_force(flooded)
    assert_no_gap(flooded)


def test_both_are_killed_again_and_again(flooded):
    for _ in range(3):
        flooded.daemon.stop(signal.SIGKILL)
        flooded.loader.stop(signal.SIGKILL)
        flooded.loader = flooded.start_loader()
        flooded.daemon = flooded.start_daemon()
    in_force(flooded)
    assert_no_gap(flooded)


def test_killed_while_starting(flooded):
    for delay in (0.005, 0.02, 0.05, 0.1):
        for start, name in ((flooded.start_loader, "loader"), (flooded.start_daemon, "daemon")):
            getattr(flooded, name).stop(signal.SIGKILL)
            setattr(flooded, name, start(wait=False))
            time.sleep(delay)
    for start, name in ((flooded.start_loader, "loader"), (flooded.start_daemon, "daemon")):
        getattr(flooded, name).stop(signal.SIGKILL)
        setattr(flooded, name, start())
    in_force(flooded)
    assert_no_gap(flooded)


def test_upgrade_of_both(flooded, tmp_path):
    """Other files, as a package upgrade leaves them; the changed zone makes every port take a new program."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    for program in ("lenscap-loader", "lenscapd"):
        shutil.copy(netsite.BUILD / program, tmp_path / program)
    flooded.configure(zones=[{"name": "renamed", "interfaces": ["bridge:br0"], "mode": "enforce",
                              "actions": ["drop", "monitor", "allow"]}])
    flooded.loader.stop()
    flooded.loader = flooded.start_loader(build=tmp_path)
    flooded.daemon.stop()
    flooded.daemon = flooded.start_daemon(build=tmp_path)
    in_force(flooded)
    assert flooded.port_state("cam1")["zones"][0]["name"] == "renamed"
    assert_no_gap(flooded)


def test_reload_by_signal(flooded):
    flooded.configure(zones=[{"name": "renamed", "interfaces": ["bridge:br0"], "mode": "enforce"}])
    flooded.loader.process.send_signal(signal.SIGHUP)
    flooded.daemon.process.send_signal(signal.SIGHUP)
    netsite.wait_until("the new zone", lambda: flooded.port_state("cam1")["zones"][0]["name"] == "renamed")
    assert_no_gap(flooded)


def test_detach_lets_frames_through(flooded):
    """Control: this is what a gap looks like."""
    flooded.loader.stop()
    assert flooded.start_loader("--detach", wait=False).process.wait(netsite.LIMIT) == 0
    flooded.traffic.flows()
    _, received = flooded.traffic.end()
    assert received["flagged"] > 1000


def test_boot_without_daemon(running):
    """The snapshot of the last policy is in the table before the first port is attached."""
    running.daemon.stop()
    running.loader.stop(signal.SIGKILL)
    running.reboot()
    running.loader = running.start_loader()
    traffic = Traffic(running)
    running.traffic = traffic
    assert_no_gap(running)


def test_first_boot_passes_and_says_so(site):
    """Control: with no snapshot and no daemon there is no policy."""
    site.configure()
    site.loader = site.start_loader()
    traffic = Traffic(site)
    traffic.flows()
    sent, received = traffic.end()
    assert received == {**sent, "other": received["other"]}
    assert site.lenscap("status").returncode == 1
