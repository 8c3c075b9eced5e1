# SPDX-License-Identifier: GPL-2.0-only
"""Ending, killing, restarting, upgrading, reloading, detaching: links stay what they are."""
import json
import mmap
import os
import pathlib
import signal

import pytest

import loaderkit as kit
import netsite
import pins
from netsite import SWITCH, run, wait_until


@pytest.fixture
def attached(ports):
    """The same attached; the loader running."""
    ports.loader = ports.start_loader()
    return ports


def reload(site):
    """SIGHUP, and wait until it has been dealt with."""
    before = site.loader.messages().count("READY=1")
    site.loader.process.send_signal(signal.SIGHUP)
    wait_until("the reload", lambda: site.loader.messages().count("READY=1") > before)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGABRT])
def test_its_end_leaves_everything_and_a_start_takes_it_over(attached, sig):
    links = kit.link_ids(attached)
    assert len(links) == 4
    kit.stop(attached, sig)
    assert kit.link_ids(attached) == links
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}
    programs = kit.prog_ids(attached)
    attached.loader = attached.start_loader()
    assert kit.link_ids(attached) == links  # updated, never detached
    assert not set(kit.prog_ids(attached).values()) & set(programs.values())
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}
    assert attached.totals("p1") == {"stopped_xdp": 6}  # counters went on


def test_upgrade_to_another_file(attached):
    links, generation = kit.link_ids(attached), attached.loader_state()["generation"]
    kit.stop(attached)
    attached.loader = attached.start_loader(build=kit.copy_build(attached.folder / "new"))
    assert pathlib.Path(os.readlink(f"/proc/{attached.loader.pid}/exe")).parent == attached.folder / "new"
    assert kit.link_ids(attached) == links and attached.loader_state()["generation"] == generation


def test_words_survive_a_restart_without_a_snapshot(attached):
    (attached.state / "daemon" / "table.words").unlink()
    kit.stop(attached)
    attached.loader = attached.start_loader()
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def test_second_loader_is_refused(attached):
    before = kit.net(attached)
    second = kit.loader(attached, check=False)
    assert second.returncode == 3
    assert f"lenscap-loader with pid {attached.loader.pid} runs already" in second.stderr
    detach = kit.loader(attached, "--detach", check=False)
    assert detach.returncode == 3 and f"pid {attached.loader.pid} runs" in detach.stderr
    assert kit.net(attached) == before


def test_reload_changes_zones_by_link_update(attached):
    links, programs = kit.link_ids(attached), kit.prog_ids(attached)
    attached.configure(zones=[{**kit.ZONE, "mode": "dry-run"}])
    reload(attached)
    assert attached.port_state("p1")["zones"][0]["mode"] == "dry-run"
    assert kit.link_ids(attached) == links and kit.prog_ids(attached) != programs
    assert kit.counted(attached, "p1") == {"dry_run": 3}
    assert any(m.startswith("RELOADING=1") for m in attached.loader.messages())
    assert any(m.startswith("MONOTONIC_USEC=") for m in attached.loader.messages())


def test_reload_of_the_same_changes_nothing(attached):
    """No needless new programs either: nothing has changed for them."""
    programs = kit.prog_ids(attached)
    state = (attached.run / "loader" / "state.json").read_bytes()
    reload(attached)
    assert kit.prog_ids(attached) == programs
    assert (attached.run / "loader" / "state.json").read_bytes() == state


def test_reload_takes_a_port_out(attached):
    attached.configure(zones=[{**kit.ZONE, "exclude": ["p2"]}])
    reload(attached)
    assert attached.port_state("p2") is None and kit.xdp_on(attached, "p2") is None
    assert sorted(kit.links(attached)) == ["0/tc_link", "0/xdp_link"]
    assert "p2 is in no zone any more: detached" in attached.loader.text()
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def test_reload_of_a_broken_file_keeps_the_old(attached):
    programs, sha256 = kit.prog_ids(attached), attached.loader_state()["config"]["sha256"]
    attached.write_config("zones: [{name: core, interfaces: [p1], colour: red}]\n")
    reload(attached)
    config = attached.loader_state()["config"]
    assert f"{attached.config_file}:1:" in config["error"] and "colour" in config["error"]
    assert (config["sha256"], config["fallback"]) == (sha256, False)
    assert kit.prog_ids(attached) == programs
    attached.configure(zones=[kit.ZONE])
    reload(attached)
    assert attached.loader_state()["config"]["error"] is None


def test_reload_of_overlapping_zones_keeps_the_old(attached):
    kit.ip(attached, "link", "set", "p2", "master", "br0")
    programs = kit.prog_ids(attached)
    attached.configure(zones=[kit.ZONE, {**kit.ZONE, "name": "other", "interfaces": ["bridge:br0"]}])
    reload(attached)
    assert "zones core and other both claim p2 for any VLAN" in attached.loader_state()["config"]["error"]
    assert kit.prog_ids(attached) == programs


