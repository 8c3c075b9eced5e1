# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd as a process: its rights, its files when they are damaged or the disk is full, reload, log, signals."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from daemonsite import addresses, feed_text
from netsite import BUILD, run, wait_until


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                if ":\t" in line)


# ---- rights ----

@pytest.mark.parametrize("root", [False, True], ids=["as-its-user", "started-as-root"])
def test_runs_without_any_right(daemon, root):
    daemon.feeds("auditor")
    daemon.begin(root=root)
    status = status_of(daemon.daemon.pid)
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"].strip() == "1"
    uid, gid = (int(run("id", flag, "lenscap").stdout) for flag in ("-u", "-g"))
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(gid)] * 4
    policy = run("getent", "group", "lenscap-policy").stdout.split(":")[2]
    assert set(status["Groups"].split()) <= {str(gid), policy} and policy in status["Groups"].split()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))
    assert len(daemon.table()) == 3


def test_refuses_to_run_with_a_capability(daemon):
    daemon.feeds("auditor")
    program = daemon.program("lenscapd", [
        "setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--groups", "lenscap-policy", "--inh-caps", "+net_admin",
        "--ambient-caps", "+net_admin", BUILD / "lenscapd", "--config", daemon.config_file], wait=False)
    assert program.process.wait(10) == 3
    assert "capabilities" in program.text()


def test_refuses_to_become_root(daemon):
    daemon.configure(user="root")
    program = daemon.start_daemon(root=True, wait=False)
    assert program.process.wait(10) == 3
    assert "root" in program.text()


def test_writes_nowhere_else(daemon):
    daemon.feeds("auditor")
    daemon.begin(root=True)
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))
    daemon.restart()
    uid = int(run("id", "-u", "lenscap").stdout)
    mine = {str(p.relative_to(daemon.folder)) for p in daemon.folder.rglob("*")
            if p.lstat().st_uid == uid and not str(p).startswith(str(daemon.bpf))}
    allowed = ("run/daemon", "state/daemon", "log")
    assert mine and all(p.startswith(allowed) for p in mine), mine
    for path in mine:
        mode = (daemon.folder / path).stat().st_mode
        assert mode & 0o022 == 0, path  # the folders keep strangers out


@pytest.mark.parametrize("arguments,code,words", [
    (["--help"], 0, "Usage"), (["--version"], 0, "lenscapd 0"), (["--nonsense"], 2, "--help"), (["what"], 2, "what"),
], ids=["help", "version", "unknown-option", "argument"])
def test_command_line(arguments, code, words):
    done = subprocess.run([BUILD / "lenscapd", *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == code
    assert words in done.stdout + done.stderr


def test_makes_missing_folders_as_root(daemon):
    for folder in (daemon.run / "daemon", daemon.state / "daemon", daemon.log):
        shutil.rmtree(folder)
    daemon.feeds("auditor")
    daemon.begin(root=True)
    assert daemon.daemon_state()["sources"]
    for folder in (daemon.run / "daemon", daemon.state / "daemon", daemon.log):
        assert folder.stat().st_mode & 0o777 == 0o750
        assert folder.owner() == folder.group() == "lenscap"


# ---- files of its own ----

def start_with_feed(daemon, n=6):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 5, addresses(n))))
    return daemon.kernel_digest()


DAMAGES = {"empty": b"", "binary": b"\xff\x00" * 500, "cut": None, "list": b"[]", "deep": b"[" * 100000}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["guard.json", "feeds/auditor.jsonl", "table.words"])
def test_damaged_state_file_changes_no_policy(daemon, name, damage):
    before = start_with_feed(daemon)
    path = daemon.state / "daemon" / name
    wait_until(f"{name}", path.exists)
    daemon.daemon.stop()
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2] if DAMAGES[damage] is None else DAMAGES[damage])
    daemon.feed_path("auditor.jsonl").rename(daemon.feed_path("away"))
    daemon.begin()
    assert daemon.kernel_digest() == before == daemon.table_digest()
    if name == "feeds/auditor.jsonl":
        assert any("cannot be read back" in w for w in daemon.daemon_state()["warnings"])
    daemon.feed_path("away").rename(daemon.feed_path("auditor.jsonl"))
    wait_until("the feed to be known", lambda: daemon.source("auditor")["sha256"] and daemon.source("auditor")["known"])
    assert daemon.kernel_digest() == before == daemon.table_digest()
    daemon.put("auditor", feed_text("auditor", 4, addresses(2)))  # the serial is remembered one way or the other
    daemon.refused("auditor", "serial")


def test_missing_record_keeps_what_is_enforced(daemon):
    before = start_with_feed(daemon)
    daemon.daemon.stop()
    (daemon.state / "daemon/feeds/auditor.jsonl").unlink()
    daemon.feed_path("auditor.jsonl").unlink()
    daemon.begin()
    assert daemon.kernel_digest() == before == daemon.table_digest()
    sha = daemon.put("auditor", feed_text("auditor", 6, addresses(7)))
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 7


