# SPDX-License-Identifier: GPL-2.0-only
"""Frames that never stop while faults happen: devices behind two ports send to the core server, and somebody sends to them.

Behind "steady" is a cable nobody touches: none of its clean frames may be lost. Behind "moved" is the port that faults are
about. All devices are flagged all the time, each for an action; "flip" is flagged and unflagged by overrides.
"""
import dataclasses
import json
import os
import time

import netsite

PERMITTED, REFUSED = "10.77.0.5", "10.77.0.9"  # of the zone, addresses of a contained device's frames


@dataclasses.dataclass(frozen=True)
class Flow:
    """Frames of one kind. PORT: behind which the device is. VERDICT: passes, mirrored, contained; stopped, diverted; flipped."""
    port: str
    verdict: str
    frames: str  # for the flood tool
    to: bool = False  # the device is who they are sent to

    @property
    def cable(self):
        """The way that may have no room for them."""
        return f"to {self.port}" if self.to else self.port


FLOWS = {
    "always": Flow("steady", "stopped", "44:19:b6:00:00:10+64*4"),
    "feed": Flow("steady", "stopped", "02:00:00:02:00:00+16*2"),
    "flip": Flow("steady", "flipped", "02:00:00:03:00:00+16*1"),
    "clean": Flow("steady", "passes", "02:00:00:01:00:00+32*3"),
    "mirror": Flow("steady", "mirrored", "02:00:00:0a:00:00+4*1"),
    "divert": Flow("steady", "diverted", "02:00:00:0b:00:00+4*1"),
    "permitted": Flow("steady", "contained", f"02:00:00:0c:00:00+4*1/{PERMITTED}"),
    "refused": Flow("steady", "stopped", f"02:00:00:0c:00:00+4*1/{REFUSED}"),  # the same devices
    "always2": Flow("moved", "stopped", "3c:ef:8c:00:00:10+64*4"),
    "clean2": Flow("moved", "passes", "02:00:00:04:00:00+32*4"),
    "mirror2": Flow("moved", "mirrored", "02:00:00:0a:00:08+4*1"),
    "divert2": Flow("moved", "diverted", "02:00:00:0b:00:08+4*1"),
    "permitted2": Flow("moved", "contained", f"02:00:00:0c:00:08+4*1/{PERMITTED}"),
    "refused2": Flow("moved", "stopped", f"02:00:00:0c:00:08+4*1/{REFUSED}"),
    # to a device; the sender's IP address is the end of its MAC address: 10.77.0.5 is permitted, 10.6.x.y is not
    "to_always": Flow("steady", "stopped", "02:00:00:06:00:00+4*2@44:19:b6:00:00:10", True),
    "to_divert": Flow("steady", "diverted", "02:00:00:06:00:10+4*1@02:00:00:0b:00:00", True),
    "to_refused": Flow("steady", "stopped", "02:00:00:06:00:20+4*1@02:00:00:0c:00:00", True),
    "to_permitted": Flow("steady", "contained", "02:00:00:4d:00:05+1*1@02:00:00:0c:00:00", True),
    "to_clean": Flow("steady", "passes", "02:00:00:06:00:30+4*1@02:00:00:01:00:00", True),
    "to_always2": Flow("moved", "stopped", "02:00:00:06:00:40+4*2@3c:ef:8c:00:00:10", True),
    "to_clean2": Flow("moved", "passes", "02:00:00:06:00:50+4*1@02:00:00:04:00:00", True),
}
PORTS = ("steady", "moved")
TO_STEADY = [flow.frames.split("@")[1] for flow in FLOWS.values() if flow.to and flow.port == "steady"]
STOPS = [name for name, flow in FLOWS.items() if flow.verdict in ("stopped", "diverted")]  # not one may arrive
PASSES = [name for name, flow in FLOWS.items() if flow.verdict in ("passes", "mirrored", "contained")]
BEHIND = {port: [name for name in STOPS if FLOWS[name].port == port] for port in PORTS}
COPIED = [name for name, flow in FLOWS.items() if flow.verdict in ("mirrored", "diverted")]
SENDERS_TO = ("core", "uplink")  # a port of the zone, where such frames are stopped, and one of none: stopped where they leave
CPUS = {"steady": 0, "moved": (os.cpu_count() or 1) - 1}
RATE = 100000  # frames a second at most: in truth bursts of 1,001 with 30 to 60 ms between them, which the cables have room for


def classes(names):
    return [f"{name}={FLOWS[name].frames}" for name in names]


def of(port, to):
    return [name for name, flow in FLOWS.items() if flow.to == to and port in (flow.port, None)]


