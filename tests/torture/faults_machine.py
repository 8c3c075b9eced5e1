# SPDX-License-Identifier: GPL-2.0-only
"""What the machine gives out of: disk, memory, descriptors. Only these programs and their own small file systems feel it."""
import signal
import time

from faults import fault
from netsite import run


def meddle(stage, random):
    """Something that needs what is missing."""
    stage.publish(random.randint(0, 3))
    for program in (stage.loader, stage.daemon):
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGHUP)
    time.sleep(random.uniform(0.2, 1.5))


@fault("the disk is full")
def full_disk(stage, _traffic, random):
    fillers = [folder / "filler" for folder in (stage.state / "daemon", stage.log)]
    for filler in fillers:
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
    if random.random() < 0.4:
        stage.kill("daemon")
        stage.begin_daemon(wait=False)
    meddle(stage, random)
    for filler in fillers:
        filler.unlink()
    stage.revive()
    stage.publish()


def limit(stage, name, *limits):
    """Soft limits of a running program, by its own user: more rights than that are not needed."""
    become = ["setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--clear-groups", "--"] if name == "daemon" else []
    run(*become, "prlimit", "--pid", getattr(stage, name).pid, *limits, check=False)


def limited(stage, random, what):
    names = random.choice([["loader"], ["daemon"], ["loader", "daemon"]])
    for name in names:
        limit(stage, name, what)
    meddle(stage, random)
    for name in names:
        limit(stage, name, "--as=unlimited:", "--nofile=1024:")
    stage.revive()
    stage.publish()


@fault("memory is limited to what is in use")
def no_memory(stage, _traffic, random):
    limited(stage, random, f"--as={random.choice([1, 20, 40]) << 20}:")


@fault("descriptors are limited to those in use")
def no_descriptors(stage, _traffic, random):
    limited(stage, random, f"--nofile={random.choice([1, 10, 25])}:")
