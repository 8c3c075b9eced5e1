# SPDX-License-Identifier: GPL-2.0-only
"""What the command line refuses: each case with its exact message and exit code, and the policy in force unchanged."""
import fcntl
import hashlib
import subprocess

import pytest

import netsite

NOT_MAC = ("not a MAC address; write it like 44:19:b6:01:02:03, 44-19-b6-01-02-03, 4419.b601.0203 or 4419b6010203")
NOT_WHEN = "neither a time (2027-01-31T12:00:00Z) nor a duration (2h, 7d)"
NOT_LONG = "not a duration; write 30s, 10m, 2h, 7d or 1w"
MAC = "44:19:b6:01:02:03"
SHA = "a" * 64
FEED = '{"lenscap":1,"list":"auditor","serial":1,"generated":"2026-11-01T00:00:00Z","count":1}\n' \
       '{"mac":"02:00:00:00:00:77","action":"drop"}\n'

# name, arguments, exit code, standard error ({dir}: the site's folder, {data}: the vendor lists')
CASES = [
    ("no command", "", 2, "lenscap: which command? See: lenscap --help"),
    ("unknown command", "bogus", 2, "lenscap: bogus: no such command; see: lenscap --help"),
    ("half a command", "feed", 2, "lenscap feed: needs one of: list, accept, reset, verify"),
    ("wrong second word", "feed frob", 2, "lenscap feed: needs one of: list, accept, reset, verify"),
    ("half of vendor", "vendor", 2, "lenscap vendor: needs one of: list, show, compile"),
    ("argument too many", "status extra", 2, "lenscap status: too many arguments; usage: lenscap status"),
    ("argument missing", "flag", 2, "lenscap flag: something is missing; usage: lenscap flag PREFIX"),
    ("two prefixes", f"flag {MAC} x", 2, "lenscap flag: too many arguments; usage: lenscap flag PREFIX"),
    ("no address", "explain", 2, "lenscap explain: something is missing; usage: lenscap explain MAC"),
    ("no digest", "feed accept auditor", 2,
     "lenscap feed accept: something is missing; usage: lenscap feed accept NAME SHA256"),
    ("unknown option", "status --frob", 2,
     "lenscap status: unrecognized option '--frob'\nlenscap status: see: lenscap status --help"),
    ("unknown letter", "status -x", 2,
     "lenscap status: invalid option -- 'x'\nlenscap status: see: lenscap status --help"),
    ("option without value", "flag --until", 2,
     "lenscap flag: option '--until' requires an argument\nlenscap flag: see: lenscap flag --help"),
    ("global option alone", "--frob", 2, "lenscap: unrecognized option '--frob'\nlenscap: see: lenscap --help"),
    ("not an address", "explain zz", 2, f"lenscap explain: zz: {NOT_MAC}"),
    ("five octets", "explain 44:19:b6:01:02", 2, f"lenscap explain: 44:19:b6:01:02: {NOT_MAC}"),
    ("seven octets", f"explain {MAC}:04", 2, f"lenscap explain: {MAC}:04: {NOT_MAC}"),
    ("VLAN too high", f"explain {MAC} --on laptop.4095", 2,
     "lenscap explain: --on laptop.4095: not IF or IF.VLAN with a VLAN of 1 to 4094"),
    ("VLAN missing", f"explain {MAC} --on laptop.", 2,
     "lenscap explain: --on laptop.: not IF or IF.VLAN with a VLAN of 1 to 4094"),
    ("no such port", f"explain {MAC} --on nosuch", 3, "lenscap explain: --on nosuch: no such port; see: lenscap status"),
    ("too broad", "flag 44:19:b6/23", 2,
     "lenscap flag: 44:19:b6/23: the prefix is too broad; the shortest length is 24"),
    ("too long", "flag 44:19:b6/49", 2, "lenscap flag: 44:19:b6/49: the prefix length is over 48"),
    ("bits beyond", f"flag {MAC}/24", 2, f"lenscap flag: {MAC}/24: bits are set beyond the prefix length; "
     "clear them or make the length longer"),
    ("group address", "flag 01:00:5e:00:00:01", 2,
     "lenscap flag: 01:00:5e:00:00:01: this is a group address, which no device sends from"),
    ("all zero", "flag 00:00:00:00:00:00", 2,
     "lenscap flag: 00:00:00:00:00:00: this is the all-zero address, which belongs to no device"),
    ("broadcast", "flag ff:ff:ff:ff:ff:ff", 2,
     "lenscap flag: ff:ff:ff:ff:ff:ff: this is the broadcast address, which no device sends from"),
    ("trailing text", f"flag {MAC}x", 2, f"lenscap flag: {MAC}x: {NOT_MAC}"),
    ("mixed spelling", "flag 44-19:b6:01:02:03", 2, f"lenscap flag: 44-19:b6:01:02:03: {NOT_MAC}"),
    ("length missing", "flag 44:19:b6/", 2,
     "lenscap flag: 44:19:b6/: not a prefix length; write a number from 24 to 48 behind the slash"),
    ("prefix without length", "flag 44:19:b6", 2,
     "lenscap flag: 44:19:b6: the address is not whole; a prefix needs its length, like 44:19:b6/24"),
    ("unknown action", f"flag {MAC} --action frob", 2,
     "lenscap flag: --action frob: not an action; use quarantine, drop, divert, contain, mirror or monitor"),
    ("flag that allows", f"flag {MAC} --action allow", 2,
     f"lenscap flag: --action allow: exempts; use: lenscap exempt {MAC} --reason TEXT --until TIME"),
    ("no time", f"flag {MAC} --until yesterday", 2, f"lenscap flag: --until yesterday: {NOT_WHEN}"),
    ("past time", f"flag {MAC} --until 2020-01-01T00:00:00Z", 2,
     "lenscap flag: --until 2020-01-01T00:00:00Z: lies in the past"),
    ("no duration", f"flag {MAC} --until 0s", 2, f"lenscap flag: --until 0s: {NOT_WHEN}"),
    ("time-out with unit", f"flag {MAC} --timeout 1h", 2, "lenscap flag: --timeout 1h: not a number from 0 to 3600"),
    ("time-out too long", f"flag {MAC} --timeout 4000", 2,
     "lenscap flag: --timeout 4000: not a number from 0 to 3600"),
    ("exempt without reason", f"exempt {MAC} --forever", 2,
     "lenscap exempt: an exemption needs a reason; add --reason TEXT"),
    ("exempt without end", f"exempt {MAC} --reason x", 2,
     "lenscap exempt: an exemption needs an end; add --until TIME or --forever"),
    ("exempt with two ends", f"exempt {MAC} --reason x --until 1h --forever", 2,
     "lenscap exempt: an exemption needs one end, not two; add --until TIME or --forever"),
    ("nothing to unflag", "unflag 44:19:b6/24", 1,
     "lenscap unflag: 44:19:b6/24: no override of that prefix; see: lenscap explain, lenscap list --source local"),
    ("bypass for how long", "bypass on", 2, "lenscap bypass on: for how long? Add --for DURATION, at most 24h"),
    ("bypass too long", "bypass on --for 25h", 2, "lenscap bypass on: --for 25h: more than 24h"),
    ("bypass for ever", "bypass on --for ever", 2, f"lenscap bypass on: --for ever: {NOT_LONG}"),
    ("bypass backwards", "bypass on --for -1m", 2, f"lenscap bypass on: --for -1m: {NOT_LONG}"),
    ("reload unclear", "reload --keep --confirm 1m", 2,
     "lenscap reload: --keep confirms, --confirm asks for it: give one of them"),
    ("reload confirm", "reload --confirm x", 2, f"lenscap reload: --confirm x: {NOT_LONG}"),
    ("reload confirm too long", "reload --confirm 8d", 2, "lenscap reload: --confirm 8d: more than 7d"),
    ("list too broad", "list 44:19:b6/20", 2,
     "lenscap list: 44:19:b6/20: the prefix is too broad; the shortest length is 24"),
    ("list of no action", "list --action frob", 2,
     "lenscap list: --action frob: not an action; use quarantine, drop, divert, contain, mirror, monitor or allow"),
    ("list of no source", "list --source nosuch", 3,
     "lenscap list: --source nosuch: no such source; see: lenscap feed list"),
    ("capture of no address", "capture --mac 44:19:b6", 2, f"lenscap capture: --mac 44:19:b6: {NOT_MAC}"),
    ("capture of address zero", "capture --mac 00:00:00:00:00:00", 2, "lenscap capture: --mac 00:00:00:00:00:00: no device has "
     "this address; leave --mac out for all"),
    ("capture of no action", "capture --action quarantine", 2, "lenscap capture: --action quarantine: not a final action; use drop, "
     "divert, contain, mirror, monitor or allow"),
    ("capture nothing", "capture -c 0", 2, "lenscap capture: --count 0: give how many frames, or leave it out"),
    ("capture of no number", "capture -c many", 2, f"lenscap capture: --count many: not a number from 0 to {2**63 - 1}"),
    ("capture too short", "capture --snaplen 63", 2, "lenscap capture: --snaplen 63: less than 64 tells nothing of a frame"),
    ("capture too long", "capture --snaplen 16385", 2, "lenscap capture: --snaplen 16385: not a number from 0 to 16384"),
    ("capture for ever", "capture --for 8d", 2, "lenscap capture: --for 8d: more than 7d"),
    ("capture in two tongues", "capture -j -w -", 2,
     "lenscap capture: -w -: standard output cannot be pcapng and JSON; leave out one of the two"),
    ("capture of no port", "capture --port nosuch", 3, "lenscap capture: --port nosuch: no such port; see: lenscap status"),
    ("events count", "events -n x", 2, "lenscap events: --lines x: not a number from 0 to 1000000"),
    ("events since", "events --since x", 2, f"lenscap events: --since x: {NOT_WHEN}"),
    ("short digest", f"feed accept auditor {SHA[1:]}", 2, f"lenscap feed accept: {SHA[1:]}: not a SHA-256 of 64 "
     "lower-case hex digits; see: lenscap feed list -j"),
    ("accept of no feed", f"feed accept nosuch {SHA}", 3,
     "lenscap feed accept: nosuch: no feed of the configuration; see: lenscap feed list"),
    ("nothing waits", f"feed accept auditor {SHA}", 1,
     "lenscap feed accept: auditor: no change of it waits; see: lenscap feed list"),
    ("verify nothing", "feed verify {dir}/none", 3, "lenscap feed verify: {dir}/none: No such file or directory; "
     "name a file that you may read"),
    ("verify a folder", "feed verify {dir}", 3, "lenscap feed verify: {dir}: not a regular file; give the file itself"),
    ("verify a device", "feed verify /dev/zero", 3,
     "lenscap feed verify: /dev/zero: not a regular file; give the file itself"),
    ("verify for no feed", "feed verify {dir}/rubbish --feed nosuch", 3,
     "lenscap feed verify: --feed nosuch: no feed or list of the configuration"),
    ("verify rubbish", "feed verify {dir}/rubbish", 1, "lenscap feed verify: {dir}/rubbish:1: not valid JSON "
     "(lexical error: invalid char in json text); each line is one {{...}}"),
    ("plan nothing", "plan {dir}/none", 3,
     "lenscap plan: {dir}/none: No such file or directory; name a file that you may read"),
    ("plan for two", "plan {dir}/rubbish --feed a --list b", 2, "lenscap plan: --feed and --list: give one of them"),
    ("plan for no feed", "plan {dir}/rubbish --feed nosuch", 3,
     "lenscap plan: nosuch: no such feed in the configuration; name one with --feed or --list"),
    ("no vendor list", "vendor show nosuch", 3,
     "lenscap vendor show: nosuch: no such list in {data}; see: lenscap vendor list"),
    ("no edition", "vendor compile --edition x", 2,
     "lenscap vendor compile: --edition x: not a date; write it like 2026-06-25"),
]


