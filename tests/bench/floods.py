# SPDX-License-Identifier: GPL-2.0-only
"""The floods of the report: who stands behind which port, and what is compared with what."""
import os

import peers
from contest import PART, Arena, Contestant, against, hold, table
from figures import Row

MILLION = 1_000_000
ACTIVE = "06:00:00:00:00:00+4096"


class Floods:
    """Sets up, floods, compares, takes down."""

    def __init__(self, quick):
        self.quick = quick
        self.elements = 100_000 if quick else MILLION
        self.frames = 300_000 if quick else 1_000_000
        self.rounds = 3 if quick else 7
        self.arena = Arena(f"lcbench{os.getpid()}")
        self.field, self.missing, self.stopping, self.sending = {}, [], [], []
        self.nft_seconds = None

    def stand(self, key, name, setup, namespace=None, traffic=ACTIVE, group=None):
        """A port of its own for one way of doing it; a way that cannot be had here is noted, with the reason."""
        space = namespace or self.main
        self.arena.cable(space, key)
        try:
            told = setup(self.arena, space, key)
        except peers.Missing as why:
            self.missing.append(f"{name}: {why}")
            return None
        self.field[key] = Contestant(name, self.arena.senders, space, key, traffic)
        (self.stopping if group is None else group).append(self.field[key])
        return told

    def also(self, key, of, name, traffic):
        """The same port with other frames."""
        if of not in self.field:
            return
        self.field[key] = Contestant(name, self.arena.senders, self.main, of, traffic)
        self.stopping.append(self.field[key])

    def set_up_stopping(self):
        n, few = self.elements, peers.XDP_FILTER_MOST
        self.stand("bare", "bare XDP_DROP", lambda a, s, p: a.tool(s, "drop", interface=p))
        self.stand("lens", f"Lenscap, {n:,} entries, 4,096 active", lambda a, s, p: peers.lenscap(a, s, p, "--entries", n))
        self.stand("lenstc", f"Lenscap's tc program alone, {n:,} entries, 4,096 active",
                   lambda a, s, p: peers.lenscap(a, s, p, "--entries", n, "--tc"))
        self.stand("contain", f"Lenscap contain, {n:,} entries, 4,096 active, none may talk to its peer",
                   lambda a, s, p: peers.lenscap(a, s, p, "--entries", n, "--action", "contain"))
        self.nft_seconds = self.stand("nft", f"nftables, netdev ingress set of {n:,}, 4,096 active",
                                      lambda a, s, p: peers.nft_netdev(a, s, p, n))
        self.stand("xdpf", f"xdp-filter, {few:,} addresses, 4,096 active", lambda a, s, p: peers.xdp_filter(a, s, p, few))
        self.stand("nftbr", f"nftables, bridge family, set of {few:,}, 4,096 active",
                   lambda a, s, p: peers.nft_bridge(a, s, p, few), self.arena.add_namespace("nftbr"))
        self.stand("ebt", f"ebtables among, {peers.EBTABLES_MOST:,} addresses, all active",
                   lambda a, s, p: peers.ebtables_among(a, s, p, peers.EBTABLES_MOST), self.arena.add_namespace("ebt"))
        self.stand("u32", "tc u32, one match", lambda a, s, p: peers.tc_u32(a, s, p))
        self.also("lensall", "lens", f"Lenscap, random over {n:,}", f"06:00:00:00:00:00+{n}")
        self.also("nftall", "nft", f"nftables netdev, random over {n:,}", f"06:00:00:00:00:00+{n}")

    def set_up_sending(self):
        """All send to one port, behind which a bare program drops."""
        arena, group, n = self.arena, self.sending, self.elements
        arena.cable(self.main, "out")
        arena.tool(arena.senders, "drop", interface="out")
        self.stand("redir", "bare XDP_REDIRECT", lambda a, s, p: a.tool(s, "redirect", "--out", "out", interface=p), group=group)
        self.stand("divert", "Lenscap divert, by XDP", lambda a, s, p: peers.lenscap(
            a, s, p, "--entries", n, "--action", "divert", "--mirror", "out"), group=group)
        self.stand("diverttc", "Lenscap divert, by tc (where tags may be hidden from XDP)", lambda a, s, p: peers.lenscap(
            a, s, p, "--entries", n, "--action", "divert", "--mirror", "out", "--tc"), group=group)
        self.stand("mirror", "Lenscap mirror (by tc; the frame goes on into the stack)", lambda a, s, p: peers.lenscap(
            a, s, p, "--entries", n, "--action", "mirror", "--mirror", "out"), group=group)
        self.stand("nftfwd", f"nftables fwd, set of {peers.XDP_FILTER_MOST:,}", lambda a, s, p: peers.nft_netdev(
            a, s, p, peers.XDP_FILTER_MOST, "fwd to \"out\""), group=group)
        self.stand("nftdup", f"nftables dup, set of {peers.XDP_FILTER_MOST:,} (the frame goes on)", lambda a, s, p: peers.nft_netdev(
            a, s, p, peers.XDP_FILTER_MOST, "dup to \"out\""), group=group)
        self.stand("u32redir", "tc u32 and mirred redirect, one match", lambda a, s, p: peers.tc_mirred(
            a, s, p, "out", "redirect"), group=group)
        self.stand("u32mirror", "tc u32 and mirred mirror, one match (the frame goes on)", lambda a, s, p: peers.tc_mirred(
            a, s, p, "out", "mirror"), group=group)

    def compare(self, name, mine, other, limit):
        if mine not in self.field or other not in self.field:
            return [Row(PART, f"{name}: {other} cannot be had here", target=f">= {limit:g} x")]
        return [against(name, self.field[mine], self.field[other], limit)]

    def rows(self):
        rows = self.compare("flood over veth", "lens", "bare", 0.85)
        rows += self.compare("flood over veth", "lens", "nft", 2.5)
        rows += self.compare("flood over veth", "lens", "xdpf", 1.2)
        rows += self.compare("flood over veth", "lensall", "nftall", 2.5)
        return rows + self.compare("divert over veth", "divert", "redir", 0.85)

    def sections(self):
        yield "Stopping", table(self.stopping, self.field["bare"])
        yield "Sending elsewhere, and copying", table(self.sending, self.field["redir"])

    def arrived(self):
        """Frames that reached the bare program behind the port to which frames are sent."""
        text = self.arena.within(self.arena.senders, "ethtool", "-S", "out").stdout
        return sum(int(line.split(":")[1]) for line in text.splitlines() if "xdp_drops" in line)

    def check(self):
        """Nobody is fast by not doing it. A port without anything is the control: there, all frames reach the stack."""
        frames = self.frames // 4
        self.arena.cable(self.main, "none")
        control = Contestant("nothing", self.arena.senders, self.main, "none", ACTIVE)
        if control.share_passed(frames) < 0.99:
            raise AssertionError("frames that nobody stops do not reach the stack: this benchmark would prove nothing")
        for contestant in self.stopping:
            if contestant.share_passed(frames) > 0.01:
                raise AssertionError(f"{contestant.name}: does not stop what is sent")
        for contestant in self.sending:
            before = self.arrived()
            contestant.flood(frames)
            if self.arrived() - before < 0.99 * frames:
                raise AssertionError(f"{contestant.name}: only {self.arrived() - before} of {frames} frames arrived")

    def run(self):
        self.main = self.arena.add_namespace("main")
        self.set_up_stopping()
        self.set_up_sending()
        self.check()
        hold(self.stopping, self.rounds, self.frames)
        hold(self.sending, self.rounds, self.frames)

    def lost(self):
        return sum(c.lost for c in self.field.values())

    def json(self):
        return [{"name": c.name, "Mpps": c.figure.json(), "lost": c.lost} for c in self.field.values()]

    def close(self):
        peers.xdp_filter_off(self.arena, f"/run/netns/{self.arena.tag}main", "xdpf")
        self.arena.close()
