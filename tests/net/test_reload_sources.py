# SPDX-License-Identifier: GPL-2.0-only
"""Reloads that take a source away: at once, but not before a feed that the same reload added has delivered."""
import datetime
import signal

import pytest

from daemonsite import DaemonSite, addresses, feed_text
from netsite import wait_until
from test_site_crash import Traffic

OLD, NEW = addresses(3), addresses(3, "00:80:41:00:01:")
LONG = "5m"  # no test waits so long for a feed


# ---- frames ----
def test_no_frame_passes_while_a_feed_replaces_the_list(running):
    traffic = Traffic(running)
    feed = running.feed_path("auditor.jsonl")  # not there yet

    def reload(**feeds):
        running.configure(policy={"vendor-lists": [], "capacity": 16384, "clock": "trust"}, **feeds)
        running.daemon.process.send_signal(signal.SIGHUP)

    reload(feeds=[{"name": "auditor", "path": str(feed), "timeout": LONG}])
    wait_until("the list leaving", lambda: any(s["leaves"] for s in running.daemon_state()["sources"]))
    traffic.flows()
    assert traffic.receiver.counts()["flagged"] == 0
    feed.write_text(feed_text("auditor", 1, ["44:19:b6/24"]))
    feed.chmod(0o644)
    wait_until("the list gone", lambda: [s["name"] for s in running.daemon_state()["sources"]] == ["local", "auditor"])
    traffic.flows()
    assert traffic.receiver.counts()["flagged"] == 0
    reload(feeds=None)  # control: nothing is new in this one
    wait_until("flagged frames", lambda: traffic.receiver.counts()["flagged"] > 100)
    sent, received = traffic.end()
    assert sent["flagged"] > 1000
    assert received["clean"] == sent["clean"]


# ---- the rest is seen in the table ----
@pytest.fixture(scope="module")
def shared():
    site = DaemonSite()
    site.make_maps()
    yield site
    site.close()


@pytest.fixture
def fed(shared):
    """Feed "old" is in force; "new" has no file."""
    for name in ("old", "new"):
        shared.feed_path(f"{name}.jsonl").unlink(missing_ok=True)
    shared.put("old", feed_text("old", 1, OLD))
    shared.feeds("old")
    shared.begin()
    wait_until("old in force", lambda: all(shared.flagged(a) for a in OLD))
    yield shared
    shared.forget()


def reload(site, *names, **options):
    before = site.daemon_state()["config"]["sha256"]
    site.feeds(*names, **options)
    site.daemon.process.send_signal(signal.SIGHUP)
    wait_until("another configuration", lambda: site.daemon_state()["config"]["sha256"] != before)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def names(site):
    return [s["name"] for s in site.daemon_state()["sources"]]


def test_said_and_then_done(fed):
    reload(fed, "new", timeout=LONG)
    assert names(fed) == ["local", "new", "old"]
    assert fed.source("old")["leaves"] and not fed.source("new")["leaves"]
    assert any("old: no longer configured" in w and "something of new" in w for w in fed.daemon_state()["warnings"])
    assert fed.event("source_leaving", list="old", entries=3, awaited="new")
    shown = fed.lenscap("status")
    assert shown.returncode == 1 and "leaving" in shown.stdout
    assert all(fed.flagged(a) for a in OLD)
    fed.put("new", feed_text("new", 1, NEW))
    assert fed.event("source_left", list="old", reason="every new feed has delivered")
    wait_until("old gone", lambda: names(fed) == ["local", "new"])
    assert not any(fed.flagged(a) for a in OLD) and all(fed.flagged(a) for a in NEW)
    assert not any("old" in w for w in fed.daemon_state()["warnings"])
    assert fed.kernel_digest() == fed.table_digest() == fed.digest()


def test_bounded(fed):
    """Nothing ever comes: twice the timeout, then the configuration holds."""
    reload(fed, "new", timeout="1s")
    assert fed.event("source_left", list="old", reason="a new feed has delivered nothing in twice its timeout")
    assert fed.event("source_leaving", list="old")
    wait_until("the table empty", lambda: not fed.table())


