# SPDX-License-Identifier: GPL-2.0-only
"""What is installed: every file in its place and right, units that systemd understands, and folders as designed."""
import configparser
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import netsite

ROOT = netsite.ROOT
UNITS = ["lenscapd.service", "lenscap-loader.service", "run-lenscap-bpf.mount", "lenscapd-fetch.service", "lenscapd-fetch.socket"]
LISTS = ["uk-core-network", "ndaa-889-video", "entity-list-video", "ndaa-889-telecom"]
PUBLIC_KEY = "RWQSEYlE5Un5/UKZl+3eaXj0kXWPe8LZBUdYVGCv+i5fdjzFJrcrX6EQ"  # its secret key was thrown away
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there")


def make(target, destination, *variables):
    build = os.path.relpath(netsite.BUILD, ROOT)  # make takes no name with a space
    return netsite.run("make", "-s", "-C", ROOT, f"O={build}", target, f"DESTDIR={destination}", *variables)


def files_below(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    destination = tmp_path_factory.mktemp("lcdist")
    make("install", destination)
    return destination


def unit(installed, name):
    """A unit as {section: {key: value}}; of keys given several times, values joined by a space."""
    parser = configparser.RawConfigParser(strict=False, dict_type=dict, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str
    sections, section = {}, None
    for line in (installed / "lib/systemd/system" / name).read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            section[key] = f"{section[key]} {value}" if key in section else value
    return sections


def test_everything_is_installed_with_its_mode(installed):
    expected = {
        "usr/bin/lenscap": 0o755, "usr/sbin/lenscapd": 0o755, "usr/sbin/lenscap-loader": 0o755,
        "usr/lib/sysusers.d/lenscap.conf": 0o644, "usr/lib/tmpfiles.d/lenscap.conf": 0o644,
        "etc/logrotate.d/lenscap": 0o644, "etc/lenscap/lenscap.yaml": 0o644,
        "usr/share/lenscap/names.yaml": 0o644,
        "usr/share/man/man1/lenscap.1": 0o644, "usr/share/man/man8/lenscapd.8": 0o644,
        "usr/share/man/man8/lenscap-loader.8": 0o644, "usr/share/man/man5/lenscap.yaml.5": 0o644,
        "usr/share/man/man5/lenscap-feed.5": 0o644, "usr/share/man/man5/lenscap-vendor-list.5": 0o644,
    }
    expected |= {f"lib/systemd/system/{name}": 0o644 for name in UNITS}
    expected |= {f"usr/share/lenscap/{name}.jsonl": 0o644 for name in LISTS}
    expected |= {f"usr/share/lenscap/lists/{name}.yaml": 0o644 for name in LISTS}
    for name, mode in expected.items():
        assert stat.S_IMODE((installed / name).stat().st_mode) == mode, name
    assert "@" not in (installed / "lib/systemd/system/lenscapd.service").read_text().replace("@system-service", "") \
        .replace("~@", "").replace(" @", "")


def test_uninstall_leaves_only_what_people_wrote(tmp_path):
    make("install", tmp_path)
    config = tmp_path / "etc/lenscap/lenscap.yaml"
    config.write_text("# mine\n")
    make("install", tmp_path)
    assert config.read_text() == "# mine\n"
    make("uninstall", tmp_path)
    assert files_below(tmp_path) == {"etc/lenscap/lenscap.yaml"}


def test_prefix_moves_programs_and_units_follow(tmp_path):
    make("install", tmp_path, "PREFIX=/opt/lenscap")
    assert os.access(tmp_path / "opt/lenscap/sbin/lenscapd", os.X_OK)
    assert unit(tmp_path, "lenscapd.service")["Service"]["ExecStart"].split()[0] == "/opt/lenscap/sbin/lenscapd"
    assert unit(tmp_path, "lenscapd-fetch.service")["Service"]["ExecStart"] == "/opt/lenscap/sbin/lenscapd --fetch"
    assert unit(tmp_path, "lenscap-loader.service")["Service"]["ExecStart"] == "/opt/lenscap/sbin/lenscap-loader"


def test_installed_configuration_is_valid_and_attaches_to_nothing(installed):
    config = installed / "etc/lenscap/lenscap.yaml"
    done = netsite.run(netsite.BUILD / "lenscap", "check", "--config", config, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = installed.parent / "broken.yaml"
    broken.write_text(config.read_text() + "zone: []\n")
    assert netsite.run(netsite.BUILD / "lenscap", "check", "--config", broken, check=False).returncode != 0
    assert not re.search(r"^zones:", config.read_text(), re.MULTILINE)


def test_the_commented_zone_is_valid_too(installed, tmp_path):
    text = (installed / "etc/lenscap/lenscap.yaml").read_text()
    start = text.index("# zones:")
    config = tmp_path / "lenscap.yaml"
    shown = re.sub(r"^# ?", "", text[start:], flags=re.MULTILINE)
    assert "[RW...]" in shown  # for people to put their publisher's in: check refuses it
    config.write_text(text[:start] + shown.replace("RW...", PUBLIC_KEY))
    assert "mode: dry-run" in config.read_text()
    done = netsite.run(netsite.BUILD / "lenscap", "check", "--config", config, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- Units ----
@needs_systemd
def test_systemd_understands_every_line(installed, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(installed, root)
    system = pathlib.Path("/lib/systemd/system")
    for name in ("sysinit", "basic", "network-pre", "network", "sockets", "nss-lookup", "shutdown", "umount", "multi-user", "local-fs"):
        shutil.copy(system / f"{name}.target", root / "lib/systemd/system")
    (root / "bin").mkdir()
    shutil.copy("/bin/kill", root / "bin")
    command = ["systemd-analyze", "verify", f"--root={root}", "--man=no"]
    done = netsite.run(*command, *UNITS, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    broken = root / "lib/systemd/system/lenscapd.service"
    broken.write_text(broken.read_text().replace("[Service]", "[Service]\nProtectEverything=yes"))
    assert "ProtectEverything" in netsite.run(*command, "lenscapd.service", check=False).stderr


@needs_systemd
@pytest.mark.parametrize("name,most", [("lenscapd.service", 1.5), ("lenscap-loader.service", 1.8), ("lenscapd-fetch.service", 1.8)])
def test_exposure_stays_low(installed, name, most):
    done = netsite.run("systemd-analyze", "security", "--offline=true", f"--root={installed}", "--no-pager", name,
                       check=False)
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)[1])
    print(name, exposure)
    assert 0 < exposure <= most


def test_services_start_before_the_network_and_depend_on_nothing_behind_it(installed):
    for name in UNITS[:2]:
        section = unit(installed, name)["Unit"]
        assert section["DefaultDependencies"] == "no"
        assert "network-pre.target" in section["Before"].split()
        assert "network-pre.target" in section["Wants"].split()
        assert not {"basic.target", "sysinit.target", "network.target"} & set(section["After"].split())
    assert "lenscap-loader.service" in unit(installed, "lenscapd.service")["Unit"]["After"].split()


def test_only_lenscapd_may_ask_for_a_fetch(installed):
    socket = unit(installed, "lenscapd-fetch.socket")["Socket"]
    daemon = unit(installed, "lenscapd.service")
    assert (socket["SocketUser"], socket["SocketMode"]) == ("lenscap", "0600")
    assert daemon["Service"]["ExecStart"].endswith(f" --fetch-socket {socket['ListenSequentialPacket']}")
    assert "lenscapd-fetch.socket" in daemon["Unit"]["Wants"].split() and "lenscapd-fetch.socket" in daemon["Unit"]["After"].split()


def test_the_bpffs_outlives_shutdowns_first_half(installed):
    mount = unit(installed, "run-lenscap-bpf.mount")
    assert mount["Unit"]["DefaultDependencies"] == "no"
    assert "Conflicts" not in mount["Unit"]
    assert (mount["Mount"]["Where"], mount["Mount"]["Type"]) == ("/run/lenscap/bpf", "bpf")


def test_rights_are_those_of_the_design(installed):
    loader = unit(installed, "lenscap-loader.service")["Service"]
    assert set(loader["CapabilityBoundingSet"].split()) == {"CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"}
    assert loader["User"] == "root" and set(loader["SupplementaryGroups"].split()) == {"lenscap", "lenscap-policy"}
    daemon = unit(installed, "lenscapd.service")["Service"]
    assert daemon["CapabilityBoundingSet"] == "" and daemon["AmbientCapabilities"] == ""
    assert (daemon["User"], daemon["Group"], daemon["SupplementaryGroups"]) == ("lenscap", "lenscap", "lenscap-policy")
    for service in (loader, daemon):
        assert service["NoNewPrivileges"] == "yes" and service["ProtectSystem"] == "strict"
        assert service["Restart"] == "always" and service["ExecReload"].endswith("-HUP $MAINPID")
        assert not {"PrivateBPF", "PrivateNetwork", "PrivateUsers", "ExecStop", "ExecStopPost"} & set(service)
    fetch = unit(installed, "lenscapd-fetch.service")["Service"]
    assert (fetch["User"], fetch["Group"], fetch["CapabilityBoundingSet"]) == ("lenscap", "lenscap", "")
    assert "SupplementaryGroups" not in fetch and "ReadWritePaths" not in fetch and "Restart" not in fetch
    assert set(daemon["RestrictAddressFamilies"].split()) == {"AF_NETLINK", "AF_UNIX"} and daemon["IPAddressDeny"] == "any"
    assert "ProtectClock" not in daemon  # would forbid adjtimex: until would never end


# ---- Accounts and folders ----
def entries(installed, name):
    text = (installed / name).read_text()
    return [line.split(None, 5) for line in text.splitlines() if line and not line.startswith("#")]


def test_nobody_is_a_member_of_the_policy_group(installed):
    kinds = {(e[0], e[1]) for e in entries(installed, "usr/lib/sysusers.d/lenscap.conf")}
    assert kinds == {("g", "lenscap-policy"), ("u", "lenscap")}


@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="systemd-tmpfiles is not there")
def test_folders_have_their_owners(installed, tmp_path):
    netsite.ensure_users()
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    shutil.copytree(installed / "usr/lib/tmpfiles.d", root / "usr/lib/tmpfiles.d")
    netsite.run("systemd-tmpfiles", "--create", f"--root={root}", "lenscap.conf")
    for _, path, mode, user, group, _ in entries(installed, "usr/lib/tmpfiles.d/lenscap.conf"):
        made = root / path.lstrip("/")
        assert (oct(stat.S_IMODE(made.stat().st_mode)), made.owner(), made.group()) == (oct(int(mode, 8)), user, group)
    writable = {p for p in root.rglob("*") if p.is_dir() and p.owner() == "lenscap"}
    assert {str(p.relative_to(root)) for p in writable} == \
        {"run/lenscap/daemon", "var/lib/lenscap/daemon", "var/log/lenscap"}


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not there")
def test_logrotate_takes_the_file(installed):
    done = subprocess.run(["logrotate", "--debug", installed / "etc/logrotate.d/lenscap"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr
    assert "/var/log/lenscap/events.jsonl" in done.stderr
