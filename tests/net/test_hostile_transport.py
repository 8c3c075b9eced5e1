# SPDX-License-Identifier: GPL-2.0-only
"""Hostile deliveries: transport. A real nginx over TLS, raw servers for what nginx would never send, and odd files."""
import gzip
import os

import pytest

import hostile as table
from hostile import Case, Feed, HostileSite
from webserver import RawServer, WebServer

RAW_PORT = 8500
MOST = 100000


def url(path, server="good", **options):
    """A place to fetch from; a feed's name stands for NAME."""
    return {"path": path, "server": server, **options}


def web(name, bad, words, control=None, content=None, **options):
    """A feed by URL: where it comes from while it is hostile, and where for the control. CONTENT: what lies at BAD's path."""
    case = Case(name, lambda f: f.publish(content, bad["path"]), words, options=options)
    case.places = {"first": url("/first/NAME"), "bad": bad, "control": control or url("/control/NAME")}
    return case


def raw(name, answer, words):
    """A server that answers these bytes; the control is the same server with an honest answer."""
    case = Case(name, lambda f: None, words)
    case.places = {"first": url("/first/NAME"), "bad": "raw", "control": "raw"}
    case.answer = answer
    return case


def file(name, bad, words):
    """A feed by path. The control is a regular file put in its place."""
    case = Case(name, bad, words, control=lambda f: f.replace(f.text(1000, f.macs(5))))
    case.places = None
    return case


class WebFeed(Feed):
    def publish(self, content, path):
        if content is not None:
            self.site.web.put(path.replace("NAME", self.name), content(self))

    def deliver_first(self):
        if self.case.places is None:
            return super().deliver_first()
        return self.serve("/first/NAME", self.text(10))

    def deliver_control(self):
        places = self.case.places
        if places is None:
            return super().deliver_control()
        text = self.text(1000, self.macs(5))
        if places["control"] == "raw":
            self.server.answer = lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text.encode()]
            return table.sha256(text)
        return self.serve(places["control"]["path"], text)

    def serve(self, path, text):
        path = path.replace("NAME", self.name)
        packed = path.startswith("/packed/")
        self.site.web.put(path + (".gz" if packed else ""), gzip.compress(text.encode()) if packed else text)
        for there in ("/auditor.jsonl",) if path.startswith("/once") else ():
            self.site.web.put(there, text)
        return table.sha256(text)

    def replace(self, text):
        path = self.path()
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        return self.put(text)


class TransportSite(HostileSite):
    """Three configurations, one for each step: the URLs change, lenscapd fetches anew at each reload."""

    def __init__(self, cases, **common):
        super().__init__(cases, **common)
        self.all = {case.name: WebFeed(self, case, number) for number, case in enumerate(cases)}
        self.web = WebServer(self)
        self.servers = []
        for feed in self.all.values():
            if hasattr(feed.case, "answer"):
                feed.server = RawServer(self, self.web.certificates, RAW_PORT + len(self.servers), feed.case.answer)
                feed.port = RAW_PORT + len(self.servers)
                self.servers.append(feed.server)

    def place(self, feed, step):
        if feed.case.places is None:
            return super().place(feed, step)
        there = feed.case.places[step]
        common = {"unsigned": True, "every": "2s", "timeout": "4s", "max-bytes": MOST, "ca-file": str(self.web.certificates.ca)}
        if there == "raw":
            return {**common, "url": f"https://127.0.0.1:{feed.port}/x"}
        options = {k: v(self) if callable(v) else v for k, v in there.items() if k not in ("path", "server")}
        made = {**common, "url": self.web.url(there["path"].replace("NAME", feed.name), there["server"]), **options}
        return {k: v for k, v in made.items() if v is not None}

    def step_bad(self):
        self.configure_feeds("bad")
        for feed in self.all.values():
            feed.case.bad(feed)
        self.reload()
        self.await_bad()

    def step_control(self):
        self.configure_feeds("control")
        controls = {name: feed.deliver_control() for name, feed in self.all.items()}
        self.reload()
        self.await_control(controls)

    def close(self):
        for server in self.servers:
            server.close()
        self.web.close()
        super().close()


def ca(name):
    return lambda site: str(getattr(site.web.certificates, name))


def client(name):
    return {"client-cert": lambda site: str(getattr(site.web.certificates, name)[0]),
            "client-key": lambda site: str(getattr(site.web.certificates, name)[1])}


def bomb(_feed):
    return gzip.compress(b" " * (64 << 20))


def token(text):
    def make(site):
        path = site.folder / f"token{len(text)}"
        path.write_text(text)
        path.chmod(0o644)
        return str(path)
    return make


def fifo(f):
    f.path().unlink()
    os.mkfifo(f.path(), 0o666)


def folder(f):
    f.path().unlink()
    f.path().mkdir()


def link_to(target):
    def make(f):
        aside = f.path().with_suffix(".link")
        aside.symlink_to(target(f) if callable(target) else target)
        aside.rename(f.path())
    return make


def beside(f):
    """Good content of the feed's own, but behind a link."""
    path = f.path().with_suffix(".real")
    path.write_text(f.text(11, f.macs(1)))
    path.chmod(0o644)
    return path


def secret(f):
    f.put(f.text(11, f.macs(1)))
    f.path().chmod(0o000)


def next_text(f):
    return f.text(11, f.macs(1))