@pytest.mark.parametrize("data", [b"", b"{", b'{"devices":[{"mac":"x"}]}', b"\xff" * 100], ids=["empty", "cut", "row", "binary"])
def test_damaged_device_memory_is_forgotten(daemon, data):
    daemon.feeds("auditor")
    path = daemon.run / "daemon/devices.json"
    path.write_bytes(data)
    path.chmod(0o644)
    daemon.begin()
    assert "damaged" in daemon.daemon.text()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))


def test_symlink_in_place_of_a_feed_is_refused(daemon):
    before = start_with_feed(daemon)
    secret = daemon.feed_path("elsewhere.jsonl")
    secret.write_text(feed_text("auditor", 9, addresses(9)))
    secret.chmod(0o644)
    path = daemon.feed_path("auditor.jsonl")
    path.unlink()
    daemon.refused("auditor", "there is no such file")  # so that only the link's own appearance can tell of it
    path.symlink_to(secret)
    daemon.refused("auditor", "not a regular file")
    assert daemon.kernel_digest() == before
    path.unlink()
    os.mkfifo(path)
    daemon.refused("auditor", "not a regular file")
    path.unlink()
    daemon.in_force("auditor", daemon.put("auditor", secret.read_text()))  # control


def test_full_disk_refuses_the_change_and_recovers(daemon):
    daemon.feeds("auditor")
    run("mount", "-t", "tmpfs", "-o", "size=256k,mode=0750", daemon.tag, daemon.state / "daemon")
    try:
        shutil.chown(daemon.state / "daemon", "lenscap", "lenscap")
        daemon.begin()
        daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(6))))
        before = daemon.kernel_digest()
        filler = daemon.state / "daemon/filler"
        with open(filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass
        sha = daemon.put("auditor", feed_text("auditor", 2, addresses(200)))
        reason = daemon.refused("auditor", "cannot record")
        assert "make room" in reason
        assert daemon.kernel_digest() == before == daemon.table_digest()
        daemon.in_force("local", daemon.override("local.jsonl", [{"mac": "00:80:41:00:09:09", "action": "drop"}]))
        assert daemon.flagged("00:80:41:00:09:09") == 2  # root's own file is its record
        filler.unlink()
        wait_until("the feed to be tried again", lambda: daemon.source("auditor")["sha256"] == sha, limit=30)
        assert len(daemon.table()) == 201
        daemon.daemon.stop()
    finally:
        for program in daemon.programs:
            program.close()
        run("umount", "-l", daemon.state / "daemon")


# ---- reload, signals ----

def test_reload_takes_a_new_feed_and_drops_an_old_one(daemon):
    start_with_feed(daemon)
    daemon.feeds("auditor", "second")
    sha = daemon.put("second", feed_text("second", 1, addresses(3, "00:80:41:00:05:")))
    daemon.daemon.process.send_signal(signal.SIGHUP)
    wait_until("the second feed", lambda: any(s["name"] == "second" for s in daemon.daemon_state()["sources"]))
    daemon.in_force("second", sha)
    assert len(daemon.table()) == 9
    daemon.feeds("second")
    daemon.daemon.process.send_signal(signal.SIGHUP)
    wait_until("the first to go", lambda: not any(s["name"] == "auditor" for s in daemon.daemon_state()["sources"]))
    assert len(daemon.table()) == 3
    messages = daemon.daemon.messages()
    assert messages.count("RELOADING=1") == 2 and messages.count("READY=1") == 3


def test_bad_configuration_keeps_the_old_one(daemon):
    before = start_with_feed(daemon)
    sha = daemon.daemon_state()["config"]["sha256"]
    daemon.write_config("feeds: [{name: auditor, path: nonsense\n")
    daemon.daemon.process.send_signal(signal.SIGHUP)
    error = wait_until("the error", lambda: daemon.daemon_state()["config"]["error"])
    assert "lenscap.yaml:" in error
    assert daemon.daemon_state()["config"]["sha256"] == sha
    assert daemon.kernel_digest() == before
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 6, addresses(7))))
    daemon.feeds("auditor", "second")
    daemon.daemon.process.send_signal(signal.SIGHUP)
    wait_until("no error", lambda: daemon.daemon_state()["config"]["error"] is None)
    assert len(daemon.table()) == 7


def test_reload_that_would_lose_a_source_is_refused(daemon):
    before = start_with_feed(daemon)
    (daemon.state / "daemon/feeds/auditor.jsonl").write_text("damaged\n")
    daemon.daemon.process.send_signal(signal.SIGHUP)
    wait_until("the error", lambda: daemon.daemon_state()["config"]["error"])
    assert daemon.kernel_digest() == before == daemon.table_digest()
    assert daemon.entries() == 6


def test_reload_of_another_folder_needs_a_restart(daemon):
    before = start_with_feed(daemon)
    config = json.loads(daemon.config_file.read_text())
    config["paths"]["log"] = str(daemon.folder / "elsewhere")
    daemon.write_config(json.dumps(config))
    daemon.daemon.process.send_signal(signal.SIGHUP)
    error = wait_until("the error", lambda: daemon.daemon_state()["config"]["error"])
    assert "restart" in error
    assert daemon.kernel_digest() == before


