# SPDX-License-Identifier: GPL-2.0-only
"""Hostile deliveries: serials and time."""
import time

import pytest

import hostile as table
from daemonsite import feed_text, rfc3339
from hostile import Case

DAY = 86400


def edition(serial, n=1, **header):
    """One address less than in force is what a rollback would lead to."""
    return lambda f: f.put(f.text(serial, f.macs(n), **header))


def rewritten(f):
    """The serial in force with other content; the header is the same to the letter."""
    head = f.first_text.split("\n", 1)[0]
    return f.put("\n".join([head] + feed_text("x", 0, f.macs(4, 50)).splitlines()[1:]) + "\n")


def delta(serial, since, n=1, **header):
    return lambda f: f.put(f.text(serial, f.macs(n, 9), since=since, **header), delta=True)


def quietly(deliver):
    """A control whose bytes are not what is in force after it, as a delta's."""
    return lambda f: deliver(f) and None


def header_line(old, new):
    """A later edition whose header has OLD replaced by NEW."""
    def put(f):
        text = f.text(11, f.macs(1), expires="2099-01-01T00:00:00Z")
        assert old in text
        return f.put(text.replace(old, new, 1))
    return put


CASES = [
    Case("older", edition(9), "serial 9 is older than 10"),
    Case("oldest", edition(0), "serial 0 is older than 10"),
    Case("equal-other-content", edition(10), "serial 10 was accepted with other content"),
    Case("equal-same-header", rewritten, "serial 10 was accepted with other content"),
    Case("negative", header_line('"serial": 11', '"serial": -1'), "must not be negative"),
    Case("no-serial", edition(None), "the header has no \"serial\""),
    Case("serial-as-text", header_line('"serial": 11', '"serial": "11"'), "not a number"),
    Case("serial-of-19-digits", header_line('"serial": 11', '"serial": 9223372036854775808'), "whole number of at most 18 digits"),
    Case("serial-with-exponent", header_line('"serial": 11', '"serial": 1e3'), "whole number"),
    Case("serial-twice", header_line('"serial": 11', '"serial": 11, "serial": 12'), "is there twice"),
    Case("below-min-serial", edition(10), "older than min-serial 20", first=edition(20, 4), options={"min-serial": 20},
         control=edition(21, 5)),
    Case("no-serial-any-more", lambda f: f.put("\n".join(f.macs(1)) + "\n"), "has no serial, but 10 was accepted before"),
    Case("expired", edition(11, expires="2020-01-01T00:00:00Z"), "expired at 2020-01-01"),
    Case("expired-just-now", lambda f: f.put(f.text(11, f.macs(1), expires=rfc3339(time.time() - 1))), "expired at 20",
         control=lambda f: f.put(f.text(11, f.macs(5), expires=rfc3339(time.time() + DAY)))),
    Case("expires-no-time", header_line("2099-01-01T00:00:00Z", "next week"), "not a time"),
    Case("expires-no-zone", header_line("2099-01-01T00:00:00Z", "2099-01-01T00:00:00"), "not a time"),
    Case("expires-no-such-day", header_line("2099-01-01T00:00:00Z", "2099-02-30T00:00:00Z"), "not a time"),
    Case("expires-before-1970", header_line("2099-01-01T00:00:00Z", "1969-12-31T00:00:00Z"), "not a time"),
    Case("expires-empty", header_line("2099-01-01T00:00:00Z", ""), "not a time"),
    Case("expires-as-number", header_line('"2099-01-01T00:00:00Z"', "4070908800"), "not a string"),
    Case("delta-over-a-gap", delta(13, 12), "needs the snapshot from serial 12", control=quietly(delta(13, 10))),
    Case("delta-from-the-future", delta(11, 11), "must be the serial that the delta starts from", control=quietly(delta(11, 10))),
    Case("delta-backwards", delta(11, 12), "must be the serial that the delta starts from", control=quietly(delta(11, 10))),
    Case("delta-expired", delta(11, 10, expires="2020-01-01T00:00:00Z"), "expired at 2020-01-01",
         control=quietly(delta(11, 10, expires="2099-01-01T00:00:00Z"))),
    Case("delta-as-snapshot", lambda f: f.put(f.text(12, f.macs(1), since=11)), "needs the snapshot from serial 11"),
    Case("until-no-time", lambda f: f.put(f.text(11, [{"mac": f.macs(1)[0], "until": "soon"}])), "not a time"),
]
hostile = table.fixture(CASES)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_hostile_serial(hostile, case):
    table.judge(hostile, case)


def test_all_together_changed_nothing(hostile):
    table.judge_all(hostile, CASES, 10)


def test_bytes_accepted_once_are_too_old_later(hostile):
    """A replay of the first edition to the letter, after the control is in force; also after a restart."""
    feed = hostile.all["older"]
    before = hostile.policy()
    hostile.put(feed.name, feed.first_text)
    hostile.refused(feed.name, "serial 10 is older than 1000")
    hostile.restart()
    hostile.refused(feed.name, "serial 10 is older than 1000")
    assert hostile.policy() == before
