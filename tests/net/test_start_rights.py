# SPDX-License-Identifier: GPL-2.0-only
"""At start: who else may write what the programs would believe? Such files and folders are refused by name."""
import os
import shutil

import pytest

import netsite

OVERRIDE = '{{"mac":"{0}","action":"allow","reason":"test","by":"root","at":"2026-11-28T00:00:00Z"}}\n'


@pytest.fixture(scope="module")
def used():
    """A site whose programs have run: everything they keep is there, and they are stopped."""
    site = netsite.Site().start()
    assert site.lenscap("flag", netsite.LAPTOP, "--reason", "test").returncode == 0
    netsite.wait_until("a snapshot for the next boot", (site.state / "daemon/table.words").exists)
    site.daemon.stop()
    yield site
    site.close()


def give(path, owner):
    shutil.chown(path, *owner.split(":"))


# what, its mode, its owner, what lenscapd says
REFUSED = [
    ("state/daemon", 0o777, "lenscap:lenscap", "may be written by others"),
    ("state/daemon", 0o770, "lenscap:lenscap", "may be written by others"),
    ("state/daemon", 0o750, "nobody:lenscap", "belongs to another user"),
    ("state/daemon/guard.json", 0o666, "lenscap:lenscap", "may be written by others"),
    ("state/daemon/table.words", 0o646, "lenscap:lenscap", "may be written by others"),
    ("state", 0o775, "root:lenscap", "may be written by others"),
    ("run/daemon", 0o770, "lenscap:lenscap", "may be written by others"),
    ("log", 0o777, "lenscap:lenscap", "may be written by others"),
    ("etc/overrides.d", 0o777, "root:root", "may be written by others"),
    ("etc/overrides.d", 0o755, "nobody:root", "belongs to another user"),
    ("etc/overrides.d/accept", 0o777, "root:root", "may be written by others"),
    ("etc/lenscap.yaml", 0o664, "root:lenscap", "may be written by group"),
    ("etc/lenscap.yaml", 0o644, "nobody:root", "belongs to user"),
    ("etc", 0o777, "root:root", "may be written by everybody"),
]


@pytest.mark.parametrize("name,mode,owner,words", REFUSED)
def test_what_others_may_write_is_refused_at_start(used, name, mode, owner, words):
    path = used.folder / name
    if not path.exists():
        path.write_text("{}")
        give(path, "lenscap:lenscap")
        path.chmod(0o640)
    before = path.stat()
    try:
        give(path, owner)
        path.chmod(mode)
        program = used.start_daemon(wait=False)
        assert program.process.wait(netsite.LIMIT) == 3
        assert f"{path}" in program.text() and words in program.text(), program.text()
    finally:
        os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode & 0o7777)
    assert not used.ping("cam1", "10.77.0.4"), "what is in force stays so"


def test_as_they_were_they_are_taken(used):
    """The control of all above."""
    (used.state / "daemon/guard.json").unlink(missing_ok=True)
    used.daemon = used.start_daemon()
    netsite.wait_until("the policy in force", used.settled)
    used.daemon.stop()


def test_a_link_in_place_of_the_state_is_refused(used):
    state, aside = used.state / "daemon", used.state / "aside"
    state.rename(aside)
    state.symlink_to(aside)
    try:
        program = used.start_daemon(wait=False)
        assert program.process.wait(netsite.LIMIT) == 3
        assert "symbolic link" in program.text()
    finally:
        state.unlink()
        aside.rename(state)


def test_an_override_that_others_may_write_is_refused_while_it_runs(used):
    used.daemon = used.start_daemon()
    netsite.wait_until("the policy in force", used.settled)
    mine = used.overrides / "mine.jsonl"
    try:
        for mode, owner in ((0o666, "root:root"), (0o644, "nobody:root")):
            aside = used.overrides / ".mine"
            aside.write_text(OVERRIDE.format(netsite.HIKVISION))
            give(aside, owner)
            aside.chmod(mode)
            aside.rename(mine)
            local = netsite.wait_until("the refusal", lambda: next(
                s for s in used.daemon_state()["sources"] if s["kind"] == "local")["refused"])
            assert "may be written by others than root" in local["reason"] and "mine.jsonl" in local["reason"]
            assert not used.ping("cam1", "10.77.0.4")
        aside = used.overrides / ".mine"
        aside.write_text(OVERRIDE.format(netsite.HIKVISION))
        aside.chmod(0o644)
        aside.rename(mine)
        netsite.wait_until("the control: a file of root's alone is taken", lambda: used.ping("cam1", "10.77.0.4"))
    finally:
        mine.unlink()
        netsite.wait_until("flagged again", lambda: not used.ping("cam1", "10.77.0.4"))
        used.daemon.stop()


def test_the_loader_takes_no_snapshot_that_others_may_write():
    """After a reboot: with the file as it was the table is filled from it (the control), else it is said and left alone."""
    site = netsite.Site().start()
    try:
        words = site.state / "daemon/table.words"
        netsite.wait_until("a snapshot", words.exists)
        site.daemon.stop()
        for path, mode in ((words, None), (words, 0o666), (words.parent, 0o777), (words, None)):
            before = path.stat().st_mode & 0o7777
            site.loader.stop()
            site.reboot()
            path.chmod(mode or before)
            site.loader = site.start_loader()
            assert any("table.words cannot be used" in w for w in site.loader_state()["warnings"]) == (mode is not None)
            assert site.ping("cam1", "10.77.0.4") == (mode is not None)
            path.chmod(before)
    finally:
        site.close()
