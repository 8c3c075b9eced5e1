# SPDX-License-Identifier: GPL-2.0-only
"""Feeds by HTTPS from a real nginx: what is taken, what is refused, and that a refusal changes nothing."""
import json
import signal
import time

import pytest

import netsite
from daemonsite import DaemonSite, addresses, feed_text, rfc3339
from netsite import wait_until
from webserver import NAME, PORTS, Proxy, RawServer, WebServer

ENTRIES = addresses(5)


@pytest.fixture(scope="module")
def shared():
    """One site and server for all: a test configures anew and starts lenscapd with an empty state."""
    site = DaemonSite()
    site.make_maps()
    site.web = WebServer(site)
    yield site
    site.web.close()
    site.close()


@pytest.fixture
def web(shared):
    shared.web.put("/auditor.jsonl", feed_text("auditor", 1, ENTRIES))
    yield shared
    shared.forget()
    (shared.web.folder / "access.log").write_text("")


def configure(site, url, **options):
    feed = {"name": "auditor", "url": url, "unsigned": True, "every": "1s", "timeout": "4s",
            "ca-file": str(site.web.certificates.ca), **options}
    feed = {k: v for k, v in feed.items() if v is not None}
    site.configure(policy={"vendor-lists": [], "capacity": 16384, "clock": "trust"}, zones=None, feeds=[feed])


def reload(site):
    site.daemon.process.send_signal(signal.SIGHUP)


def in_force(site, serial):
    wait_until(f"serial {serial} in force", lambda: site.source("auditor")["serial"] == serial)


def begin(site, path="/auditor.jsonl", server="good", **options):
    configure(site, site.web.url(path, server), **options)
    site.begin()


def accepted_first(site, **options):
    """The control of every hostile delivery: the same daemon takes the good one."""
    begin(site, **options)
    in_force(site, 1)
    assert len(site.table()) == len(ENTRIES)
    return site.kernel_digest()


def refused_whole(site, before, words):
    reason = site.refused("auditor", words)
    assert site.kernel_digest() == before == site.table_digest(), "the policy changed"
    assert site.source("auditor")["serial"] == 1
    assert words in (site.event("feed_refused", list="auditor")["reason"])
    return reason


# ---- what is taken ----
def test_taken_over_tls_and_followed(web):
    accepted_first(web)
    fetch = web.source("auditor")["fetch"]
    assert fetch["status"] in (200, 304) and fetch["failures"] == 0 and fetch["error"] is None and fetch["next"]
    web.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(7)))
    in_force(web, 2)
    assert len(web.table()) == 7


def test_unchanged_content_is_asked_for_by_its_etag(web):
    accepted_first(web)
    wait_until("a 304", lambda: web.web.requests(" 304 "))
    assert '"' in web.web.requests(" 304 ")[0] and web.source("auditor")["fetch"]["etag"]
    assert web.source("auditor")["refused"] is None
    assert len([r for r in web.web.requests("/auditor.jsonl 200")]) == 1, "fetched again though nothing changed"
    web.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))  # the control: a change is fetched
    in_force(web, 2)


def test_a_name_is_resolved(web):
    """By what a resolver reads, which a worker may still open."""
    configure(web, "https://localhost:8443/auditor.jsonl")
    web.begin()
    in_force(web, 1)


def test_gzip(web):
    web.web.put("/gz/auditor.jsonl", feed_text("auditor", 1, ENTRIES))
    begin(web, "/gz/auditor.jsonl")
    in_force(web, 1)
    assert '"gzip"' in web.web.requests("/gz/")[0]


def test_redirect_on_the_same_host(web):
    begin(web, "/once/x")
    in_force(web, 1)


def test_token(web):
    web.web.put("/token/auditor.jsonl", feed_text("auditor", 1, ENTRIES))
    token = web.folder / "token"
    token.write_text("secret-token\n")
    token.chmod(0o644)
    begin(web, "/token/auditor.jsonl", **{"token-file": str(token)})
    in_force(web, 1)
    assert "secret-token" not in json.dumps(web.daemon_state()) + web.daemon.text()


