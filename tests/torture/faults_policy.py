# SPDX-License-Identifier: GPL-2.0-only
"""The feed and the overrides: replaced, damaged, emptied, signed by a stranger, taken away, flipped."""
import time

import netsite
import stage as stages
from faults import fault
from traffic import PORTS, STOPS


def settle(random):
    """Time for lenscapd to see it, or not."""
    time.sleep(random.uniform(0, 1.5))


@fault("the feed is replaced several times")
def replaced(stage, _traffic, random):
    for _ in range(random.randint(1, 5)):
        stage.publish(random.randint(0, 6))
        time.sleep(random.uniform(0, 0.3))


@fault("the feed goes on by deltas, also while lenscapd is killed")
def deltas(stage, _traffic, random):
    for _ in range(random.randint(2, 5)):
        netsite.wait_until("the feed's latest serial", lambda: stage.safely(stage.taken) is True, 60)
        stage.publish_delta(random.randint(1, 6))
        if random.random() < 0.5:
            time.sleep(random.uniform(0, 0.3))
            stage.kill("daemon")
            stage.begin_daemon(wait=False)
    if random.random() < 0.5:
        stage.publish()


@fault("the feed is damaged")
def damaged(stage, _traffic, random):
    text = bytearray(stage.feed(3).encode())
    for _ in range(random.randint(1, 40)):
        text[random.randrange(len(text))] = random.randrange(256)
    path = stage.feed_path("auditor.jsonl")
    path.write_bytes(bytes(text[:random.choice([len(text), len(text) // 2])]))
    settle(random)
    stage.publish()


@fault("the feed is empty, or its list is")
def emptied(stage, _traffic, random):
    stage.serial += 1
    if random.random() < 0.5:
        stage.feed_path("auditor.jsonl").write_bytes(b"")
    else:
        stage.write_feed(stages.feed_text("auditor", stage.serial, [], expires=stages.rfc3339(time.time() + 1e8)))
    settle(random)
    stage.publish()


@fault("the feed is signed by a stranger")
def strange(stage, _traffic, random):
    stage.write_feed(stages.feed_text("auditor", stage.serial + 5, ["02:00:00:09:00:01"],
                                      expires=stages.rfc3339(time.time() + 1e8)), "stranger")
    settle(random)
    stage.publish()


@fault("the feed and its signature are deleted")
def deleted(stage, _traffic, random):
    path = stage.feed_path("auditor.jsonl")
    path.unlink()
    if random.random() < 0.5:
        path.with_name(path.name + ".minisig").unlink()
    settle(random)
    stage.publish()


@fault("an older feed comes back")
def older(stage, _traffic, random):
    serial, stage.serial = stage.serial, 0
    stage.publish()
    stage.serial = serial
    settle(random)
    stage.publish()


@fault("overrides are flipped")
def flipped(stage, traffic, random):
    """What is acknowledged is true: flagged, no frame arrives; unflagged, they do. It shows that the receiver would see one."""
    for _ in range(random.randint(1, 3)):
        done = stage.lenscap("flag", stages.FLIP, "--reason", "torture", "--action", random.choice(["quarantine", "drop"]))
        assert done.returncode == 0, done.stderr
        traffic.flows("clean")
        before = traffic.received()["flip"]
        traffic.flows("clean")
        assert traffic.received()["flip"] == before, "flagged and acknowledged, but frames arrive"
        done = stage.lenscap("unflag", stages.FLIP)
        assert done.returncode == 0, done.stderr
        before = traffic.received()["flip"]
        netsite.wait_until("frames of what was unflagged", lambda b=before: traffic.received()["flip"] > b, 30)


@fault("bypass is switched on and off, or ends by itself", bypasses=True)
def bypass(stage, traffic, random):
    """All that is stopped else arrives, which shows that the receivers would see it; and then nothing more does."""
    by_itself = random.random() < 0.5
    done = stage.lenscap("bypass", "on", "--for", "2s" if by_itself else "90s")
    assert done.returncode == 0, done.stderr
    traffic.flows(*STOPS, frames=0)
    if random.random() < 0.4:
        stage.kill("loader")
        stage.begin_loader(wait=False)
    if not by_itself:
        done = stage.lenscap("bypass", "off")
        assert done.returncode == 0, done.stderr
        traffic.flows()

    def is_over():
        before = traffic.leaked(*PORTS)
        traffic.flows()
        return traffic.leaked(*PORTS) == before
    if by_itself:
        netsite.wait_until("the bypass to end", is_over, 30)
    assert is_over(), "the bypass is over, but flagged frames arrive"


@fault("more names in the folder of overrides than inotify remembers")
def inotify_overrun(stage, _traffic, random):
    stage.daemon.process.send_signal(19)
    for i in range(random.choice([200, 17000])):
        path = stage.overrides / f".junk{i}"
        path.touch()
        path.unlink()
    stage.publish(2)
    stage.daemon.process.send_signal(18)
