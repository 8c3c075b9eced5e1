#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd: deltas are changes of what is in force, kept in a journal: across restarts, kills, cuts, damage and folding."""
import json
import os
import pathlib
import random
import signal

import pytest

from daemonsite import DaemonSite, addresses, feed_text
from netsite import run, wait_until

MACS = addresses(200)
DEL = "op"


@pytest.fixture
def site():
    made = DaemonSite()
    made.make_maps()
    made.feeds("auditor", **{"max-weakening": "100%"})
    made.begin()
    made.in_force("auditor", made.put("auditor", feed_text("auditor", 1, MACS[:10])))
    yield made
    made.close()


def delta(site, serial, rows, wait=True, since=None):
    sha = site.put("auditor.delta", feed_text("auditor", serial, rows, since=serial - 1 if since is None else since))
    if wait:
        site.in_force("auditor", sha)
    return sha


def gone(mac):
    return {"mac": mac, DEL: "del"}


def files(site):
    folder = site.state / "daemon/feeds"
    return folder / "auditor.jsonl", folder / "auditor.journal"


def serial_of(record):
    return json.loads(record.read_text().split("\n", 1)[0])["serial"]


def flagged(site):
    return sorted(f"{k >> 8:012x}" for k in site.table())


def listed(site):
    rows = json.loads(site.lenscap("list", "-j", check=True).stdout)["entries"]
    return sorted(r["entry"].replace(":", "") for r in rows)


def want(*macs):
    return sorted(m.replace(":", "") for m in macs)


def test_changes_survive_restarts_and_every_reader_sees_them(site):
    record, journal = files(site)
    before = record.read_bytes()
    delta(site, 2, [MACS[20], gone(MACS[0]), {"mac": MACS[1], "action": "quarantine"}])
    last = delta(site, 3, [MACS[21], gone(MACS[20])])
    now = want(*MACS[1:10], MACS[21])
    assert record.read_bytes() == before, "the whole list was written for two entries"
    assert journal.read_text().count("\ndelta ") == 2
    assert flagged(site) == now == listed(site) and site.kernel_digest() == site.table_digest()
    assert site.flagged(MACS[1]) == 1 and site.flagged(MACS[2]) == 2
    for sig in (signal.SIGTERM, signal.SIGKILL):
        site.restart(sig)
        site.in_force("auditor", last)
        assert (site.source("auditor")["serial"], site.source("auditor")["entries"]) == (3, 10)
        assert flagged(site) == now == listed(site)
    delta(site, 4, [gone(MACS[1])])
    assert flagged(site) == want(*MACS[2:10], MACS[21]) == listed(site)


def test_what_others_flag_stays(site):
    site.feeds("auditor", "other", **{"max-weakening": "100%"})
    site.restart()
    site.in_force("other", site.put("other", feed_text("other", 1, [MACS[0], MACS[30]])))
    site.override("local.jsonl", [{"mac": MACS[1], "action": "drop", "reason": "ours"}])
    wait_until("the override", lambda: site.source("local")["entries"] == 1)
    delta(site, 2, [gone(MACS[0]), gone(MACS[1]), gone(MACS[2])])
    assert flagged(site) == want(MACS[0], MACS[1], *MACS[3:10], MACS[30])
    assert site.kernel_digest() == site.table_digest()


def test_what_a_set_cannot_tell_is_worked_out_as_a_list(site):
    """An exact entry hides the one of a /40 around it; when it goes, that one is there."""
    record, _ = files(site)
    around = MACS[0][:14] + "/40"
    sha = site.put("auditor", feed_text("auditor", 2, [{"prefix": around, "action": "quarantine"}, MACS[0], MACS[1]]))
    site.in_force("auditor", sha)
    assert (site.flagged(MACS[0]), site.flagged(MACS[9])) == (2, 1)
    delta(site, 3, [gone(MACS[0])])
    assert serial_of(record) == 3, "this delta cannot be a change of the set"
    assert [site.flagged(m) for m in MACS[:3]] == [1, 2, 1] and len(site.table()) == 256
    delta(site, 4, ["00:80:42:00:00:01"])
    assert serial_of(record) == 3 and len(site.table()) == 257
    digest = site.kernel_digest()
    site.restart()
    wait_until("serial 4", lambda: site.source("auditor")["serial"] == 4)
    assert site.kernel_digest() == digest == site.table_digest()


def test_a_long_journal_becomes_part_of_the_record(site):
    record, journal = files(site)
    present = set(MACS[:10])
    chance = random.Random(1)
    for serial in range(2, 72):
        mac = chance.choice(MACS)
        delta(site, serial, [gone(mac) if mac in present else mac])
        present ^= {mac}
    wait_until("the record to have most of it", lambda: serial_of(record) == 71, 60)
    wait_until("a short journal", lambda: journal.read_text().count("\ndelta ") == 0)
    assert flagged(site) == want(*present) == listed(site)
    site.restart(signal.SIGKILL)
    wait_until("serial 71", lambda: site.source("auditor")["serial"] == 71)
    assert flagged(site) == want(*present) == listed(site) and site.kernel_digest() == site.table_digest()
    assert not list(record.parent.glob("*.fold")) and site.source("auditor")["refused"] is None


