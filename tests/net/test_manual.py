# SPDX-License-Identifier: GPL-2.0-only
"""The manual says what the programs say of themselves: every command and option, and every key of the configuration."""
import re
import shutil
import subprocess

import pytest

import netsite

MAN = netsite.ROOT / "doc" / "man"
PAGES = sorted(path.name.removesuffix(".scd") for path in MAN.glob("*.scd"))


def page(name):
    """A page's source without its emphasis."""
    return re.sub(r"[*\\]", "", (MAN / f"{name}.scd").read_text())


def help_of(*command):
    return netsite.run(netsite.BUILD / command[0], *command[1:], "--help").stdout


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def commands():
    """The commands that lenscap --help shows: words, then arguments in capitals."""
    block = help_of("lenscap").split("Commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  ((?:[a-z]+ ?)+?)(?: +[A-Z\[]| {2,})", line)[1].strip() for line in block.splitlines()]


def section_of(text, command):
    """What the page says under a command."""
    match = re.search(rf"^{command}(?: _.*| \[_.*)?\n((?:\t.*\n|\n)+)", text, re.MULTILINE)
    return match and match[1]


def test_there_are_commands_to_look_for():
    assert {"status", "flag", "bypass on", "vendor compile"} <= set(commands())


def test_every_command_and_option_is_explained():
    text = page("lenscap.1")
    everywhere = options_in(help_of("lenscap"))
    for command in commands():
        section = section_of(text, command)
        assert section, f"lenscap.1 has nothing of: {command}"
        offered = options_in(help_of("lenscap", *command.split())) - everywhere
        assert offered == options_in(section), command


def test_every_explained_command_exists():
    named = re.findall(r"^([a-z]+(?: [a-z]+)?)(?: _[A-Z].*| \[_.*)?\n\t", page("lenscap.1"), re.MULTILINE)
    assert len(named) > 10
    assert set(named) <= set(commands())


@pytest.mark.parametrize("program", ["lenscapd", "lenscap-loader"])
def test_options_of_the_services_are_explained(program):
    assert options_in(help_of(program)) - {"--help", "--version"} == options_in(
        page(f"{program}.8").split("# OPTIONS")[1].split("\n# ")[0]) - {"--help", "--version"}


def test_every_key_of_the_configuration_is_explained():
    """Keys are those of the schema's tables; what is refused as belonging to later versions stands under LATER."""
    schema = (netsite.ROOT / "userspace/lib/config_schema.c").read_text()
    text = page("lenscap.yaml.5")
    keys = set(re.findall(r'^\t\{"([a-z-]+)", FIELD_', schema, re.MULTILINE))
    later = set(re.findall(r'^\tLATER\("([a-z-]+)"\)', schema, re.MULTILINE))
    assert len(keys) > 30 and later
    explained, coming = text.split("# LATER")
    for key in keys - {"policy", "zones", "mirror", "feeds", "paths"}:
        assert re.search(rf"(?:^|[ .(\[])\b{key}\b", explained, re.MULTILINE), key
    for key in later:
        assert re.search(rf"\b{key}\b", coming), key


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_clean(name, tmp_path):
    done = subprocess.run(["scdoc"], input=(MAN / f"{name}.scd").read_bytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    made = tmp_path / name
    made.write_bytes(done.stdout)
    if not shutil.which("man"):
        pytest.skip("man is not there")
    done = netsite.run("man", "--warnings", "-l", made)
    assert done.stderr == "" and len(done.stdout) > 500


@pytest.mark.parametrize("name", PAGES)
def test_pages_name_pages_that_exist(name):
    named = set(re.findall(r"\b(lenscap[a-z.-]*)\((\d)\)", page(name)))
    assert named
    assert {f"{word}.{section}" for word, section in named} <= set(PAGES)


def test_programs_name_pages_that_exist():
    named = set()
    for source in [*netsite.ROOT.glob("userspace/*/*.c"), *netsite.ROOT.glob("loader/*.c"), *netsite.ROOT.glob("dist/*")]:
        named |= set(re.findall(r"\b(lenscap[a-z.-]*)\((\d)\)", source.read_text()))
    assert named
    assert {f"{word}.{section}" for word, section in named} <= set(PAGES)