def test_refused_content_is_nothing(fed):
    fed.put("new", feed_text("another", 1, NEW))
    reload(fed, "new", timeout=LONG)
    fed.refused("new", "another")
    assert names(fed)[-1] == "old" and all(fed.flagged(a) for a in OLD)
    fed.put("new", feed_text("new", 1, []))
    wait_until("the table empty", lambda: not fed.table())


def test_all_new_feeds_are_waited_for(fed):
    fed.put("new", feed_text("new", 1, NEW))
    reload(fed, "new", "third", timeout=LONG)
    wait_until("new in force", lambda: all(fed.flagged(a) for a in NEW))
    assert fed.event("source_leaving", list="old", awaited="new, third")
    assert names(fed)[-1] == "old" and all(fed.flagged(a) for a in OLD)
    fed.put("third", feed_text("third", 1, []))
    wait_until("old gone", lambda: not any(fed.flagged(a) for a in OLD))
    fed.feed_path("third.jsonl").unlink()


def test_other_reloads_meanwhile(fed):
    """They neither end the time nor begin it anew; what is configured again is a source like any other."""
    reload(fed, "new", timeout=LONG)
    leaves = fed.source("old")["leaves"]
    reload(fed, "new", timeout="6m")
    assert names(fed)[-1] == "old" and all(fed.flagged(a) for a in OLD)
    assert abs(seconds(fed.source("old")["leaves"]) - seconds(leaves)) <= 2
    reload(fed, "new", "old", timeout=LONG)
    assert names(fed) == ["local", "new", "old"] and not fed.source("old")["leaves"]
    assert all(fed.flagged(a) for a in OLD)
    fed.put("old", feed_text("old", 2, OLD + NEW))
    wait_until("old in its second edition", lambda: all(fed.flagged(a) for a in OLD + NEW))


def test_taken_away_behind_the_feed(fed):
    """In two reloads, with nothing of the feed in between."""
    reload(fed, "old", "new", timeout=LONG)
    reload(fed, "new", timeout=LONG)
    assert names(fed)[-1] == "old" and all(fed.flagged(a) for a in OLD)


@pytest.mark.parametrize("kept", ["nothing is new", "on trial", "has its record"])
def test_at_once(fed, kept):
    if kept == "has its record":
        fed.put("new", feed_text("new", 1, NEW))
        reload(fed, "old", "new")
        wait_until("new in force", lambda: all(fed.flagged(a) for a in NEW))
        reload(fed, "old")
        fed.feed_path("new.jsonl").unlink()
    if kept == "nothing is new":
        reload(fed)
    else:
        reload(fed, "new", timeout=LONG, mode="dry-run" if kept == "on trial" else "enforce")
    assert "old" not in names(fed)
    assert not any(fed.flagged(a) for a in OLD)
    assert not [e for e in fed.events() if e["event"] == "source_leaving"]


def test_no_room_for_both(fed):
    """A table too small for the old and the new together: the configuration decides."""
    many = OLD + [f"00:80:41:01:{i >> 8:02x}:{i & 255:02x}" for i in range(1997)]
    fed.put("old", feed_text("old", 2, many))
    wait_until("2,000 in force", lambda: fed.entries() == 2000)
    fed.remove_maps()
    fed.make_maps(generation=2, capacity=3072)
    wait_until("the smaller table", lambda: fed.daemon_state()["generation"] == 2 and fed.entries() == 2000)
    list_file = fed.feed_path("list.jsonl")
    list_file.write_text(feed_text("list", 1, [f"00:80:41:02:{i >> 8:02x}:{i & 255:02x}" for i in range(2000)]))
    list_file.chmod(0o644)
    reload(fed, "new", lists=[str(list_file)], timeout=LONG)
    assert names(fed) == ["local", "new", str(list_file)]
    assert fed.event("source_left", list="old", reason="the table has no room for the old and the new together")
    assert fed.entries() == 2000
    fed.remove_maps()
    fed.make_maps()
