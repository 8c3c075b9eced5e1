# SPDX-License-Identifier: GPL-2.0-only
"""The campaign: fault after fault, each under traffic, each judged; then a control in which every check must complain.

Prints TAP. --seconds is how long faults are made; --seed repeats the same order and choices (not the same moments).
"""
import argparse
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
import faults_pins  # noqa: E402,F401
import faults_policy  # noqa: E402,F401
import faults_ports  # noqa: E402,F401
import faults_programs  # noqa: E402,F401
import netsite  # noqa: E402
from ledger import Counters, judge  # noqa: E402
from stage import Stage  # noqa: E402
from traffic import PORTS, Traffic  # noqa: E402


class Campaign:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.stage = Stage()
        self.traffic = Traffic(self.stage)
        self.counters = Counters(self.stage)
        self.number = 0
        self.failed = []
        self.sent = self.stopped = 0
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

    def stopped_by_port(self):
        return {port: self.counters.stopped(self.numbers[port]) for port in PORTS}

    def under_traffic(self, fault, recover):
        """The judgement of one fault."""
        for port in PORTS:  # the number goes on when the port is gone, or all is detached
            self.numbers[port] = self.stage.port(port)["number"] or self.numbers.get(port, 0)
        before = self.stopped_by_port()
        self.traffic.begin()
        fault.act(self.stage, self.traffic, self.random)
        self.counters.look()
        if recover:
            self.stage.revive()
            self.stage.good()
            self.traffic.flows("clean", "clean2")
        sent, got, full = self.traffic.end()
        until = time.monotonic() + 3
        while True:  # the last frames of a port may still be in its queue
            after = self.stopped_by_port()
            result = judge(sent, got, full, {port: after[port] - before[port] for port in PORTS}, fault)
            if not result.complaints or time.monotonic() > until:
                return result
            time.sleep(0.1)

    def one(self, fault):
        start = time.monotonic()
        try:
            result = self.under_traffic(fault, recover=True)
        except Exception as error:  # whatever it was: said, and the site is taken down
            self.comment("".join(traceback.format_exception(error)))
            self.look_closer()
            self.say(False, f"{fault.name}: it could not be carried through")
            return False
        self.sent += result.sent
        self.stopped += result.stopped
        for complaint in result.complaints:
            self.comment(complaint)
        if result.complaints:
            self.look_closer()
        self.say(not result.complaints, f"{fault.name} ({time.monotonic() - start:.1f} s, {result.sent} frames)")
        return True

    def control(self):
        """Without enforcement, and with a cable that loses: the same judgement must complain of each."""
        self.stage.kill("loader", 15)
        assert self.stage.start_loader("--detach", wait=False).process.wait(netsite.LIMIT) == 0

        def without(stage, traffic, _random):
            traffic.flows("clean", "clean2")
            for port in PORTS:
                stage.in_ns(netsite.SWITCH, "ip", "link", "set", port, "down")
                time.sleep(0.3)
                stage.in_ns(netsite.SWITCH, "ip", "link", "set", port, "up")
            traffic.flows("clean", "clean2")
        complaints = self.under_traffic(faults.Fault("control", without), recover=False).complaints
        for words in ("frames of always arrived", "frames of feed arrived", "frames of always2 arrived",
                      "clean frames lost behind the port that was left alone", "clean frames lost behind the other port",
                      "did not arrive from steady", "did not arrive from moved"):
            self.say(any(words in c for c in complaints), f"control: without enforcement it is said: {words}")

    def report(self, seconds):
        self.comment(f"{self.sent} frames sent in {seconds:.0f} s, {self.stopped} stopped, {len(self.failed)} complaints")
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
