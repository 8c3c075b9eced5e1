# SPDX-License-Identifier: GPL-2.0-only
"""What people wait for, and what the programs cost beside the frames: flag, delta, snapshot, status, devices, memory, idle."""
import ctypes
import json
import multiprocessing
import os
import pathlib
import resource
import time

import netsite
from figures import Figure, Row, at_most
from instructions import map_bytes

PART = "users"
MILLION = 1_000_000
DEVICES = 10_000
CAPACITY = 1_048_576
FEED = "bench"
_libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if _libc.setns(fd, netsite.CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def entry(i):
    """The I-th of the feed's addresses: each another, spread over 65,536 OUIs; the first DEVICES stand in a row."""
    if i < DEVICES:
        return f"06:ff:00:00:{i >> 8:02x}:{i & 255:02x}"
    n = (i * 2654435761) & 0xffffffff
    return f"06:{n >> 24:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:01"


def write_feed(path, serial, count):
    with open(f"{path}.new", "w", encoding="ascii") as feed:
        feed.write(json.dumps({"lenscap": 1, "list": FEED, "serial": serial, "generated": "2026-07-01T00:00:00Z",
                               "count": count}) + "\n")
        for i in range(count):
            feed.write(f'{{"mac":"{entry(i)}","action":"quarantine","vendor":"Example","model":"C{i % 50}",'
                       f'"reason":"inventory {i % 1000}"}}\n')


def write_delta(path, serial, mac):
    text = json.dumps({"lenscap": 1, "list": FEED, "serial": serial, "since": serial - 1,
                       "generated": "2026-07-01T00:00:00Z", "count": 1}) + "\n"
    text += json.dumps({"mac": mac, "action": "quarantine", "vendor": "Example"}) + "\n"
    path.with_suffix(".new").write_text(text, encoding="ascii")


def stream(namespace, source, ready, go, out):
    """In a process of its own: frames of SOURCE, each with the time it was sent, until told to stop."""
    enter(namespace)
    sock = netsite.socket.socket(netsite.socket.AF_PACKET, netsite.socket.SOCK_RAW)
    sock.bind(("eth0", netsite.ETH_P_ALL))
    header = bytes.fromhex((netsite.CORE + source).replace(":", "")) + b"\x88\xb5"
    sent = []
    ready.set()
    while go.is_set():
        sent.append(time.monotonic())
        sock.send(header + len(sent).to_bytes(8, "big") + bytes(38))
        time.sleep(0.00005)
    out.send(sent)


class Stream:
    """Frames from one device to another while something happens: when did they stop arriving?"""

    def __init__(self, site, source):
        self.header = bytes.fromhex((netsite.CORE + source).replace(":", ""))
        self.capture = site.capture("core")
        self.go, ready = multiprocessing.Event(), multiprocessing.Event()
        self.pipe, other = multiprocessing.Pipe(duplex=False)
        self.go.set()
        self.process = multiprocessing.Process(target=stream, args=(site.netns("cam1"), source, ready, self.go, other))
        self.process.start()
        ready.wait(10)
        time.sleep(0.05)

    def first_stopped(self):
        """Time of the first frame that did not arrive."""
        time.sleep(0.03)
        self.go.clear()
        sent = self.pipe.recv()
        self.process.join()
        arrived = [int.from_bytes(f[14:22], "big") for f in self.capture.drain() if f[:12] == self.header]
        self.capture.close()
        if not arrived or max(arrived) >= len(sent):
            raise AssertionError("the device was never stopped, or never let through")
        return sent[max(arrived)]


class BigSite:
    """A million entries from one feed, ten thousand devices counted."""

    def __init__(self, entries=MILLION, devices=DEVICES):
        self.entries, self.devices = entries, devices
        self.serial = 1
        self.site = netsite.Site()
        self.path = self.site.feed_path(f"{FEED}.jsonl")
        self.delta = self.site.feed_path(f"{FEED}.delta.jsonl")
        self.snapshots, self.snapshot_cpu = [], []
        self.peak = self.resident = 0.0

    def start(self):
        config = self.site.default_config()
        config["policy"].update({"capacity": CAPACITY, "devices": 65536, "vendor-lists": []})
        self.site.configure(policy=config["policy"], feeds=[
            {"name": FEED, "path": str(self.path), "max-weakening": "100%", "max-newly-stopped": 1000000}])
        self.path.parent.mkdir(exist_ok=True)
        self.site.start_without_feeds()
        self.snapshot()
        self.settle()
        self.peak, self.resident = self.memory("VmHWM"), self.memory("VmRSS")
        return self

    def source(self):
        return next(s for s in self.site.daemon_state()["sources"] if s["name"] == FEED)

    def in_force(self, serial):
        source = self.source()
        if source["pending"] or (source["refused"] or {}).get("sha256"):
            raise AssertionError(f"the feed was not taken: {source}")
        return source["serial"] == serial

    def snapshot(self):
        """A list of another serial; how long from its rename until its last entry is in the kernel is remembered."""
        write_feed(self.path, self.serial, self.entries)
        start, used = time.monotonic(), self.cpu()
        os.rename(f"{self.path}.new", self.path)
        netsite.wait_until("the snapshot", lambda: self.in_force(self.serial), 120)
        self.snapshots.append(time.monotonic() - start)
        self.snapshot_cpu.append(self.cpu() - used)

    def settle(self):
        """Until lenscapd is done with what follows: the file for the next boot, memory given back."""
        netsite.wait_until("the file for the next boot", (self.site.state / "daemon/table.words").exists, 30)
        time.sleep(2.5)

    def memory(self, what):
        """MiB of lenscapd."""
        lines = pathlib.Path(f"/proc/{self.site.daemon.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what + ":")) / 1024

    def cpu(self):
        """Seconds of a core that the two programs and ended workers used, user and system."""
        ticks = 0
        for program in (self.site.daemon, self.site.loader):
            fields = pathlib.Path(f"/proc/{program.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
            ticks += sum(int(n) for n in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def run_cpu(self, duration):
        """The same from the scheduler's own clock, which counts nanoseconds."""
        def total():
            return sum(int(pathlib.Path(f"/proc/{p.pid}/schedstat").read_text(encoding="ascii").split()[0])
                       for p in (self.site.daemon, self.site.loader)) / 1e9
        before = total()
        time.sleep(duration)
        return total() - before

    def flood(self):
        self.site.flood_frames("cam1", 4 * self.devices, "--to", netsite.CORE, "--rate", "20000",
                               classes=[f"all=06:ff:00:00:00:00+{self.devices}"])

    def close(self):
        self.site.close()


def lenscap_command(site, *arguments):
    return [str(netsite.BUILD / "lenscap"), *arguments, "--config", str(site.config_file)]


def spawn(command, namespace):
    """Start, wait; returns (start, wall seconds, CPU seconds, exit code). Without a shell or an interpreter between."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(namespace)
    null = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    _, status = os.waitpid(pid, 0)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _libc.setns(home, netsite.CLONE_NEWNET)
    os.close(home)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return start, wall, cpu, os.waitstatus_to_exitcode(status)


def flag(big, number):
    """(seconds to the first frame stopped, to the end of the command, CPU of the command)."""
    source = f"02:00:00:00:10:{number:02x}"
    frames = Stream(big.site, source)
    start, wall, cpu, code = spawn(lenscap_command(big.site, "flag", source, "--reason", "benchmark"), big.site.netns("sw"))
    if code:
        raise AssertionError(f"lenscap flag: exit {code}")
    return frames.first_stopped() - start, wall, cpu


def delta(big, number):
    """Seconds from a delta's rename to the first frame stopped."""
    source = f"02:00:00:00:20:{number:02x}"
    big.serial += 1
    write_delta(big.delta, big.serial, source)
    frames = Stream(big.site, source)
    start = time.monotonic()
    big.delta.with_suffix(".new").rename(big.delta)
    netsite.wait_until("the delta", lambda: big.in_force(big.serial), 60)
    stopped = frames.first_stopped() - start
    time.sleep(0.2)
    return stopped


def command_row(big, limit, runs, *arguments):
    times = [spawn(lenscap_command(big.site, *arguments), big.site.netns("sw")) for _ in range(runs)]
    note = f"CPU {1000 * sorted(t[2] for t in times)[runs // 2]:.1f} ms"
    return at_most(PART, f"lenscap {' '.join(arguments)}, {big.devices:,} devices",
                   Figure([1000 * t[1] for t in times], "ms"), limit, note=note)


def memory_rows(big):
    return [at_most(PART, f"lenscapd resident after {big.entries:,} entries", Figure([big.resident], "MiB"), 64),
            at_most(PART, f"lenscapd peak at {big.entries:,} entries, without its worker", Figure([big.peak], "MiB"), 200)]


def map_mib(big, *names):
    return sum(map_bytes(big.site.bpf / name) for name in names) / (1 << 20)


def kernel_rows(big):
    """Maps are made of whole pages and have a header: the slots of 65,536 devices are 4.00 MiB and a bit."""
    cpus = os.cpu_count()
    slots = round(map_mib(big, "slots") / cpus, 2)
    return [at_most(PART, f"kernel memory of the policy at {big.entries:,} entries",
                    Figure([map_mib(big, "policy_table", "policy_filter", "policy_head")], "MiB"), 20),
            at_most(PART, "kernel memory of accounting for 65,536 devices, each CPU", Figure([slots], "MiB"), 4,
                    note=f"and {map_mib(big, 'totals') / cpus:.2f} MiB for the totals of 1,024 ports")]


def change_rows(big, runs):
    flags = [flag(big, n) for n in range(runs)]
    used = big.cpu()
    deltas = [delta(big, n) for n in range(runs)]
    used = (big.cpu() - used) / runs
    among = f"one among {big.entries:,}"
    return [
        at_most(PART, f"{among} by lenscap flag: command started to first frame stopped",
                Figure([1000 * f[0] for f in flags], "ms"), 2),
        Row(PART, f"{among} by lenscap flag: command started to command returned", Figure([1000 * f[1] for f in flags], "ms"),
            note=f"CPU of the command {1000 * sorted(f[2] for f in flags)[runs // 2]:.1f} ms"),
        at_most(PART, f"{among} by delta: file renamed to first frame stopped", Figure([1000 * d for d in deltas], "ms"), 5,
                 note=f"CPU of lenscapd and its worker {1000 * used:.0f} ms")]


def snapshot_row(big, runs):
    for _ in range(runs - 1):
        big.serial += 1
        big.delta.unlink(missing_ok=True)
        big.snapshot()
        time.sleep(1)
    return at_most(PART, f"a list of {big.entries:,} entries: renamed to last entry in the kernel",
                   Figure(big.snapshots, "s"), 1.0, note="the first from nothing, then the same list with another serial; CPU of lenscapd and its worker "
                        f"{max(big.snapshot_cpu):.2f} s at most")


def idle_row(big, seconds):
    used = big.run_cpu(seconds)
    return at_most(PART, f"idle: CPU of lenscapd and the loader, {big.entries:,} entries, {big.devices:,} devices",
                   Figure([100 * used / seconds], "% of a core"), 0.2, note=f"over {seconds} s")


def measure(quick=False):
    """Every row of this part."""
    runs = 3 if quick else 7
    big = BigSite(100_000 if quick else MILLION)
    try:
        big.start()
        rows = memory_rows(big) + kernel_rows(big)
        big.site.ping("core", "10.77.0.3")
        big.flood()
        time.sleep(5 + big.devices / 1000)  # lenscapd writes its memory of devices the less often the larger it is
        rows += [command_row(big, 20, runs, "status"), command_row(big, 50, runs, "devices")]
        rows.append(idle_row(big, 10 if quick else 20))
        rows += change_rows(big, runs)
        rows.append(snapshot_row(big, 2 if quick else 4))
        return rows
    finally:
        big.close()

