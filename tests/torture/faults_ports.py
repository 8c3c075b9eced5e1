# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces: renamed, moved, resized, replaced; more events than netlink remembers."""
import time

import netsite
from faults import fault
from netsite import SWITCH


def ip(stage, *words, where=SWITCH):
    return stage.in_ns(where, "ip", *words)


@fault("the port is renamed and named back", loses=True)
def renamed(stage, _traffic, random):
    for name, other in (("moved", "other"), ("other", "moved")):
        ip(stage, "link", "set", name, "down")
        ip(stage, "link", "set", name, "name", other)
        ip(stage, "link", "set", other, "up")
        time.sleep(random.uniform(0, 0.5))


@fault("the port's MTU and address change", loses=True)
def resized(stage, _traffic, random):
    for mtu in random.sample([1400, 1280, 2000, 9000], 2) + [1500]:
        ip(stage, "link", "set", "moved", "mtu", mtu)
        time.sleep(random.uniform(0, 0.2))
    ip(stage, "link", "set", "moved", "address", f"02:aa:00:00:01:{random.randrange(256):02x}")


@fault("the port moves to another bridge and back", loses=True)
def other_bridge(stage, _traffic, random):
    for bridge in ("br1", None, "br0"):
        ip(stage, "link", "set", "moved", *(["master", bridge] if bridge else ["nomaster"]))
        time.sleep(random.uniform(0, 0.5))


@fault("the port moves to another namespace and back", loses=True)
def other_namespace(stage, _traffic, random):
    ip(stage, "link", "set", "moved", "netns", f"{stage.tag}-away")
    ip(stage, "link", "set", "moved", "up", where="away")
    time.sleep(random.uniform(0, 1))
    ip(stage, "link", "set", "moved", "netns", f"/proc/{stage.loader.pid}/ns/net", where="away")
    ip(stage, "link", "set", "moved", "master", "br0", "up")
    stage.keep_receiving("moved")


@fault("the port goes down and up again and again", loses=True)
def bounced(stage, _traffic, random):
    for _ in range(random.randint(3, 12)):
        ip(stage, "link", "set", "moved", "down")
        ip(stage, "link", "set", "moved", "up")
        time.sleep(random.uniform(0, 0.05))


def replace(stage):
    """The quickest that a port can come back: one process, which forwards as soon as the port is up."""
    batch = (f"link del moved\nlink add moved type veth peer name eth0 address {netsite.DAHUA} netns {stage.tag}-moved\n"
             "link set moved master br0 up\n")
    stage.in_ns(SWITCH, "ip", "-batch", "-", input=batch)
    start = time.monotonic()
    ip(stage, "link", "set", "eth0", "up", where="moved")
    return start


def enforced(stage, number):
    """What the loader that runs now says of the interface that is there now."""
    state = stage.loader_state()
    return state["pid"] == stage.loader.pid and any(
        p["ifindex"] == number and p["enforcing"] and p["egress"] != "none" for p in state["ports"])


@fault("the port is deleted and made anew", loses=True, passes=True)
def made_anew(stage, traffic, random):
    """What nobody can promise: a port that forwards as soon as it exists, before any program heard of it."""
    dead = random.random() < 0.3
    if dead:
        stage.kill("loader")
    traffic.stop("moved")
    before = traffic.leaked("moved")
    start = replace(stage)
    number = stage.index("moved")
    stage.keep_receiving("moved")
    traffic.replug("moved")
    traffic.start("moved")
    if dead:
        traffic.flows("clean2", "to_clean2")
        stage.begin_loader(wait=False)
    netsite.wait_until("the port to be enforced on", lambda: enforced(stage, number), 60)
    gap = time.monotonic() - start
    traffic.flows("clean2", "to_clean2")
    stage.gaps.append((dead, traffic.leaked("moved") - before, gap))
    traffic.flows("clean2", "to_clean2")
    assert traffic.leaked("moved") - before == stage.gaps[-1][1], "flagged frames pass though the port is enforced on"


@fault("more news of interfaces than netlink remembers")
def netlink_overrun(stage, _traffic, random):
    """Each change of an MTU is told of; making and deleting takes the kernel longer."""
    stage.loader.process.send_signal(19)
    count = random.choice([50, 1500])
    stage.in_ns(SWITCH, "ip", "-batch", "-", input="link add junk type bridge\n" + "".join(
        f"link set dev junk mtu {1400 + i % 2}\n" for i in range(count)) + "link del junk\n")
    stage.loader.process.send_signal(18)
