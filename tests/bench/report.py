# SPDX-License-Identifier: GPL-2.0-only
"""What was measured, as Markdown, JSON and a chart, and the table for the project's README."""
import json
import os
import pathlib
import platform
import subprocess
import time

import chart
import frames
import peers
from figures import number

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "doc" / "bench"
PACKAGES = ("nftables", "xdp-tools", "ebtables", "iproute2")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(FOLDER.parents[1]), "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


class Report:
    """Gathers parts as they come."""

    def __init__(self, quick):
        self.quick = quick
        self.start = time.time()
        self.load = [os.getloadavg()]
        self.rows, self.floods, self.scale, self.code = [], None, [], []
        self.numbers, self.missing = {}, []

    def machine(self):
        return {"processor": processor(), "processors": os.cpu_count(), "kernel": platform.release(), "commit": commit(),
                "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start)), "seconds": round(time.time() - self.start),
                "load before": self.load[0], "load after": os.getloadavg(), "quick": self.quick,
                "packages": {name: peers.version(name) for name in PACKAGES}}

    # ---- Markdown ----
    def head(self):
        m = self.machine()
        lines = ["<!-- SPDX-License-Identifier: GPL-2.0-only; written by scripts/bench -->", "# What was measured", "",
                 f"{m['began']}, {m['seconds']} s, commit {m['commit']}: {m['processor']}, {m['processors']} processors, Linux "
                 f"{m['kernel']}.", "",
                 "Load average (1, 5, 15 minutes) before: " + ", ".join(f"{v:.2f}" for v in m["load before"]) + "; after: " +
                 ", ".join(f"{v:.2f}" for v in m["load after"]) + ".", "",
                 "Peers, as Debian packages them: " + ", ".join(f"{name} {text}" for name, text in m["packages"].items()) + ".", ""]
        if m["load before"][0] > 0.5:
            lines += [f"**The machine was not quiet** (load {m['load before'][0]:.1f} when this began): wall times are too long, and what "
                      "is in nanoseconds or frames a second shares caches with other programs.", ""]
        if self.quick:
            lines += ["This is the short form (`--quick`): fewer runs, 100,000 entries in place of 1,000,000 for the floods and users.", ""]
        return lines + ["[README.md](README.md) says how it is measured, and what was tried where a target is missed.", ""]

    @staticmethod
    def table(rows):
        lines = ["| figure | measured: median (middle half, runs) | target | |", "| --- | --- | --- | --- |"]
        for row in rows:
            measured = row.figure.text() if row.figure else "not measured"
            beside = "".join(f"; {name}: {figure.text()}" for name, figure in row.beside)
            note = f"; {row.note}" if row.note else ""
            lines.append(f"| {row.name} | {measured}{beside}{note} | {row.target or ''} | {row.verdict()} |")
        return lines + [""]

    def sections(self):
        for part, title in (("frames", "Nanoseconds a frame"), ("floods", "Floods over veth"), ("users", "What people wait for, and memory")):
            rows = [row for row in self.rows if row.part == part]
            if rows:
                yield [f"## {title}", "", *self.table(rows)]
            if part == "floods" and self.floods:
                for name, lines in self.floods.sections():
                    yield [f"### {name}", "", *lines, ""]

    def markdown(self):
        lines = self.head()
        for section in self.sections():
            lines += section
        if self.missing:
            lines += ["Not to be had here: " + "; ".join(self.missing), ""]
        if self.scale:
            lines += ["## On paper: cores at line rate", "",
                      "Processor cores that Lenscap's program alone would keep busy in one direction, were every frame of that kind: frames a "
                      "second (with 20 octets of preamble and gap) times the nanoseconds added above. The driver's own cost comes on top, and "
                      f"frames must spread over that many queues. IMIX: 7 x 64, 4 x 594, 1 x 1518 octets, {frames.mean_size():.0f} on average.",
                      "", *self.scale, ""]
        if self.code:
            lines += ["## The code that runs", "", *self.code, ""]
        return "\n".join(lines)

    # ---- The README's table ----
    def readme(self):
        """Lines to paste under "Measured"."""
        m = self.machine()
        lines = [f"On {m['processor']} with {m['processors']} processors, Linux {m['kernel']}, {m['began'][:10]}, load "
                 f"{m['load before'][0]:.1f} (`sudo scripts/bench`; [all of it](doc/bench/report.md)):", "",
                 "| what | measured | target |", "| --- | --- | --- |"]
        for row in self.rows:
            if row.target and row.figure:
                ratio = f", {row.note.split(';')[0]}" if row.note.startswith("ratio") else ""
                lines.append(f"| {row.name} | {number(row.figure.median)} {row.figure.unit}{ratio} | {row.target}: {row.verdict()} |")
        return "\n".join(lines)

    # ---- Files ----
    def panels(self):
        added = [(r.name.removesuffix(": added"), r.figure, "#2a6f97") for r in self.rows if r.part == "frames"]
        yield "Nanoseconds a frame that Lenscap adds to a bare program", "ns", added
        if self.floods:
            for title, group in (("Flood over veth, stopped: million frames a second", self.floods.stopping),
                                 ("Sent elsewhere or copied: million frames a second", self.floods.sending)):
                yield title, "Mpps", [(c.name, c.figure, chart.colour(c.name)) for c in group]

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        told = {"machine": self.machine(), "rows": [row.json() for row in self.rows], "code": self.numbers,
                "floods": self.floods.json() if self.floods else [], "missing": self.missing}
        (folder / "report.md").write_text(self.markdown(), encoding="utf-8")
        (folder / "bench.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        (folder / "bench.svg").write_text(chart.draw(list(self.panels())), encoding="utf-8")
