# SPDX-License-Identifier: GPL-2.0-only
"""lenscap capture: what it writes, read back by tshark and capinfos; how it begins and ends; what it never disturbs."""
import collections
import json
import os
import pty
import signal
import struct
import subprocess
import time

import pytest
from scapy.layers.l2 import Dot1Q, Ether

import netsite
import pins
from netsite import CORE, DAHUA, HIKVISION, LAPTOP, run, wait_until

CAPTURE_UNTIL = 2  # enum lc_switch
Row = collections.namedtuple("Row", "port time length captured direction comment")
FIELDS = ("frame.interface_name", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.packet_flags_direction",
          "frame.comment")
INBOUND, OUTBOUND = "0x00000001", "0x00000002"


@pytest.fixture(scope="module")
def site():
    """cam1 is dropped, cam2 mirrored; both directions are judged, on all ports but the core server's."""
    made = netsite.Site()
    made.in_ns(netsite.SWITCH, "ip", "link", "add", "mon0", "type", "veth", "peer", "name", "mon1")
    for name in ("mon0", "mon1"):
        made.in_ns(netsite.SWITCH, "ip", "link", "set", name, "up")
    made.configure(
        zones=[{"name": "core", "interfaces": ["bridge:br0"], "exclude": ["core"], "mode": "enforce", "direction": "both",
                "actions": ["drop", "mirror", "monitor", "allow"]}], mirror={"interface": "mon0"})
    made.start()
    made.in_ns(netsite.SWITCH, "bridge", "fdb", "add", HIKVISION, "dev", "cam1", "master", "static")  # or it floods what is for it
    assert made.lenscap("flag", DAHUA, "--action", "mirror").returncode == 0
    yield made
    made.close()


def until(site):
    """The deadline in the kernel, 0 = nobody captures."""
    fd = pins.obj_get(site.bpf / "switches", pins.F_RDONLY)
    try:
        return pins.switches(fd)[CAPTURE_UNTIL]
    finally:
        os.close(fd)


class Capturing:
    """A capture running until the end of the block at the latest."""

    def __init__(self, site, *options, stdout=subprocess.PIPE):
        command = ["nsenter", f"--net={site.netns(netsite.SWITCH)}", "--", netsite.BUILD / "lenscap", "capture", "--config",
                   site.config_file, *options]
        self.site, self.before = site, until(site)
        self.process = subprocess.Popen([str(c) for c in command], stdout=stdout, stderr=subprocess.PIPE)

    def __enter__(self):
        wait_until("the capture to begin", lambda: until(self.site) not in (0, self.before) or self.process.poll() is not None)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=netsite.LIMIT)

    def end(self, sig=None):
        """(exit code, standard output, standard error)"""
        if sig:
            self.process.send_signal(sig)
        output, errors = self.process.communicate(timeout=netsite.LIMIT)
        return self.process.returncode, output, errors.decode()


def frame(source=HIKVISION, destination=CORE, size=60, vlan=None):
    """Of no protocol, so that nobody answers."""
    packet = Ether(src=source, dst=destination)
    if vlan:
        packet /= Dot1Q(vlan=vlan)
    packet.lastlayer().type = 0x88b5
    return bytes(packet / bytes(size - len(packet)))


def rows(path):
    text = run("tshark", "-r", path, "-T", "fields", "-E", "separator=|", *(word for f in FIELDS for word in ("-e", f))).stdout
    return [Row(*line.split("|")) for line in text.splitlines()]


def raw_frames(path):
    """The octets of each frame."""
    text = run("tshark", "-r", path, "-T", "jsonraw").stdout
    return [bytes.fromhex(p["_source"]["layers"]["frame_raw"][0]) for p in json.loads(text)]


def interfaces(path):
    """What capinfos says of each interface: name -> its properties."""
    found, name = {}, None
    for line in run("capinfos", path).stdout.splitlines():
        key, _, value = (part.strip() for part in line.partition(" = "))
        if key == "Name":
            name = value
            found[name] = {}
        elif name and value:
            found[name][key] = value
    return found


