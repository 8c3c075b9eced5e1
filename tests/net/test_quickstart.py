# SPDX-License-Identifier: GPL-2.0-only
"""scripts/quickstart: the site it shows, and ports of a machine (here a namespace) put in dry-run and taken off again."""
import os
import pathlib
import signal
import subprocess

import pytest

import netsite

QUICKSTART = netsite.ROOT / "scripts" / "quickstart"
ENVIRONMENT = {**os.environ, "LENSCAP_BUILD": str(netsite.BUILD)}


def command_line(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it ended
        return ""


def left_over(tag):
    """Namespaces, mounts and folders whose name carries the tag."""
    mounts = pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    return ([n for n in os.listdir("/run/netns") if tag in n] + [m for m in mounts if tag in m]
            + [str(p) for p in pathlib.Path("/tmp").iterdir() if tag in p.name])


def test_site_shows_what_it_promises_and_leaves_nothing():
    process = subprocess.Popen([QUICKSTART], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    assert left_over(f"lcquick{process.pid}") == []
    before, after = output.split("Starting Lenscap", 1)
    for camera in ("cam1", "cam2"):
        assert f"{camera}        0 frames" not in before
        assert f"{camera}        0 frames reached the core server" in after
    assert "44:19:b6/24 quarantine from uk-core-network" in after
    for said in ("cam1 pings the core server: answered. At the mirror port:", "cam1 does not get through. At the mirror port:",
                 "cam2 pings the recorder: answered. cam2 pings the core server: not answered.", "stopped by XDP: divert in zone core"):
        assert said in after or said.replace("XDP", "tc") in after, said
    assert "At the mirror port: 0 frames" not in after


def test_site_says_when_lenscap_does_not_work(tmp_path):
    """Control: with a loader that attaches nothing it fails, says where, and cleans up all the same."""
    for program in ("lenscap", "lenscapd", "lenscap-loader"):
        (tmp_path / program).symlink_to("/bin/false")
    process = subprocess.Popen([QUICKSTART], env={**os.environ, "LENSCAP_BUILD": str(tmp_path)},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "before: the ports are attached" in errors
    assert left_over(f"lcquick{process.pid}") == []


@pytest.fixture
def machine(bare_site):
    """A namespace with a port on which a camera is; quickstart works in it as on a machine."""
    bare_site.add_host("cam1", netsite.HIKVISION, "10.77.0.1", bridge=None)
    bare_site.in_ns(netsite.SWITCH, "ip", "address", "add", "10.77.0.9/24", "dev", "cam1")
    bare_site.place = bare_site.folder / "quickstart"

    def quickstart(*arguments, build=netsite.BUILD):
        with open(bare_site.folder / "output", "w+", encoding="utf-8") as output:
            code = subprocess.run(["nsenter", f"--net={bare_site.netns(netsite.SWITCH)}", "--", QUICKSTART, *arguments],
                                  env={**os.environ, "LENSCAP_BUILD": str(build),
                                       "LENSCAP_QUICKSTART_DIR": str(bare_site.place), "TMPDIR": str(bare_site.folder)}, stdout=output,
                                  stderr=subprocess.STDOUT, timeout=120, check=False).returncode
            output.seek(0)
            return code, output.read()
    bare_site.quickstart = quickstart
    yield bare_site
    if bare_site.place.exists():
        quickstart("--leave")


def test_ports_of_the_machine_are_in_dry_run_until_left(machine):
    code, output = machine.quickstart("cam1")
    assert code == 0, output
    for words in ("dry-run", "mode: enforce", "scripts/quickstart --leave", "reload --confirm"):
        assert words in output
    assert machine.ping("cam1", "10.77.0.9")
    config = machine.place / "etc" / "lenscap.yaml"

    def cli(*arguments):
        return machine.in_ns(netsite.SWITCH, netsite.BUILD / "lenscap", *arguments, "--config", config, check=False)
    assert "dry-run" in cli("devices").stdout
    assert netsite.HIKVISION in cli("devices").stdout

    config.write_text(config.read_text().replace("mode: dry-run", "mode: enforce"))  # as it told
    assert cli("reload").returncode == 0
    assert not machine.ping("cam1", "10.77.0.9")

    code, output = machine.quickstart("cam1")
    assert (code, "already running" in output) == (1, True)

    code, output = machine.quickstart("--leave")
    assert code == 0, output
    assert machine.ping("cam1", "10.77.0.9")
    assert not machine.place.exists()
    assert "xdp" not in machine.in_ns(netsite.SWITCH, "ip", "link", "show", "cam1").stdout


def test_ports_that_do_not_work_leave_nothing(machine, tmp_path):
    """A loader that attaches nothing: it says so, and neither folder nor mount stays; what others made is not touched."""
    for program in ("lenscap", "lenscapd", "lenscap-loader"):
        (tmp_path / program).symlink_to("/bin/false")
    code, output = machine.quickstart("cam1", build=tmp_path)
    assert (code, "before: the ports are attached" in output) == (1, True), output
    assert not machine.place.exists()
    assert not list(machine.folder.glob("lenscap-quickstart.*"))
    assert str(machine.place) not in pathlib.Path("/proc/mounts").read_text(encoding="utf-8")

    machine.place.mkdir()
    code, output = machine.quickstart("cam1")
    assert (code, "exists already" in output) == (1, True), output
    machine.place.rmdir()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_site_leaves_nothing(sig):
    process = subprocess.Popen([QUICKSTART], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    tag = f"lcquick{process.pid}"
    for line in process.stdout:  # it stands, and its programs run
        if "With Lenscap" in line:
            break
    assert left_over(tag) != []
    os.killpg(process.pid, sig)  # as a terminal does
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert left_over(tag) == []
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if tag in command_line(p)]


@pytest.mark.parametrize("arguments, code, words", [
    (["nosuchport"], 1, "nosuchport: no such interface; see: ip -br link"),
    (["bad/name"], 1, "bad/name: not the name of an interface"),
    (["--leave"], 1, "nothing of the quickstart is running in"),
    (["--wrong"], 2, "Usage:"),
    (["--help"], 0, "Usage:"),
])
def test_bad_arguments(machine, arguments, code, words):
    result, output = machine.quickstart(*arguments)
    assert (result, words in output) == (code, True), output
    assert not machine.place.exists()
