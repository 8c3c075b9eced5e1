# SPDX-License-Identifier: GPL-2.0-only
"""Other people's programs on the ports, and ports that must go by generic XDP for a while."""
import signal
import time

import netsite
from faults import fault
from netsite import SWITCH, run, wait_until


def load(stage, kind):
    """Another instance of one of ours: it lets everything pass, as it knows no port."""
    pin = stage.folder / "foreign" / kind
    if not pin.exists():
        if not pin.parent.exists():
            pin.parent.mkdir()
            run("mount", "-t", "bpf", "bpf", pin.parent)
            stage.mounts.append(pin.parent)
        run("bpftool", "prog", "load", netsite.BUILD / "bpf" / f"lenscap_{kind}.bpf.o", pin, "type",
            "xdp" if kind == "xdp" else "classifier")
    return pin


def detach_ours(stage):
    """Somebody takes our XDP link off the port; tc stops everything until it is there again."""
    link = stage.bpf / "port" / str(stage.port("moved")["number"]) / "xdp_link"
    return run("bpftool", "link", "detach", "pinned", link, check=False).returncode == 0


@fault("somebody detaches the XDP link")
def detached(stage, _traffic, _random):
    detach_ours(stage)
    wait_until("XDP on the port", lambda: stage.port("moved")["xdp"] in ("native", "generic"), 60)


@fault("a foreign XDP program comes and goes")
def foreign_xdp(stage, _traffic, random):
    pin = load(stage, "xdp")
    for _ in range(20):
        if detach_ours(stage) and stage.in_ns(SWITCH, "bpftool", "net", "attach", "xdpdrv", "pinned", pin, "dev", "moved",
                                              check=False).returncode == 0:
            break
    time.sleep(random.uniform(0, 1))
    stage.modes.add(stage.port("moved")["xdp"])
    stage.in_ns(SWITCH, "ip", "link", "set", "moved", "xdp", "off", check=False)


@fault("a foreign tc filter comes and goes")
def foreign_tc(stage, _traffic, random):
    pin = load(stage, "tc")
    for port in ("steady", "moved"):
        stage.in_ns(SWITCH, "tc", "qdisc", "add", "dev", port, "clsact", check=False)
        for side in ("ingress", "egress"):
            stage.in_ns(SWITCH, "tc", "filter", "add", "dev", port, side, "prio", "7", "bpf", "da", "pinned", pin)
    time.sleep(random.uniform(0, 1))
    for port in ("steady", "moved"):
        stage.in_ns(SWITCH, "tc", "qdisc", "del", "dev", port, "clsact")


@fault("native XDP becomes impossible, then possible again", loses=True)
def generic(stage, _traffic, random):
    """A veth takes native XDP only with as many queues as its peer sends on."""
    stage.loader.process.send_signal(signal.SIGSTOP)  # else it is quicker than the change of queues
    detach_ours(stage)
    stage.in_ns("moved", "ethtool", "-L", "eth0", "tx", "2")
    stage.loader.process.send_signal(signal.SIGCONT)
    wait_until("generic XDP", lambda: stage.port("moved")["xdp"] == "generic", 60)
    stage.modes.add(stage.port("moved")["xdp"])
    stage.in_ns("moved", "ethtool", "-L", "eth0", "tx", "1")
    channels = stage.in_ns("moved", "ethtool", "-l", "eth0").stdout
    stage.in_ns(SWITCH, "ip", "link", "set", "moved", "mtu", random.choice([1400, 1450]))  # that it is tried again
    try:
        wait_until("native XDP", lambda: stage.port("moved")["xdp"] == "native", 150)
    except AssertionError as error:
        raise AssertionError(f"{error}: {stage.port('moved')}\n{channels}") from None
    stage.in_ns(SWITCH, "ip", "link", "set", "moved", "mtu", "1500")
