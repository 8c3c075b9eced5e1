# SPDX-License-Identifier: GPL-2.0-only
"""Floods over veth: the same frames into ports that stop them, or send them elsewhere, by different means; side by side, one after
the other, forward and backward in turn. One core makes the frames and receives them, so the limit is a bare XDP program."""
import json
import os
import subprocess
import time

from figures import Figure, at_least_ratio, number, ratio_text
from places import BUILD, run

PART = "floods"


class Contestant:
    """A sending end (namespace, interface), and what stands behind the other."""

    def __init__(self, name, sender, receiver, interface, traffic):
        self.name, self.namespace, self.receiver, self.interface, self.traffic = name, sender, receiver, interface, traffic
        self.rates, self.wall, self.lost = [], [], 0

    def refused(self):
        """Frames that the cable did not take so far."""
        text = Arena.within(self.namespace, "ethtool", "-S", self.interface).stdout
        return sum(int(line.split(":")[1]) for line in text.splitlines() if "xdp_xmit_errors" in line)

    def passed(self):
        """IP packets that the receiving stack has seen; floods are broadcasts."""
        rows = [line.split() for line in Arena.within(self.receiver, "cat", "/proc/net/snmp").stdout.splitlines()
                if line.startswith("Ip:")]
        return int(rows[1][rows[0].index("InReceives")])

    def share_passed(self, frames):
        """Flood; which part reached the stack?"""
        before = self.passed()
        self.flood(frames)
        return (self.passed() - before) / frames

    def flood(self, frames):
        """Million frames a second that arrived, by the kernel's own clock of the test run, which stops while others have the
        processor."""
        before = self.refused()
        command = ["nsenter", f"--net={self.namespace}", "--", BUILD / "tests/tools/flood", "send", "--time",
                   "--frames", frames, f"--class=x={self.traffic}", self.interface]
        told = json.loads(run(*command, timeout=300).stdout)
        lost = self.refused() - before
        self.lost += lost
        self.wall.append(told["frames"] / told["wall"] * 1000)
        return (1 - lost / told["frames"]) / told["ns"] * 1000

    @property
    def figure(self):
        return Figure(self.rates, "Mpps")


def hold(contestants, rounds, frames):
    """Every contestant once a round, the first last in every other one."""
    for number_ in range(rounds):
        for contestant in contestants if number_ % 2 == 0 else contestants[::-1]:
            contestant.rates.append(contestant.flood(frames))


class Arena:
    """A namespace with veth pairs whose other ends are in one namespace of senders."""

    def __init__(self, tag):
        self.tag = tag
        self.names, self.processes = [], []
        self.mounted = None  # what was not there before
        self.senders = self.add_namespace("send")

    def add_namespace(self, name):
        run("ip", "netns", "add", f"{self.tag}{name}")
        self.names.append(f"{self.tag}{name}")
        path = f"/run/netns/{self.tag}{name}"
        self.within(path, "ip", "link", "set", "lo", "up")
        self.within(path, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        return path

    @staticmethod
    def within(namespace, *command, check=True, **more):
        return run("nsenter", f"--net={namespace}", "--", *command, check=check, timeout=300, **more)

    def cable(self, namespace, name, peer_namespace=None):
        """Port NAME in NAMESPACE, its other end of the same name among the senders. A veth takes frames of XDP only while its
        peer runs NAPI: GRO does that without a program."""
        peer_namespace = peer_namespace or self.senders
        self.within(namespace, "ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns",
                    os.path.basename(peer_namespace))
        for where in (namespace, peer_namespace):
            self.within(where, "ip", "link", "set", name, "up")
            self.within(where, "ethtool", "-K", name, "gro", "on")

    def start(self, namespace, *command):
        """A tool of ours that says "ready"."""
        process = subprocess.Popen(["nsenter", f"--net={namespace}", "--", *[str(c) for c in command]], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        if process.stdout.readline() != "ready\n":
            raise AssertionError(f"{command}: ended with {process.wait(10)}")

    def tool(self, namespace, mode, *options, interface):
        self.start(namespace, BUILD / "tests/tools/flood", mode, *options, interface)

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait(10)
        for name in self.names:
            run("ip", "netns", "delete", name, check=False)
        if self.mounted:
            run("umount", self.mounted, check=False)


def table(contestants, limit):
    """Lines of Markdown: all rates, each against the limit."""
    lines = ["| what | Mpps | middle half | of the limit |", "| --- | --- | --- | --- |"]
    for c in contestants:
        f = c.figure
        lines.append(f"| {c.name} | {number(f.median)} | {number(f.low)} to {number(f.high)} | {ratio_text(f, limit.figure)} |")
    return lines


def against(name, mine, other, limit):
    return at_least_ratio(PART, f"{name}: {mine.name} against {other.name}", mine.figure, other.figure, limit,
                          beside=[(other.name, other.figure)])


def seconds(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start