class Traffic:
    """Senders on both ports, and one to them, for the time of one fault; receivers for the whole campaign."""

    def __init__(self, site):
        self.site = site
        self.past = dict.fromkeys([*FLOWS, "copies"], 0)  # what receivers before those of now had counted
        self.counted = {"core": of(None, False), "steady": of(None, True), "moved": of(None, True), "mon": COPIED}
        self.receivers = {}
        for host in self.counted:
            self.receive(host)
        self.senders = {}
        self.to_host = "core"  # who sends to the devices
        self.sent = {}
        self.before = {}
        self.cables = {}  # frames that the ends of cables had no room for, at the begin

    # ---- who receives ----
    def receive(self, host):
        self.receivers[host] = self.site.flood(host, "receive", classes=classes(self.counted[host]))

    def miss(self, host, meanwhile=lambda: None):
        """Nobody receives at HOST, then another receiver does."""
        receiver = self.receivers.pop(host)
        self.add(host, receiver.stop(), self.past)
        self.site.floods.remove(receiver)
        meanwhile()
        self.receive(host)

    def replug(self, host):
        """The cable to HOST is another one: a receiver of its own, and what had no room is counted from nothing."""
        self.miss(host)
        for place in (("sent", host), ("port", host)):
            if place in self.cables:
                self.cables[place] = 0

    @staticmethod
    def add(host, counts, total):
        for name, count in counts.items():
            if name != "other":
                total["copies" if host == "mon" else name] += count

    def received(self):
        total = dict(self.past)
        for host, receiver in self.receivers.items():
            self.add(host, receiver.counts(), total)
        return total

    def leaked(self, *ports):
        """Frames that should be stopped and arrived, of devices behind these ports, ever."""
        now = self.received()
        return sum(now[name] for port in ports for name in BEHIND[port])

    # ---- cables ----
    def dropped(self, port):
        """Frames that the cable behind a port of the switch had no room for: senders at once are faster than a receiver."""
        shown = self.site.in_ns(netsite.SWITCH, "ip", "-s", "-j", "link", "show", "dev", port).stdout
        return json.loads(shown)[0]["stats64"]["tx"]["dropped"]

    def full_now(self):
        return {("sent", host): self.site.xmit_errors(host) for host in (*PORTS, self.to_host)} | {
            ("port", port): self.dropped(port) for port in self.counted}

    def full(self):
        """Frames that each cable had no room for since begin()."""
        now = self.full_now()
        lost = {place: now[place] - self.cables[place] for place in now}
        cables = {port: lost["sent", port] + lost["port", "core"] for port in PORTS}
        cables |= {f"to {port}": lost["sent", self.to_host] + lost["port", port] for port in PORTS}
        return cables | {"copies": lost["port", "mon"]}

    # ---- who sends ----
    def begin(self, to_host):
        self.to_host = to_host
        self.sent = dict.fromkeys(FLOWS, 0)
        self.before = self.received()
        self.cables = self.full_now()
        for which in (*PORTS, "to"):
            self.start(which)
        self.flows(*PASSES)

    def start(self, which):
        names = of(None, True) if which == "to" else of(which, False)
        host = self.to_host if which == "to" else which
        self.senders[which] = self.site.flood(host, "send", "--rate", RATE, "--cpu", CPUS.get(which, 0), "--to", netsite.CORE,
                                              classes=classes(names))

    def stop(self, which):
        sender = self.senders.pop(which)
        for name, count in sender.stop().items():
            self.sent[name] += count
        self.site.floods.remove(sender)

    def goes_on(self, frames=500):
        """Returns when each sender has sent so many more, whatever became of them."""
        before = {which: sum(sender.counts().values()) for which, sender in self.senders.items()}
        netsite.wait_until("frames to be sent", lambda: all(
            sum(self.senders[which].counts().values()) >= count + frames for which, count in before.items()), 60)

    def flows(self, *names, limit=60, frames=100):
        """Returns when frames sent after the call have arrived, of these names or of all that pass."""
        names = names or [*PASSES, "copies"]
        before = self.received()

        def missing():
            now = self.received()
            return [name for name in names if now[name] <= before[name] + frames]
        try:
            netsite.wait_until("frames to arrive", lambda: not missing(), limit)
        except AssertionError as error:
            raise AssertionError(f"{error}: {missing()}") from None

    def end(self):
        """(sent, received, frames that the cables had no room for) since begin()."""
        for which in list(self.senders):
            self.stop(which)
        last, same = self.received(), 0
        while same < (5 if any(last[n] - self.before[n] < self.sent[n] for n in PASSES) else 1):
            time.sleep(0.1)  # what is on its way arrives
            now = self.received()
            same = same + 1 if now == last else 0
            last = now
        return self.sent, {name: last[name] - self.before[name] for name in last}, self.full()
