# SPDX-License-Identifier: GPL-2.0-only
"""Where the programs and the vendor lists under test are, the users they need, and how to run a command."""
import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, check=True, timeout=60, **kwargs):
    """Run a command; its output belongs to the error message."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def ensure_users():
    """The system user and groups that installation makes; they may stay."""
    for group in ("lenscap", "lenscap-policy"):
        run("groupadd", "-rf", group)
    if run("getent", "passwd", "lenscap", check=False).returncode != 0:
        run("useradd", "-r", "-M", "-g", "lenscap", "-G", "lenscap-policy", "-d", "/nonexistent",
            "-s", "/usr/sbin/nologin", "lenscap", check=False)
    run("getent", "passwd", "lenscap")


def for_everybody(build, data):
    """Both folders, or copies of them when user lenscap may not read these (a clone in /root, umask 077)."""
    if os.geteuid() != 0 or not build.is_dir():
        return build, data
    ensure_users()
    become = ["setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--clear-groups", "--"]
    if all(run(*become, "test", "-r", name, check=False).returncode == 0 for name in (build / "lenscapd", data)):
        return build, data
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"lccopy{os.getpid()}n"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(build, folder / "build", ignore=shutil.ignore_patterns("vm", "san"))  # with times: make installs from it
    shutil.copytree(data, folder / "data")
    run("chmod", "-R", "a+rX", folder)
    return folder / "build", folder / "data"


BUILD, DATA = for_everybody(pathlib.Path(os.environ.get("LENSCAP_BUILD", ROOT / "build")).resolve(), ROOT / "data")
