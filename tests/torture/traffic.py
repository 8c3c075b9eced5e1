# SPDX-License-Identifier: GPL-2.0-only
"""Frames that never stop while faults happen: two devices behind two ports send to the core server.

Behind "steady" is a cable nobody touches: none of its clean frames may be lost. Behind "moved" is the port that faults are
about. Each sends frames of devices that are flagged all the time; "flip" is flagged and unflagged by overrides.
"""
import json
import os
import time

import netsite

STEADY = {"always": "44:19:b6:00:00:10+64*4", "feed": "02:00:00:02:00:00+16*2", "flip": "02:00:00:03:00:00+16*1",
          "clean": "02:00:00:01:00:00+32*3"}
MOVED = {"always2": "3c:ef:8c:00:00:10+64*4", "clean2": "02:00:00:04:00:00+32*4"}
PORTS = {"steady": STEADY, "moved": MOVED}
CPUS = {"steady": 0, "moved": (os.cpu_count() or 1) - 1}
STOPPED = ("always", "feed", "always2")  # in force before and after each fault: not one may arrive
RATE = 20000  # frames a second of each: enough to meet any gap, and the cables never fill up


def classes(of):
    return [f"{name}={value}" for name, value in of.items()]


class Traffic:
    """Senders on both ports for the time of one fault, and a receiver for the whole campaign."""

    def __init__(self, site):
        self.site = site
        self.receiver = site.flood("core", "receive", classes=classes(STEADY | MOVED))
        self.senders = {}
        self.sent = {}
        self.before = {}
        self.errors = {}
        self.dropped = 0

    def dropped_at_core(self):
        """Frames that the core server's own cable had no room for: two senders at once are faster than its receiver."""
        shown = self.site.in_ns(netsite.SWITCH, "ip", "-s", "-j", "link", "show", "dev", "core").stdout
        return json.loads(shown)[0]["stats64"]["tx"]["dropped"]

    def received(self):
        return self.receiver.counts()

    def begin(self):
        self.sent = dict.fromkeys(STEADY | MOVED, 0)
        self.before = self.received()
        self.errors = {port: self.site.xmit_errors(port) for port in PORTS}
        self.dropped = self.dropped_at_core()
        for port in PORTS:
            self.start(port)
        self.flows("clean", "clean2")

    def start(self, port):
        self.senders[port] = self.site.flood(port, "send", "--rate", RATE, "--cpu", CPUS[port], "--to", netsite.CORE, classes=classes(PORTS[port]))

    def stop(self, port):
        sender = self.senders.pop(port)
        for name, count in sender.stop().items():
            self.sent[name] += count
        self.site.floods.remove(sender)

    def flows(self, *names, limit=60):
        """Returns when clean frames sent after the call have arrived."""
        before = self.received()
        netsite.wait_until("clean frames to arrive", lambda: all(self.received()[n] > before[n] + 100 for n in names), limit)

    def end(self):
        """(sent, received, frames that the cables had no room for) since begin()."""
        for port in list(self.senders):
            self.stop(port)
        last, same = self.received(), 0
        while same < 5 and any(last[n] - self.before[n] < self.sent[n] for n in ("clean", "clean2")):
            time.sleep(0.1)  # what is on its way arrives
            now = self.received()
            same = same + 1 if now == last else 0
            last = now
        last = self.received()
        got = {name: last[name] - self.before[name] for name in self.sent}
        dropped = self.dropped_at_core() - self.dropped
        full = {port: self.site.xmit_errors(port) - self.errors[port] + dropped for port in PORTS}
        return self.sent, got, full
