# SPDX-License-Identifier: GPL-2.0-only
"""The command line of the loader, and what --check says without changing anything."""
import pathlib
import re

import pytest

import loaderkit as kit
import netsite
from netsite import SWITCH, run


@pytest.fixture
def described(bare_site):
    kit.add_port(bare_site, "p1")
    kit.add_port(bare_site, "x1", bridge="br0")
    return bare_site


def check(site, **changes):
    site.configure(**changes)
    before = (kit.net(site), sorted(str(p) for p in site.folder.rglob("*")))
    done = kit.loader(site, "--check", check=False)
    assert (kit.net(site), sorted(str(p) for p in site.folder.rglob("*"))) == before
    return done


def test_check_shows_what_would_be(described):
    done = check(described, zones=[{**kit.ZONE, "vlans": ["untagged", "5-9"]},
                                   {"name": "lan", "interfaces": ["bridge:br0"], "direction": "both"}])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "p1: zone core (VLANs untagged,5-9, enforce); VLANs are judged in tc (a veth device hides tags)",
        "x1: zone lan (VLANs any, dry-run, both directions)"]


@pytest.mark.parametrize("interfaces, said", [
    (["br0"], 'br0 is a bridge and has no XDP of its own: write "bridge:br0" in place of it, for all its ports'),
    (["lo"], "lo carries no Ethernet frames: take it out of its zone"),
    (["p9"], 'zone core: no interface matches "p9" now; one that appears is taken'),
    (["bridge:br9"], 'zone core: no interface matches "bridge:br9" now; one that appears is taken'),
])
def test_check_warns(described, interfaces, said):
    done = check(described, zones=[{**kit.ZONE, "interfaces": interfaces}])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"warning: {said}\n"


MIRRORED = {**kit.ZONE, "action": "mirror", "actions": ["mirror"]}


@pytest.mark.parametrize("zone, mirror, said", [
    (MIRRORED, "x1", "x1: mirror port"),
    (MIRRORED, "x9", "warning: mirror port x9 is not there: nothing is copied to it, what is diverted is only dropped"),
    ({**MIRRORED, "interfaces": ["[px]1"]}, "x1", "warning: mirror port x1 is in a zone, where copies would be judged again: "
     "nothing is copied to it, what is diverted is only dropped; name an interface of its own"),
    ({**MIRRORED, "interfaces": ["bridge:br0"]}, "br0", "warning: mirror port br0 leads to a port that is in a zone, so "
     "copies would be in that network: nothing is copied to it, what is diverted is only dropped; name an interface of its "
     "own"),
])
def test_check_of_the_mirror_port(described, zone, mirror, said):
    done = check(described, zones=[zone], mirror={"interface": mirror})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == said


def overlapping(site):
    """p1 is in both zones, which only the interfaces at hand can tell."""
    kit.ip(site, "link", "set", "p1", "master", "br0")
    return [{**kit.ZONE, "interfaces": ["p*"], "action": "monitor", "actions": ["monitor"]},
            {**kit.ZONE, "name": "other", "interfaces": ["bridge:br0"]}]


def test_check_finds_overlaps(described):
    done = check(described, zones=overlapping(described))
    assert done.returncode == 1
    assert done.stderr == ('lenscap-loader: zones core and other both claim p1 for any VLAN, the stricter one has it: '
                           'list it in one of them only, or take the interface out of one with "exclude:"\n')


def test_overlap_that_appears_later_is_enforced_strictly_and_said(described):
    described.configure(zones=overlapping(described))
    kit.ip(described, "link", "set", "p1", "nomaster")
    kit.leave_snapshot(described)
    described.loader = described.start_loader()
    assert not described.port_state("p1")["warnings"]
    assert kit.counted(described, "p1") == {"monitored": 3}
    kit.ip(described, "link", "set", "p1", "master", "br0")
    port = kit.wait_port(described, "p1", "in two zones", lambda p: len(p["zones"]) == 2)
    assert any("zones core and other both claim p1" in w for w in port["warnings"])
    assert kit.counted(described, "p1") == {"stopped_xdp": 3}


