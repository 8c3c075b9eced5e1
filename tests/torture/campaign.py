# SPDX-License-Identifier: GPL-2.0-only
"""The campaign: fault after fault, each under traffic, each judged; then a control in which every check must complain.

Prints TAP. --seconds is how long faults are made; --seed repeats the same order and choices (not the same moments).
"""
import argparse
import collections
import pathlib
import random
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "net")]

import faults  # noqa: E402
import faults_foreign  # noqa: E402,F401
import faults_machine  # noqa: E402,F401
import faults_mirror  # noqa: E402,F401
import faults_pins  # noqa: E402,F401
import faults_policy  # noqa: E402,F401
import faults_ports  # noqa: E402,F401
import faults_programs  # noqa: E402,F401
import netsite  # noqa: E402
from ledger import COUNTING, Counters, Judgement, Numbers  # noqa: E402
from stage import Stage  # noqa: E402
from traffic import FLOWS, PASSES, PORTS, SENDERS_TO, STOPS, Traffic  # noqa: E402


class Campaign:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.stage = Stage()
        self.traffic = Traffic(self.stage)
        self.counters = Counters(self.stage)
        self.number = 0
        self.failed = []
        self.sums = collections.Counter()
        self.queue = []
        self.numbers = {}

    def say(self, good, text):
        self.number += 1
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}", flush=True)
        if not good:
            self.failed.append(text)

    def comment(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def look_closer(self):
        """What there is to see when something went wrong."""
        stage = self.stage
        for command in (["ip", "-d", "-br", "link"], ["bpftool", "net"], ["bridge", "link"]):
            self.comment(stage.in_ns(netsite.SWITCH, *command, check=False).stdout)
        self.comment(f"port numbers {self.numbers}, sent {self.traffic.sent}, senders "
                     f"{ {port: s.process.poll() for port, s in self.traffic.senders.items()} }")
        self.comment([(p["name"], p["number"], p["ifindex"], p["xdp"], p["tc"], p["warnings"])
                      for p in (stage.loader_state() or {"ports": []})["ports"]])
        self.comment(stage.loader.text()[-3000:])

    def next_fault(self, only):
        """Every fault once, in random order, before any comes again."""
        if not self.queue:
            self.queue = [f for f in faults.FAULTS if only in f.name]
            self.random.shuffle(self.queue)
        return self.queue.pop()

    def under_traffic(self, fault, to_host, recover=True):
        """The judgement of one fault; TO_HOST sends to the devices meanwhile."""
        for port in COUNTING:  # the number goes on when the port is gone, or all is detached
            number = self.stage.port(port)["number"]
            self.numbers[port] = self.numbers.get(port, 0) if number is None else number
        before = self.counters.now(self.numbers)
        self.traffic.begin(to_host)
        fault.act(self.stage, self.traffic, self.random)
        self.counters.look()
        if recover:
            self.stage.revive()
            self.stage.good()
            self.traffic.flows()
        sent, got, full = self.traffic.end()
        until = time.monotonic() + (3 if recover else 0)
        while True:  # the last frames of a port may still be in its queue
            after = self.counters.now(self.numbers)
            numbers = Numbers(sent, got, full, {port: after[port] - before[port] for port in COUNTING}, to_host)
            judgement = Judgement(numbers, fault)
            if not judgement.complaints or time.monotonic() > until:
                return judgement
            time.sleep(0.1)

    def one(self, fault):
        start = time.monotonic()
        try:
            judgement = self.under_traffic(fault, self.random.choice(SENDERS_TO))
        except Exception as error:  # whatever it was: said, and the site is taken down
            self.comment("".join(traceback.format_exception(error)))
            self.look_closer()
            self.say(False, f"{fault.name}: it could not be carried through")
            return False
        sent = sum(judgement.n.sent.values())
        self.count(judgement.n)
        for complaint in judgement.complaints:
            self.comment(complaint)
        if judgement.complaints:
            self.comment(judgement.n)
            self.look_closer()
        self.say(not judgement.complaints, f"{fault.name} ({time.monotonic() - start:.1f} s, {sent} frames)")
        return True

    def count(self, numbers):
        """For the report."""
        self.sums.update({f"sent {name}": count for name, count in numbers.sent.items()})
        self.sums["no room"] += sum(numbers.full.values())
        for counted in numbers.counted.values():
            self.sums.update(counted)

    # ---- the control ----
    def must_say(self, when, judgement, words):
        """Every one of WORDS is the end of a complaint, or in it."""
        for each in words:
            self.say(any(each in c for c in judgement.complaints), f"control: {when} it is said: {each}")

    def control_copies(self):
        """Copies that do not get to the mirror port's receiver, and those that nobody made."""
        def without(_stage, traffic, _random):
            traffic.miss("mon", meanwhile=traffic.goes_on)
        judgement = self.under_traffic(faults.Fault("control", without), "core", recover=False)
        self.must_say("with copies that are lost", judgement, ["copies arrived at the mirror port"])

        def miscounted(*_):
            for port in COUNTING:
                self.counters.miscount(self.numbers[port], "copy_failed")
        judgement = self.under_traffic(faults.Fault("control", miscounted), "core", recover=False)
        self.must_say("with copies that nobody made", judgement, [f"copies accounted for at {port}" for port in COUNTING])

    def control(self):
        """Without enforcement, and with cables that lose: the same judgement must complain of each."""
        self.control_copies()
        self.stage.kill("loader", 15)
        assert self.stage.start_loader("--detach", wait=False).process.wait(netsite.LIMIT) == 0

        def without(stage, traffic, _random):
            traffic.flows(*PASSES)
            for port in PORTS:
                stage.in_ns(netsite.SWITCH, "ip", "link", "set", port, "down")
                traffic.goes_on()
                stage.in_ns(netsite.SWITCH, "ip", "link", "set", port, "up")
            traffic.flows(*PASSES)
        where = {"steady": "the port that was left alone", "moved": "the other port"}
        words = [f"frames of {name} arrived" for name in STOPS]
        words += [f"frames of {name} lost behind {where[FLOWS[name].port]}" for name in PASSES]
        words += [f"frames {verdict} behind {port}" for verdict in ("contained", "mirrored") for port in PORTS]
        for host in SENDERS_TO:
            stopping = COUNTING if host == "core" else PORTS
            judgement = self.under_traffic(faults.Fault("control", without), host, recover=False)
            self.must_say(f"without enforcement, {host} sending to devices,", judgement, words + [
                f"{kind} frames did not arrive from {port}" for kind in ("flagged", "diverted") for port in stopping])
        self.must_say("without enforcement, were it a bypass,", Judgement(judgement.n, faults.Fault("control", without, bypasses=True)),
                      ["were counted as bypassed"])

    def report(self, seconds):
        stopped = self.sums["stopped_xdp"] + self.sums["stopped_tc"]
        sent = sum(count for name, count in self.sums.items() if name.startswith("sent "))
        self.comment(f"{sent} frames sent in {seconds:.0f} s, {stopped} stopped, {len(self.failed)} complaints")
        self.comment(", ".join(f"{self.sums[name]} {name}" for name in (
            "diverted", "mirrored", "contained", "bypassed", "copied", "copy_sampled", "copy_limited", "copy_failed")))
        to = sum(count for name, count in self.sums.items() if name.startswith("sent to_"))
        self.comment(f"{to} frames sent to devices, of {sent}; cables had no room for {self.sums['no room']}")
        self.comment(f"modes of XDP that faults brought about: {', '.join(sorted(filter(None, self.stage.modes))) or 'none'}")
        for dead, words in ((False, "while the loader ran"), (True, "while the loader was dead")):
            gaps = [(passed, gap) for was_dead, passed, gap in self.stage.gaps if was_dead == dead]
            if gaps:
                self.comment(f"port deleted and made anew {words}, {len(gaps)} times: {min(g[0] for g in gaps)} to "
                             f"{max(g[0] for g in gaps)} flagged frames passed; enforced on again after "
                             f"{min(g[1] for g in gaps) * 1000:.0f} to {max(g[1] for g in gaps) * 1000:.0f} ms")

    def close(self):
        self.stage.close()


def main():
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="", help="faults whose name holds this")
    parser.add_argument("--list", action="store_true", help="name the faults")
    options = parser.parse_args()
    if options.list:
        print("\n".join(fault.name for fault in faults.FAULTS))
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # told to end, it takes its site down
        signal.signal(number, signal.default_int_handler)
    print(f"# seed {options.seed}, {options.seconds:.0f} s", flush=True)
    campaign = Campaign(options.seed)
    start = time.monotonic()
    try:
        go_on = True
        while go_on and time.monotonic() < start + options.seconds:
            go_on = campaign.one(campaign.next_fault(options.only))
        campaign.report(time.monotonic() - start)
        if go_on:
            campaign.control()
    finally:
        campaign.close()
    print(f"1..{campaign.number}")
    return 1 if campaign.failed else 0


if __name__ == "__main__":
    sys.exit(main())