class Refusals:
    """A running site, and the digest of its policy before the case."""

    def __init__(self):
        self.site = netsite.Site()
        feed = self.site.feed_path("auditor.jsonl")
        feed.write_text(FEED)
        self.config = {"feeds": [{"name": "auditor", "path": str(feed)}]}
        self.site.configure(**self.config)
        (self.site.folder / "rubbish").write_text("rubbish\n")
        self.site.start()

    def fill(self, text):
        return text.format(dir=self.site.folder, data=netsite.DATA)

    def call(self, *arguments, user=None, **kwargs):
        """The configuration is named first, so that an argument that is missing stays missing."""
        become = ["setpriv", "--reuid", user, "--regid", "65534", "--clear-groups", "--"] if user else []
        self.site.daemon.messages()
        return self.site.in_ns(netsite.SWITCH, *become, netsite.BUILD / "lenscap", "--config", self.site.config_file,
                               *arguments, check=False, **kwargs)

    def digest(self):
        return self.site.daemon_state()["policy"]["digest"]

    def overrides(self):
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self.site.overrides.glob("*.jsonl")}


@pytest.fixture(scope="module")
def world():
    made = Refusals()
    yield made
    made.site.close()


@pytest.mark.parametrize("name,arguments,code,message", CASES, ids=[case[0] for case in CASES])
def test_refused(world, name, arguments, code, message):
    before = world.digest(), world.overrides()
    done = world.call(*world.fill(arguments).split())
    assert (done.returncode, done.stderr) == (code, world.fill(message) + "\n")
    assert (world.digest(), world.overrides()) == before