def test_check_of_a_broken_file(described):
    described.write_config("zones: [{name: core, interfaces: [p1], colour: red}]\n")
    done = kit.loader(described, "--check", check=False)
    assert done.returncode == 1
    assert re.match(rf"lenscap-loader: {re.escape(str(described.config_file))}:1:\d+: .*colour", done.stderr)


def test_check_without_rights(described):
    described.configure(zones=[kit.ZONE])
    done = described.in_ns(SWITCH, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                           "--bounding-set", "-all", "--", netsite.BUILD / "lenscap-loader", "--config",
                           described.config_file, "--check", check=False)
    if "Permission denied" in done.stderr:
        pytest.skip("the build folder is not readable for nobody")
    assert (done.returncode, done.stdout) == (0, "p1: zone core (VLANs any, enforce)\n")


@pytest.mark.parametrize("arguments, said", [
    (["--colour"], "unrecognized option '--colour'"),
    (["--tc", "xdp"], "lenscap-loader: --tc xdp: give auto, tcx or clsact"),
    (["start"], "lenscap-loader: start: no argument is taken beside options"),
    (["--check", "--detach"], "lenscap-loader: give one of --check, --detach and --once"),
    (["--config"], "option '--config' requires an argument"),
])
def test_usage_errors(arguments, said):
    done = run(netsite.BUILD / "lenscap-loader", *arguments, check=False)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""
    assert done.stderr.endswith("see lenscap-loader --help\n")


def test_help_and_version():
    shown = run(netsite.BUILD / "lenscap-loader", "--help").stdout
    for option in ("--config", "--last-valid", "--check", "--detach", "--once", "--tc", "--verbose", "--version"):
        assert option in shown
    version = re.search(r"^VERSION := (\S+)", (netsite.ROOT / "Makefile").read_text(encoding="utf-8"), re.M).group(1)
    assert run(netsite.BUILD / "lenscap-loader", "--version").stdout == f"lenscap-loader {version}\n"


@pytest.mark.parametrize("key, name", [("group", "no-such-group"), ("policy-group", "no-such-group"),
                                       ("user", "no-such-user")])
def test_unknown_owners(described, key, name):
    described.configure(zones=[kit.ZONE], **{key: name})
    done = kit.loader(described, check=False)
    assert done.returncode == 3
    assert f"{key}: there is no {'user' if key == 'user' else 'group'} {name}: make it (systemd-sysusers" in done.stderr
    assert kit.net(described)["xdp"] == []


def test_folder_of_somebody_else_is_refused(described):
    described.configure(zones=[kit.ZONE])
    run("chown", "lenscap", described.run / "loader")
    done = kit.loader(described, check=False)
    assert done.returncode == 3 and "it must be root's (chown root" in done.stderr


def test_folder_that_is_a_link_is_refused(described):
    described.configure(zones=[kit.ZONE])
    (described.run / "loader").rmdir()
    (described.folder / "trap").mkdir()
    (described.run / "loader").symlink_to(described.folder / "trap")
    done = kit.loader(described, check=False)
    assert done.returncode == 3 and "it must be a folder of root's" in done.stderr
    assert list((described.folder / "trap").iterdir()) == []


def test_no_internet_socket_is_opened(described):
    kit.leave_snapshot(described)
    described.configure(zones=[kit.ZONE])
    trace = described.folder / "trace"
    if not pathlib.Path("/usr/bin/strace").exists():
        pytest.skip("strace is not installed")
    described.in_ns(SWITCH, "strace", "-f", "-E", "ASAN_OPTIONS=detect_leaks=0", "-e", "trace=socket", "-o", trace,
                    netsite.BUILD / "lenscap-loader", "--config", described.config_file, "--once")
    families = set(re.findall(r"socket\((\w+)", trace.read_text(encoding="utf-8")))
    assert "AF_NETLINK" in families and families <= {"AF_NETLINK", "AF_UNIX"}
