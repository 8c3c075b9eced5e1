# SPDX-License-Identifier: GPL-2.0-only
"""What a frame costs in nanoseconds: lenscap_xdp behind a program that gives each frame another source (bench_path), less a bare
program there. And what that means for a line rate, on paper."""
import json
import subprocess

from figures import Row, at_most, difference
from places import BUILD

PART = "frames"
LIMITS = {"clean-lan": 4, "clean-macof": 6, "flagged-vendor": 20, "flagged-4096": 25, "flagged-random": 230,
          "flagged-lengths": 60}
# Bytes of a frame with its check sequence, and how many of each in twelve: the simple IMIX.
IMIX = ((64, 7), (594, 4), (1518, 1))
OVERHEAD = 20  # preamble and gap on the wire
RATES = (10, 25, 100)


def run(quick):
    runs, repeat = ("3", "100000") if quick else ("15", "300000")
    command = [BUILD / "tests/tools/bench_path", runs, repeat]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def row(measured):
    added = difference(list(zip(measured["bare"], measured["with"])), "ns")
    note = f"bare {sorted(measured['bare'])[len(measured['bare']) // 2]} ns"
    limit = LIMITS.get(measured["id"])
    if limit is None:
        return Row(PART, measured["name"] + ": added", added, note=note)
    return at_most(PART, measured["name"] + ": added", added, limit, note=note)


def measure(quick=False):
    """Rows, and the nanoseconds added by workload."""
    rows = run(quick)
    return [row(m) for m in rows], {m["id"]: row(m).figure.median for m in rows}


def frames_per_second(gigabit, size):
    return gigabit * 1e9 / (8 * (size + OVERHEAD))


def mean_size():
    return sum(size * n for size, n in IMIX) / sum(n for _, n in IMIX)


def share(gigabit, size, nanoseconds):
    """How many cores are busy with nothing but this."""
    return frames_per_second(gigabit, size) * max(nanoseconds, 0) / 1e9


def scale(added):
    """Lines of a Markdown table: cores that Lenscap alone needs at line rate in one direction."""
    kinds = [("clean, LAN-like", "clean-lan"), ("clean, any source", "clean-macof"), ("flagged, vendor prefix", "flagged-vendor"),
             ("flagged, 4,096 of 1 M", "flagged-4096"), ("flagged, random over 1 M", "flagged-random")]
    lines = ["| every frame is | ns added | " + " | ".join(f"{r} Gbit/s, 64 B | {r} Gbit/s, IMIX" for r in RATES) + " |",
             "| --- | --- |" + " --- | --- |" * len(RATES)]
    for name, key in kinds:
        if key not in added:
            continue
        cells = [f"{share(rate, size, added[key]):.2f}" for rate in RATES for size in (64, mean_size())]
        lines.append(f"| {name} | {added[key]:.0f} | " + " | ".join(cells) + " |")
    rates = [f"{frames_per_second(rate, size) / 1e6:.2f} M" for rate in RATES for size in (64, mean_size())]
    lines.append("| frames a second | | " + " | ".join(rates) + " |")
    return lines
