# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel counted, over all generations of maps, and whether every frame is accounted for."""
import collections
import ctypes
import dataclasses
import mmap
import os
import struct

import pins
from traffic import FLOWS, PORTS, STOPS

COUNTING = (*PORTS, "core")  # the ports of the zone
DIVERTED = 0x0200000b0  # 02:00:00:0b:00:00/36: the devices on divert
SLOT = struct.Struct("=8Q")


class Maps:
    """Every map that was ever pinned under a name: held open, so that a former generation still counts."""

    def __init__(self, site, name):
        self.path = site.bpf / name
        self.maps = {}  # id -> what it holds

    def look(self):
        """Call often enough that no generation is missed."""
        try:
            fd = pins.obj_get(self.path)
        except OSError:  # deleted by hand just now
            return
        info = ctypes.create_string_buffer(128)
        pins.bpf(pins.OBJ_INFO, struct.pack("=IIQ", fd, 128, ctypes.addressof(info)))
        number, value, entries = struct.unpack("=4xI4xII", info.raw[:20])
        if number not in self.maps:
            self.maps[number] = mmap.mmap(fd, value * entries, mmap.MAP_SHARED, mmap.PROT_READ)
        os.close(fd)


class Counters:
    """Totals of ports and slots of devices."""

    def __init__(self, site):
        self.totals, self.slots = Maps(site, "totals"), Maps(site, "slots")

    def look(self):
        self.totals.look()
        self.slots.look()

    def reasons(self, port):
        """Frames by reason at a port number so far."""
        size = 16 * pins.LC_REASONS
        sums = collections.Counter()
        for data in self.totals.maps.values():
            for start in range(port * size, len(data), pins.LC_PORTS * size):
                sums.update(dict(zip(pins.REASONS, struct.unpack_from(f"={len(pins.REASONS)}Q", data, start))))
        return sums

    def miscount(self, port, reason):
        """For the control: one frame more than there was."""
        size, place = 16 * pins.LC_REASONS, 8 * pins.REASONS.index(reason)
        fd = pins.obj_get(self.totals.path)
        key = struct.pack("=I", port)
        value = bytearray(pins.lookup(fd, key, size))
        value[place:place + 8] = struct.pack("=Q", struct.unpack_from("=Q", value, place)[0] + 1)
        pins.update(fd, key, bytes(value))
        os.close(fd)

    def diverted(self):
        """By port number: frames of, or to, devices on divert that were stopped, by the device's own slots."""
        sums = collections.Counter()
        for data in self.slots.maps.values():
            for key, stopped, *_ in SLOT.iter_unpack(data):
                if key >> 28 == DIVERTED:
                    sums[key & 0x3ff] += stopped
        return sums

    def now(self, numbers):
        """By port name, NUMBERS says which: counters by reason, and "diverted"."""
        self.look()
        diverted = self.diverted()
        return {port: self.reasons(number) + collections.Counter(diverted=diverted[number]) for port, number in numbers.items()}


@dataclasses.dataclass
class Numbers:
    """Of one fault: frames by flow; those that cables had no room for; what the kernel counted, by port; who sent to devices."""
    sent: dict
    got: dict
    full: dict
    counted: dict
    to_host: str


class Judgement:
    """All that is wrong with the numbers of one fault."""

    def __init__(self, numbers, fault):
        self.n = numbers
        self.fault = fault
        self.complaints = []
        self.arrivals()
        self.losses()
        for port in COUNTING:
            self.stops(port)
            self.copies(port)
        self.passes("contained")
        self.passes("mirrored")
        self.mirror_port()

    def complain(self, text):
        self.complaints.append(text)

    def gone(self, name):
        return self.n.sent[name] - self.n.got[name]

    def room(self, names):
        """How many of these frames may have been lost by cables that were full."""
        return sum(self.n.full[cable] for cable in {FLOWS[name].cable for name in names})

    def lossy(self, port):
        """Is this cable taken away?"""
        return port == "moved" and self.fault.loses

    def arrivals(self):
        """Nothing that is to be stopped arrives; while a bypass is on, what does is counted as such."""
        got = {name: self.n.got[name] for name in STOPS if self.n.got[name]}
        if self.fault.bypasses:
            counted = sum(c["bypassed"] for c in self.n.counted.values())
            most = sum(got.values()) + self.n.got["flip"] + self.room(FLOWS)
            if not sum(got.values()) <= counted <= most:
                self.complain(f"{sum(got.values())} flagged frames arrived, {counted} were counted as bypassed")
            return
        for name, count in got.items():
            if not (self.fault.passes and FLOWS[name].port == "moved"):
                self.complain(f"{count} flagged frames of {name} arrived")

    def losses(self):
        for name, flow in FLOWS.items():
            if flow.verdict in ("passes", "mirrored", "contained") and not self.lossy(flow.port) \
                    and self.gone(name) > self.room([name]):
                where = "the port that was left alone" if flow.port == "steady" else "the other port"
                self.complain(f"{self.gone(name)} frames of {name} lost behind {where}")

    def at(self, port, *verdicts):
        """Names of flows with these verdicts that are stopped, and so counted, at a port."""
        def where(flow):
            return "core" if flow.to and self.n.to_host == "core" else flow.port
        return [name for name, flow in FLOWS.items() if flow.verdict in verdicts and where(flow) == port]

    def stops(self, port):
        for counter, verdicts in (("stopped", ("stopped", "diverted", "flipped")), ("diverted", ("diverted",))):
            names = self.at(port, *verdicts)
            counted = self.n.counted[port]
            count = counted["diverted"] if counter == "diverted" else counted["stopped_xdp"] + counted["stopped_tc"]
            gone = sum(self.gone(name) for name in names)
            if not (count <= gone and (self.lossy(port) or gone <= count + self.room(names))):
                self.complain(f"{gone} {'flagged' if counter == 'stopped' else counter} frames did not arrive from {port}, "
                              f"{count} were counted as stopped")

    def copies(self, port):
        """Each diverted and each mirrored frame is a copy, or counted as one that was left out."""
        c = self.n.counted[port]
        accounted = c["copied"] + c["copy_sampled"] + c["copy_limited"] + c["copy_failed"]
        if accounted != c["diverted"] + c["mirrored"]:
            self.complain(f"{accounted} copies accounted for at {port}, but {c['diverted']} frames diverted, {c['mirrored']} mirrored")

    def passes(self, verdict):
        """What passes is counted where it leaves the zone, or where it came in from the device."""
        for port in PORTS:
            names = [name for name, flow in FLOWS.items() if flow.verdict == verdict and flow.port == port]
            sent, got = (sum(numbers[name] for name in names) for numbers in (self.n.sent, self.n.got))
            count = self.n.counted[port][verdict]
            uncounted = port == "moved" and self.fault.passes  # before any program is there
            if not ((uncounted or got <= count) and count <= sent and (self.lossy(port) or sent <= count + self.room(names))):
                self.complain(f"frames {verdict} behind {port}: {sent} sent, {got} arrived, {count} were counted")

    def mirror_port(self):
        copied = sum(c["copied"] for c in self.n.counted.values())
        got = self.n.got["copies"]
        if got > copied or (got + self.n.full["copies"] < copied and not self.fault.copies):
            self.complain(f"{got} copies arrived at the mirror port, {copied} were counted as copied")
