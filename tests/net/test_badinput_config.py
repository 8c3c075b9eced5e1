# SPDX-License-Identifier: GPL-2.0-only
"""Each bad configuration given to running programs: refused with its exact complaint, and nothing in force changes."""
import json
import pathlib
import signal

import pytest

import netsite

FOLDER = pathlib.Path(__file__).parent.parent / "badinput" / "config"
CASES = [line.split("\t") for line in (FOLDER / "table").read_text().splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def site():
    """One site for all cases, with the built-in list in force."""
    site = netsite.Site(devices=False)
    site.add_host("cam1", netsite.HIKVISION, "10.77.0.1")
    yield site.start()
    site.close()


def in_force(site):
    """What must stay: the policy's digest and, for both programs, the configuration in use."""
    daemon, loader = site.daemon_state(), site.loader_state()
    return daemon["policy"]["digest"], daemon["config"]["sha256"], loader["config"]["sha256"]


def put(site, data):
    aside = site.config_file.with_suffix(".new")
    aside.write_bytes(data)
    aside.chmod(0o644)
    aside.rename(site.config_file)


@pytest.mark.parametrize("name,complaint", CASES, ids=[name for name, _ in CASES])
def test_refused_and_nothing_changes(site, name, complaint):
    before = in_force(site)
    assert before[0] != "0" * 64
    put(site, (FOLDER / f"{name}.yaml").read_bytes())
    expected = complaint.replace("@", str(site.config_file)).split("|")
    checked = site.lenscap("check", "-j")
    assert checked.returncode == 1
    assert json.loads(checked.stdout)["errors"] == expected
    reloaded = site.lenscap("reload")
    assert reloaded.returncode == 1
    assert reloaded.stderr == f"lenscap reload: nothing was changed: {'; '.join(expected)}\n"
    assert in_force(site) == before


def test_both_programs_refuse_it_too(site):
    """A signal past `lenscap reload`: each keeps what it has and says why."""
    before = in_force(site)
    put(site, b"polcy: 1\n")
    for program, state in ((site.loader, site.loader_state), (site.daemon, site.daemon_state)):
        program.process.send_signal(signal.SIGHUP)
        error = netsite.wait_until("the error in its state", lambda state=state: state()["config"]["error"])
        assert "'polcy' is not a key of the configuration" in error
    assert in_force(site) == before


def test_a_good_one_changes_what_is_in_force(site):
    """The control of all cases above."""
    before = in_force(site)
    site.configure(policy={"capacity": 16384, "clock": "trust"})
    done = site.lenscap("reload")
    assert done.returncode == 0, done.stderr
    assert all(old != new for old, new in zip(before, in_force(site)))


def test_every_file_has_its_row():
    assert sorted(name for name, _ in CASES) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
