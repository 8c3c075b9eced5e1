# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd: feeds, overrides and lists into the kernel's table, all or nothing; records; guards; restarts."""
import os
import signal
import time

import pytest

from daemonsite import addresses, feed_text, rfc3339
from netsite import run, wait_until


def test_feed_by_rename_is_in_the_kernels_table(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    assert daemon.table() == {}
    sha = daemon.put("auditor", feed_text("auditor", 1, addresses(5)))
    daemon.in_force("auditor", sha)
    assert [daemon.flagged(a) for a in addresses(6)] == [2, 2, 2, 2, 2, 0]
    assert daemon.digest() == daemon.kernel_digest() == daemon.table_digest()
    assert daemon.entries() == 5
    event = daemon.event("feed_applied", list="auditor", serial=1)
    assert event["entries"] == 5 and event["sha256"] == sha


def test_feed_written_in_place_is_taken_when_closed(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    sha = daemon.put("auditor", feed_text("auditor", 1, addresses(3)), by_rename=False)
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 3


def test_feed_there_before_the_start(daemon):
    daemon.feeds("auditor")
    sha = daemon.put("auditor", feed_text("auditor", 7, addresses(4)))
    daemon.begin()
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 4


def test_one_refused_source_leaves_the_others(daemon):
    daemon.feeds("one", "two")
    daemon.begin()
    daemon.put("one", "nonsense\n")
    daemon.in_force("two", daemon.put("two", feed_text("two", 1, addresses(2))))
    daemon.refused("one", "one.jsonl:1")
    assert len(daemon.table()) == 2


def test_refusal_is_told_once(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    for _ in range(3):
        daemon.put("auditor", "nonsense\n")
        daemon.refused("auditor", "auditor.jsonl:1")
    daemon.put("auditor", "other nonsense\n")
    wait_until("the second refusal", lambda: len([e for e in daemon.events() if e["event"] == "feed_refused"]) >= 2)
    assert len([e for e in daemon.events() if e["event"] == "feed_refused"]) == 2


def test_weakening_waits_for_accept(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(40))))
    sha = daemon.put("auditor", feed_text("auditor", 2, addresses(20)))
    assert sha in daemon.pending("auditor", sha)
    assert len(daemon.table()) == 40
    daemon.accept("auditor", "0" * 64)
    assert len(daemon.table()) == 40
    daemon.accept("auditor", sha)
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 20
    assert daemon.source("auditor")["pending"] is None


def test_weakening_is_remembered_across_a_restart(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(40))))
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 2, addresses(37))))  # 3 of at most 4
    daemon.restart(signal.SIGKILL)
    sha = daemon.put("auditor", feed_text("auditor", 3, addresses(34)))
    daemon.pending("auditor", sha)
    assert len(daemon.table()) == 37


def test_newly_stopped_live_addresses_wait(daemon):
    daemon.feeds("auditor", **{"max-newly-stopped": 2})
    live = [f"00:80:41:00:01:{i:02x}" for i in range(4)]
    for i, mac in enumerate(live):
        daemon.in_ns("sw", "ip", "neigh", "add", f"10.9.0.{i + 1}", "lladdr", mac, "dev", "br0", "nud", "permanent")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, live[:2])))  # control: two may be stopped
    sha = daemon.put("auditor", feed_text("auditor", 2, live + ["00:80:41:00:02:00", "00:80:41:00:02:01"]))
    daemon.in_force("auditor", sha)  # two more: each change by itself is small enough
    sha = daemon.put("auditor", feed_text("auditor", 3, live))
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 4


def test_newly_stopped_too_many_wait(daemon):
    daemon.feeds("auditor", **{"max-newly-stopped": 2})
    live = [f"00:80:41:00:01:{i:02x}" for i in range(4)]
    for i, mac in enumerate(live):
        daemon.in_ns("sw", "ip", "neigh", "add", f"10.9.0.{i + 1}", "lladdr", mac, "dev", "br0", "nud", "permanent")
    daemon.begin()
    sha = daemon.put("auditor", feed_text("auditor", 1, live))
    daemon.pending("auditor", sha)
    assert daemon.table() == {}
    daemon.accept("auditor", sha)
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 4


def test_accept_lifts_no_other_guard(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 5, addresses(3))))
    text = feed_text("auditor", 4, addresses(3))
    sha = daemon.put("auditor", text)
    daemon.refused("auditor", "serial")
    daemon.accept("auditor", sha)
    daemon.put("auditor", text)
    daemon.refused("auditor", "serial")
    assert daemon.source("auditor")["serial"] == 5


def test_reset_admits_an_older_serial(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 5, addresses(3))))
    sha = daemon.put("auditor", feed_text("auditor", 2, addresses(4)))
    daemon.refused("auditor", "serial")
    daemon.accept("auditor", f"{'0' * 64} reset")
    daemon.accept("auditor", f"{sha} reset")
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 4
    daemon.restart(signal.SIGKILL)
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 3, addresses(5))))  # 2 is the highest now
    daemon.put("auditor", feed_text("auditor", 1, addresses(5)))
    daemon.refused("auditor", "serial")


