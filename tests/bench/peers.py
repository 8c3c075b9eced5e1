# SPDX-License-Identifier: GPL-2.0-only
"""What users would pick instead, set up to do the same: each returns what it was, or says why it cannot be had here."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from contest import seconds
from places import BUILD, run

XDP_FILTER_MOST = 8192  # what xdp-filter's map is asked to hold; it has room for 10,000
EBTABLES_MOST = 4096  # Debian 12's ebtables makes other addresses of 8,192 than were asked for
BPFFS = pathlib.Path("/sys/fs/bpf")


class Missing(Exception):
    """A peer that this machine does not have, and why."""


def mac(i):
    """The I-th address: as bench_port.c flags them."""
    return f"06:00:{i >> 24:02x}:{i >> 16 & 255:02x}:{i >> 8 & 255:02x}:{i & 255:02x}"


def need(program):
    if not shutil.which(program):
        raise Missing(f"{program} is not installed (scripts/install-packages bench)")


def tried(arena, namespace, *command, **more):
    done = arena.within(namespace, *command, check=False, **more)
    if done.returncode:
        raise Missing(f"{command[0]}: {(done.stderr or done.stdout).strip().splitlines()[0]}")
    return done


def nft(arena, namespace, text):
    """Load a ruleset from a file; returns the seconds it took."""
    need("nft")
    with tempfile.NamedTemporaryFile("w", suffix=".nft") as file:
        file.write(text)
        file.flush()
        return seconds(lambda: tried(arena, namespace, "nft", "-f", file.name))


def set_of(count):
    return "set flagged { type ether_addr; elements = { " + ", ".join(mac(i) for i in range(count)) + " } ; }"


def nft_netdev(arena, namespace, port, count, verdict="drop"):
    return nft(arena, namespace, f"table netdev lenscap_bench_{port} {{\n {set_of(count)}\n chain in {{\n  type filter hook ingress "
               f"device \"{port}\" priority 0;\n  ether saddr @flagged counter {verdict};\n }}\n}}\n")


def nft_bridge(arena, namespace, port, count):
    bridge_of(arena, namespace, port)
    return nft(arena, namespace, f"table bridge lenscap_bench {{\n {set_of(count)}\n chain in {{\n  type filter hook prerouting "
               f"priority 0;\n  ether saddr @flagged counter drop;\n }}\n}}\n")


def bridge_of(arena, namespace, port):
    arena.within(namespace, "ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    arena.within(namespace, "ip", "link", "set", "br0", "up")
    arena.within(namespace, "ip", "link", "set", port, "master", "br0")


def ebtables_among(arena, namespace, port, count):
    need("ebtables-nft")
    bridge_of(arena, namespace, port)
    with tempfile.NamedTemporaryFile("w", suffix=".among") as file:
        file.write(",".join(mac(i) for i in range(count)) + "\n")
        file.flush()
        for chain in ("INPUT", "FORWARD"):
            tried(arena, namespace, "ebtables-nft", "-A", chain, "--among-src-file", file.name, "-j", "DROP")


def tc_u32(arena, namespace, port):
    """One address, since u32 has no sets: even so it is the fastest that tc could be."""
    tried(arena, namespace, "tc", "qdisc", "add", "dev", port, "clsact")
    tried(arena, namespace, "tc", "filter", "add", "dev", port, "ingress", "protocol", "all", "prio", "1", "u32", "match", "u16",
          "0x0600", "0xffff", "at", "-8", "action", "drop")


def tc_mirred(arena, namespace, port, out, how):
    tried(arena, namespace, "tc", "qdisc", "add", "dev", port, "clsact")
    tried(arena, namespace, "tc", "filter", "add", "dev", port, "ingress", "protocol", "all", "prio", "1", "u32", "match", "u16",
          "0x0600", "0xffff", "at", "-8", "action", "mirred", "egress", how, "dev", out)


def xdp_filter(arena, namespace, port, count):
    """Its command takes one address at a time and milliseconds for each: after one, the map is filled with what it wrote."""
    need("xdp-filter")
    if BPFFS.joinpath("xdp-filter").exists():
        raise Missing("xdp-filter is in use on this machine (/sys/fs/bpf/xdp-filter)")
    if not os.path.ismount(BPFFS):
        run("mount", "-t", "bpf", "bpf", BPFFS)
        arena.mounted = BPFFS
    tried(arena, namespace, "xdp-filter", "load", "-m", "native", "-f", "ethernet", port)
    tried(arena, namespace, "xdp-filter", "ether", "-m", "src", mac(0))
    fill_map(BPFFS / "xdp-filter/filter_ethernet", count)


def fill_map(path, count):
    told = json.loads(run("bpftool", "-j", "map", "lookup", "pinned", path, "key", "hex", *mac(0).split(":")).stdout)
    value = " ".join(octet[2:] for octet in told["values"][0]["value"])
    with tempfile.NamedTemporaryFile("w") as file:
        for i in range(1, count):
            file.write(f"map update pinned {path} key hex {' '.join(mac(i).split(':'))} value hex {value}\n")
        file.flush()
        run("bpftool", "batch", "file", file.name, timeout=120)


def xdp_filter_off(arena, namespace, port):
    if shutil.which("xdp-filter"):
        arena.within(namespace, "xdp-filter", "unload", port, check=False)


def lenscap(arena, namespace, port, *options):
    arena.start(namespace, BUILD / "tests/tools/bench_port", *options, port)


def version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 and done.stdout else "is not installed"