def test_storm_of_hangups(daemon):
    before = start_with_feed(daemon)
    for _ in range(300):
        daemon.daemon.process.send_signal(signal.SIGHUP)
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 6, addresses(7))))
    assert daemon.kernel_digest() != before
    assert daemon.daemon.process.poll() is None
    assert daemon.daemon.stop() == 0


def test_never_waits_for_the_service_manager(daemon):
    """A manager that reads nothing: its queue is full after a dozen messages."""
    daemon.feeds()
    daemon.begin()
    for i in range(40):
        daemon.in_force("local", daemon.override("local.jsonl", [{"mac": f"00:80:41:00:00:{i:02x}", "action": "drop"}]))
        if i % 2:
            daemon.daemon.process.send_signal(signal.SIGHUP)
    assert daemon.flagged("00:80:41:00:00:27") == 2
    assert daemon.daemon.stop() == 0


def test_starts_with_the_last_valid_configuration(daemon):
    daemon.feeds("auditor")
    last = daemon.state / "loader/config"
    last.mkdir()
    shutil.copy(daemon.config_file, last / "lenscap.yaml")
    last.chmod(0o755)
    (last / "lenscap.yaml").chmod(0o644)
    daemon.write_config("nonsense: [\n")
    daemon.daemon = daemon.start_daemon("--last-valid", last)
    config = daemon.daemon_state()["config"]
    assert config["fallback"] and config["error"]
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))


def test_no_configuration_at_all_is_told(daemon):
    program = daemon.start_daemon("--last-valid", daemon.folder / "nothing", wait=False)
    assert program.process.wait(10) == 3
    assert "lenscap.yaml" in program.text()


def test_ready_when_nothing_works(daemon):
    daemon.remove_maps()
    daemon.feeds("auditor", lists=["no-such-list"])
    shutil.rmtree(daemon.overrides)
    daemon.begin()
    warnings = daemon.daemon_state()["warnings"]
    assert any("lenscap-loader" in w for w in warnings)
    assert any("no-such-list" in w for w in warnings)
    daemon.overrides.mkdir()  # a folder that appears is watched
    daemon.in_force("local", daemon.override("local.jsonl", [{"mac": addresses(1)[0], "action": "drop"}]))


# ---- log ----

def test_log_goes_on_in_the_new_file_after_a_rotation(daemon):
    start_with_feed(daemon)
    log = daemon.log / "events.jsonl"
    daemon.event("feed_applied", serial=5)
    log.rename(daemon.log / "events.jsonl.1")
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 6, addresses(7))))
    daemon.event("feed_applied", serial=6)
    old = (daemon.log / "events.jsonl.1").read_text()
    assert '"serial":5' in old and '"serial":6' not in old
    assert log.stat().st_mode & 0o777 == 0o640


def test_log_is_bounded_in_volume(daemon):
    daemon.feeds()
    daemon.begin()
    rows = [{"mac": f"00:80:41:00:{i >> 8:02x}:{i & 255:02x}", "action": "drop"} for i in range(4000)]
    daemon.in_force("local", daemon.override("local.jsonl", rows))
    assert len(daemon.table()) == 4000
    told = len([e for e in daemon.events() if e["event"] == "override"])
    assert 900 < told < 2000
    event = wait_until("how many were suppressed",
                       lambda: next((e for e in daemon.events() if e["event"] == "suppressed"), None))
    assert event["count"] > 1000


def test_strings_from_outside_cannot_break_the_log(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    evil = "\x1b[31m\u202e\nline\r\x00\x9b"
    row = {"mac": addresses(1)[0], "action": "drop", "reason": evil, "vendor": evil}
    daemon.in_force("local", daemon.override("local.jsonl", [row]))
    daemon.event("override", entry=addresses(1)[0])
    text = (daemon.log / "events.jsonl").read_text()
    for bad in ("\x1b", "\\u001b", "\u202e", "\\u202e", "\\n", "\\r", "\u009b"):
        assert bad not in text


def test_bypass_is_an_event(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    until = int(time.monotonic() * 1e9) + 60 * 10**9

    def switch(value):
        run("bpftool", "map", "update", "pinned", daemon.bpf / "switches", "key", "0", "0", "0", "0", "value",
            *[str(b) for b in value.to_bytes(24, "little")])
    switch(until)
    assert daemon.event("bypass", on=True)["until"]
    assert any("bypass" in w for w in daemon.daemon_state()["warnings"])
    switch(0)
    daemon.event("bypass", on=False)


def test_asleep_when_nothing_happens(daemon):
    start_with_feed(daemon)

    def wakes():
        status = status_of(daemon.daemon.pid)
        return int(status["voluntary_ctxt_switches"])
    time.sleep(1.5)  # the snapshot of the change
    before, used = wakes(), cpu_ticks(daemon.daemon.pid)
    time.sleep(4)
    assert wakes() - before < 40
    assert cpu_ticks(daemon.daemon.pid) - used <= 10


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
