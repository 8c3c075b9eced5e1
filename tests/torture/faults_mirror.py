# SPDX-License-Identifier: GPL-2.0-only
"""The mirror port: taken away, made anew, down, renamed, in the zone. What is diverted never comes back into the network for that."""
import signal
import time

import stage as stages
from faults import fault
from netsite import SWITCH
from faults_ports import ip


@fault("the mirror port is deleted and made anew", copies=True)
def made_anew(stage, traffic, random):
    dead = random.random() < 0.3
    if dead:
        stage.kill("loader")
    ip(stage, "link", "del", "mon")
    time.sleep(random.uniform(0, 1))
    stage.add_port("mon", stages.MIRROR, bridge=None)
    traffic.replug("mon")
    if dead:
        time.sleep(random.uniform(0, 0.5))
        stage.begin_loader(wait=False)


@fault("the mirror port, or the other end of its cable, goes down and up", copies=True)
def down(stage, _traffic, random):
    for _ in range(random.randint(1, 6)):
        where, name = random.choice([(SWITCH, "mon"), ("mon", "eth0")])
        ip(stage, "link", "set", name, "down", where=where)
        time.sleep(random.uniform(0, 0.5))
        ip(stage, "link", "set", name, "up", where=where)


@fault("the mirror port is renamed and named back", copies=True)
def renamed(stage, _traffic, random):
    for name, other in (("mon", "other0"), ("other0", "mon")):
        ip(stage, "link", "set", name, "down")
        ip(stage, "link", "set", name, "name", other)
        ip(stage, "link", "set", other, "up")
        time.sleep(random.uniform(0, 0.5))


@fault("the mirror port becomes a port of the zone, and is taken out again", copies=True)
def in_zone(stage, _traffic, random):
    """A bridge of its own: what goes there is nobody's."""
    ip(stage, "link", "set", "mon", "master", "br1")
    time.sleep(random.uniform(0, 1))
    ip(stage, "link", "set", "mon", "nomaster")


@fault("copies are sampled, limited and cut by a reload")
def sampled(stage, traffic, random):
    change = {"sample": f"1/{random.randint(2, 50)}"} if random.random() < 0.5 else {"rate-limit": random.randint(1, 2000)}
    cut = {"snaplen": 64} if random.random() < 0.5 else {}
    for mirror in ({"interface": "mon"} | change | cut, {"interface": "mon"}):
        stage.configure(mirror=mirror)
        stage.loader.process.send_signal(signal.SIGHUP)
        time.sleep(random.uniform(0, 0.7))
        traffic.flows("mirror", "permitted", "to_permitted")