def test_list_that_is_gone_after_a_restart_changes_nothing(daemon):
    text = feed_text("mine", 1, addresses(4))
    daemon.put("mine", text)
    path = daemon.feed_path("mine.jsonl")
    daemon.feeds(lists=[str(path)])
    daemon.begin()
    assert len(daemon.table()) == 4
    path.rename(path.with_suffix(".away"))
    daemon.restart()
    assert any("cannot be read back" in w for w in daemon.daemon_state()["warnings"])
    assert len(daemon.table()) == 4
    daemon.put("mine", feed_text("mine", 2, addresses(3)))
    wait_until("the list to be read", lambda: len(daemon.table()) == 3)  # control: what is read again may remove


def test_frozen_maps_are_told_and_left_for_new_ones(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))
    daemon.daemon.stop()
    run("bpftool", "map", "freeze", "pinned", daemon.bpf / "policy_table")
    sha = daemon.put("auditor", feed_text("auditor", 2, addresses(4)))
    daemon.begin()
    daemon.in_force("auditor", sha)  # taken, but not in force
    state = daemon.daemon_state()
    assert state["policy"]["in_force"] is False and any("maps" in w for w in state["warnings"])
    assert len(daemon.table()) == 3
    daemon.make_maps(generation=2)
    wait_until("the new maps", lambda: daemon.daemon_state()["policy"]["in_force"])
    assert len(daemon.table()) == 4


def test_until_waits_for_a_clock_to_trust(daemon):
    daemon.feeds(policy={"clock": "synchronised"})
    daemon.begin()
    if daemon.daemon_state()["clock"] != "not synchronised":
        pytest.skip("this machine's clock is synchronised")
    gone = addresses(1)[0]
    past = rfc3339(time.time() - 100)
    daemon.in_force("local", daemon.override("local.jsonl", [{"mac": gone, "action": "drop", "until": past}]))
    assert daemon.flagged(gone) == 2
    assert any("clock" in w for w in daemon.daemon_state()["warnings"])
    daemon.feeds()
    daemon.daemon.process.send_signal(signal.SIGHUP)  # clock: trust
    wait_until("the entry to end", lambda: daemon.flagged(gone) == 0)
    daemon.feeds(policy={"clock": "synchronised"})
    daemon.restart()
    assert daemon.flagged(gone) == 0  # what ended once does not come back with an unsynchronised clock


def test_policy_stays_with_every_source_down(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(6))))
    before = daemon.kernel_digest()
    daemon.feed_path("auditor.jsonl").unlink()
    daemon.refused("auditor", "no such file")
    assert daemon.kernel_digest() == before
    daemon.restart()
    daemon.refused("auditor", "no such file")
    assert daemon.kernel_digest() == before == daemon.table_digest()
    daemon.daemon.stop()
    daemon.make_maps(generation=2)  # nothing in them: only the record knows
    assert daemon.table() == {}
    daemon.begin()
    wait_until("the policy", lambda: daemon.entries() == 6)
    assert daemon.kernel_digest() == before == daemon.table_digest()


def test_new_maps_are_filled(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(6))))
    before = daemon.kernel_digest()
    daemon.make_maps(generation=2)
    wait_until("generation 2", lambda: daemon.daemon_state()["generation"] == 2)
    wait_until("the policy in the new maps", lambda: daemon.kernel_digest() == before)
    assert daemon.table_digest() == before


def test_maps_that_come_later(daemon):
    daemon.remove_maps()
    daemon.feeds("auditor")
    sha = daemon.put("auditor", feed_text("auditor", 1, addresses(6)))
    daemon.begin()
    daemon.in_force("auditor", sha)
    state = daemon.daemon_state()
    assert state["policy"]["in_force"] is False
    assert any("lenscap-loader" in w for w in state["warnings"])
    daemon.make_maps()
    wait_until("maps in use", lambda: daemon.daemon_state()["policy"]["in_force"])
    assert len(daemon.table()) == 6
    assert daemon.digest() == daemon.table_digest() == state["policy"]["digest"]


def test_no_policy_at_all_is_said(daemon):
    daemon.feeds()
    daemon.begin()
    assert any("every frame passes" in w for w in daemon.daemon_state()["warnings"])
    daemon.override("local.jsonl", [{"mac": addresses(1)[0], "action": "drop"}])
    wait_until("no such warning", lambda: not any("every frame passes" in w for w in daemon.daemon_state()["warnings"]))


def test_overrides_are_acknowledged_by_their_digest(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))
    one = addresses(1)[0]
    sha = daemon.override("local.jsonl", [{"mac": one, "action": "allow", "reason": "door controller"}])
    daemon.in_force("local", sha)
    assert daemon.flagged(one) == 7
    assert daemon.event("override", change="added", entry=one)["reason"] == "door controller"
    sha = daemon.override("local.jsonl", [])
    daemon.in_force("local", sha)
    assert daemon.flagged(one) == 2
    daemon.event("override", change="removed", entry=one)