def test_killed_at_any_moment_it_is_the_old_or_the_new(site):
    present, chance = set(MACS[:10]), random.Random(2)
    for serial in range(2, 8):
        mac = chance.choice(MACS)
        sha = delta(site, serial, [gone(mac) if mac in present else mac], wait=False)
        wait_until("a moment", lambda: chance.random() < 0.02)
        site.daemon.stop(signal.SIGKILL)
        assert flagged(site) in (want(*present), want(*(present ^ {mac})))
        site.begin()
        site.in_force("auditor", sha)
        present ^= {mac}
        assert flagged(site) == want(*present) == listed(site)
    assert site.kernel_digest() == site.table_digest()


def test_a_step_that_never_was_whole_is_left_out_and_said(site):
    _, journal = files(site)
    delta(site, 2, [MACS[20]])
    last = delta(site, 3, [MACS[21]])
    site.daemon.stop(signal.SIGKILL)
    good = journal.read_bytes()
    journal.write_bytes(good + b"delta 3 4 1 0 500 0000")
    site.begin()
    site.in_force("auditor", last)
    assert "no whole delta" in site.event("feed_refused", list="auditor")["reason"]
    assert journal.read_bytes() == good and flagged(site) == want(*MACS[:10], *MACS[20:22]) == listed(site)
    delta(site, 4, [MACS[22]])
    assert flagged(site) == want(*MACS[:10], *MACS[20:23]) == listed(site)


@pytest.mark.parametrize("harm", ["cut", "bit", "removed"])
def test_what_was_in_force_is_kept_when_the_journal_is_not(site, harm):
    _, journal = files(site)
    for serial in (2, 3, 4):
        delta(site, serial, [MACS[18 + serial], gone(MACS[serial])])
    now, digest = flagged(site), site.kernel_digest()
    site.daemon.stop()
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 4
    if harm == "removed":
        journal.unlink()
    else:
        journal.write_bytes(data if harm == "bit" else data[:data.rindex(b"delta 3 4")])
    site.begin()
    reason = site.event("feed_refused", list="auditor")["reason"]
    assert "auditor.journal" in reason and "publish the whole list" in reason
    assert not site.source("auditor")["known"] and site.kernel_digest() == digest and flagged(site) == now
    assert "damaged or cut off" in site.lenscap("list").stderr
    site.in_force("auditor", site.put("auditor", feed_text("auditor", 5, MACS[:3])))
    delta(site, 6, [MACS[30]])
    assert flagged(site) == want(*MACS[:3], MACS[30]) == listed(site) and site.source("auditor")["known"]


def waiting(site):
    return run("pgrep", "-P", site.daemon.pid, "-f", "--", " --waiting-worker$", check=False).stdout.split()


def test_a_worker_waits_for_its_job_with_nothing_in_its_hands(site):
    _, journal = files(site)
    pid = wait_until("a worker that waits", lambda: waiting(site))[0]
    proc = pathlib.Path(f"/proc/{pid}")
    wait_until("its limits", lambda: "NoNewPrivs:\t1" in (proc / "status").read_text())
    links = [str(p.readlink()) for p in (proc / "fd").iterdir()]
    assert len(links) == 3 and not any("bpf" in link or str(site.state) in link for link in links), links
    delta(site, 2, [MACS[20]])
    other = wait_until("another one", lambda: [p for p in waiting(site) if p != pid])[0]
    assert not proc.exists(), "one worker does one job"
    os.kill(int(other), signal.SIGKILL)
    wait_until("its end", lambda: not waiting(site))
    delta(site, 3, [MACS[21]])  # nobody waited
    assert flagged(site) == want(*MACS[:10], *MACS[20:22]) and journal.read_text().count("\ndelta ") == 2
    last = wait_until("the next", lambda: waiting(site))[0]
    site.daemon.stop(signal.SIGKILL)
    wait_until("that it ends with lenscapd", lambda: not pathlib.Path(f"/proc/{last}").exists())
    site.begin()


def test_an_older_journal_does_not_come_back(site):
    """Killed between a new record and its journal, the old one is of no meaning."""
    _, journal = files(site)
    delta(site, 2, [MACS[20]])
    old = journal.read_bytes()
    site.in_force("auditor", site.put("auditor", feed_text("auditor", 3, MACS[:5])))
    site.daemon.stop(signal.SIGKILL)
    journal.write_bytes(old)
    site.begin()
    wait_until("serial 3", lambda: site.source("auditor")["serial"] == 3)
    assert flagged(site) == want(*MACS[:5]) == listed(site)
    delta(site, 4, [MACS[21]])
    site.restart()
    wait_until("serial 4", lambda: site.source("auditor")["serial"] == 4)
    assert flagged(site) == want(*MACS[:5], MACS[21]) == listed(site)