def test_client_certificate(web):
    pem, key = web.web.certificates.client
    begin(web, server="mtls", **{"client-cert": str(pem), "client-key": str(key)})
    in_force(web, 1)


def test_what_is_known_of_the_server_survives_a_restart(web):
    accepted_first(web)
    wait_until("a 304", lambda: web.web.requests(" 304 "))
    assert len(web.web.requests("/auditor.jsonl 200")) == 1
    kept = web.state / "daemon/feeds/auditor.fetch"
    etag = json.loads(kept.read_text())["etag"]
    web.restart(signal.SIGKILL)
    assert web.source("auditor")["fetch"]["etag"] == etag and web.source("auditor")["fetch"]["answered"]
    asked = len(web.web.requests("/auditor.jsonl"))
    wait_until("the next request", lambda: len(web.web.requests("/auditor.jsonl")) > asked)
    assert len(web.web.requests("/auditor.jsonl 200")) == 1, "fetched again though nothing changed"
    for spoiled in ("", "{", json.dumps({**json.loads(kept.read_text()), "etag": "x\r\nX-Evil: y", "modified": "\n"}),  # the controls: not believed
                    json.dumps({**json.loads(kept.read_text()), "sha256": "0" * 64})):
        before = len(web.web.requests("/auditor.jsonl 200"))
        web.daemon.stop()
        kept.write_text(spoiled)
        web.begin()
        wait_until("the whole again", lambda: len(web.web.requests("/auditor.jsonl 200")) > before)
    assert not web.web.requests("X-Evil")


def test_status_and_feed_list_say_when(web):
    accepted_first(web)
    configure(web, web.web.url("/auditor.jsonl"), every="1h")
    reload(web)
    hour = rfc3339(time.time() + 600)
    wait_until("the next time", lambda: (web.source("auditor")["fetch"]["next"] or "") > hour)
    for command in (("status",), ("feed", "list")):
        text = web.lenscap(*command).stdout
        head, row = next((a, b) for a, b in zip(text.splitlines(), text.splitlines()[1:] + [""]) if "FETCHED" in a)
        rows = [line for line in text.splitlines() if " auditor " in f" {line} " and "feed" in line]
        assert row and "NEXT" in head and rows and " in " in rows[0], text
        fetch = next(s for s in web.lenscap_json(*command)["sources"] if s["name"] == "auditor")["fetch"]
        assert fetch["answered"] and fetch["next"] > fetch["answered"] and fetch["status"] in (200, 304) and fetch["error"] is None
    web.feeds("auditor")  # the control: a feed that is a file is not fetched
    web.daemon.process.send_signal(signal.SIGHUP)
    wait_until("no fetching", lambda: web.source("auditor")["fetch"] is None)
    assert "FETCHED" not in web.lenscap("feed", "list").stdout
    assert next(s for s in web.lenscap_json("feed", "list")["sources"] if s["name"] == "auditor").get("fetch") is None


# ---- proxies ----
def test_proxy(web):
    """CONNECT through tinyproxy; what it does not let through is said, and the environment's proxies are not used."""
    proxy = Proxy(web)
    try:
        through = {"proxy": f"http://127.0.0.1:{proxy.PORT}"}
        before = accepted_first(web, **through)
        asked = proxy.asked()
        assert asked and f"127.0.0.1:{PORTS['good']}" in asked[0]
        configure(web, web.web.url("/auditor.jsonl", "other"), **through)
        reload(web)
        refused_whole(web, before, "the proxy answered 403")
        proxy.close()
        configure(web, web.web.url("/auditor.jsonl"), **through)
        reload(web)
        web.refused("auditor", "cannot connect")
        assert web.kernel_digest() == before
        configure(web, web.web.url("/auditor.jsonl"))  # the control: without a proxy there is a way
        reload(web)
        wait_until("no complaint", lambda: web.source("auditor")["refused"] is None)
    finally:
        proxy.close()


