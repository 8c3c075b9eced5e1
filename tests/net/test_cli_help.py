# SPDX-License-Identifier: GPL-2.0-only
"""One table of commands: what help says, what the completion offers and what the manual describes are the same."""
import re
import subprocess

import pytest

import netsite

LENSCAP = netsite.BUILD / "lenscap"
COMPLETION = netsite.ROOT / "dist" / "lenscap.bash-completion"
MANUAL = netsite.ROOT / "doc" / "man" / "lenscap.1.scd"
COMMON = {"--json", "--config", "--help", "--version"}


def help_text(*words):
    done = subprocess.run([LENSCAP, *words, "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout


def commands():
    """Names from `lenscap --help`: one or two lower-case words, arguments are in capitals or brackets."""
    block = help_text().split("Commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  ([a-z]+(?: [a-z]+)?)(?: |$)", line[:28].rstrip() + " ").group(1) for line in block.splitlines()]


def options(command):
    own = help_text(*command.split()).split("Options of every command:")[0]
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", own, re.MULTILINE))


def complete(*words):
    """What bash offers behind these words, the last being begun."""
    script = (f'source "{COMPLETION}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lenscap; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", "lenscap", *words], capture_output=True, text=True, timeout=10)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_every_command_of_this_version():
    assert set(commands()) == {
        "status", "check", "reload", "plan", "explain", "list", "devices", "events", "flag", "exempt", "unflag", "bypass",
        "bypass on", "bypass off", "capture", "feed list", "feed accept", "feed reset", "feed verify", "vendor list", "vendor show",
        "vendor compile", "doctor"}


def test_completion_offers_the_commands():
    assert complete("") == {name.split()[0] for name in commands()}
    for first in ("bypass", "feed", "vendor"):
        assert complete(first, "") == {name.split()[1] for name in commands() if name.startswith(first + " ")}
    assert complete("sta") == {"status"}


@pytest.mark.parametrize("command", commands() if LENSCAP.exists() else [])
def test_completion_offers_the_options(command):
    assert complete(*command.split(), "--") == options(command) | COMMON


@pytest.mark.parametrize("command", commands() if LENSCAP.exists() else [])
def test_help_of_a_command(command):
    text = help_text(*command.split())
    assert text.startswith(f"Usage: lenscap {command}")
    assert COMMON <= set(re.findall(r"--[a-z-]+", text))


def test_manual_describes_every_command_and_option():
    if not MANUAL.exists():
        pytest.skip("no manual page of lenscap yet")
    manual = MANUAL.read_text().replace("\\", "")
    missing = [name for name in commands() if not re.search(rf"\*?{name}\b", manual)]
    missing += [f"{name} {option}" for name in commands() for option in options(name) if option not in manual]
    assert missing == []