def hundred(f):
    return f.text(11, f.macs(100))


OK = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"lenscap":1,"list":"x","serial":11,"count":0}\n'
CASES = [
    web("foreign-ca", url("/first/NAME", **{"ca-file": ca("foreign_ca")}), "certificate is not accepted"),
    web("no-ca-knows-it", url("/first/NAME", **{"ca-file": None}), "certificate is not accepted"),
    web("certificate-expired", url("/first/NAME", "expired"), "expired"),
    web("certificate-of-another-name", url("/first/NAME", "name"), "certificate is not accepted"),
    web("no-client-certificate", url("/first/NAME", "mtls"), "400", url("/control/NAME", "mtls", **client("client"))),
    web("foreign-client-certificate", url("/first/NAME", "mtls", **client("foreign_client")), "400",
        url("/control/NAME", "mtls", **client("client"))),
    web("wrong-token", url("/token/NAME", **{"token-file": token("wrong")}), "the server answered 401",
        url("/token/NAME", **{"token-file": token("secret-token\n")}), next_text),
    web("token-of-two-words", url("/token/NAME", **{"token-file": token("two words")}), "not one word"),
    web("not-found", url("/nowhere/NAME"), "the server answered 404"),
    web("error", url("/broken/NAME"), "the server answered 500"),
    web("unavailable", url("/later/NAME"), "the server answered 503"),
    web("no-content", url("/nothing/NAME"), "204, not 200"),
    web("partial", url("/part/NAME"), "206, not 200"),
    web("not-modified-unasked", url("/unasked/NAME"), "304, not 200"),
    web("closed-at-once", url("/closed/NAME"), "closed without an answer"),
    web("redirect-to-http", url("/to-http/NAME"), "other than https"),
    web("redirect-to-file", url("/to-file/NAME"), "other than https"),
    web("redirect-loop", url("/loop/NAME"), "redirected too often"),
    web("plain-http-port", url("/first/NAME", "plain"), "127.0.0.1:8080/first/plain-http-port: "),
    web("nobody-listens", url("/first/NAME", "nobody"), "cannot connect"),
    web("slow", url("/slow/NAME", timeout="1s"), "too slow", url("/control/NAME", timeout="4s"), hundred),
    web("login-page", url("/page/NAME"), "page/login-page:1: ", content=lambda f: "<html>Please log in</html>"),
    web("too-big", url("/big/NAME"), "max-bytes", content=lambda f: f.text(11) + " \n" * MOST),
    web("gzip-bomb", url("/packed/NAME"), "max-bytes", url("/packed/control/NAME")),
    web("broken-gzip", url("/packed/NAME"), "compression is damaged", url("/packed/control/NAME")),
    web("cut-off-gzip", url("/packed/NAME"), "packed/cut-off-gzip", url("/packed/control/NAME")),
    raw("shorter-than-announced", lambda: [OK + b"Content-Length: 99999\r\n\r\n" + BODY], "before its announced length"),
    raw("chunk-cut-off", lambda: [OK + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + BODY], "before its announced length"),
    raw("not-http", lambda: [b"SSH-2.0-OpenSSH_9.2\r\n"], "/x: "),
    raw("endless-headers", lambda: (OK if i == 0 else b"X-%d: y\r\n" % i for i in range(100000)), "/x: "),
    raw("one-huge-header", lambda: [OK + b"X: "] + [b"y" * 65536] * 64, "/x: "),
    raw("announces-too-much", lambda: [OK + b"Content-Length: 99999999999\r\n\r\n"], "max-bytes"),
    raw("endless-body", lambda: [OK + b"\r\n"] + [b" " * 65536] * 1000, "max-bytes"),
    raw("control-characters", lambda: [b"HTTP/1.1 \x1b[31m\r\n\r\n"], "/x: "),
    raw("unknown-encoding", lambda: [OK + b"Content-Encoding: rot13\r\nContent-Length: 5\r\n\r\nhello"], "compression"),
    raw("two-lengths", lambda: [OK + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\nhello"], "/x"),
    file("fifo", fifo, "not a regular file"),
    file("folder", folder, "not a regular file"),
    file("link", link_to(beside), "not a regular file"),
    file("link-to-a-device", link_to("/dev/zero"), "not a regular file"),
    file("not-readable", secret, "permission denied"),
    file("gone", lambda f: f.path().unlink(), "no such file"),
]
PACKED = {"gzip-bomb": bomb, "broken-gzip": lambda f: b"\x1f\x8b\x08\x00" + b"\xff" * 400,
          "cut-off-gzip": lambda f: gzip.compress(hundred(f).encode())[:-40]}
for packed_case in CASES:
    if packed_case.name in PACKED:
        packed_case.bad = lambda f: f.site.web.put(f"/packed/{f.name}.gz", PACKED[f.name](f))
hostile = table.fixture(CASES, TransportSite)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_hostile_transport(hostile, case):
    table.judge(hostile, case)


def test_all_together_changed_nothing(hostile):
    table.judge_all(hostile, CASES, 10)


def test_no_secret_and_no_control_character_is_shown(hostile):
    shown = hostile.status.stdout + hostile.daemon.text() + (hostile.log / "events.jsonl").read_text()
    assert "secret-token" not in shown and "two words" not in shown and "\x1b" not in shown
    assert hostile.web.requests("Bearer secret-token"), "the control: it was sent"
