# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures: a site of one's own for each test, with or without the programs running."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import loaderkit  # noqa: E402
import netsite  # noqa: E402
from daemonsite import DaemonSite  # noqa: E402


def pytest_configure():
    """Told to end, it ends as with Ctrl-C: every site is closed."""
    os.umask(0o022)  # user lenscap reads what tests write
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root: network namespaces, BPF"))


@pytest.fixture
def bare_site():
    """A switch without devices, nothing running, no configuration."""
    site = netsite.Site(devices=False)
    yield site
    site.close()


@pytest.fixture
def site():
    """Switch, two flagged cameras, a laptop, a core server; nothing running, no configuration."""
    site = netsite.Site()
    yield site
    site.close()


@pytest.fixture
def running(site):
    """The same with the default configuration, loader and daemon running, the policy in force."""
    return site.start()


@pytest.fixture
def ports(bare_site):
    """Two ports, p1 and p2, in an enforcing zone; a policy in the snapshot; the loader not yet started."""
    loaderkit.add_port(bare_site, "p1")
    loaderkit.add_port(bare_site, "p2")
    loaderkit.leave_snapshot(bare_site)
    bare_site.configure(zones=[loaderkit.ZONE])
    return bare_site


@pytest.fixture
def daemon():
    """lenscapd alone with maps of its own, not yet started; no configuration."""
    site = DaemonSite()
    site.make_maps()
    yield site
    site.close()
