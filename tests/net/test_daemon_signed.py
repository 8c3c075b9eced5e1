# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd: signed feeds, deltas and other formats, from files, with signatures that minisign makes."""
import hashlib
import json
import time

import pytest

from daemonsite import DaemonSite, addresses, feed_text, rfc3339
from netsite import run, wait_until

MACS = addresses(10)


class SignedSite(DaemonSite):
    """Two key pairs; the feed trusts both, a third is a stranger's."""

    def __init__(self):
        super().__init__()
        self.make_maps()
        self.keys = {}
        for who in ("old", "new", "stranger"):
            secret, public = self.folder / f"{who}.key", self.folder / f"{who}.pub"
            run("minisign", "-G", "-W", "-p", public, "-s", secret)
            self.keys[who] = (secret, public.read_text().splitlines()[1])

    def trust(self, *who, **options):
        self.feeds("auditor", **{"public-keys": [self.keys[w][1] for w in who], "max-weakening": "100%", **options})

    def text(self, serial, macs, **header):
        return feed_text("auditor", serial, macs, expires=header.pop("expires", rfc3339(time.time() + 86400)), **header)

    def sign(self, text, who="new", name="auditor", legacy=False):
        """Put the signature beside where the feed will be, then the feed; returns its digest."""
        path = self.feed_path(f"{name}.jsonl")
        aside = path.with_name(f"{name}.signed")
        aside.write_text(text)
        flags = ["-l"] if legacy else []
        run("minisign", "-S", "-W", *flags, "-s", self.keys[who][0], "-m", aside, "-x", self.signature(name))
        aside.unlink()
        self.signature(name).chmod(0o644)
        return self.put(name, text)

    def signature(self, name="auditor"):
        return self.feed_path(f"{name}.jsonl.minisig")


@pytest.fixture
def daemon():
    site = SignedSite()
    yield site
    site.close()


def accepted(daemon, serial):
    wait_until(f"serial {serial}", lambda: daemon.source("auditor")["serial"] == serial)


def test_signed_feed_and_rotation_of_keys(daemon):
    daemon.trust("old", "new")
    daemon.begin()
    daemon.in_force("auditor", daemon.sign(daemon.text(1, MACS[:3]), "old"))
    daemon.in_force("auditor", daemon.sign(daemon.text(2, MACS[:4]), "new"))
    daemon.in_force("auditor", daemon.sign(daemon.text(3, MACS[:5]), "old", legacy=True))
    daemon.sign(daemon.text(2, MACS[:1]), "new")  # the serial counts over all keys
    daemon.refused("auditor", "serial 2 is older than 3")
    assert len(daemon.table()) == 5


def test_feed_before_its_signature_is_waited_for(daemon):
    daemon.trust("new")
    daemon.begin()
    daemon.in_force("auditor", daemon.sign(daemon.text(1, MACS[:3])))
    text = daemon.text(2, MACS[:4])
    sha = daemon.sign(text)
    daemon.in_force("auditor", sha)
    text = daemon.text(3, MACS[:5])
    later = daemon.signature().with_suffix(".later")
    aside = daemon.feed_path("aside")
    aside.write_text(text)
    run("minisign", "-S", "-W", "-s", daemon.keys["new"][0], "-m", aside, "-x", later)
    later.chmod(0o644)
    sha = daemon.put("auditor", text)
    later.rename(daemon.signature())
    daemon.in_force("auditor", sha)
    assert not [e for e in daemon.events() if e["event"] == "feed_refused"]


def test_min_serial_for_a_new_router(daemon):
    daemon.trust("new", **{"min-serial": 10})
    daemon.begin()
    daemon.sign(daemon.text(9, MACS[:3]))
    daemon.refused("auditor", "older than min-serial 10")
    assert daemon.table() == {}
    daemon.in_force("auditor", daemon.sign(daemon.text(10, MACS[:3])))


def delta(serial, since, entries, **header):
    return feed_text("auditor", serial, entries, since=since, **header)


