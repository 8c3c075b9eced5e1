# SPDX-License-Identifier: GPL-2.0-only
"""Tables of hostile deliveries. Every case is a feed of its own with addresses of its own, all on one lenscapd, in three steps:

1. the feed's first content is taken by all;
2. all deliver what their case is about: each must be refused (or wait) for its reason, `lenscap status` must say so, and the
   policy must stay byte-identical: digest and words in the kernel's map, and each feed's record on disk;
3. all deliver the control, the nearest honest thing: each must be taken.

So a case that is refused for another reason, or that would be refused whatever it delivers, fails."""
import base64
import dataclasses
import hashlib
import json
import signal
import time
import typing

import pytest

from daemonsite import DaemonSite, feed_text, rfc3339
from netsite import run, wait_until

WAIT = 60.0  # seconds for all of a step; only against hanging


@dataclasses.dataclass
class Case:
    name: str  # of the feed and the list too
    bad: typing.Callable  # gets the Feed
    words: str  # of the reason
    control: typing.Callable = None  # default: the next edition with one address more
    first: typing.Callable = None  # default: serial 10 with four addresses
    prepare: typing.Callable = None  # a second honest edition before it begins
    options: dict = dataclasses.field(default_factory=dict)  # of the feed in the configuration
    waits: bool = False  # for a person (pending), instead of refused


class Feed:
    """One case's feed on the site: what it delivers, and the addresses that only it names."""

    def __init__(self, site, case, number):
        self.site = site
        self.case = case
        self.name = case.name
        self.prefix = f"00:80:41:{number:02x}:"
        self.signed = "public-keys" in {**site.common, **case.options}
        self.first_text = None

    def macs(self, n, at=0):
        return [f"{self.prefix}{i >> 8:02x}:{i & 255:02x}" for i in range(at, at + n)]

    def text(self, serial, entries=None, **header):
        """A native list, four addresses unless told, with `expires` where signed feeds need it."""
        if self.signed:
            header.setdefault("expires", rfc3339(time.time() + 86400))
        header = {"list": self.name, **header}
        rows = self.macs(4) if entries is None else entries
        text = feed_text(header.pop("list"), serial, rows, **header)
        if None in header.values():  # a field that is to be left out
            head, rest = text.split("\n", 1)
            text = json.dumps({k: v for k, v in json.loads(head).items() if v is not None}) + "\n" + rest
        return text

    # ---- files ----
    def path(self, delta=False):
        return self.site.feed_path(f"{self.name}.delta.jsonl" if delta else f"{self.name}.jsonl")

    def signature(self, delta=False):
        path = self.path(delta)
        return path.with_name(path.name + ".minisig")

    def put(self, data, delta=False):
        """Without a signature."""
        return self.site.put(f"{self.name}.delta" if delta else self.name, data)

    def make_signature(self, text, who="ours", *flags):
        aside, made = (self.site.folder / f"{self.name}.{e}" for e in ("tosign", "made"))
        aside.write_bytes(text.encode() if isinstance(text, str) else text)
        run("minisign", "-S", "-W", *flags, "-s", self.site.keys[who][0], "-m", aside, "-x", made)
        return made.read_bytes()

    def put_signature(self, data, delta=False):
        path = self.signature(delta)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)

    def sign(self, text, who="ours", delta=False, edit=None):
        """Signature first, then the feed, as publishers do. EDIT changes the signature's bytes on the way."""
        made = self.make_signature(text, who)
        self.put_signature(edit(made) if edit else made, delta)
        return self.put(text, delta)

    def deliver(self, text, delta=False):
        """As an honest publisher of this feed."""
        return self.sign(text, delta=delta) if self.signed else self.put(text, delta)

    # ---- steps ----
    def deliver_first(self):
        if self.case.first:
            return self.case.first(self)
        self.first_text = self.text(10)
        return self.deliver(self.first_text)

    def deliver_control(self):
        if self.case.control:
            return self.case.control(self)
        return self.deliver(self.text(1000, self.macs(5)))


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


# ---- minisign files ----
def edit_line(number, change):
    """An edit of one line of a signature, as bytes."""
    def edit(data):
        lines = data.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)
    return edit


def edit_packed(change):
    """An edit of what the signature line's base64 holds: algorithm (2 bytes), key id (8), signature (64)."""
    return edit_line(1, lambda line: base64.b64encode(change(bytearray(base64.b64decode(line)))))


def flip(at):
    def change(data):
        data[at] ^= 1
        return bytes(data)
    return change