def test_reload_that_moves_the_run_folder_keeps_the_old(attached):
    config = attached.default_config()
    config["paths"]["run"] = str(attached.folder / "elsewhere")
    attached.configure(zones=[kit.ZONE], paths=config["paths"])
    reload(attached)
    assert "paths, user and groups change by a restart only" in attached.loader_state()["config"]["error"]
    assert not (attached.folder / "elsewhere").exists()


@pytest.mark.parametrize("capacity, devices", [(65536, None), (4096, None), (None, 128)])
@pytest.mark.parametrize("restart", [False, True])
def test_other_sizes_are_new_maps_with_the_same_words(attached, capacity, devices, restart):
    kit.counted(attached, "p1")
    links, before = kit.link_ids(attached), pins.control(attached.bpf)
    policy = attached.default_config()["policy"]
    policy |= {k: v for k, v in (("capacity", capacity), ("devices", devices)) if v}
    attached.configure(zones=[kit.ZONE], policy=policy)
    (attached.state / "daemon" / "table.words").unlink()
    if restart:
        kit.stop(attached)
        attached.loader = attached.start_loader()
    else:
        reload(attached)
    after = pins.control(attached.bpf)
    assert after["generation"] == before["generation"] + 1 == attached.loader_state()["generation"]
    assert after["capacity"] == (capacity or before["capacity"])
    assert after["slots"] == (devices or before["slots"])
    assert kit.link_ids(attached) == links
    assert attached.totals("p1") == {"stopped_xdp": 3}
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


@pytest.mark.parametrize("restart", [False, True])
def test_capacity_too_small_for_what_is_in_force_is_not_taken(bare_site, restart):
    kit.add_port(bare_site, "p1")
    kit.leave_snapshot(bare_site, kit.SNAPSHOT_ENTRIES + [(f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", 48, kit.DROP)
                                                          for i in range(3000)])
    bare_site.configure(zones=[kit.ZONE])
    bare_site.loader = bare_site.start_loader()
    before = pins.control(bare_site.bpf)
    bare_site.configure(zones=[kit.ZONE], policy={"capacity": 2048, "clock": "trust"})
    if restart:
        kit.stop(bare_site)
        bare_site.loader = bare_site.start_loader()
    else:
        reload(bare_site)
    assert any("capacity 2048 is less than the entries in force: 16384 stays" in w
               for w in bare_site.loader_state()["warnings"])
    assert pins.control(bare_site.bpf)["capacity"] == before["capacity"]
    assert kit.counted(bare_site, "p1") == {"stopped_xdp": 3}


@pytest.mark.parametrize("pin", ["policy_head", "policy_filter", "policy_table", "policy_grace"])
def test_frozen_map_is_made_anew(attached, pin):
    """Its words stay in force; the links are the same; lenscapd can write again."""
    links, before = kit.link_ids(attached), pins.control(attached.bpf)
    assert run("/usr/bin/python3", pins.__file__, attached.bpf / pin, "freeze").stdout.strip() == "done"
    wait_until("a new generation", lambda: attached.loader_state()["generation"] == before["generation"] + 1)
    assert pins.control(attached.bpf)["generation"] == before["generation"] + 1
    assert "frozen" in attached.loader.text()
    assert kit.link_ids(attached) == links
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}
    if pin != "policy_grace":
        assert run("/usr/bin/python3", pins.__file__, attached.bpf / pin, "mmap").stdout.strip() == "done"


