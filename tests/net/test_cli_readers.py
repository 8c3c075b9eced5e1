# SPDX-License-Identifier: GPL-2.0-only
"""Who may look: a plain user of group lenscap sees all that root sees, anybody else nothing, and is told so."""
import json
import shutil

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

import netsite

LOCAL = "02:00:00:00:00:55"
FEED = '{"lenscap":1,"list":"auditor","serial":1,"generated":"2026-11-01T00:00:00Z","count":1}\n' \
       '{"mac":"02:00:00:00:00:77","action":"drop"}\n'
SEEING = ["status", "check", "explain " + LOCAL, "list", "devices", "events", "bypass", "feed list", "plan {feed}",
          "feed verify {feed}", "vendor list", "vendor show uk-core-network", "doctor"]
CHANGING = {"updated", "free_mib", "age", "last"}  # as time passes


@pytest.fixture(scope="module")
def world():
    """Folders with the modes that tmpfiles gives them; a feed, an override, a device that was seen."""
    site = netsite.Site()
    try:
        for folder in (site.state, site.overrides, site.overrides / "accept"):
            shutil.chown(folder, "root", "lenscap")
            folder.chmod(0o750)
        site.feed = site.feed_path("auditor.jsonl")
        site.feed.write_text(FEED)
        site.configure(feeds=[{"name": "auditor", "path": str(site.feed), "max-newly-stopped": 0}])
        site.start()
        assert site.lenscap("flag", LOCAL, "--reason", "by\x1b[31m \u202ehand").returncode == 0
        site.send("cam1", [Ether(src=LOCAL, dst=netsite.CORE) / IP(src="10.77.0.9", dst="10.77.0.4") / UDP()])
        netsite.wait_until("the device's address",
                           lambda: "10.77.0.9" in site.lenscap("devices").stdout)
        yield site
    finally:
        site.close()


def call(site, group, command, *more):
    """As user nobody, of one group besides his own."""
    words = command.format(feed=site.feed).split()
    return site.in_ns(netsite.SWITCH, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--groups", group, "--",
                      netsite.BUILD / "lenscap", "--config", site.config_file, *words, *more, check=False)


def steady(value):
    """Without what changes by itself from one call to the next."""
    if isinstance(value, dict):
        return {key: steady(one) for key, one in value.items() if key not in CHANGING}
    return [steady(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("command", SEEING)
def test_a_member_of_the_group_sees_what_root_sees(world, command):
    mine = call(world, "lenscap", command, "-j")
    roots = world.lenscap(*command.format(feed=world.feed).split(), "-j")
    assert (mine.returncode, mine.stderr) == (roots.returncode, roots.stderr)
    if command != "doctor":  # it judges what its caller may do
        assert steady(json.loads(mine.stdout)) == steady(json.loads(roots.stdout))
    assert call(world, "lenscap", command).returncode == mine.returncode


@pytest.mark.parametrize("command", ["devices", "events", "bypass", "feed list"])
def test_a_stranger_is_refused(world, command):
    done = call(world, "nogroup", command)
    assert (done.returncode, done.stdout.strip()) == (3, "")
    assert "are you root" in done.stderr


@pytest.mark.parametrize("command", ["explain " + LOCAL, "list", "plan {feed}"])
def test_a_stranger_gets_no_half_answer_for_a_whole_one(world, command):
    """What he may read is not all: said, in the exit code too. A member gets 0 and all of it (the control)."""
    done = call(world, "nogroup", command)
    assert done.returncode == 1
    assert "this is not the whole policy; ask root, or as a member of group lenscap" in done.stderr
    assert json.loads(call(world, "nogroup", command, "-j").stdout)["whole"] is False
    assert call(world, "lenscap", command).returncode == 0
    assert json.loads(call(world, "lenscap", command, "-j").stdout)["whole"] is True


@pytest.mark.parametrize("command", SEEING)
def test_no_output_carries_what_a_terminal_obeys(world, command):
    """The reason given to `flag` held an escape and a right-to-left override."""
    for more in ((), ("-j",)):
        done = call(world, "lenscap", command, *more)
        assert not set(done.stdout + done.stderr) & {"\x1b", "\u202e"}
        assert "\\u001b" not in done.stdout and "\\u202e" not in done.stdout.lower()
    if command in ("list", "events"):
        assert "[31m" in call(world, "lenscap", command).stdout
