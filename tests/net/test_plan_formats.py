# SPDX-License-Identifier: GPL-2.0-only
"""lenscap plan for deltas and every format: what it says, lenscapd then does, under the same digest."""
import json

import pytest

from daemonsite import DaemonSite, addresses, feed_text, rfc3339
from netsite import run, wait_until

MACS = addresses(10)
STIX = {"type": "bundle", "id": "bundle--1", "objects": [{
    "type": "indicator", "id": "indicator--1", "modified": "2026-01-01T00:00:00Z", "valid_from": "2026-01-01T00:00:00Z",
    "pattern_type": "stix", "pattern": f"[mac-addr:value IN ('{MACS[0]}', '{MACS[1]}')]"}]}
FORMATS = {"plain": f"{MACS[0]}\n{MACS[1]}\n", "csv": f"MAC,Note\n{MACS[0]},hall\n{MACS[1]},yard\n", "stix": json.dumps(STIX)}


@pytest.fixture(scope="module")
def site():
    """A feed of each kind on one lenscapd."""
    site = DaemonSite()
    site.make_maps()
    secret, public = site.folder / "key", site.folder / "pub"
    run("minisign", "-G", "-W", "-p", public, "-s", secret)
    site.secret = secret
    options = {name: {} for name in ("auditor", "other", "plain", "csv", "stix", "least", "signed")}
    options["csv"] = {"columns": {"mac": "MAC", "reason": "Note"}}
    options["least"] = {"min-serial": 20}
    options["signed"] = {"public-keys": [public.read_text().splitlines()[1]]}
    site.feed_path("x").parent.mkdir(exist_ok=True)
    site.configure(policy={"vendor-lists": [], "capacity": 16384, "clock": "trust"}, zones=None, feeds=[
        {"name": n, "path": str(site.feed_path(f"{n}.jsonl")), **o} for n, o in options.items()])
    site.begin()
    site.in_force("auditor", site.put("auditor", feed_text("auditor", 10, MACS)))
    yield site
    site.close()


def plan(site, text, *options, signed=False):
    """(exit code, JSON or None, standard error)."""
    path = site.folder / "next"
    path.write_text(text)
    path.chmod(0o644)
    signature = path.with_name("next.minisig")
    signature.unlink(missing_ok=True)
    if signed:
        run("minisign", "-S", "-W", "-s", site.secret, "-m", path, "-x", signature)
        signature.chmod(0o644)
    done = site.lenscap("plan", path, *options, "-j")
    return done.returncode, json.loads(done.stdout) if done.stdout.strip().startswith("{") else None, done.stderr


def test_deltas(site):
    """In one go: each follows on the one before."""
    delta = feed_text("auditor", 11, ["00:80:41:00:00:77", {"mac": MACS[0], "op": "del"}], since=10)
    before = site.kernel_digest()
    code, said, _ = plan(site, delta)
    assert code == 0 and said["answer"] == "applied" and (said["added"], said["removed"]) == (1, 1)
    assert (said["serial"], said["since"], said["entries"]) == (11, 10, 10)
    assert site.kernel_digest() == before, "plan changed something"
    site.put("auditor.delta", delta)
    site.in_force("auditor", said["sha256"])
    code, _, error = plan(site, delta)
    assert code == 1 and "in force already" in error
    code, _, error = plan(site, feed_text("auditor", 14, MACS[:1], since=13))
    assert code == 1 and "it needs the snapshot from serial 13" in error
    same = feed_text("auditor", 11, MACS[1:] + ["00:80:41:00:00:77"])  # the list that the delta made, as a whole
    assert plan(site, same)[1]["answer"] == "applied"
    other = plan(site, feed_text("auditor", 11, MACS))[1]
    assert other["answer"] == "refused" and "accepted with other content" in other["why"]
    waiting = feed_text("auditor", 12, [{"mac": m, "op": "del"} for m in MACS[3:]], since=11)
    code, said, _ = plan(site, waiting)
    assert code == 1 and said["answer"] == "held back"
    site.put("auditor.delta", waiting)
    assert site.pending("auditor", said["sha256"]) == said["why"]


def test_delta_onto_nothing(site):
    code, _, error = plan(site, feed_text("other", 5, MACS[:1], since=4))
    assert code == 1 and "no list with a serial is in force" in error


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_other_formats(site, name):
    code, said, _ = plan(site, FORMATS[name], "--feed", name)
    assert code == 0 and said["answer"] == "applied" and said["entries"] == 2 and said["serial"] is None
    code, _, error = plan(site, FORMATS[name][:-3], "--feed", name)
    assert code == 1 and "it would be refused: " in error
    site.put(name, FORMATS[name][:-3])
    assert site.refused(name, error.split("/next:")[1].strip())  # the same words, but for the file's name
    site.put(name, FORMATS[name])
    site.in_force(name, said["sha256"])


def test_what_does_not_name_its_feed(site):
    code, _, error = plan(site, FORMATS["plain"])
    assert code == 3 and "--feed" in error


def test_minimal_serial(site):
    assert "older than min-serial 20" in plan(site, feed_text("least", 19, MACS[:1]))[1]["why"]
    assert plan(site, feed_text("least", 20, MACS[:1]))[1]["answer"] == "applied"


def test_signatures(site):
    text = feed_text("signed", 1, MACS[:3], expires=rfc3339(4e9))
    assert "must be signed" in plan(site, text)[2]
    code, said, _ = plan(site, text, signed=True)
    assert code == 0 and said["answer"] == "applied"
    for name in ("next.minisig", "next"):  # the signature first
        (site.folder / name).rename(site.feed_path(name.replace("next", "signed.jsonl")))
    site.in_force("signed", said["sha256"])
    delta = feed_text("signed", 2, MACS[5:6], since=1, expires=rfc3339(4e9))
    assert "must be signed" in plan(site, delta)[2]
    code, said, _ = plan(site, delta, signed=True)
    assert code == 0 and said["entries"] == 4
    wait_until("nothing waits", lambda: site.source("signed")["pending"] is None)
