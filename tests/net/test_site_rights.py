# SPDX-License-Identifier: GPL-2.0-only
"""Who may do what with the pins: tried as a member of the reading group, as the daemon, and as anybody else."""
import pathlib
import shutil

import pytest

import netsite
import pins

ROOT_MAPS = ["control", "switches", "protect", "protect_filter", "ports", "slots", "totals", "permits", "mirror", "capture"]
ROOT_ALONE = ["mirror_device", "capture_ring"]
MMAPPED = ["policy_head", "policy_filter", "policy_table"]
POLICY_MAPS = MMAPPED + ["policy_grace"]
WHO = {
    "reader": ["setpriv", "--reuid", "nobody", "--regid", "lenscap", "--clear-groups"],
    "daemon": ["setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--groups", "lenscap-policy"],
    "stranger": ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"],
}


@pytest.fixture(scope="module")
def rights():
    """A running site; call with who, pin and way for the outcome."""
    site = netsite.Site()
    site.add_host("mon", "02:00:00:00:00:77", bridge=None)
    site.configure(mirror={"interface": "mon", "snaplen": 64}, zones=[{
        "name": "core", "interfaces": ["bridge:br0"], "mode": "enforce", "direction": "both", "actions": ["drop", "mirror"]}])
    site.start()
    tool = site.folder / "pins.py"
    shutil.copy(pathlib.Path(pins.__file__), tool)
    tool.chmod(0o644)

    def attempt(who, pin, way):
        return netsite.run(*WHO[who], "/usr/bin/python3", tool, site.bpf / pin, way).stdout.strip()
    attempt.site = site
    yield attempt
    site.close()


def links(site):
    number = site.port_number("cam1")
    names = sorted(f"port/{number}/{p.name}" for p in (site.bpf / "port" / str(number)).iterdir())
    assert len(names) == 3
    return names + ["copies/egress_link"]


@pytest.mark.parametrize("way", ["read", "write", "write-only", "mmap", "freeze", "open", "unlink", "replace"])
@pytest.mark.parametrize("pin", ROOT_MAPS + POLICY_MAPS + ["events"])
def test_a_stranger_sees_nothing(rights, pin, way):
    assert rights("stranger", pin, way) == "EACCES"


@pytest.mark.parametrize("way", ["write", "write-only", "mmap", "freeze", "open", "unlink", "replace"])
@pytest.mark.parametrize("pin", ROOT_MAPS + POLICY_MAPS)
def test_a_reader_changes_nothing(rights, pin, way):
    assert rights("reader", pin, way) == "EACCES"


@pytest.mark.parametrize("pin", ROOT_MAPS + POLICY_MAPS)
def test_a_reader_reads(rights, pin):
    assert rights("reader", pin, "read") == "done"


def test_a_reader_does_not_take_events_away(rights):
    assert rights("reader", "events", "read") == "EACCES"
    assert rights("reader", "events", "open") == "EACCES"


@pytest.mark.parametrize("way", ["write", "write-only", "mmap", "freeze", "open", "unlink", "replace"])
@pytest.mark.parametrize("pin", ROOT_MAPS)
def test_the_daemon_does_not_change_what_is_roots(rights, pin, way):
    assert rights("daemon", pin, way) == "EACCES"


@pytest.mark.parametrize("pin", ROOT_MAPS + POLICY_MAPS + ["events"])
def test_the_daemon_reads_or_opens(rights, pin):
    assert rights("daemon", pin, "open" if pin == "events" else "read") == "done"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("pin", ROOT_ALONE)
def test_frames_and_where_they_go_are_roots_alone(rights, who, pin):
    """Captured frames are nobody's to read but root's, and nobody else says where diverted ones go."""
    assert {rights(who, pin, way) for way in ("read", "write-only", "open", "unlink", "replace")} == {"EACCES"}


@pytest.mark.parametrize("way", ["write", "mmap"])
@pytest.mark.parametrize("pin", MMAPPED)
def test_the_daemon_writes_the_policy(rights, pin, way):
    """Control of all that is refused: here the kernel says yes."""
    assert rights("daemon", pin, way) == "done"


@pytest.mark.parametrize("way", ["unlink", "replace"])
@pytest.mark.parametrize("pin", POLICY_MAPS + ["events"])
def test_the_daemon_does_not_move_pins(rights, pin, way):
    assert rights("daemon", pin, way) == "EACCES"


@pytest.mark.parametrize("way", ["read", "open", "detach", "unlink", "replace"])
@pytest.mark.parametrize("who", WHO)
def test_links_are_roots_alone(rights, who, way):
    for link in links(rights.site):
        assert rights(who, link, way) == "EACCES"


@pytest.mark.parametrize("pin", MMAPPED)
def test_a_map_frozen_by_the_daemon_is_rebuilt(running, pin):
    """Nobody can take the right to freeze from who may write; so the loader makes the maps anew, and nothing gets through."""
    shutil.copy(pathlib.Path(pins.__file__), running.folder / "pins.py")
    (running.folder / "pins.py").chmod(0o644)
    generation = pins.control(running.bpf)["generation"]
    running.daemon.stop()  # its own mapping would forbid freezing
    result = netsite.run(*WHO["daemon"], "/usr/bin/python3", running.folder / "pins.py", running.bpf / pin, "freeze")
    assert result.stdout.strip() == "done"
    running.daemon = running.start_daemon()
    netsite.wait_until("new maps", lambda: pins.control(running.bpf)["generation"] > generation)
    netsite.wait_until("the policy in force in them", lambda: (
        lambda s: s["policy"]["in_force"] and s["generation"] > generation)(running.daemon_state()))
    assert not running.ping("cam1", "10.77.0.4")
    assert running.ping("laptop", "10.77.0.4")
    assert running.lenscap("flag", netsite.LAPTOP, "--reason", "test").returncode == 0
    assert not running.ping("laptop", "10.77.0.4")


def status(program):
    text = pathlib.Path(f"/proc/{program.pid}/status").read_text(encoding="ascii")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


@pytest.mark.parametrize("root", [False, True])
def test_the_daemon_has_no_capability(site, root):
    """Started as its unit does, or as root."""
    site.configure()
    site.loader = site.start_loader()
    site.daemon = site.start_daemon(root=root)
    netsite.wait_until("the policy in force", site.settled)
    fields = status(site.daemon)
    assert fields["Uid"].split() == [netsite.run("id", "-u", "lenscap").stdout.strip()] * 4
    for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(fields[which], 16) == 0
    assert not site.ping("cam1", "10.77.0.4")


def test_the_loader_has_three_capabilities(running):
    bits = (1 << 12) | (1 << 38) | (1 << 39)  # NET_ADMIN, PERFMON, BPF
    assert int(status(running.loader)["CapEff"], 16) & ~bits == 0
    assert int(status(running.loader)["CapEff"], 16) == bits
