# SPDX-License-Identifier: GPL-2.0-only
"""lenscapd-fetch: lenscapd without any network has its feeds fetched by a service behind a socket. This test is the service
manager: it listens, starts `lenscapd --fetch` with the socket, and starts it again."""
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

import netsite
from daemonsite import DaemonSite, addresses, feed_text, rfc3339
from netsite import run, wait_until
from webserver import RawServer, WebServer

OUTSIDE = "out"  # the namespace that has the server; lenscapd's own has nothing
ANSWER = 856  # bytes of struct fetched


class Service:
    """The socket and what runs behind it."""

    def __init__(self, site):
        self.site = site
        self.path = site.run / "fetch.sock"
        self.process = None
        self.listen()

    def listen(self):
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(self.path))
        shutil.chown(self.path, "lenscap", "lenscap")
        self.path.chmod(0o600)
        self.socket.listen(16)

    def start(self):
        def place():
            os.dup2(self.socket.fileno(), 3, inheritable=True)
        self.output = open(self.site.folder / "fetch.out", "ab+")
        self.process = subprocess.Popen(
            ["nsenter", f"--net={self.site.netns(OUTSIDE)}", "--", "setpriv", "--reuid", "lenscap", "--regid", "lenscap",
             "--clear-groups", "--bounding-set", "-all", "--", "sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" --fetch',
             str(netsite.BUILD / "lenscapd")], preexec_fn=place, pass_fds=(3,), stdout=self.output, stderr=self.output)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(netsite.LIMIT)

    def close(self):
        self.stop()
        self.socket.close()
        self.path.unlink(missing_ok=True)

    def workers(self):
        return run("pgrep", "-P", self.process.pid, check=False).stdout.split()

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.settimeout(netsite.LIMIT)
        client.connect(str(self.path))
        return client


@pytest.fixture(scope="module")
def shared():
    site = DaemonSite()
    site.make_maps()
    site.add_namespace(OUTSIDE)
    site.web = WebServer(site, OUTSIDE)
    for name in ("ours", "stranger"):
        run("minisign", "-G", "-W", "-p", site.folder / f"{name}.pub", "-s", site.folder / f"{name}.key")
    yield site
    site.web.close()
    site.close()


@pytest.fixture
def site(shared):
    shared.service = Service(shared)
    shared.web.put("/auditor.jsonl", feed_text("auditor", 1, addresses(5)))
    yield shared
    shared.service.close()
    shared.forget()


def configure(site, path="/auditor.jsonl", url=None, **options):
    feed = {"name": "auditor", "url": url or site.web.url(path), "every": "1s", "timeout": "4s",
            "ca-file": str(site.web.certificates.ca), **options}
    if "public-keys" not in options:
        feed["unsigned"] = True
    site.configure(policy={"vendor-lists": [], "capacity": 16384, "clock": "trust"}, zones=None, feeds=[feed])


def begin(site):
    site.daemon = site.start_daemon("--fetch-socket", site.service.path)


def in_force(site, serial):
    wait_until(f"serial {serial} in force", lambda: site.source("auditor")["serial"] == serial)


def now(site):
    """Fetch at once instead of when it is time."""
    site.daemon.process.send_signal(signal.SIGHUP)


def accepted_first(site):
    configure(site)
    site.service.start()
    begin(site)
    in_force(site, 1)
    return site.kernel_digest()


