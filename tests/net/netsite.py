# SPDX-License-Identifier: GPL-2.0-only
"""A small site for tests: a switch-host with a bridge, devices on its ports, and the real programs running on it.

Everything a site makes (network namespaces, folders, a bpffs, processes) carries a name of its own and is removed by
close(), so that any number of sites can stand side by side and none meets the machine's own Lenscap.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import time

import pins
from places import BUILD, DATA, ROOT, ensure_users, run

SHARED = ROOT.parent / "shared" / "data"

HIKVISION = "44:19:b6:00:00:01"  # 44:19:b6/24 is Hikvision's, 3c:ef:8c/24 Dahua's
DAHUA = "3c:ef:8c:00:00:02"
LAPTOP = "02:00:00:00:00:11"
CORE = "02:00:00:00:00:22"
SWITCH = "sw"
LIMIT = 10.0  # seconds any wait lasts at most: far beyond what is needed, only against hanging

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def wait_until(what, probe, limit=LIMIT):
    """Call PROBE until it gives something true; returns that. WHAT names it when time is up."""
    end = time.monotonic() + limit
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit:.0f} s for: {what}")
        time.sleep(0.01)


class Program:
    """A running program: its messages to the service manager, its output, its end."""

    def __init__(self, name, command, folder, env):
        self.name = name
        self.notify = []
        path = str(folder / f"notify.{name}.{time.monotonic_ns()}")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.output = open(folder / f"{name}.out", "ab+")
        self.start = self.output.seek(0, os.SEEK_END)
        self.process = subprocess.Popen([str(c) for c in command], stdout=self.output, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, env={**env, "NOTIFY_SOCKET": path})
        self.pid = self.process.pid

    def text(self):
        """What it wrote since it started."""
        self.output.seek(self.start)
        return self.output.read().decode(errors="replace")

    def messages(self):
        """Every line sent to the service manager so far, as READY=1, STATUS=…"""
        while True:
            try:
                self.notify += self.socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return self.notify

    def ready(self, limit=LIMIT):
        """Wait for READY=1; fails at once, with its output, when the program ends instead."""
        def probe():
            if "READY=1" in self.messages():
                return True
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.text()}")
            return False
        try:
            wait_until(f"{self.name} to be ready", probe, limit)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None
        return self

    def stop(self, sig=15):
        """Signal, wait, and give the exit code (negative: the signal that ended it)."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(LIMIT)
            raise AssertionError(f"{self.name} did not end on signal {sig}:\n{self.text()}") from None
        self.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)
        self.socket.close()


class Capture:
    """Frames arriving at a device, from the moment it is made. Tags the kernel took out are put back."""

    def __init__(self, site, host, interface="eth0"):
        self.socket = site.packet_socket(host, interface)
        self.frames = []

    def drain(self):
        while True:
            try:
                data, control, _, address = self.socket.recvmsg(1 << 17, 256)
            except BlockingIOError:
                return self.frames
            if address[2] != PACKET_OUTGOING:
                self.frames.append(self._with_tag(data, control))

    @staticmethod
    def _with_tag(data, control):
        for level, kind, value in control:
            if level == 263 and kind == 8:  # SOL_PACKET, PACKET_AUXDATA
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
                if status & 16:  # TP_STATUS_VLAN_VALID
                    return data[:12] + struct.pack("!HH", tpid if status & 64 else 0x8100, tci) + data[12:]
        return data

    def from_mac(self, mac):
        """How many frames came from this source address."""
        wanted = bytes.fromhex(mac.replace(":", ""))
        return sum(frame[6:12] == wanted for frame in self.drain())

    def until(self, what, test, limit=LIMIT):
        """Wait until a frame passes TEST."""
        return wait_until(what, lambda: [f for f in self.drain() if test(f)], limit)

    def close(self):
        self.socket.close()