def test_frozen_while_the_loader_was_dead(attached):
    kit.stop(attached)
    run("/usr/bin/python3", pins.__file__, attached.bpf / "policy_table", "freeze")
    (attached.state / "daemon" / "table.words").unlink()
    attached.loader = attached.start_loader()
    assert attached.loader_state()["generation"] == 2
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def test_full_and_frozen_by_an_enemy(bare_site):
    """More words than fit, and the table frozen so that nobody can remove them: what fits is taken over."""
    kit.add_port(bare_site, "p1")
    kit.leave_snapshot(bare_site)
    bare_site.configure(zones=[kit.ZONE], policy={"capacity": 2048, "devices": 64, "clock": "trust"})
    bare_site.loader = bare_site.start_loader()
    before = pins.control(bare_site.bpf)
    fd = pins.obj_get(bare_site.bpf / "policy_table")
    size = (before["buckets"] + 1) * 64
    with mmap.mmap(fd, size) as table:
        for i in range(size // 8):
            table[8 * i:8 * i + 8] = kit.word(f"02{i:010x}", 48, kit.DROP * 17).to_bytes(8, "little")
    os.close(fd)
    run("/usr/bin/python3", pins.__file__, bare_site.bpf / "policy_table", "freeze")
    wait_until("a new generation", lambda: bare_site.loader_state()["generation"] == before["generation"] + 1)
    assert "more than its capacity: 2048 are taken over" in bare_site.loader.text()
    assert run("/usr/bin/python3", pins.__file__, bare_site.bpf / "policy_table", "mmap").stdout.strip() == "done"


def test_another_abi_is_filled_first_and_switched_after(attached):
    """Pins that say another ABI number: new maps from the snapshot, under the same links."""
    kit.stop(attached)
    links, before = kit.link_ids(attached), pins.control(attached.bpf)
    fd = pins.obj_get(attached.bpf / "control")
    pins.update(fd, bytes(4), (99).to_bytes(4, "little") + pins.lookup(fd, bytes(4), 40)[4:])
    os.close(fd)
    attached.loader = attached.start_loader()
    assert "of another ABI or not whole" in attached.loader.text()
    after = pins.control(attached.bpf)
    assert after["abi"] == kit.ABI and after["generation"] not in (before["generation"], 0)
    assert after["generation"] == attached.loader_state()["generation"]
    assert kit.link_ids(attached) == links
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def set_abi(site, pin, size, abi):
    fd = pins.obj_get(site.bpf / pin)
    pins.update(fd, bytes(4), abi.to_bytes(4, "little") + pins.lookup(fd, bytes(4), size)[4:])
    os.close(fd)


def test_upgrade_from_abi_1_takes_the_policy_over(attached):
    """Its words, numbers and switches are in force under the new programs from the first moment on, with no snapshot."""
    kit.stop(attached)
    links, before = kit.link_ids(attached), pins.control(attached.bpf)
    epoch, slots = pins.epoch(attached.bpf), pins.map_id(attached.bpf / "slots")
    (attached.state / "daemon" / "table.words").unlink()
    set_abi(attached, "control", 40, 1)
    set_abi(attached, "policy_head", 64, 1)
    later = 10**9 * 10**6
    pins.pin_array(attached.bpf / "switches", [0, later])
    for name in ("permits", "mirror", "mirror_device", "capture", "capture_ring"):
        (attached.bpf / name).unlink()
    attached.loader = attached.start_loader()
    assert "is of ABI 1: the maps are made anew, the policy in force is taken over" in attached.loader.text()
    after = pins.control(attached.bpf)
    assert after == before | {"generation": before["generation"] + 1}
    assert 1 << 20 <= pins.epoch(attached.bpf) - epoch < 1 << 21  # behind every epoch that a slot may remember an entry of
    assert pins.map_id(attached.bpf / "slots") != slots  # an older ABI's fields mean something else
    assert kit.link_ids(attached) == links
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}
    fd = pins.obj_get(attached.bpf / "switches")
    assert pins.switches(fd) == (0, later, 0)
    os.close(fd)


def test_overwritten_head_is_made_anew(attached):
    epochs = {0xffffffffffffffff}
    for generation in (2, 3):
        fd = pins.obj_get(attached.bpf / "policy_head")
        pins.update(fd, bytes(4), b"\xff" * 64)
        os.close(fd)
        wait_until("a new generation", lambda: attached.loader_state()["generation"] == generation)  # pylint: disable=cell-var-from-loop
        epochs.add(pins.epoch(attached.bpf))
    assert len(epochs) == 3  # what was written there is not counted on from: it could come back


@pytest.mark.parametrize("pin", ["port/0/xdp_link", "port/0/tc_link", "policy_table", "switches", "events"])
def test_what_is_unpinned_is_pinned_again(attached, pin):
    path = attached.bpf / pin
    mode, links = path.stat().st_mode, kit.link_ids(attached)
    group = path.stat().st_gid
    path.unlink()
    wait_until("the pin", path.exists)
    assert (path.stat().st_mode, path.stat().st_gid) == (mode, group)
    assert kit.link_ids(attached) == links
    assert "gone" in attached.loader.text()


def test_a_link_detached_by_force_is_made_anew(attached):
    links = kit.link_ids(attached)
    assert run("/usr/bin/python3", pins.__file__, attached.bpf / "port/0/xdp_link", "detach").stdout.strip() == "done"
    assert kit.xdp_on(attached, "p1") is None
    wait_until("XDP", lambda: kit.xdp_on(attached, "p1"))
    wait_until("its pin", lambda: kit.link_ids(attached)["0/xdp_link"] != links["0/xdp_link"])
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def test_detach_takes_all_off_and_again_is_nothing(attached):
    kit.stop(attached)
    done = kit.loader(attached, "--detach")
    assert "2 ports released" in done.stderr
    found = kit.net(attached)
    assert (found["xdp"], found["tc"]) == ([], [])
    assert [p.name for p in attached.bpf.iterdir() if not p.name.endswith(".debug")] == []
    assert not (attached.run / "loader" / "state.json").exists()
    assert "0 ports released" in kit.loader(attached, "--detach").stderr
    run("umount", attached.bpf)
    assert "nothing is pinned there" in kit.loader(attached, "--detach").stderr