def test_deltas_add_replace_remove_and_survive_a_restart(daemon):
    daemon.feeds("auditor", **{"max-weakening": "100%"})
    daemon.begin()
    snapshot = feed_text("auditor", 5, MACS[:4])
    daemon.in_force("auditor", daemon.put("auditor", snapshot))
    daemon.put("auditor.delta", delta(6, 5, [MACS[7], {"mac": MACS[0], "op": "del"}, {"mac": MACS[1], "action": "quarantine"}]))
    accepted(daemon, 6)
    assert [daemon.flagged(a) for a in MACS[:8]] == [0, 1, 2, 2, 0, 0, 0, 2]
    daemon.put("auditor.delta", delta(7, 6, [MACS[8]]))
    accepted(daemon, 7)
    daemon.put("auditor", snapshot)  # written again: it is what the deltas began with
    digest = daemon.kernel_digest()
    daemon.restart()
    accepted(daemon, 7)
    daemon.put("auditor.delta", delta(8, 7, [{"mac": MACS[8], "op": "del"}]))
    accepted(daemon, 8)
    assert daemon.source("auditor")["refused"] is None
    assert digest != daemon.kernel_digest() == daemon.table_digest()
    same = feed_text("auditor", 8, [{"mac": MACS[1], "action": "quarantine"}, MACS[2], MACS[3], MACS[7]])
    daemon.in_force("auditor", daemon.put("auditor", same))  # the whole list of the same serial
    daemon.put("auditor", feed_text("auditor", 8, MACS[:2]))
    daemon.refused("auditor", "serial 8 was accepted with other content")


def test_delta_over_a_gap_is_refused_until_the_snapshot_comes(daemon):
    daemon.feeds("auditor")
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 5, MACS[:4])))
    before = daemon.kernel_digest()
    daemon.put("auditor.delta", delta(8, 7, [MACS[7]]))
    daemon.refused("auditor", "needs the snapshot from serial 7")
    assert daemon.kernel_digest() == before
    daemon.put("auditor", feed_text("auditor", 7, MACS[:5]))
    accepted(daemon, 8)
    assert len(daemon.table()) == 6
    assert daemon.source("auditor")["refused"] is None


def test_delta_meets_the_guards_and_is_accepted_by_digest(daemon):
    daemon.feeds("auditor", **{"max-weakening": "10%"})
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, MACS)))
    daemon.put("auditor.delta", delta(2, 1, [{"mac": m, "op": "del"} for m in MACS[:5]]))
    sha = wait_until("a change that waits", lambda: (daemon.source("auditor")["pending"] or {}).get("sha256"))
    assert len(daemon.table()) == 10
    daemon.accept("auditor", sha)
    daemon.in_force("auditor", sha)
    assert len(daemon.table()) == 5


def test_signed_delta_needs_its_own_signature(daemon):
    daemon.trust("new")
    daemon.begin()
    daemon.in_force("auditor", daemon.sign(daemon.text(1, MACS[:3])))
    text = daemon.text(2, [MACS[5]], since=1)
    daemon.put("auditor.delta", text)
    daemon.refused("auditor", "auditor.delta.jsonl.minisig: there is no such file")
    assert len(daemon.table()) == 3
    daemon.sign(text, name="auditor.delta")
    accepted(daemon, 2)
    assert len(daemon.table()) == 4


STIX = {"type": "bundle", "id": "bundle--1", "objects": [{
    "type": "indicator", "spec_version": "2.1", "id": "indicator--1", "created": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z", "valid_from": "2026-01-01T00:00:00Z", "pattern_type": "stix", "name": "cameras",
    "pattern": f"[mac-addr:value IN ('{MACS[0]}', '{MACS[1]}')]"}]}
FORMATS = [
    ("plain", f"# ours\n{MACS[0]}\n{MACS[1].replace(':', '-').upper()} # hall\n", {}),
    ("csv", f"Name,MAC Address,Maker\nhall,{MACS[0]},\"Hik, Ltd\"\nyard,{MACS[1]},Dahua\n",
     {"columns": {"mac": "MAC Address", "vendor": "Maker"}}),
    ("stix", json.dumps(STIX, indent=1), {}),
]


@pytest.mark.parametrize("text,options", [f[1:] for f in FORMATS], ids=[f[0] for f in FORMATS])
def test_other_formats_are_taken_and_kept(daemon, text, options):
    daemon.feeds("auditor", **options)
    daemon.begin()
    daemon.in_force("auditor", daemon.put("auditor", text))
    assert [daemon.flagged(a) for a in MACS[:3]] == [1, 1, 0]
    assert daemon.source("auditor")["serial"] is None
    digest = daemon.kernel_digest()
    daemon.put("auditor", text[:-3])
    daemon.refused("auditor", "auditor.jsonl:")
    daemon.restart()
    daemon.in_force("auditor", hashlib.sha256(text.encode()).hexdigest())
    assert daemon.kernel_digest() == digest
    daemon.in_force("auditor", daemon.put("auditor", feed_text("auditor", 1, MACS[:3])))  # serials from now on
    daemon.put("auditor", text)
    daemon.refused("auditor", "has no serial, but 1 was accepted before")