def test_lenscapd_needs_no_network(site):
    configure(site)
    site.begin()  # the control: by itself it reaches nothing
    site.refused("auditor", "cannot connect")
    assert site.table() == {}
    site.daemon.stop()
    site.service.start()
    begin(site)
    in_force(site, 1)
    assert len(site.table()) == 5
    site.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    in_force(site, 2)
    status = netsite.pathlib.Path(f"/proc/{site.service.process.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status and "CapBnd:\t0000000000000000" in status
    wait_until("a 304", lambda: site.web.requests(" 304 "))  # what it knows of the server travels there and back


def test_signature_comes_along(site):
    key = (site.folder / "ours.pub").read_text().splitlines()[1]
    text = feed_text("auditor", 3, addresses(4), expires=rfc3339(time.time() + 86400))
    for who in ("stranger", "ours"):
        aside = site.folder / "tosign"
        aside.write_text(text)
        run("minisign", "-S", "-W", "-s", site.folder / f"{who}.key", "-m", aside, "-x", site.folder / f"{who}.minisig")
    site.web.put("/signed.jsonl", text)
    site.web.put("/signed.jsonl.minisig", (site.folder / "stranger.minisig").read_bytes())
    configure(site, "/signed.jsonl", **{"public-keys": [key]})
    site.service.start()
    begin(site)
    site.refused("auditor", "not among the feed's public-keys")
    assert site.table() == {}
    site.web.put("/signed.jsonl.minisig", (site.folder / "ours.minisig").read_bytes())
    now(site)
    in_force(site, 3)


def test_service_that_is_away_and_comes_back(site):
    before = accepted_first(site)
    site.service.close()
    now(site)
    site.refused("auditor", "systemctl start lenscapd-fetch.socket")
    assert site.kernel_digest() == before
    site.service.listen()
    site.service.start()
    site.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    now(site)
    in_force(site, 2)


def silent(site):
    """A server that takes a request and never ends its answer."""
    def header_without_end():
        yield b"HTTP/1.1 200 OK\r\nX: "
        while True:
            time.sleep(0.1)
            yield b"x"
    return RawServer(site, site.web.certificates, 8500, header_without_end, OUTSIDE)


def test_a_worker_that_is_killed_fails_its_feed_alone(site):
    before = accepted_first(site)
    server = silent(site)
    try:
        configure(site, url="https://127.0.0.1:8500/x", timeout="1h")
        now(site)
        wait_until("its request", lambda: server.asked)
        os.kill(int(site.service.workers()[0]), signal.SIGKILL)
        site.refused("auditor", "lenscapd-fetch gave no answer")
        assert site.kernel_digest() == before and site.service.process.poll() is None
    finally:
        server.close()


def test_whoever_asks_for_a_lost_lenscapd_ends(site):
    accepted_first(site)
    server = silent(site)
    try:
        configure(site, url="https://127.0.0.1:8500/x", timeout="1h")
        now(site)
        wait_until("its request", lambda: server.asked)
        assert site.service.workers()
        site.daemon.stop(signal.SIGKILL)
        wait_until("its worker to end", lambda: not site.service.workers())
        assert site.service.process.poll() is None
    finally:
        server.close()
        site.daemon = None


def test_nobody_else_may_ask(site):
    accepted_first(site)
    done = run("setpriv", "--reuid", "nobody", "--regid", "lenscap", "--clear-groups", "--", "/usr/bin/python3", "-c",
               "import socket,sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])", site.service.path,
               check=False)
    assert "PermissionError" in done.stderr
    with site.service.connect() as root:  # root may connect, and is not listened to: no request of its is ever met
        try:
            root.send(b"x" * 100)
            assert root.recv(10) == b""
        except (ConnectionResetError, BrokenPipeError):
            pass


def take_request(site):
    """Be the service once: (the connection, the request's bytes)."""
    site.service.socket.settimeout(netsite.LIMIT)
    caller, _ = site.service.socket.accept()
    return caller, caller.recv(65536)


def test_service_ends_for_another_version_and_is_started_anew(site):
    accepted_first(site)
    site.service.stop()
    now(site)
    caller, request = take_request(site)
    caller.close()
    assert request.startswith(b"0.") and len(request) > 4096
    site.service.start()
    site.daemon.process.send_signal(signal.SIGSTOP)  # it asks for nothing meanwhile
    aside = site.folder / "request"
    aside.write_bytes(b"9" + request[1:])
    run("setpriv", "--reuid", "lenscap", "--regid", "lenscap", "--clear-groups", "--", "/usr/bin/python3", "-c",
        "import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]);"
        "s.send(open(sys.argv[2], 'rb').read()); s.settimeout(10); s.recv(1)", site.service.path, aside)
    assert site.service.process.wait(netsite.LIMIT) == 0
    site.daemon.process.send_signal(signal.SIGCONT)
    site.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    site.service.start()  # as the service manager does for who waits at the socket
    in_force(site, 2)


@pytest.mark.parametrize("answer,words", [
    (b"", "gave no answer"), (b"x", "gave no answer"), (b"\0" * (ANSWER + 1), "gave no answer"),
    (b"\xff" * ANSWER, "answered what no worker says"), (b"\0" * ANSWER, "the file is empty")],
    ids=["none", "short", "long", "ones", "zeros"])
def test_a_service_in_enemy_hands_changes_nothing(site, answer, words):
    before = accepted_first(site)
    site.service.stop()
    site.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    now(site)
    caller, request = take_request(site)
    with caller:
        assert len(request) > 4096
        if answer:
            caller.send(answer)
    reason = site.refused("auditor", words)
    assert reason and site.kernel_digest() == before == site.table_digest()
    site.service.start()  # the control
    now(site)
    in_force(site, 2)


def test_needs_a_socket_and_no_rights(site):
    done = run(netsite.BUILD / "lenscapd", "--fetch", check=False)
    assert done.returncode == 2 and "lenscapd-fetch.socket" in done.stderr

    def place():
        os.dup2(site.service.socket.fileno(), 3, inheritable=True)
    done = subprocess.run(["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" --fetch', str(netsite.BUILD / "lenscapd")],
                          preexec_fn=place, pass_fds=(3,), capture_output=True, text=True, timeout=netsite.LIMIT)
    assert done.returncode == 3 and "capabilities" in done.stderr