def test_names_differ():
    assert len({case[0] for case in CASES}) == len(CASES) >= 35


@pytest.mark.parametrize("command", ["flag 02:00:00:00:00:11", "exempt 02:00:00:00:00:11", "unflag 02:00:00:00:00:11",
                                     "reload", "bypass on --for 1m", "bypass off", "capture", f"feed accept auditor {SHA}"])
def test_only_root_changes(world, command):
    words = " ".join(w for w in command.split()[:2] if w.isalpha())
    arguments = command.split()
    done = world.call(*arguments, user="nobody")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"lenscap {words}: only root may do this; try: sudo lenscap {words}\n"


def test_stranger_sees_nothing(world):
    """Neither root nor of the group: said, not guessed."""
    user = "nobody"
    done = subprocess.run(["setpriv", "--reuid", user, "--regid", "65534", "--clear-groups", "--",
                           netsite.BUILD / "lenscap", "--config", world.site.config_file, "status"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "its state file cannot be read: it may not be read by you; run this as root or in the group of Lenscap" \
        in done.stdout


def test_lock_held(world):
    with open(world.site.overrides / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = world.call("flag", "02:00:00:00:00:11", "--timeout", "1")
    assert done.returncode == 3
    assert done.stderr == world.fill("lenscap flag: {dir}/etc/overrides.d/.lock: held by another lenscap for 1 s; "
                                     "try again\n")


def test_damaged_overrides_are_not_lost(world):
    """A line that cannot be read stops the edit; what stands in the file stays."""
    path = world.site.overrides / "local.jsonl"
    path.write_text('{"mac":"02:00:00:00:00:12","action":"drop"}\nrubbish\n')
    done = world.call("flag", "02:00:00:00:00:11")
    text = path.read_text()
    path.unlink()
    assert done.returncode == 3 and text.endswith("rubbish\n")
    assert done.stderr == world.fill("lenscap flag: {dir}/etc/overrides.d/local.jsonl:2: not an entry; repair or remove "
                                     "the line, nothing was changed\n")


def test_symlink_is_not_followed(world):
    path = world.site.overrides / "local.jsonl"
    target = world.site.folder / "target"
    target.write_text("")
    path.symlink_to(target)
    done = world.call("flag", "02:00:00:00:00:11")
    path.unlink()
    assert done.returncode == 3 and target.read_text() == ""
    assert done.stderr == world.fill("lenscap flag: {dir}/etc/overrides.d/local.jsonl: is not a regular file; put one "
                                     "there or remove it, nothing was changed\n")


def test_full_disk(world):
    """The overrides folder on a file system without room: told, nothing half-written, the policy as before."""
    folder = world.site.overrides
    netsite.run("mount", "-t", "tmpfs", "-o", "size=8k,mode=0755", world.site.tag, folder)
    try:
        (folder / "filler").write_bytes(bytes(8192))
        done = world.call("flag", "02:00:00:00:00:11", "--timeout", "1")
        left = sorted(p.name for p in folder.iterdir())
        (folder / "filler").unlink()
        control = world.call("flag", "02:00:00:00:00:11", "--timeout", "0")
    finally:
        netsite.run("umount", folder)
    assert done.returncode == 3 and left == [".lock", "filler"]
    assert done.stderr == world.fill("lenscap flag: {dir}/etc/overrides.d/local.jsonl: No space left on device; nothing "
                                     "was changed, make room and try again\n")
    assert "No space" not in control.stderr


def test_full_standard_output(world):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([netsite.BUILD / "lenscap", "--config", world.site.config_file, "list"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 3
    assert done.stderr == "lenscap list: standard output: the answer could not be written whole\n"


@pytest.mark.parametrize("text,message", [
    ("zones: [\n", "{file}:2:1: not YAML: while parsing a flow node, did not find expected node content; correct the text "
     "here or just above"),
    (None, "{file}: does not exist; create it, or name another with --config FILE"),
])
def test_configuration_not_usable(world, text, message):
    """status fails, check answers no, reload changes nothing; three commands, one message."""
    site = world.site
    before = world.digest()
    if text is None:
        site.config_file.unlink()
    else:
        site.write_config(text)
    results = [world.call(command) for command in ("status", "check", "reload")]
    site.configure(**world.config)
    message = message.format(file=site.config_file)
    assert [r.returncode for r in results] == [3, 1, 1]
    assert results[0].stderr == f"lenscap: {message}\n"
    assert results[1].stdout == f"valid:          no\n\nErrors\n  {message}\n"
    assert results[2].stderr == f"lenscap reload: nothing was changed: {message}\n"
    assert world.digest() == before
