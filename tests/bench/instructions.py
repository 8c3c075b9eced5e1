# SPDX-License-Identifier: GPL-2.0-only
"""What verifier and JIT made of the programs: sizes, the shortest path of a clean and of a stopped frame in instructions, the helper
calls on it, and the cache lines that a verdict touches. Counts, not times: a regression shows exactly."""
import heapq
import json
import re

from contest import Arena
from peers import lenscap
from places import run

LINE = re.compile(r"^\s*(\d+): \((\w\w)\) (.*)$")
MAP = re.compile(r"map\[id:(\d+)\]")
GOTO = re.compile(r"goto pc([+-]\d+)")
CALL = re.compile(r"^call (?:pc[+-]\d+#?)?(\S*)")
CLEAN = ["policy_filter"]
STOPPED = ["policy_filter", "policy_head", "policy_table", "totals", "slots"]
# What a verdict reads or writes besides the stack and read-only data that the verifier folded into the code. Checked against the
# layout by tests/dataplane/test_path.c.
LINES = [
    ("clean", 2, "the frame's Ethernet header; one word of the filter"),
    ("stopped by XDP", 13, "those two; the policy's head; one bucket (a second where the first is full or a longer prefix is probed); the "
     "port's zone of the VLAN and the zone; jiffies and this CPU's clock; the three switches; the filter of protected addresses; two of the "
     "port's totals; the slot"),
]


class Program:
    """One loaded program: instructions by place."""

    def __init__(self, ident):
        self.shown = json.loads(run("bpftool", "-j", "prog", "show", "id", ident).stdout)
        self.maps = {m: map_name(m) for m in self.shown.get("map_ids", [])}
        self.code = {}
        for line in run("bpftool", "prog", "dump", "xlated", "id", ident).stdout.splitlines():
            found = LINE.match(line)
            if found:
                self.code[int(found[1])] = (found[2], found[3])
        places = sorted(self.code)
        self.after = dict(zip(places, places[1:]))

    def size(self):
        return f"{self.shown['bytes_xlated'] // 8} instructions behind the verifier, {self.shown['bytes_jited']} octets of machine code"

    def next(self, place):
        """Places that may follow."""
        opcode, text = self.code[place]
        jump = GOTO.search(text)
        if opcode == "95" or text == "exit":
            return []
        targets = [place + 1 + int(jump[1])] if jump else []
        if not jump or text.startswith("if"):
            targets.append(self.after[place])
        return targets

    def stage(self, place, stage, waypoints):
        """Does this instruction reach the next map on the way?"""
        found = MAP.search(self.code[place][1])
        if found and stage < len(waypoints) and self.maps.get(int(found[1])) == waypoints[stage]:
            return stage + 1
        return stage

    def shortest(self, waypoints):
        """(instructions, helpers called) of the path from the beginning to the end past these maps, in order: with the fewest calls,
        and of those the shortest."""
        first = (min(self.code), 0)
        queue, came = [((0, 0), first, None)], {}
        while queue:
            (calls, length), (place, stage), before = heapq.heappop(queue)
            if (place, stage) in came:
                continue
            came[(place, stage)] = before
            stage_after, following = self.stage(place, stage, waypoints), self.next(place)
            if not following and stage_after == len(waypoints):
                return self.path((place, stage), came)
            cost = (calls + bool(CALL.match(self.code[place][1])), length + 1)
            for target in following:
                heapq.heappush(queue, (cost, (target, stage_after), (place, stage)))
        raise AssertionError(f"no path past {waypoints}")

    def path(self, end, came):
        places = []
        while end:
            places.append(end[0])
            end = came[end]
        calls = [CALL.match(self.code[p][1]) for p in places[::-1]]
        return len(places), [c[1].split("#")[0] or "a function" for c in calls if c]


def map_name(ident):
    return json.loads(run("bpftool", "-j", "map", "show", "id", ident).stdout).get("name", "")


def measure():
    """Lines of Markdown, and the numbers."""
    arena = Arena("lenscapcode")
    try:
        space = arena.add_namespace("port")
        arena.cable(space, "port")
        lenscap(arena, space, "port", "--entries", "1000")
        link = json.loads(arena.within(space, "ip", "-j", "link", "show", "port").stdout)[0]
        program = Program(link["xdp"]["prog"]["id"])
        return describe(program)
    finally:
        arena.close()


def describe(program):
    numbers = {"instructions": program.shown["bytes_xlated"] // 8, "machine code": program.shown["bytes_jited"]}
    lines = [f"`lenscap_xdp` on a port with one zone: {program.size()}.", "",
             "| path | instructions | helper calls | cache lines |", "| --- | --- | --- | --- |"]
    for (name, count, what), way in zip(LINES, (CLEAN, STOPPED)):
        length, calls = program.shortest(way)
        numbers[name] = {"instructions": length, "calls": calls, "cache lines": count}
        lines.append(f"| {name} | {length} | {', '.join(calls) or 'none'} | {count}: {what} |")
    return lines, numbers


def map_bytes(path):
    """Kernel memory of a pinned map."""
    return json.loads(run("bpftool", "-j", "map", "show", "pinned", path).stdout)["bytes_memlock"]

