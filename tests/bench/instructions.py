# SPDX-License-Identifier: GPL-2.0-only
"""What verifier and JIT made of the programs: sizes, the shortest path of a clean and of a stopped frame in instructions, the helper
calls on it, and the cache lines that a verdict touches. Counts, not times: a regression shows exactly."""
import collections
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
FUNCTION = re.compile(r"^\S.*\b(\w+)\(.*\):$")


# Of a frame: in FUNCTION past some maps of its and WITHOUT others. LINES is what a verdict reads or writes besides the stack and
# read-only data that the verifier folded into the code; checked against the layout by tests/dataplane/test_path.c.
Way = collections.namedtuple("Way", "name function past without lines what")
WAYS = [
    Way("clean", "lenscap_xdp", ["policy_filter"], ["slots"], 2, "the frame's Ethernet header; one word of the filter"),
    Way("stopped by XDP, its device remembered", "lenscap_xdp",
        ["policy_filter", "slots", "policy_head", "switches", "protect_filter", "totals"], ["policy_table"],
        12, "those two; the slot; the policy's head; the port's zone of the VLAN and the zone; the switches; the filter of protected "
        "addresses; jiffies and this CPU's clock; two of the port's totals"),
    Way("stopped by XDP, its device looked for: from_device(), called behind most of that", "from_device",
        ["slots", "policy_head", "policy_table", "switches", "protect_filter", "totals"], [],
        13, "those, and one bucket (a second where the first is full or a longer prefix is probed)"),
]


class Program:
    """One loaded program: instructions by place."""

    def __init__(self, ident):
        self.shown = json.loads(run("bpftool", "-j", "prog", "show", "id", ident).stdout)
        self.maps = {m: map_name(m) for m in self.shown.get("map_ids", [])}
        self.code, self.begins, function = {}, {}, None
        for line in run("bpftool", "prog", "dump", "xlated", "id", ident).stdout.splitlines():
            found, header = LINE.match(line), FUNCTION.match(line)
            function = header[1] if header else function
            if found:
                self.begins.setdefault(function, int(found[1]))
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

    def map_at(self, place):
        found = MAP.search(self.code[place][1])
        return self.maps.get(int(found[1])) if found else None

    def shortest(self, way):
        """(instructions, helpers called) of the path from the function's beginning to its end past these maps, in order, and not past
        those: with the fewest calls, and of these the shortest."""
        first = (self.begins[way.function], 0)
        queue, came = [((0, 0), first, None)], {}
        while queue:
            (calls, length), (place, stage), before = heapq.heappop(queue)
            if (place, stage) in came or self.map_at(place) in way.without:
                continue
            came[(place, stage)] = before
            stage_after = stage + (stage < len(way.past) and self.map_at(place) == way.past[stage])
            following = self.next(place)
            if not following and stage_after == len(way.past):
                return self.path((place, stage), came)
            cost = (calls + bool(CALL.match(self.code[place][1])), length + 1)
            for target in following:
                heapq.heappush(queue, (cost, (target, stage_after), (place, stage)))
        raise AssertionError(f"no path past {way.past}")

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
    for way in WAYS:
        length, calls = program.shortest(way)
        numbers[way.name] = {"instructions": length, "calls": calls, "cache lines": way.lines}
        lines.append(f"| {way.name} | {length} | {', '.join(calls) or 'none'} | {way.lines}: {way.what} |")
    return lines, numbers


def map_bytes(path):
    """Kernel memory of a pinned map."""
    return json.loads(run("bpftool", "-j", "map", "show", "pinned", path).stdout)["bytes_memlock"]

