# SPDX-License-Identifier: GPL-2.0-only
"""A site for tests of lenscapd alone: maps as the loader pins them, feeds, and what the daemon says of them."""
import hashlib
import json
import struct
import time

import netsite
from netsite import BUILD, run, wait_until

MAKE_MAPS = BUILD / "tests/tools/make_maps"
NOBODYS = "00:80:41:00:00:"  # of no vendor list, of no live address


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def feed_text(name, serial, entries, **header):
    """A native feed; entries are addresses, prefixes with a slash, or whole objects."""
    rows = [e if isinstance(e, dict) else {"prefix" if "/" in e else "mac": e, "action": "drop"} for e in entries]
    head = {"lenscap": 1, "list": name, "serial": serial, "generated": rfc3339(time.time()), "count": len(rows), **header}
    return "".join(json.dumps(row) + "\n" for row in [head] + rows)


def addresses(n, prefix=NOBODYS):
    return [f"{prefix}{i:02x}" for i in range(n)]


class DaemonSite(netsite.Site):
    """Maps without programs: what lenscapd does needs no frame."""

    def __init__(self):
        super().__init__(devices=False)
        self.daemon = None

    def make_maps(self, generation=1, capacity=16384):
        run(MAKE_MAPS, self.bpf, generation, capacity)

    def remove_maps(self):
        for pin in self.bpf.iterdir():
            if "." not in pin.name:  # maps.debug and progs.debug are the kernel's own
                pin.unlink()

    def feeds(self, *names, **options):
        """Configure file feeds, no vendor list unless asked for."""
        lists = options.pop("lists", [])
        policy = {"vendor-lists": lists, "capacity": 16384, "clock": "trust", **options.pop("policy", {})}
        self.configure(policy=policy, zones=None,
                       feeds=[{"name": n, "path": str(self.feed_path(f"{n}.jsonl")), **options} for n in names])

    def put(self, name, text, by_rename=True):
        """Write a feed as publishers do; returns the digest of its bytes."""
        path = self.feed_path(f"{name}.jsonl")
        data = text.encode() if isinstance(text, str) else text
        aside = path.with_suffix(".new") if by_rename else path
        aside.write_bytes(data)
        aside.chmod(0o644)
        if by_rename:
            aside.rename(path)
        return hashlib.sha256(data).hexdigest()

    def override(self, name, rows):
        """Write an override file; returns the digest that lenscapd acknowledges when this is the only one."""
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        aside = self.overrides / f".{name}.new"
        aside.write_bytes(data)
        aside.chmod(0o644)
        aside.rename(self.overrides / name)
        return hashlib.sha256(name.encode() + b"\0" + str(len(data)).encode() + b"\0" + data).hexdigest()

    def accept(self, name, sha256):
        aside = self.overrides / "accept" / f".{name}"
        aside.write_text(sha256 + "\n")
        aside.rename(self.overrides / "accept" / name)

    def begin(self, **options):
        self.daemon = self.start_daemon(**options)
        return self

    def restart(self, sig=15, **options):
        self.daemon.stop(sig)
        return self.begin(**options)

    def forget(self):
        """End lenscapd, and nothing it wrote is left."""
        if self.daemon:
            self.daemon.stop()
            self.daemon = None
        for path in list((self.state / "daemon").rglob("*")):
            if path.is_file():
                path.unlink()
        (self.run / "daemon" / "state.json").unlink(missing_ok=True)
        (self.log / "events.jsonl").unlink(missing_ok=True)

    # ---- what it says ----
    def source(self, name):
        return next(s for s in self.daemon_state()["sources"] if s["name"] == name)

    def entries(self):
        return self.daemon_state()["policy"]["entries"]

    def digest(self):
        return self.daemon_state()["policy"]["digest"]

    def in_force(self, name, sha256):
        wait_until(f"{name} {sha256} in force", lambda: self.source(name)["sha256"] == sha256)

    def refused(self, name, words):
        """Wait until the source is refused for a reason holding WORDS; gives the reason."""
        return wait_until(f"{name} refused: {words}",
                          lambda: words in ((self.source(name)["refused"] or {}).get("reason") or "")
                          and self.source(name)["refused"]["reason"])

    def pending(self, name, sha256):
        return wait_until(f"{name} to wait for {sha256}",
                          lambda: (self.source(name)["pending"] or {}).get("sha256") == sha256
                          and self.source(name)["pending"]["reason"])

    def kernel_digest(self):
        """The digest in the policy's head, as the kernel's map holds it."""
        dump = run("bpftool", "-j", "map", "lookup", "pinned", self.bpf / "policy_head", "key", "0", "0", "0", "0").stdout
        value = bytes(int(b, 16) for b in json.loads(dump)["value"])
        return value[32:].hex()

    def table(self):
        """The words in the kernel's table, by key, read from the map itself: {prefix and length code: nibble}."""
        head = json.loads(run("bpftool", "-j", "map", "lookup", "pinned", self.bpf / "policy_head", "key", "0", "0", "0",
                              "0").stdout)["value"]
        epoch = int(head[8], 16) & 1
        found = {}
        for row in json.loads(run("bpftool", "-j", "map", "dump", "pinned", self.bpf / "policy_table").stdout):
            for word in struct.unpack("<8Q", bytes(int(b, 16) for b in row["value"])):
                nibble = word >> (4 if epoch else 0) & 15
                if word and nibble & 7:
                    assert word >> 8 not in found, "a key is in the table twice"
                    found[word >> 8] = nibble
        return found

    def table_digest(self):
        """Computed here from the table's words, to be what the daemon says it is."""
        lanes = [0, 0, 0, 0]
        for key, nibble in self.table().items():
            word = struct.pack("<Q", key << 8 | nibble)
            for i, lane in enumerate(struct.unpack("<4Q", hashlib.blake2b(word, digest_size=32).digest())):
                lanes[i] = (lanes[i] + lane) % (1 << 64)
        return struct.pack("<4Q", *lanes).hex()

    def flagged(self, address):
        """The nibble of an exact address, 0 when it has no entry of its own."""
        return self.table().get(int(address.replace(":", ""), 16) << 8 | 3, 0)

    def event(self, name, **fields):
        """Wait for an event with these fields."""
        return wait_until(f"event {name} {fields}",
                          lambda: next((e for e in self.events() if e["event"] == name
                                        and all(e.get(k) == v for k, v in fields.items())), None))