def test_detach_with_a_broken_configuration(attached):
    kit.stop(attached)
    attached.write_config("zones: [\n")
    done = kit.loader(attached, "--detach", "--last-valid", attached.state / "loader" / "config")
    assert "2 ports released" in done.stderr
    assert kit.net(attached)["xdp"] == []


def test_start_with_a_broken_configuration(attached):
    """The copy that the last start left is used, and it is said."""
    kit.stop(attached)
    links = kit.link_ids(attached)
    attached.write_config("zones: [\n")
    attached.loader = attached.start_loader("--last-valid", attached.state / "loader" / "config")
    config = attached.loader_state()["config"]
    assert config["fallback"] is True and str(attached.config_file) in config["error"]
    assert kit.link_ids(attached) == links and kit.counted(attached, "p1") == {"stopped_xdp": 3}
    kit.stop(attached)
    failed = kit.loader(attached, check=False)  # with no copy there is nothing to start with
    assert failed.returncode == 3 and str(attached.config_file) in failed.stderr
    assert kit.link_ids(attached) == links


def test_protected_addresses_follow_configuration(attached):
    attached.configure(zones=[kit.ZONE], policy={**attached.default_config()["policy"], "protect": [kit.CAMERA]})
    reload(attached)
    assert kit.counted(attached, "p1") == {"protected": 3}
    attached.configure(zones=[kit.ZONE])
    reload(attached)
    assert kit.counted(attached, "p1") == {"stopped_xdp": 3}


def test_confirm_until_is_shown(attached):
    assert attached.loader_state()["confirm_until"] is None
    fd = pins.obj_get(attached.bpf / "switches")
    with open("/proc/uptime", encoding="ascii") as uptime:
        later = int(float(uptime.read().split()[0]) + 3600) * 10**9
    pins.set_switches(fd, 0, later, 0)
    os.close(fd)
    assert wait_until("confirm_until", lambda: attached.loader_state()["confirm_until"]).endswith("Z")


def test_switches_that_have_ended_are_cleared(attached):
    """Bypass and capture; the time from which an unconfirmed reload is in dry-run stays what it is."""
    fd = pins.obj_get(attached.bpf / "switches")
    pins.set_switches(fd, 1, 1, 1)
    wait_until("the end", lambda: pins.switches(fd) == (0, 1, 0), limit=30)
    os.close(fd)


def test_state_is_written_only_when_it_changed(attached):
    path = attached.run / "loader" / "state.json"
    before = path.stat()
    kit.ip(attached, "link", "set", "br0", "alias", "x")
    kit.add_port(attached, "p3")
    kit.wait_port(attached, "p3", "up", lambda p: p["up"])
    changed = path.stat()
    assert (changed.st_mtime_ns, changed.st_size) != (before.st_mtime_ns, before.st_size)
    for _ in range(2):  # it looks at everything, and puts this back
        (attached.bpf / "switches").unlink()
        wait_until("another look at everything", (attached.bpf / "switches").exists)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (changed.st_ino, changed.st_mtime_ns)
    assert json.loads(path.read_text(encoding="utf-8"))["abi"] == kit.ABI


def test_the_bpffs_must_be_mounted(bare_site):
    bare_site.configure(zones=[kit.ZONE])
    run("umount", bare_site.bpf)
    failed = kit.loader(bare_site, check=False)
    assert failed.returncode == 3
    assert f"{bare_site.bpf} is not a bpffs: mount it first" in failed.stderr
    assert f"mount -t bpf bpf {bare_site.bpf}" in failed.stderr


def test_two_instances_on_one_port_do_not_fight(attached):
    """A second one, with folders of its own: XDP is the first's, both stop in tc, each is taken off alone."""
    other = netsite.Site(devices=False)
    try:
        kit.leave_snapshot(other)
        other.configure(zones=[kit.ZONE])
        other.loader = other.program("lenscap-loader", [
            "nsenter", f"--net={attached.netns(SWITCH)}", "--", netsite.BUILD / "lenscap-loader",
            "--config", other.config_file])
        assert other.port_state("p1")["xdp"] == "foreign"
        first = kit.links(attached)
        other.loader.stop()
        attached.in_ns(SWITCH, netsite.BUILD / "lenscap-loader", "--config", other.config_file, "--detach")
        assert kit.links(attached) == first
        assert kit.counted(attached, "p1") == {"stopped_xdp": 3}
    finally:
        other.close()