def dropped(path):
    """Frames lost, by the statistics blocks (type 5, option 5)."""
    data, at, total = path.read_bytes(), 0, 0
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        place = at + 20
        while kind == 5 and place < at + length - 4:
            code, size = struct.unpack_from("=HH", data, place)
            total += struct.unpack_from("=Q", data, place + 4)[0] if code == 5 else 0
            place += 4 + (size + 3) // 4 * 4
        at += length
    return total


def test_file_has_all_of_each_frame(site, tmp_path):
    path = tmp_path / "a.pcapng"
    sent = [frame(size=60), frame(size=1514), frame(size=61, vlan=7)]
    before = time.time()
    with Capturing(site, "-w", path) as capturing:
        site.send("cam1", sent)
        site.send("cam2", [frame(DAHUA, LAPTOP, 99)])
        site.send("laptop", [frame(LAPTOP, HIKVISION, 70), frame(LAPTOP, CORE, 71)])  # the second is of nobody flagged
        site.send("core", [frame(CORE, HIKVISION, 80)])
        wait_until("the last to be counted", lambda: site.totals("cam1").get("stopped_tc"))
        code, output, errors = capturing.end(signal.SIGINT)
    assert (code, errors) == (0, "") and output.decode().split() == ["frames:", "6", "lost:", "0"]
    assert path.stat().st_mode & 0o7777 == 0o600
    found = sorted(rows(path), key=lambda r: int(r.length))
    by_vendor = "; 44:19:b6/24 quarantine from uk-core-network"
    assert [row._replace(time=None) for row in found] == [
        ("cam1", None, "60", "60", INBOUND, "stopped by XDP: drop in zone core" + by_vendor),
        ("cam1", None, "61", "61", INBOUND, "stopped by XDP: drop in zone core" + by_vendor),
        ("laptop", None, "70", "70", INBOUND, "stopped by XDP: drop in zone core" + by_vendor),
        ("cam1", None, "80", "80", OUTBOUND, "stopped by tc: drop in zone core" + by_vendor),
        ("cam2", None, "99", "99", INBOUND, f"mirrored: mirror in zone core; {DAHUA} mirror from local"),
        ("cam1", None, "1514", "1514", INBOUND, "stopped by XDP: drop in zone core" + by_vendor)]
    assert [f for f in raw_frames(path) if f[6:12] == bytes.fromhex(HIKVISION.replace(":", ""))] == sent
    assert all(before - 0.1 < float(row.time) < time.time() and len(row.time.split(".")[1]) == 9 for row in found)
    said = interfaces(path)
    assert {name: one["Number of packets"] for name, one in said.items()} == {"cam1": "4", "cam2": "1", "laptop": "1"}
    assert {one["Time resolution"] for one in said.values()} == {"0x09"}
    assert {one["Capture length"] for one in said.values()} == {"16384"}


def test_snaplen_keeps_the_length(site, tmp_path):
    path = tmp_path / "a.pcapng"
    with Capturing(site, "-w", path, "--snaplen", "64", "-c", "2") as capturing:
        site.send("cam1", [frame(size=1000), frame(size=60), frame(size=500)])
        assert capturing.end()[0] == 0
    assert [(r.length, r.captured) for r in rows(path)] == [("1000", "64"), ("60", "60")]


@pytest.mark.parametrize("options, ports", [
    (("--mac", DAHUA), ["cam2"]), (("--port", "cam1"), ["cam1"]), (("--action", "mirror"), ["cam2"]),
    (("--action", "drop", "--mac", HIKVISION), ["cam1"]), ((), ["cam1", "cam2"])])
def test_filters(site, tmp_path, options, ports):
    path = tmp_path / "a.pcapng"
    with Capturing(site, "-w", path, *options) as capturing:
        before = site.totals("cam2").get("mirrored", 0)
        site.send("cam1", [frame()])
        site.send("cam2", [frame(DAHUA, CORE)])
        wait_until("frames of both", lambda: site.totals("cam2").get("mirrored", 0) > before)
        assert capturing.end(signal.SIGTERM)[0] == 0
    assert sorted({r.port for r in rows(path)}) == ports


