# SPDX-License-Identifier: GPL-2.0-only
"""lenscap vendor: what it shows, what it makes of registries, and that a newer list is in force by itself."""
import json
import pathlib
import shutil
import tempfile

import pytest

import netsite

HEADER = "Registry,Assignment,Organization Name,Organization Address\r\n"
HIKVISION = 'MA-L,{},"Hangzhou Hikvision Digital Technology Co.,Ltd.","No.555 Qianmo Road, Hangzhou"\r\n'
BAD = netsite.ROOT / "tests" / "badinput" / "registry"


@pytest.fixture
def registry(tmp_path):
    """A folder with registries that know two blocks of Hikvision, one of them not in the lists of 2026-06."""
    folder = tmp_path / "ieee"
    folder.mkdir()
    (folder / "oui.csv").write_text(HEADER + HIKVISION.format("4419B6") + HIKVISION.format("A8A8A8"), newline="")
    for name in ("mam.csv", "oui36.csv"):
        (folder / name).write_text(HEADER, newline="")
    return folder


def vendor(*arguments):
    return netsite.run(netsite.BUILD / "lenscap", "vendor", *arguments, check=False)


@pytest.fixture
def place():
    """A folder that `lenscap`, which reads as user lenscap, can get into."""
    netsite.ensure_users()
    with tempfile.TemporaryDirectory(prefix="lcvendor") as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture
def config(place):
    """A configuration whose lists are a copy of the shipped ones."""
    shutil.copytree(netsite.DATA, place / "data")
    path = place / "lenscap.yaml"
    path.write_text(json.dumps({"policy": {"vendor-lists": ["uk-core-network"]},
                                "paths": {"data": str(place / "data")}}))
    path.chmod(0o644)
    return path


def test_lists_are_shown(config):
    lists = json.loads(vendor("list", "-j", "--config", config).stdout)["lists"]
    shown = {entry["name"]: (entry["entries"], entry["mode"], entry["old"]) for entry in lists}
    assert {name: values[:2] for name, values in shown.items()} == {
        "entity-list-video": (147, "not used"), "ndaa-889-telecom": (2521, "not used"),
        "ndaa-889-video": (143, "not used"), "uk-core-network": (141, "enforce")}
    assert [entry["caution"] for entry in lists if entry["name"] == "ndaa-889-telecom"][0]
    shown = json.loads(vendor("show", "uk-core-network", "-j", "--config", config).stdout)
    assert len(shown["entries"]) == 141 and "24 Nov 2022" in shown["basis"]


def test_a_damaged_list_is_told(config, place):
    (place / "data" / "uk-core-network.jsonl").write_text("{}\n")
    done = vendor("list", "--config", config)
    assert done.returncode == 1 and "damaged" in done.stdout


def test_compile_makes_the_same_files_twice(registry, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        done = vendor("compile", "-j", "--registry", registry, "--sources", netsite.DATA, "--edition", "2026-07-01",
                      "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        made = {entry["name"]: entry["entries"] for entry in json.loads(done.stdout)["lists"]}
        assert made == {"entity-list-video": 2, "ndaa-889-telecom": 0, "ndaa-889-video": 2, "uk-core-network": 2}
        assert "list ndaa-889-telecom has no entry" in done.stderr
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize("path", sorted(BAD.glob("*.csv")), ids=lambda path: path.stem)
def test_a_damaged_registry_changes_nothing(path, registry, config, place):
    shutil.copy(path, registry / "oui.csv")
    before = {p.name: p.read_bytes() for p in (place / "data").glob("*.jsonl")}
    done = vendor("compile", "--registry", registry, "--sources", netsite.DATA, "--edition", "2026-07-01", "--config", config)
    wanted = path.with_suffix(".want").read_text().strip().split(":", 1)[1]
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.strip() == f"lenscap vendor compile: {registry}/oui.csv:{wanted}"
    assert before == {p.name: p.read_bytes() for p in (place / "data").glob("*.jsonl")}


@pytest.mark.parametrize("arguments,code,message", [
    (["nothing"], 3, "/lists/nothing.yaml: No such file or directory; name the folder with names.yaml and lists/, or "
                     "reinstall Lenscap"),
    (["--edition", "yesterday"], 2, "--edition yesterday: not a date; write it like 2026-06-25"),
    (["--registry", "/nonexistent"], 3, "/nonexistent: neither .lastupdate nor a registry is there; name a folder with "
                                        "oui.csv, mam.csv and oui36.csv"),
    (["--out", "/nonexistent"], 3, "/nonexistent/entity-list-video.jsonl: No such file or directory; name a folder you may "
                                   "write with --out"),
])
def test_mistakes_have_a_way_out(registry, config, arguments, code, message):
    registries = [] if "--registry" in arguments else ["--registry", registry]
    done = vendor("compile", "--sources", netsite.DATA, "--config", config, *registries, *arguments)
    assert done.returncode == code
    assert done.stderr.strip().endswith(message)


def test_an_older_registry_replaces_nothing(registry, config, place):
    done = vendor("compile", "--registry", registry, "--sources", netsite.DATA, "--edition", "2022-08-27", "--config", config)
    assert done.returncode == 3
    assert "the list there is of edition 20260625, the registry of 20220827" in done.stderr
    assert (place / "data/uk-core-network.jsonl").read_bytes() == (netsite.DATA / "uk-core-network.jsonl").read_bytes()


def test_a_newer_list_is_in_force_by_itself(site, registry):
    data = site.folder / "data"
    shutil.copytree(netsite.DATA, data)
    config = site.default_config()
    config["paths"]["data"] = str(data)
    site.write_config(json.dumps(config))
    site.start()
    site.add_host("new", "a8:a8:a8:00:00:01", "10.77.0.8")
    assert site.ping("new", "10.77.0.4")
    done = site.lenscap("vendor", "compile", "--registry", registry, "--sources", data, "--edition", "2026-07-01")
    assert done.returncode == 0, done.stderr
    netsite.wait_until("the new block to be stopped", lambda: not site.ping("new", "10.77.0.4"))
    assert site.ping("laptop", "10.77.0.4")
