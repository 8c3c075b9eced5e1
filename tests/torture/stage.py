# SPDX-License-Identifier: GPL-2.0-only
"""The site that is tortured: what it is made of, how its programs are started, and when all is as it should be."""
import os
import pathlib
import threading
import time

import netsite
from daemonsite import feed_text, rfc3339
from netsite import SWITCH, run
from traffic import PERMITTED, TO_STEADY

FEED = "02:00:00:02:00:00/44"
FLIP = "02:00:00:03:00:00/44"
ACTIONS = {"02:00:00:0a:00:00/44": "mirror", "02:00:00:0b:00:00/44": "divert", "02:00:00:0c:00:00/44": "contain"}
MIRROR = "02:00:00:00:00:77"  # who is behind the mirror port
LIMIT = 90  # seconds anything may take to be as it should be; the machine may be loaded


class Stage(netsite.Site):
    """Bridges br0 and br1; ports steady, moved and core in a zone, uplink in none; mirror port mon; a signed feed; state and log
    on a small file system."""

    def __init__(self):
        super().__init__(devices=False)
        self.programs_to_read = True
        self.mounts = []
        self.modes = set()  # of XDP, seen on the moved port
        self.gaps = []  # of ports made anew: was the loader dead, frames that passed, seconds until enforced on
        self.serial = 0
        self.others = 20
        self.build = netsite.BUILD
        self.loader = self.daemon = None
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self):
        self._small_disks()
        self.in_ns(SWITCH, "ip", "link", "add", "br1", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        self.in_ns(SWITCH, "ip", "link", "set", "br1", "up")
        self.add_host("steady", netsite.HIKVISION)
        self.add_host("moved", netsite.DAHUA)
        self.add_host("core", netsite.CORE)
        self.add_host("uplink", netsite.LAPTOP)
        self.add_namespace("away")
        self.add_host("mon", MIRROR, bridge=None)
        self.fixed_entries()
        for port in ("steady", "moved", "core", "uplink"):
            self.keep_receiving(port)
        self._keys()
        self.configure()
        self.publish()
        threading.Thread(target=self._read_messages, daemon=True).start()
        self.start()
        self.good()

    def _small_disks(self):
        for path, size in ((self.state / "daemon", "2m"), (self.log, "2m")):
            run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0750", self.tag, path)
            run("chown", "lenscap:lenscap", path)

    def fixed_entries(self):
        """The bridge knows where the core server is, and the devices behind the cable that nobody touches; what it does not know
        goes to the moved port alone, so that each frame is stopped, and counted, at one port."""
        for port, addresses in (("core", [netsite.CORE]), ("steady", TO_STEADY)):
            for address in addresses:
                self.in_ns(SWITCH, "bridge", "fdb", "replace", address, "dev", port, "master", "static")
        for port in ("steady", "core", "uplink"):
            self.in_ns(SWITCH, "bridge", "link", "set", "dev", port, "flood", "off")

    def keep_receiving(self, port):
        """The cable takes frames when no program is on the port: a gap must show."""
        self.in_ns(SWITCH, "ethtool", "-K", port, "gro", "on")

    def _read_messages(self):
        """An unread socket makes a program wait that tells the service manager something."""
        while self.programs_to_read:
            for program in list(self.programs):
                try:
                    program.messages()
                except OSError:
                    pass
            time.sleep(0.02)

    # ---- configuration and feed ----
    def default_config(self):
        config = super().default_config()
        config["zones"] = self.zones("core")
        config["policy"]["devices"] = 4096
        config["mirror"] = {"interface": "mon"}
        config["feeds"] = [{"name": "auditor", "path": str(self.feed_path("auditor.jsonl")), "max-weakening": "30%",
                            "public-keys": [self.keys["ours"][1]]}]
        return config

    @staticmethod
    def zones(name, *more):
        """MORE: addresses that contained devices may talk to."""
        return [{"name": name, "interfaces": ["bridge:br0", "bridge:br1", "moved", "other"], "exclude": ["uplink"],
                 "action": "drop", "mode": "enforce", "direction": "both", "permit": [PERMITTED, *more],
                 "actions": ["drop", "divert", "contain", "mirror"]}]

    def _keys(self):
        self.keys = {}
        for who in ("ours", "stranger"):
            secret, public = self.folder / f"{who}.key", self.folder / f"{who}.pub"
            run("minisign", "-G", "-W", "-p", public, "-s", secret)
            self.keys[who] = (secret, public.read_text().splitlines()[1])

    def write_feed(self, text, who="ours", name="auditor.jsonl"):
        """Signature first, then the feed, as publishers do."""
        path = self.feed_path(name)
        aside = path.with_suffix(".new")
        aside.write_text(text)
        signature = path.with_name(path.name + ".minisig")
        run("minisign", "-S", "-W", "-s", self.keys[who][0], "-m", aside, "-x", signature)
        signature.chmod(0o644)
        aside.chmod(0o644)
        aside.rename(path)

    def feed(self, extra=0):
        """The next serial: the prefixes that are always there, and more others than before: removals would be held back."""
        self.serial += 1
        self.others += extra
        rows = [FEED] + [{"prefix": prefix, "action": action} for prefix, action in ACTIONS.items()] + self.addresses(0, self.others)
        return feed_text("auditor", self.serial, rows, expires=rfc3339(time.time() + 10 * 365 * 86400))

    @staticmethod
    def addresses(first, behind):
        return [f"02:00:05:00:{i >> 8:02x}:{i & 255:02x}" for i in range(first, behind)]

    def publish_delta(self, extra):
        """So many more others, and nothing else."""
        self.serial += 1
        rows = self.addresses(self.others, self.others + extra)
        self.others += extra
        self.write_feed(feed_text("auditor", self.serial, rows, since=self.serial - 1, expires=rfc3339(time.time() + 10 * 365 * 86400)),
                        name="auditor.delta.jsonl")

    def publish(self, extra=0):
        self.write_feed(self.feed(extra))

    def taken(self):
        """True when the feed's latest serial is in force."""
        state = self.daemon_state()
        return state and any(s["name"] == "auditor" and s["serial"] == self.serial for s in state["sources"])

    # ---- programs ----
    def program(self, name, command, wait=True):
        program = super().program(name, command, wait=False)
        return program.ready(LIMIT) if wait else program

    def begin_loader(self, *options, wait=True):
        self.loader = self.start_loader(*options, wait=wait, build=self.build)

    def begin_daemon(self, wait=True):
        self.daemon = self.start_daemon(wait=wait, build=self.build)

    def begin_daemon_at(self, offset):
        """With another time of day than the machine's: "+1h", "-400d"."""
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        self.daemon = self.program("lenscapd", [
            "nsenter", f"--net={self.netns(SWITCH)}", "--", "setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--groups",
            "lenscap-policy", "--bounding-set", "-all", "--", "env", f"LD_PRELOAD={library}", f"FAKETIME={offset}",
            "FAKETIME_DONT_FAKE_MONOTONIC=1", self.build / "lenscapd", "--config", self.config_file])

    def kill(self, name, sig=9):
        program = getattr(self, name)
        program.stop(sig)
        self.forget(program)

    def forget(self, program):
        program.close()
        program.output.close()
        self.programs.remove(program)

    def revive(self):
        """Whatever died is started again, as the service manager would."""
        for name, begin in (("loader", self.begin_loader), ("daemon", self.begin_daemon)):
            if getattr(self, name).process.poll() is not None:
                self.forget(getattr(self, name))
                begin()

    def port(self, name):
        return self.port_state(name) or {"enforcing": False, "xdp": None, "egress": "none", "number": None}

    def index(self, name):
        """Of the interface that has this name now."""
        return int(self.in_ns(SWITCH, "ip", "-o", "link", "show", "dev", name).stdout.split(":")[0])

    def in_order(self):
        """None when all is as it should be, else what is not."""
        loader, daemon = self.loader_state(), self.daemon_state()
        if not loader or loader["pid"] != self.loader.pid:
            return "the loader has not said that it runs"
        for name in ("steady", "moved", "core"):
            if not self.port(name)["enforcing"] or self.port(name)["egress"] == "none":
                return f"{name} is not enforced on"
        if len(loader["ports"]) != 3:
            return f"{len(loader['ports'])} ports instead of 3"
        if loader["mirror"]["ifindex"] != self.index("mon"):
            return "the mirror port is not in use"
        if not daemon or daemon["pid"] != self.daemon.pid or not daemon["policy"]["in_force"]:
            return "lenscapd has not said that the policy is in force"
        if daemon["generation"] != loader["generation"]:
            return "lenscapd is on another generation"
        if not self.taken():
            return f"the feed's serial {self.serial} is not in force"
        return None

    def good(self):
        """Wait until all is as it should be."""
        end = time.monotonic() + LIMIT
        while (why := self.safely(self.in_order)) and time.monotonic() < end:
            time.sleep(0.05)
        if why:
            raise AssertionError(f"{LIMIT} s later: {why}\n{self.loader.text()[-2000:]}\n{self.daemon.text()[-2000:]}")

    @staticmethod
    def safely(probe):
        try:
            return probe()
        except (OSError, ValueError, KeyError) as error:
            return f"{error}"

    def close(self):
        self.programs_to_read = False
        for program in self.floods + self.programs[::-1]:
            program.close()
        for path in (self.state / "daemon", self.log, *self.mounts):
            if os.path.ismount(path):
                run("umount", path, check=False)
        super().close()