# ---- signed deltas ----
class Publisher:
    """Signs with minisign, serves list N under /d/N: whole for {since} = 0, else what changed since."""

    def __init__(self, web):
        self.web = web
        self.secret, public = web.folder / "publisher.key", web.folder / "publisher.pub"
        netsite.run("minisign", "-G", "-W", "-f", "-p", public, "-s", self.secret)
        self.key = public.read_text().splitlines()[1]

    def put(self, place, serial, rows, signed=True, **header):
        text = feed_text("auditor", serial, rows, expires="2099-01-01T00:00:00Z", **header)
        aside = self.web.folder / "tosign"
        aside.write_text(text)
        path = self.web.web.www / f"d/{place}.minisig"
        path.unlink(missing_ok=True)
        if signed:
            netsite.run("minisign", "-S", "-W", "-s", self.secret, "-m", aside, "-x", aside.with_suffix(".made"))
            self.web.web.put(f"/d/{place}.minisig", aside.with_suffix(".made").read_bytes())
        self.web.web.put(f"/d/{place}", text)


def test_signed_deltas_over_https(web):
    publisher = Publisher(web)
    publisher.put(0, 1, ENTRIES)
    publisher.put(1, 1, ENTRIES)  # nothing is new yet
    configure(web, web.web.url("/d/{since}"), **{"public-keys": [publisher.key], "unsigned": None, "max-weakening": "100%"})
    web.begin()
    in_force(web, 1)
    more, gone = addresses(7)[5:], {"mac": ENTRIES[0], "op": "del"}
    publisher.put(2, 2, [], since=1)
    publisher.put(1, 2, more + [gone], signed=False, since=1)
    web.refused("auditor", "its signature (.minisig): the server answered 404")
    assert len(web.table()) == 5
    publisher.put(1, 2, more + [gone], since=1)
    reload(web)
    in_force(web, 2)
    assert sorted(web.table()) == sorted(int(a.replace(":", ""), 16) << 8 | 3 for a in addresses(7)[1:])
    digest = web.kernel_digest()
    web.restart()
    in_force(web, 2)
    assert web.kernel_digest() == digest
    publisher.put(0, 9, addresses(3))
    publisher.put(9, 9, addresses(3))
    publisher.put(2, 8, [gone], since=7)  # does not follow: the whole is asked for
    reload(web)
    in_force(web, 9)
    assert len(web.table()) == 3 and web.source("auditor")["refused"] is None


def test_record_survives_a_restart_without_the_server(web):
    before = accepted_first(web)
    configure(web, web.web.url("/gone.jsonl"))
    web.restart()
    web.refused("auditor", "404")
    assert web.source("auditor")["serial"] == 1 and web.kernel_digest() == before


def test_since_asks_with_the_serial_in_force(web):
    begin(web, "/auditor.jsonl?since={since}")
    in_force(web, 1)
    wait_until("the serial in the URL", lambda: web.web.requests("since=1"))
    assert web.web.requests("since=0")