def test_hidden_tag_is_put_back(site, tmp_path):
    """tc sees a tag beside the frame, in the kernel's notes; XDP does not."""
    path, plain = tmp_path / "a.pcapng", frame(DAHUA, size=80)
    tagger = site.flood("cam2", "tag", "--vlan", 200)
    with Capturing(site, "-w", path, "-c", "1") as capturing:
        site.send("cam2", [plain])
        assert capturing.end()[0] == 0
    tagger.stop()
    assert raw_frames(path) == [plain[:12] + bytes.fromhex("810000c8") + plain[12:]]
    assert [(r.length, r.captured) for r in rows(path)] == [("84", "84")]


def test_pipe_to_tshark(site):
    """What the manual promises: lenscap capture -w - | tshark -r -"""
    with Capturing(site, "-w", "-", "-c", "3") as capturing:
        with subprocess.Popen(["tshark", "-r", "-"], stdin=capturing.process.stdout, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as tshark:
            site.send("cam1", [frame()] * 3)
            text, _ = tshark.communicate(timeout=30)
        assert capturing.process.wait(netsite.LIMIT) == 0
        assert capturing.process.stderr.read().decode() == "lenscap capture: 3 frames, 0 lost\n"
    assert len(text.splitlines()) == 3 and text.count("0x88b5") == 3


def test_lines_and_json_say_the_same(site):
    with Capturing(site, "-c", "1") as capturing:
        site.send("cam1", [frame(size=77)])
        code, text, errors = capturing.end()
    assert code == 0 and errors == "lenscap capture: 1 frames, 0 lost\n"
    assert f"  cam1 in  from {HIKVISION}  VLAN untagged  77 bytes  stopped by XDP: drop in zone core; 44:19:b6/24" in text.decode()
    with Capturing(site, "-j", "-c", "1") as capturing:
        site.send("cam1", [frame(size=77)])
        code, text, errors = capturing.end()
    first, last = (json.loads(line) for line in text.decode().splitlines())
    assert {**first, "time": None} == {
        "time": None, "port": "cam1", "mac": HIKVISION, "direction": "from", "way": "in", "vlan": "untagged", "bytes": 77,
        "reason": "stopped_xdp", "final": "drop", "zone": "core", "entry": "44:19:b6/24", "action": "quarantine",
        "source": "uk-core-network"}
    assert last == {"frames": 1, "lost": 0}


def test_one_at_a_time(site):
    with Capturing(site) as first:
        second = site.lenscap("capture", "-c", "1")
        assert (second.returncode, second.stderr) == (3, "lenscap capture: somebody captures already; one at a time\n")
        assert first.end(signal.SIGTERM)[0] == 0
    assert until(site) == 0
    with Capturing(site) as third:
        assert third.end(signal.SIGTERM)[0] == 0


def test_killed_it_ends_by_itself(site):
    """The deadline is no more renewed; and the next capture finds everything free."""
    with Capturing(site) as capturing:
        capturing.end(signal.SIGKILL)
    last = until(site)
    assert last
    with Capturing(site, "-c", "1") as capturing:
        wait_until("the deadline to be renewed", lambda: until(site) > last)
        site.send("cam1", [frame()])
        assert capturing.end()[0] == 0
    assert until(site) == 0


def test_for_some_time(site):
    with Capturing(site, "--for", "1s") as capturing:
        assert capturing.end()[0] == 0
    assert until(site) == 0


def test_a_reader_that_goes_ends_it(site):
    with Capturing(site) as capturing:
        capturing.process.stdout.close()
        assert capturing.process.wait(netsite.LIMIT) == 0
    with Capturing(site, "-w", "-") as capturing:
        capturing.process.stdout.close()
        assert capturing.process.wait(netsite.LIMIT) == 0
    assert until(site) == 0


def test_slow_reader_loses_copies_and_nothing_else(site, tmp_path):
    """Nobody reads the pipe during a flood: every frame is stopped all the same, and each is in the file or counted as lost."""
    count = 100000
    arriving = site.capture("core")
    before = site.totals("cam1")["stopped_xdp"]
    with Capturing(site, "-w", "-") as capturing:
        sent = site.flood_frames("cam1", count, "--to", CORE, classes=[f"cam={HIKVISION}+1*1"])
        wait_until("all to be counted", lambda: site.totals("cam1")["stopped_xdp"] - before == sent["cam"])
        path = tmp_path / "a.pcapng"
        reader = subprocess.Popen(["cat"], stdin=capturing.process.stdout, stdout=open(path, "wb"))
        wait_until("what was kept", lambda: path.stat().st_size > 1 << 20)
        capturing.process.send_signal(signal.SIGTERM)
        assert capturing.process.wait(netsite.LIMIT) == 0
        said = capturing.process.stderr.read().decode().split()
        capturing.process.stdout.close()
        assert reader.wait(netsite.LIMIT) == 0
    frames, lost = int(said[2]), int(said[4])
    assert lost > 0 and frames + lost == count == sent["cam"]
    assert len(rows(path)) == frames and dropped(path) == lost
    site.send("cam2", [frame(DAHUA)])
    arriving.until("a frame that passes", lambda f: f[6:12] == bytes.fromhex(DAHUA.replace(":", "")))
    assert arriving.from_mac(HIKVISION) == 0
    arriving.close()


def test_full_pipe_and_no_reader_still_ends(site):
    with Capturing(site, "-w", "-") as capturing:
        site.flood_frames("cam1", 20000, "--to", CORE, classes=[f"cam={HIKVISION}+1*1"])
        capturing.process.send_signal(signal.SIGTERM)
        assert capturing.process.wait(netsite.LIMIT) == 3
        assert "nobody read on, so that its end is cut off" in capturing.process.stderr.read().decode()
    assert until(site) == 0


def test_output_is_a_new_file_or_ones_own(site, tmp_path):
    target, link, fifo, hard, own = (tmp_path / n for n in ("target", "link", "fifo", "hard", "own"))
    target.write_text("keep")
    link.symlink_to(target)
    os.mkfifo(fifo)
    hard.hardlink_to(target)
    others = tmp_path / "others"
    others.write_text("keep")
    os.chown(others, 65534, 65534)
    for path, why in ((link, "is a symbolic link; name the file itself"),
                      (fifo, "is there already and no file of your own; name another"),
                      (hard, "is there already and no file of your own; name another"),
                      (others, "is there already and no file of your own; name another"),
                      (tmp_path, "Is a directory"), (tmp_path / "no/where", "No such file or directory")):
        done = site.lenscap("capture", "-w", path, "-c", "1")
        assert (done.returncode, done.stderr) == (3, f"lenscap capture: {path}: {why}\n")
    assert target.read_text() == others.read_text() == "keep"
    own.write_text("old")
    own.chmod(0o644)
    with Capturing(site, "-w", own, "-c", "1") as capturing:
        site.send("cam1", [frame()])
        assert capturing.end()[0] == 0
    assert own.stat().st_mode & 0o7777 == 0o600 and len(rows(own)) == 1


def test_a_terminal_gets_no_binary(site):
    leader, follower = pty.openpty()
    with Capturing(site, "-w", "-", stdout=follower) as capturing:
        code, _, errors = capturing.end()
    assert code == 2 and "standard output is a terminal" in errors, errors
    assert os.get_blocking(leader)
    os.close(follower)
    os.close(leader)


def test_it_gives_root_up(site):
    with Capturing(site) as capturing:
        def user():
            with open(f"/proc/{capturing.process.pid}/status", encoding="utf-8") as status:
                return next(line.split()[1:] for line in status if line.startswith("Uid:"))
        wanted = run("id", "-u", "lenscap").stdout.strip()
        wait_until("another user", lambda: user() == [wanted] * 4)
        before = until(site)
        wait_until("it to renew the deadline all the same", lambda: until(site) > before)
        assert capturing.end(signal.SIGTERM)[0] == 0
