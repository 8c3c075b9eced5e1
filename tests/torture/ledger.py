# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel counted, over all generations of maps, and whether every frame is accounted for."""
import ctypes
import dataclasses
import os
import struct

import pins
from traffic import PORTS, STOPPED

STOPS = ("stopped_xdp", "stopped_tc")


class Counters:
    """Totals of every map that was ever pinned as "totals": held open, so that a former generation still counts."""

    def __init__(self, site):
        self.site = site
        self.maps = {}  # id -> (descriptor, CPUs)

    def look(self):
        """Call often enough that no generation is missed."""
        try:
            fd = pins.obj_get(self.site.bpf / "totals", pins.F_RDONLY)
        except OSError:  # deleted by hand just now
            return
        info = ctypes.create_string_buffer(128)
        pins.bpf(pins.OBJ_INFO, struct.pack("=IIQ", fd, 128, ctypes.addressof(info)))
        number, entries = struct.unpack("=4xI8xI", info.raw[:20])
        if number in self.maps:
            os.close(fd)
        else:
            self.maps[number] = (fd, entries // pins.LC_PORTS)

    def stopped(self, port):
        """Frames stopped at a port number so far."""
        self.look()
        total = 0
        for fd, cpus in self.maps.values():
            for cpu in range(cpus):
                value = pins.lookup(fd, struct.pack("=I", cpu * pins.LC_PORTS + port), 16 * pins.LC_REASONS)
                total += sum(struct.unpack("=2Q", value[:16]))
        return total


@dataclasses.dataclass
class Result:
    """Of one fault: what must be nothing, and what is only measured."""
    complaints: list
    sent: int
    stopped: int
    lost: int  # clean frames of the port the fault was about


def judge(sent, got, full, stopped, fault):
    """FULL: frames that cables had no room for, by port. STOPPED: what the kernel says it stopped, by port."""
    complaints = []
    for name in STOPPED:
        if got[name] and not (fault.passes and name in PORTS["moved"]):
            complaints.append(f"{got[name]} flagged frames of {name} arrived")
    if got["clean"] + full["steady"] < sent["clean"]:
        complaints.append(f"{sent['clean'] - got['clean']} clean frames lost behind the port that was left alone")
    lost = sent["clean2"] - got["clean2"]
    if lost > full["moved"] and not fault.loses:
        complaints.append(f"{lost} clean frames lost behind the other port")
    flagged = {"steady": ("always", "feed", "flip"), "moved": ("always2",)}
    for port, names in flagged.items():
        if port == "moved" and fault.loses:
            continue
        gone = sum(sent[n] - got[n] for n in names)
        if not stopped[port] <= gone <= stopped[port] + full[port]:
            complaints.append(f"{gone} flagged frames did not arrive from {port}, {stopped[port]} were counted as stopped")
    return Result(complaints, sum(sent.values()), sum(stopped.values()), lost)