class Flood:
    """The flood tool (tests/tools/flood.c) in a namespace: MODE "receive" counts, "tag" pushes hidden tags, "send" sends
    until told to stop. CLASSES: "NAME=MAC+COUNT*WEIGHT"."""

    def __init__(self, site, host, mode, *options, classes=(), interface="eth0"):
        command = site.flood_command(host, mode, *options, classes=classes, interface=interface)
        self.mode = mode
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if mode != "send" and self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"{' '.join(command)}: ended with {self.process.wait(LIMIT)}")

    def counts(self):
        """Frames by class so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """End it; frames by class."""
        if self.mode == "send":
            self.process.terminate()
        output, _ = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 0
        return json.loads(output)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=LIMIT)


class Site:
    """Ports of the switch are named after the devices on them: host "cam1" is on port "cam1" of namespace sw."""

    _number = 0

    def __init__(self, devices=True):
        Site._number += 1
        ensure_users()
        self.tag = f"lcsite{os.getpid()}n{Site._number}"
        self.programs = []
        self.namespaces = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=self.tag))
        self.folder.chmod(0o755)
        self.sockets = []
        self.floods = []
        try:
            self._make_folders()
            self._make_switch()
            if devices:
                self.add_host("cam1", HIKVISION, "10.77.0.1")
                self.add_host("cam2", DAHUA, "10.77.0.2")
                self.add_host("laptop", LAPTOP, "10.77.0.3")
                self.add_host("core", CORE, "10.77.0.4")
        except BaseException:
            self.close()
            raise

    # ---- folders and configuration ----
    def _make_folders(self):
        """As tmpfiles and the mount unit make them on an installed machine."""
        self.run, self.state, self.log = (self.folder / n for n in ("run", "state", "log"))
        self.etc = self.folder / "etc"
        self.overrides = self.etc / "overrides.d"
        self.bpf = self.run / "bpf"
        self.config_file = self.etc / "lenscap.yaml"
        for path, mode, owner in (
                (self.run, 0o750, "root:lenscap"), (self.run / "loader", 0o750, "root:lenscap"),
                (self.run / "daemon", 0o750, "lenscap:lenscap"), (self.bpf, 0o750, "root:lenscap"),
                (self.state, 0o755, "root:root"), (self.state / "loader", 0o750, "root:lenscap"),
                (self.state / "daemon", 0o750, "lenscap:lenscap"), (self.log, 0o750, "lenscap:lenscap"),
                (self.etc, 0o755, "root:root"), (self.overrides, 0o755, "root:root"),
                (self.overrides / "accept", 0o755, "root:root")):
            path.mkdir()
            path.chmod(mode)
            shutil.chown(path, *owner.split(":"))
        self._mount_bpf()

    def _mount_bpf(self):
        run("mount", "-t", "bpf", "-o", "mode=0750", self.tag, self.bpf)
        shutil.chown(self.bpf, "root", "lenscap")
        self.bpf.chmod(0o750)

    def default_config(self):
        """One enforcing zone over all ports of the bridge, the built-in list, the clock trusted."""
        return {
            "policy": {"vendor-lists": ["uk-core-network"], "capacity": 16384, "clock": "trust"},
            "zones": [{"name": "core", "interfaces": ["bridge:br0"], "action": "drop", "mode": "enforce"}],
            "paths": {"run": str(self.run), "state": str(self.state), "log": str(self.log),
                      "overrides": str(self.overrides), "data": str(DATA)},
        }

    def configure(self, **changes):
        """Write the configuration: the default with whole sections replaced (None leaves one out)."""
        config = {**self.default_config(), **changes}
        config = {key: value for key, value in config.items() if value is not None}
        self.write_config(json.dumps(config, indent=1))  # JSON is YAML
        return config

    def write_config(self, text):
        aside = self.config_file.with_suffix(".new")
        aside.write_text(text)
        aside.chmod(0o644)
        aside.rename(self.config_file)

    def feed_path(self, name):
        """Where a test puts a feed file; lenscapd may read the folder."""
        folder = self.folder / "feeds"
        folder.mkdir(exist_ok=True)
        return folder / name

    # ---- network ----
    def netns(self, name):
        """Path of a namespace of this site."""
        return f"/run/netns/{self.tag}-{name}"

    def add_namespace(self, name):
        run("ip", "netns", "add", f"{self.tag}-{name}")
        self.namespaces.append(name)
        self.in_ns(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        self.in_ns(name, "ip", "link", "set", "lo", "up")

    def in_ns(self, name, *command, check=True, **kwargs):
        """Run a command in a namespace; unlike `ip netns exec`, the bpffs stays in sight."""
        return run("nsenter", f"--net={self.netns(name)}", "--", *command, check=check, **kwargs)

    def _make_switch(self):
        self.add_namespace(SWITCH)
        self.in_ns(SWITCH, "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0",  # drops wrong IP sums where it is
                   "net.bridge.bridge-nf-call-ip6tables=0", "net.bridge.bridge-nf-call-arptables=0", check=False)
        self.in_ns(SWITCH, "ip", "link", "add", "br0", "address", "02:aa:00:00:00:ff", "type", "bridge",
                   "stp_state", "0", "mcast_snooping", "0")
        self.in_ns(SWITCH, "ip", "link", "set", "br0", "up")

    def add_port(self, host, mac, mtu=1500, bridge="br0"):
        """A cable: eth0 of namespace HOST to port HOST of the switch."""
        number = len(self.namespaces)
        self.in_ns(SWITCH, "ip", "link", "add", host, "address", f"02:aa:00:00:00:{number:02x}", "mtu", str(mtu),
                   "type", "veth", "peer", "name", "eth0", "address", mac, "mtu", str(mtu),
                   "netns", f"{self.tag}-{host}")
        if bridge:
            self.in_ns(SWITCH, "ip", "link", "set", host, "master", bridge)
        self.in_ns(SWITCH, "ip", "link", "set", host, "up")
        self.in_ns(host, "ip", "link", "set", "eth0", "up")

    def add_host(self, host, mac, ip=None, mtu=1500, bridge="br0"):
        self.add_namespace(host)
        self.add_port(host, mac, mtu, bridge)
        if ip:
            self.in_ns(host, "ip", "address", "add", f"{ip}/24", "dev", "eth0")

    def ping(self, host, ip, count=1):
        """True when an answer came."""
        return self.in_ns(host, "ping", "-nqc", str(count), "-i", "0.05", "-W", "1", ip, check=False).returncode == 0

    @contextlib.contextmanager
    def inside(self, name):
        """What this thread makes in the block belongs to that namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.netns(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            _libc.setns(home, CLONE_NEWNET)
            os.close(home)
            os.close(there)

    def packet_socket(self, host, interface="eth0"):
        """A raw socket on a device of another namespace, without leaving this process."""
        with self.inside(host):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
            sock.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
            sock.bind((interface, ETH_P_ALL))
        self.sockets.append(sock)
        return sock

    def send(self, host, frames, interface="eth0"):
        """Send frames (bytes or scapy packets) out of a device."""
        sock = self.packet_socket(host, interface)
        sock.setblocking(True)
        for frame in frames:
            sock.send(bytes(frame))
        sock.close()

    def capture(self, host, interface="eth0"):
        return Capture(self, host, interface)

    def send_and_settle(self, host, frames, capture):
        """Send, then a clean frame of a source of its own, and wait until that arrives at CAPTURE: what was sent before on
        the same cable has arrived or never will."""
        marker = os.urandom(8)
        self.send(host, list(frames) + [bytes.fromhex("ffffffffffff020000ffffff88b5") + marker + bytes(38)])
        capture.until("the marker frame", lambda f: marker in f[:32])
        capture.frames = [f for f in capture.frames if marker not in f[:32]]
        return capture.frames

    def flood_command(self, host, mode, *options, classes=(), interface="eth0"):
        return [str(c) for c in ("nsenter", f"--net={self.netns(host)}", "--", BUILD / "tests/tools/flood", mode,
                                 *options, *(f"--class={c}" for c in classes), interface)]

    def flood(self, host, mode, *options, classes=(), interface="eth0"):
        """Start the flood tool; stopped at the latest when the site is closed."""
        flood = Flood(self, host, mode, *options, classes=classes, interface=interface)
        self.floods.append(flood)
        return flood

    def flood_frames(self, host, frames, *options, classes=()):
        """Send exactly so many; returns how many of each class, after making sure that the cable dropped none."""
        before = self.xmit_errors(host)
        command = self.flood_command(host, "send", "--frames", frames, *options, classes=classes)
        sent = json.loads(run(*command, timeout=600).stdout)
        assert self.xmit_errors(host) == before, "the sending cable was full: counts say nothing"
        return sent

    def xmit_errors(self, host):
        """XDP frames that the device's cable could not take."""
        lines = self.in_ns(host, "ethtool", "-S", "eth0").stdout.splitlines()
        return sum(int(line.split(":")[1]) for line in lines if "xdp_xmit_errors" in line)

    # ---- programs ----
    def program(self, name, command, wait=True):
        program = Program(name, command, self.folder, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
        self.programs.append(program)
        return program.ready() if wait else program

    def start_loader(self, *options, wait=True, build=BUILD):
        """lenscap-loader as its unit runs it: root with three capabilities and the two groups."""
        return self.program("lenscap-loader", [
            "nsenter", f"--net={self.netns(SWITCH)}", "--", "setpriv", "--groups", "lenscap,lenscap-policy",
            "--bounding-set", "-all,+bpf,+net_admin,+perfmon", "--",
            build / "lenscap-loader", "--config", self.config_file, *options], wait)

    def start_daemon(self, *options, wait=True, build=BUILD, root=False):
        """lenscapd as its unit runs it: user lenscap, no capability; ROOT: started as root, it gives that up itself."""
        drop = [] if root else ["setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--groups", "lenscap-policy",
                                "--bounding-set", "-all", "--"]
        return self.program("lenscapd", ["nsenter", f"--net={self.netns(SWITCH)}", "--", *drop,
                                         build / "lenscapd", "--config", self.config_file, *options], wait)

    def start(self):
        """Both programs; returns when every source was taken or refused, and that policy is in force on every port."""
        if not self.config_file.exists():
            self.configure()
        self.loader = self.start_loader()
        self.daemon = self.start_daemon()
        wait_until("the policy in force", self.settled)
        return self

    def start_without_feeds(self):
        """Both programs when no feed's file is there yet: returns when the rest is in force."""
        self.loader = self.start_loader()
        self.daemon = self.start_daemon()
        wait_until("the policy in force", lambda: (self.daemon_state() or {}).get("policy", {}).get("in_force"))
        return self

    def settled(self):
        """True when the running lenscapd has judged every source and the kernel holds the result."""
        state = self.daemon_state()
        return (state and state["pid"] == self.daemon.pid and state["policy"]["in_force"]
                and all(s["kind"] == "local" or s["serial"] is not None or s["pending"] or s["refused"]
                        for s in state["sources"]))

    def lenscap(self, *arguments, check=False, build=BUILD, user=None, **kwargs):
        """The command line, in the switch's namespace. Returns the finished process (returncode, stdout, stderr)."""
        for program in self.programs:  # an unread socket makes sd_notify wait, and the program with it
            if program.process.poll() is None:
                program.messages()
        become = ["setpriv", "--reuid", user, "--regid", "lenscap", "--clear-groups", "--"] if user else []
        return self.in_ns(SWITCH, *become, build / "lenscap", *arguments, "--config", self.config_file,
                          check=check, **kwargs)

    def lenscap_json(self, *arguments):
        """What a showing command says with -j, whatever its exit code."""
        done = self.lenscap(*arguments, "-j")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"lenscap {arguments} -j: no JSON:\n{done.stdout}{done.stderr}") from None

    def _state(self, part):
        try:
            return json.loads((self.run / part / "state.json").read_text())
        except FileNotFoundError:
            return None

    def loader_state(self):
        return self._state("loader")

    def daemon_state(self):
        return self._state("daemon")

    def port_state(self, name):
        """The loader's word on one port, or None."""
        return next((p for p in (self.loader_state() or {}).get("ports", []) if p["name"] == name), None)

    def port_number(self, name):
        return self.port_state(name)["number"]

    def totals(self, name):
        """Frames counted on a port by reason, from the kernel's own map."""
        return pins.totals(self.bpf, self.port_number(name))

    def events(self):
        """Every line of the event log."""
        path = self.log / "events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def reboot(self):
        """What a reboot leaves: the state folder and the configuration. The programs must have ended."""
        for port in [p["name"] for p in self.loader_state()["ports"]]:
            self.in_ns(SWITCH, "ip", "link", "set", port, "down")
        run("umount", self.bpf)
        self._mount_bpf()
        for part in ("loader", "daemon"):
            for path in (self.run / part).iterdir():
                path.unlink()
        for port in [n for n in self.namespaces if n != SWITCH]:
            self.in_ns(SWITCH, "ip", "link", "set", port, "up")

    # ---- the end ----
    def close(self):
        for program in self.floods + self.programs[::-1]:
            program.close()
        for sock in self.sockets:
            sock.close()
        for name in self.namespaces:
            run("ip", "netns", "delete", f"{self.tag}-{name}", check=False)
        bpf = self.folder / "run" / "bpf"
        if os.path.ismount(bpf):
            run("umount", bpf)
        if stat.S_ISDIR(os.lstat(self.folder).st_mode):
            shutil.rmtree(self.folder)
