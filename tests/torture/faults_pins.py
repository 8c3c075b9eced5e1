# SPDX-License-Identifier: GPL-2.0-only
"""The pins, and the ABI they say they are of."""
import os
import time

import pins
from faults import fault
from netsite import run, wait_until


def pinned(stage):
    return {path for path in stage.bpf.rglob("*") if not path.name.endswith((".debug", "_next"))}


@fault("pins are deleted by hand while the loader lives")
def deleted(stage, _traffic, random):
    before = pinned(stage)
    files = sorted(path for path in before if not path.is_dir())
    gone = random.sample(files, random.randint(1, len(files)))
    for path in gone:
        path.unlink(missing_ok=True)
    try:
        wait_until("the pins to be there again", lambda: before <= pinned(stage), 60)
    except AssertionError:
        raise AssertionError(f"not pinned again: {before - pinned(stage)}\n{stage.loader.text()[-1500:]}") from None


@fault("the file system of the pins is read-only for a while")
def read_only(stage, _traffic, random):
    run("mount", "-o", "remount,ro", stage.bpf)
    try:
        what = random.choice(["reload", "restart", "port", "feed"])
        if what == "reload":
            stage.loader.process.send_signal(1)
        elif what == "restart":
            stage.kill("loader")
            stage.begin_loader(wait=False)
        elif what == "feed":
            stage.publish()
        time.sleep(random.uniform(0.2, 2))
    finally:
        run("mount", "-o", "remount,rw,mode=0750", stage.bpf)
        run("chown", "root:lenscap", stage.bpf)
    stage.revive()


def say_abi(stage, pin, size, abi):
    fd = pins.obj_get(stage.bpf / pin)
    pins.update(fd, bytes(4), abi.to_bytes(4, "little") + pins.lookup(fd, bytes(4), size)[4:])
    os.close(fd)


@fault("what is pinned is of another ABI: all is made anew")
def other_abi(stage, _traffic, random):
    """An older ABI's words are read from its maps. What cannot be read comes from lenscapd's snapshot: that is up to a second
    behind, so lenscapd ends in order there, as in a downgrade."""
    abi = random.choice([1, 99])
    stage.kill("loader", random.choice([9, 15]))
    stage.kill("daemon", random.choice([9, 15]) if abi == 1 else 15)
    say_abi(stage, "control", 40, abi)
    say_abi(stage, "policy_head", 64, abi)
    stage.begin_loader(wait=random.random() < 0.7)
    stage.begin_daemon(wait=False)
