# SPDX-License-Identifier: GPL-2.0-only
"""Hostile deliveries: guards. Valid content by whoever may publish it, that would unflag or cut off too much."""
import time

import pytest

import hostile as table
from daemonsite import rfc3339
from hostile import Case

DAY = 86400


def edition(serial, n, at=0, **entry):
    """N addresses from the AT-th on; ENTRY: fields of each."""
    return lambda f: f.put(f.text(serial, [{"mac": m, "action": "drop", **entry} for m in f.macs(n, at)]))


def later(days):
    return rfc3339(time.time() + days * DAY)


def delta(n):
    return lambda f: f.put(f.text(11, [{"mac": m, "op": "del"} for m in f.macs(n)], since=10), delta=True) and None


def live(f, n, at=100):
    """So many addresses of the feed's are on the wire now."""
    for i, mac in enumerate(f.macs(n, at)):
        f.site.in_ns("sw", "ip", "neigh", "replace", f"10.9.{int(f.prefix[9:11], 16)}.{i + 1}", "lladdr", mac, "dev", "br0",
                     "nud", "permanent")


def stops_live(n, **entry):
    def put(f):
        live(f, n)
        return f.put(f.text(11, f.macs(4) + [{"mac": m, "action": "drop", **entry} for m in f.macs(n, 100)]))
    return put


def stops_live_by_prefix(f):
    live(f, 3)
    return f.put(f.text(11, f.macs(4) + [f"{f.prefix}00/40"]))


def gateway(f):
    mac = f.macs(1, 100)[0]
    f.site.in_ns("sw", "ip", "address", "add", "10.8.0.1/24", "dev", "br0")
    f.site.in_ns("sw", "ip", "neigh", "replace", "10.8.0.254", "lladdr", mac, "dev", "br0", "nud", "permanent")
    f.site.in_ns("sw", "ip", "route", "add", "default", "via", "10.8.0.254")
    return f.put(f.text(11, f.macs(4) + [mac]))


def virtual_router(f):
    f.site.in_ns("sw", "ip", "neigh", "replace", "10.9.255.1", "lladdr", "00:00:5e:00:01:07", "dev", "br0", "nud", "permanent")
    return f.put(f.text(11, f.macs(4) + ["00:00:5e:00:01:07"]))


def under_an_override(f):
    """Root stops the whole /40; the feed's own four are in it."""
    f.site.override("hostile.jsonl", [{"prefix": f"{f.prefix}00/40", "action": "drop"}])
    return f.put(f.text(10))


def wrongly_accepted(f):
    edition(11, 20)(f)
    f.site.accept(f.name, "0" * 64)


def accept(serial, n):
    """Control: a person admits exactly what waits."""
    def put(f):
        sha = edition(serial, n)(f)
        f.site.accept(f.name, sha)
        return sha
    return put


def accepted_but(deliver):
    """A person admitted it by digest, which lifts the size guards and no other."""
    def put(f):
        f.site.accept(f.name, deliver(f))
        deliver(f)
    return put


def reset_but(deliver):
    def put(f):
        f.site.accept(f.name, deliver(f) + " reset")
        deliver(f)
    return put


def waiting(name, bad, words="max-weakening allows 4", control=edition(1000, 37), first=edition(10, 40), **options):
    return Case(name, bad, words, control, first, waits=True, options={"max-weakening": "10%", **options})


def stopping(name, bad, words, control=stops_live(2), **options):
    return Case(name, bad, words, control, waits=True, options={"max-newly-stopped": 2, **options})


CASES = [
    waiting("half-removed", edition(11, 20)),
    waiting("all-removed", edition(11, 0)),
    waiting("one-too-many-removed", edition(11, 35), control=edition(1000, 36)),
    waiting("all-others", edition(11, 40, 40), control=edition(1000, 40)),
    waiting("mirrored-only", edition(11, 40, action="mirror")),
    waiting("until-tomorrow", lambda f: edition(11, 40, until=later(1))(f)),
    waiting("until-sooner", lambda f: edition(11, 40, until=later(1))(f), first=lambda f: edition(10, 40, until=later(9))(f),
            control=lambda f: edition(1000, 40, until=later(20))(f)),
    waiting("removed-by-delta", delta(20), control=delta(3)),
    waiting("bit-by-bit", edition(12, 34), "after 3 in the last 24 hours", control=edition(1000, 38)),
    waiting("small-list", edition(11, 1), "max-weakening allows 2", edition(1000, 2), edition(10, 4)),
    waiting("accepted-by-another-digest", wrongly_accepted, control=accept(11, 20)),
    waiting("exempts-what-root-stops", lambda f: f.put(f.text(11, [{"mac": m, "action": "allow"} for m in f.macs(4, 50)] + f.macs(4))),
            "weakens 4 of 4", edition(1000, 4), under_an_override, may=["flag", "allow"]),
    stopping("three-live", stops_live(3), "would newly stop 3 live addresses"),
    stopping("three-live-by-prefix", stops_live_by_prefix, "would newly stop 3 live addresses"),
    stopping("three-live-quarantined", stops_live(3, action="quarantine"), "would newly stop 3 live addresses"),
    stopping("three-live-contained", stops_live(3, action="contain"), "would newly stop 3 live addresses",
             stops_live(3, action="mirror")),
    stopping("gateway", gateway, "which is a gateway of this machine", edition(1000, 5)),
    stopping("virtual-router", virtual_router, "00:00:5e:00:01:07", edition(1000, 5)),
    Case("may-not-allow", edition(11, 4, action="allow"), "may flag only"),
    Case("may-not-monitor", edition(11, 4, action="monitor"), "may flag only"),
    Case("below-min-length", lambda f: f.put(f.text(11, f.macs(4) + [f"{f.prefix}00/40"])), "shorter than min-length 48",
         options={"min-length": 48}),
    Case("over-max-entries", edition(11, 6), "raise max-entries", edition(1000, 5), options={"max-entries": 5}),
    Case("accepted-but-older", accepted_but(edition(9, 4)), "serial 9 is older than 10"),
    Case("accepted-but-expired", accepted_but(lambda f: f.put(f.text(11, f.macs(4), expires="2020-01-01T00:00:00Z"))), "expired at"),
    Case("reset-but-other-list", reset_but(lambda f: f.put(f.text(11, f.macs(4), list="somebody"))), "this is list \"somebody\""),
    Case("reset-but-may-not-allow", reset_but(edition(11, 4, action="allow")), "may flag only"),
]
next(c for c in CASES if c.name == "bit-by-bit").prepare = edition(11, 37)
hostile = table.fixture(CASES)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_hostile_guards(hostile, case):
    table.judge(hostile, case)


def test_all_together_changed_nothing(hostile):
    table.judge_all(hostile, CASES, 10)