class HostileSite(DaemonSite):
    """One lenscapd with a feed for each case."""

    def __init__(self, cases, **common):
        super().__init__()
        self.make_maps()
        self.common = common
        self.keys = {}
        if "public-keys" in common:
            self.make_keys("ours", "second", "stranger")
            common["public-keys"] = [self.keys["ours"][1], self.keys["second"][1]]
        assert len({c.name for c in cases}) == len(cases), "two cases of one name"
        self.all = {case.name: Feed(self, case, number) for number, case in enumerate(cases)}
        self.feed_path("x").parent.mkdir(exist_ok=True)
        self.reasons, self.taken, self.status, self.records = {}, {}, "", {}

    def make_keys(self, *names):
        for name in names:
            secret, public = self.folder / f"{name}.key", self.folder / f"{name}.pub"
            run("minisign", "-G", "-W", "-p", public, "-s", secret)
            self.keys[name] = (secret, public.read_text().splitlines()[1])

    def place(self, feed, step):
        """Where the feed comes from."""
        del step
        return {"path": str(feed.path())}

    def configure_feeds(self, step, **policy):
        self.configure(policy={"vendor-lists": [], "capacity": 16384, "clock": "trust", **policy}, zones=None,
                       feeds=[{"name": f.name, **self.place(f, step), "max-weakening": "100%", **self.common, **f.case.options}
                              for f in self.all.values()])

    def reload(self):
        self.daemon.process.send_signal(signal.SIGHUP)

    # ---- what is in force ----
    def policy(self):
        """Digest as lenscapd and as the kernel's map have it, and the map's words."""
        return self.digest(), self.kernel_digest(), self.table()

    def words_of(self, feed, policy):
        """The words of a policy that are under this case's addresses."""
        number = int(feed.prefix.replace(":", ""), 16)
        return {k: v for k, v in policy[2].items() if k >> 24 == number}

    def record_of(self, feed):
        path = self.state / "daemon/feeds" / f"{feed.name}.jsonl"
        return path.read_bytes() if path.exists() else None

    def held(self, feed):
        source = self.source(feed.name)
        return (source["pending" if feed.case.waits else "refused"] or {}).get("reason") or ""

    # ---- the three steps ----
    def go(self):
        self.configure_feeds("first")
        firsts = {name: feed.deliver_first() for name, feed in self.all.items()}
        self.begin()
        wait_until("every first content", lambda: all(self.is_taken(n, sha) for n, sha in firsts.items()), WAIT)
        second = {name: feed.case.prepare(feed) for name, feed in self.all.items() if feed.case.prepare}
        wait_until("every second content", lambda: all(self.is_taken(n, sha) for n, sha in second.items()), WAIT)
        self.before = self.policy()
        self.records = {name: self.record_of(feed) for name, feed in self.all.items()}
        self.step_bad()
        self.after = self.policy()
        self.status = self.lenscap("status")
        self.records_after = {name: self.record_of(feed) for name, feed in self.all.items()}
        self.step_control()
        return self

    def is_taken(self, name, sha):
        """SHA None: the control says nothing of bytes, only that no complaint is left."""
        s = self.source(name)
        return s["refused"] is None and s["pending"] is None and (not sha or s["sha256"] == sha)

    def until(self, probe, left):
        """Wait until PROBE holds of every name, or for so long; what is missing shows in its case's own test."""
        end = time.monotonic() + WAIT
        while left and time.monotonic() < end:
            left = [name for name in left if not probe(name)]
            time.sleep(0.05)

    def step_bad(self):
        for feed in self.all.values():
            feed.case.bad(feed)
        self.await_bad()

    def await_bad(self):
        self.until(lambda n: self.all[n].case.words in self.held(self.all[n]), list(self.all))
        self.reasons = {name: self.held(feed) for name, feed in self.all.items()}

    def step_control(self):
        self.await_control({name: feed.deliver_control() for name, feed in self.all.items()})

    def await_control(self, controls):
        self.until(lambda n: self.is_taken(n, controls[n]), list(self.all))
        self.taken = {name: self.is_taken(name, controls[name]) for name in self.all}
        self.finally_ = self.policy()


def fixture(cases, site=HostileSite, **common):
    """A module's fixture: the site after all three steps."""
    @pytest.fixture(scope="module", name="hostile")
    def made():
        here = site(cases, **common)
        try:
            yield here.go()
        finally:
            here.close()
    return made


def judge(hostile, case):
    """What is asserted of one case."""
    feed = hostile.all[case.name]
    reason = hostile.reasons[case.name]
    assert case.words in reason, f"the reason is: {reason or 'none, it was not refused'}"
    assert hostile.words_of(feed, hostile.after) == hostile.words_of(feed, hostile.before), "its words changed"
    assert hostile.records_after[case.name] == hostile.records[case.name], "its record changed"
    assert " ".join(reason.split()) in " ".join(hostile.status.stdout.split()), "lenscap status does not give the reason"
    assert str(hostile.state) not in reason, "the reason names a file that people do not know"
    assert hostile.taken[case.name], f"the control was not taken: {hostile.source(case.name)}"


def judge_all(hostile, cases, least):
    """What is asserted of all together; the control of "identical" is that the honest deliveries changed it."""
    assert len(cases) >= least
    assert hostile.after == hostile.before
    assert hostile.before[2] and hostile.before[0] == hostile.before[1]
    assert hostile.finally_[0] != hostile.before[0] and hostile.finally_[2] != hostile.before[2]
    assert hostile.status.returncode == 1
    assert hostile.daemon.process.poll() is None
    refused = {e["list"] for e in hostile.events() if e["event"] == "feed_refused"}
    assert refused | {c.name for c in cases if "no such file" in c.words} >= {c.name for c in cases}
