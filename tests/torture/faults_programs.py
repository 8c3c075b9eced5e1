# SPDX-License-Identifier: GPL-2.0-only
"""Programs die, come back, run twice, get signals without end, or are other files."""
import calendar
import shutil
import signal
import time

import netsite
from faults import fault

ZONES = ("core", "renamed")


@fault("the loader is killed and comes back")
def kill_loader(stage, _traffic, random):
    stage.kill("loader", random.choice([9, 9, 15, 6]))
    time.sleep(random.uniform(0, 0.3))
    stage.begin_loader()


@fault("lenscapd is killed and comes back")
def kill_daemon(stage, _traffic, random):
    stage.kill("daemon", random.choice([9, 9, 15, 6]))
    time.sleep(random.uniform(0, 0.3))
    stage.begin_daemon()


@fault("both are killed while they start, again and again")
def kill_starting(stage, _traffic, random):
    for _ in range(random.randint(2, 5)):
        for name, begin in (("loader", stage.begin_loader), ("daemon", stage.begin_daemon)):
            stage.kill(name)
            begin(wait=False)
            time.sleep(random.uniform(0, 0.15))
    for name, begin in (("loader", stage.begin_loader), ("daemon", stage.begin_daemon)):
        stage.kill(name)
        begin()


@fault("the command line is killed in the middle of a change")
def kill_command(stage, _traffic, random):
    for _ in range(3):
        words = random.choice([["flag", "02:00:00:03:00:00/44", "--reason", "torture"], ["unflag", "02:00:00:03:00:00/44"],
                               ["status"], ["reload"], ["devices"]])
        program = stage.program("lenscap", ["nsenter", f"--net={stage.netns(netsite.SWITCH)}", "--",
                                            stage.build / "lenscap", *words, "--config", stage.config_file], wait=False)
        time.sleep(random.uniform(0, 0.12))
        program.close()
        stage.forget(program)


@fault("a second loader is started, and one that shall detach")
def second_loader(stage, _traffic, _random):
    for options in ((), ("--detach",)):
        second = stage.start_loader(*options, wait=False)
        assert second.process.wait(netsite.LIMIT * 3) == 3, "a second loader was not refused"
        stage.forget(second)


@fault("a storm of reloads, also with a broken configuration")
def reloads(stage, _traffic, random):
    """Other zones and permitted addresses are other programs, other copies another mirror port."""
    for i in range(random.randint(20, 60)):
        if i % 7 == 3:
            stage.write_config("zones: [{name: core, colour: red}]\n")
        elif i % 7 in (0, 5):
            permits = random.sample(["10.77.0.6", "2001:db8::/64"], random.randint(0, 2))
            stage.configure(zones=stage.zones(random.choice(ZONES), *permits),
                            mirror={"interface": "mon"} | random.choice([{}, {"snaplen": 64}, {"sample": "1/3"}]))
        for program in (stage.loader, stage.daemon):
            program.process.send_signal(signal.SIGHUP)
        time.sleep(random.uniform(0, 0.02))
    stage.configure()
    for program in (stage.loader, stage.daemon):
        program.process.send_signal(signal.SIGHUP)


@fault("upgrade to other files of the same ABI, and back")
def other_files(stage, _traffic, random):
    folder = stage.folder / f"build{random.randint(0, 1)}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name in ("lenscap-loader", "lenscapd", "lenscap"):
        (folder / name).unlink(missing_ok=True)
        shutil.copy(netsite.BUILD / name, folder / name)
    stage.build = folder if stage.build == netsite.BUILD else netsite.BUILD
    order = [("loader", stage.begin_loader), ("daemon", stage.begin_daemon)]
    random.shuffle(order)
    for name, begin in order:
        stage.kill(name, 15)
        begin()


@fault("a program is stopped for a while and goes on")
def frozen_program(stage, _traffic, random):
    program = random.choice([stage.loader, stage.daemon])
    program.process.send_signal(signal.SIGSTOP)
    stage.publish(random.randint(0, 5))
    time.sleep(random.uniform(0.1, 1))
    program.process.send_signal(signal.SIGCONT)


@fault("lenscapd's clock jumps, and jumps back")
def clock(stage, _traffic, random):
    """The time of day as lenscapd sees it; nobody else's, and not the kernel's."""
    stage.kill("daemon", 15)
    stage.begin_daemon_at(random.choice(["+1h", "-1h", "+370d", "-370d"]))
    said = calendar.timegm(time.strptime(stage.daemon_state()["updated"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert abs(said - time.time()) > 1800, "its clock did not jump"
    stage.publish(random.randint(0, 4))
    time.sleep(random.uniform(0.2, 1.5))
    stage.kill("daemon", random.choice([9, 15]))
    stage.begin_daemon()