def test_bad_override_keeps_the_old_ones(daemon):
    daemon.feeds()
    daemon.begin()
    daemon.in_force("local", daemon.override("local.jsonl", [{"mac": addresses(1)[0], "action": "drop"}]))
    before = daemon.kernel_digest()
    daemon.override("local.jsonl", [{"mac": "nonsense", "action": "drop"}])
    daemon.refused("local", "local.jsonl:1")
    assert daemon.kernel_digest() == before


def test_room_is_kept_for_overrides(daemon):
    def rows(n, block):
        return [f"00:80:41:{block:02x}:{i >> 8:02x}:{i & 255:02x}" for i in range(n)]
    daemon.feeds("one", "two", policy={"capacity": 2048})
    daemon.make_maps(generation=2, capacity=2048)
    daemon.begin()
    daemon.put("one", feed_text("one", 1, rows(1025, 1)))
    daemon.refused("one", "max-entries")
    daemon.in_force("one", daemon.put("one", feed_text("one", 2, rows(1000, 1))))
    daemon.put("two", feed_text("two", 1, rows(25, 2)))
    reason = daemon.refused("two", "capacity")
    assert "two.jsonl" in reason and "1025" in reason and "1024" in reason
    assert len(daemon.table()) == 1000
    daemon.in_force("two", daemon.put("two", feed_text("two", 1, rows(24, 2))))
    local = [{"mac": mac, "action": "drop"} for mac in rows(1024, 3)]
    daemon.in_force("local", daemon.override("local.jsonl", local))
    assert len(daemon.table()) == 2048
    before = daemon.kernel_digest()
    daemon.override("more.jsonl", [{"mac": rows(1, 4)[0], "action": "drop"}])
    daemon.refused("local", "capacity")
    assert daemon.kernel_digest() == before == daemon.table_digest()


def test_vendor_list_and_feed_modes(daemon):
    daemon.feeds("auditor", mode="dry-run", lists=["uk-core-network"])
    sha = daemon.put("auditor", feed_text("auditor", 1, addresses(3)))
    daemon.begin()
    daemon.in_force("auditor", sha)
    assert daemon.flagged(addresses(1)[0]) == 2 | 8
    assert len(daemon.table()) == 141 + 3
    assert daemon.source("auditor")["mode"] == "dry-run"


def test_until_ends_by_itself(daemon):
    daemon.feeds()
    daemon.begin()
    gone, stays = addresses(2)
    end = time.time() + 3
    daemon.in_force("local", daemon.override("local.jsonl", [
        {"mac": gone, "action": "drop", "until": rfc3339(end), "reason": "ticket 17"}, {"mac": stays, "action": "drop"}]))
    assert daemon.flagged(gone) == 2 or time.time() > end
    wait_until("the entry to end", lambda: daemon.flagged(gone) == 0)
    assert time.time() >= int(end)
    assert daemon.flagged(stays) == 2
    assert daemon.digest() == daemon.table_digest()
    told = daemon.event("expired", entry=gone, source="local", before="drop", reason="ticket 17")
    assert "action" not in told and "by" not in told  # nothing decides now


def test_stale_feed_is_an_alarm_only(daemon):
    daemon.feeds("auditor", **{"stale-after": "1s"})
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(3))))
    before = daemon.kernel_digest()
    wait_until("stale", lambda: daemon.source("auditor")["stale"])
    daemon.event("feed_stale", list="auditor")
    assert daemon.kernel_digest() == before
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 2, addresses(4))))
    assert len(daemon.table()) == 4


def test_expires_passing_in_force_is_an_alarm_only(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    text = feed_text("auditor", 1, addresses(3), expires=rfc3339(time.time() + 2))
    daemon.in_force("auditor", daemon.put("auditor", text))
    wait_until("expired", lambda: daemon.source("auditor")["expired"])
    daemon.event("feed_stale", list="auditor")
    assert len(daemon.table()) == 3


def test_killed_in_the_middle_of_changes_and_repaired(daemon):
    daemon.feeds("auditor", **{"max-weakening": "100%"})
    daemon.begin()
    serial, kills = 1, 0
    while kills < 5:
        serial += 1
        shas = daemon.put("auditor", feed_text("auditor", serial, addresses(200 if serial % 2 else 100)))
        time.sleep(0.003 * kills)
        daemon.restart(signal.SIGKILL)
        kills += 1
        daemon.in_force("auditor", shas)
        assert daemon.digest() == daemon.kernel_digest() == daemon.table_digest()
        assert len(daemon.table()) == (200 if serial % 2 else 100)


def test_snapshot_for_the_next_boot(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, addresses(9))))
    path = daemon.state / "daemon/table.words"
    wait_until("the snapshot", lambda: path.exists() and path.stat().st_size == 48 + 9 * 8)
    assert path.stat().st_mode & 0o777 == 0o640 or path.stat().st_mode & 0o022 == 0
    assert os.stat(path).st_uid != 0