def test_token_is_not_sent_to_another_host(web):
    before = accepted_first(web)
    token = web.folder / "token"
    token.write_text("secret-token\n")
    token.chmod(0o644)
    web.web.put("/token/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    configure(web, web.web.url("/to-other/x"), **{"token-file": str(token)})
    reload(web)
    asked = wait_until("the redirected request", lambda: web.web.requests("8447 /auditor.jsonl"))
    assert "secret-token" not in asked[0]
    assert "secret-token" in web.web.requests("8443 /to-other/x")[-1], "the control: its own host got it"
    assert web.kernel_digest() == before


def test_back_off_grows_and_ends(web):
    """Failures in a row are counted, the next try is planned, and the first success ends it."""
    before = accepted_first(web)
    target = web.web.www / "auditor.jsonl"
    target.unlink()
    wait_until("two failures", lambda: web.source("auditor")["fetch"]["failures"] >= 2)
    fetch = web.source("auditor")["fetch"]
    assert fetch["status"] == 404 and fetch["error"] and web.kernel_digest() == before
    web.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    in_force(web, 2)
    wait_until("no failure left", lambda: not web.source("auditor")["fetch"]["failures"])
    assert web.source("auditor")["refused"] is None


def test_a_server_that_is_away_and_comes_back(web):
    before = accepted_first(web)
    web.web.stop()
    try:
        refused_whole(web, before, "cannot connect")
    finally:
        web.web.start()
    web.web.put("/auditor.jsonl", feed_text("auditor", 2, addresses(6)))
    in_force(web, 2)


def test_unresolvable_name(web):
    before = accepted_first(web)
    configure(web, f"https://{NAME}.invalid:8443/auditor.jsonl", timeout="3s")
    reload(web)
    reason = refused_whole(web, before, f"{NAME}.invalid")
    assert "resolved" in reason or "too slow" in reason


# ---- configuration ----
@pytest.mark.parametrize("options,words", [
    ({"url": "http://127.0.0.1/x"}, "https://"),
    ({"url": "ftp://127.0.0.1/x"}, "https://"),
    ({"url": "https:///x"}, "names no host"),
    ({"url": "https://user:word@host/x"}, "token-file"),
    ({"url": "https://host/a b"}, "spaces"),
    ({"unsigned": None}, "public-keys"),
    ({"client-cert": "/x"}, "client-key"),
    ({"every": "0s"}, "every"),
    ({"proxy": "socks5://host"}, "https://"),
    ({"path": "/x"}, "keep one of them"),
])
def test_configuration_is_refused(web, options, words):
    configure(web, web.web.url("/auditor.jsonl"))
    assert "yes" in web.lenscap("check").stdout.splitlines()[0], "the control is refused"
    feed = {"name": "auditor", "url": web.web.url("/auditor.jsonl"), "unsigned": True, **options}
    web.configure(zones=None, feeds=[{k: v for k, v in feed.items() if v is not None}])
    done = web.lenscap("check")
    assert words in done.stdout and done.returncode == 1


# ---- the worker ----
def workers(site):
    """Processes that this lenscapd started with a job."""
    return netsite.run("pgrep", "-P", site.daemon.pid, "-f", "--", " --worker$", check=False).stdout.split()


def header_without_end():
    yield b"HTTP/1.1 200 OK\r\nX: "
    while True:
        time.sleep(0.1)
        yield b"x"


def test_a_worker_has_no_map_and_dies_alone(web):
    before = accepted_first(web)
    server = RawServer(web, web.web.certificates, 8501, header_without_end)
    try:
        configure(web, "https://127.0.0.1:8501/x.jsonl", timeout="1h")
        reload(web)
        pid = wait_until("a worker", lambda: workers(web))[0]
        wait_until("its request", lambda: server.asked)
        links = [p.readlink() for p in netsite.pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        assert links and not any("bpf" in str(link) for link in links)
        own = [p.readlink() for p in netsite.pathlib.Path(f"/proc/{web.daemon.pid}/fd").iterdir()]
        assert any("bpf" in str(link) for link in own), "the control: lenscapd itself has maps"
        status = netsite.pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
        netsite.os.kill(int(pid), 9)  # not 11, which sanitizers catch
        refused_whole(web, before, "signal 9")
        assert web.daemon.process.poll() is None
    finally:
        server.close()
    configure(web, web.web.url("/auditor.jsonl"))
    reload(web)
    wait_until("no complaint", lambda: web.source("auditor")["refused"] is None)


def test_files_are_decoded_by_workers_too(web):
    web.feeds("auditor")
    web.begin()
    web.in_force("auditor", web.put("auditor", feed_text("auditor", 3, ENTRIES)))
    assert web.source("auditor")["fetch"] is None
