# SPDX-License-Identifier: GPL-2.0-only
"""A real nginx with TLS for tests: own folder, own certificates, in a namespace of the site, one port a behaviour."""
import subprocess
import time

import netsite

HOST = "127.0.0.1"
NAME = "feeds.test"
PORTS = {"good": 8443, "expired": 8444, "name": 8445, "mtls": 8446, "other": 8447, "plain": 8080, "nobody": 8448}


def openssl(*arguments):
    netsite.run("openssl", *arguments)


class Certificates:
    """A CA of the test's own and what it signed."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o755)
        self.ca = self._authority("ca")
        self.foreign_ca = self._authority("foreign")
        self.server = self._leaf("server", f"IP:{HOST},DNS:{NAME},DNS:localhost")
        self.wrong_name = self._leaf("wrong-name", "DNS:elsewhere.test")
        self.expired = self._leaf("expired", f"IP:{HOST}", expired=True)
        self.client = self._leaf("client", "DNS:router.test")
        self.foreign_client = self._leaf("foreign-client", "DNS:router.test", ca="foreign")
        for path in folder.iterdir():
            path.chmod(0o644)

    def _authority(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10", "-subj",
                f"/CN=lenscap test {name}", "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem")
        return self.folder / f"{name}.pem"

    def _leaf(self, name, san, ca="ca", expired=False):
        key, csr, pem, ext = (self.folder / f"{name}.{e}" for e in ("key", "csr", "pem", "ext"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", csr)
        ext.write_text(f"subjectAltName={san}\n")
        # x509 -days takes a negative number: it ended before the test began
        openssl("x509", "-req", "-in", csr, "-CA", self.folder / f"{ca}.pem", "-CAkey", self.folder / f"{ca}.key",
                "-CAcreateserial", "-days", "-1" if expired else "10", "-extfile", ext, "-out", pem)
        return pem, key


CONFIG = """
daemon off;
master_process off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    log_format asked '$server_port $request_uri $status "$http_if_none_match" "$http_authorization" "$http_accept_encoding"';
    access_log {folder}/access.log asked;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    default_type application/octet-stream;
    root {folder}/www;
    {servers}
}}
"""

LOCATIONS = """
        location /slow/ { limit_rate 200; }
        location /packed/ { gzip_static always; }
        location /gz/ { gzip on; gzip_types *; gzip_min_length 1; }
        location /to-http/ { return 302 http://127.0.0.1:8080/plain.jsonl; }
        location /to-file/ { return 302 file:///etc/passwd; }
        location /loop/ { return 302 https://127.0.0.1:8443/loop/again; }
        location /once/ { return 302 https://127.0.0.1:8443/auditor.jsonl; }
        location /to-other/ { return 302 https://127.0.0.1:8447/auditor.jsonl; }
        location /broken/ { return 500; }
        location /later/ { add_header Retry-After 3000 always; return 503; }
        location /nothing/ { return 204; }
        location /part/ { return 206 "part"; }
        location /unasked/ { return 304; }
        location /closed/ { return 444; }
        location /token/ { if ($http_authorization != "Bearer secret-token") { return 401; } }
"""


class WebServer:
    """nginx in the switch's namespace, or another. Files are served from `www`; what was asked is in `requests()`."""

    def __init__(self, site, namespace=netsite.SWITCH):
        self.site = site
        self.namespace = namespace
        self.folder = site.folder / "nginx"
        self.www = self.folder / "www"
        for path in (self.folder, self.folder / "tmp", self.www):
            path.mkdir()
            path.chmod(0o755)
        self.certificates = Certificates(self.folder / "tls")
        (self.folder / "nginx.conf").write_text(CONFIG.format(folder=self.folder, servers=self._servers()))
        self.process = None
        self.start()

    def _server(self, name, pair, extra=""):
        return (f"server {{ listen {HOST}:{PORTS[name]} ssl; server_name {NAME}; ssl_certificate {pair[0]};"
                f" ssl_certificate_key {pair[1]}; {extra}\n{LOCATIONS} }}\n")

    def _servers(self):
        tls = self.certificates
        return (self._server("good", tls.server) + self._server("expired", tls.expired) +
                self._server("name", tls.wrong_name) + self._server("other", tls.server) +
                self._server("mtls", tls.server, f"ssl_client_certificate {tls.ca}; ssl_verify_client on;") +
                f"server {{ listen {HOST}:8080; }}")

    def start(self):
        self.process = subprocess.Popen(["nsenter", f"--net={self.site.netns(self.namespace)}", "--", "nginx", "-p",
                                         str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e",
                                         str(self.folder / "error.log")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        netsite.wait_until("nginx to answer", lambda: self._answers() or self._ended())

    def _ended(self):
        if self.process.poll() is not None:
            raise AssertionError("nginx ended: " + (self.folder / "error.log").read_text())

    def _answers(self):
        return "LISTEN" in self.site.in_ns(self.namespace, "ss", "-Hltn", f"sport = :{PORTS['good']}").stdout

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(netsite.LIMIT)

    def put(self, path, data):
        """Write a file to be served, by rename; gives its URL's path."""
        target = self.www / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_suffix(".aside")
        aside.write_bytes(data.encode() if isinstance(data, str) else data)
        aside.chmod(0o644)
        aside.rename(target)

    def url(self, path, server="good"):
        return f"https://{HOST}:{PORTS[server]}{path}"

    def requests(self, text=""):
        """Lines of the access log that hold TEXT: port, path, status, If-None-Match, Authorization, Accept-Encoding."""
        log = self.folder / "access.log"
        return [line for line in log.read_text().splitlines() if text in line] if log.exists() else []

    close = stop


class Proxy:
    """A real tinyproxy beside the web server: lets CONNECT through to ALLOWED, and logs what it was asked for."""

    PORT = 8888

    def __init__(self, site, allowed=PORTS["good"]):
        self.site = site
        self.log = site.folder / "tinyproxy.log"
        config = site.folder / "tinyproxy.conf"
        config.write_text(f'Port {self.PORT}\nListen {HOST}\nTimeout 20\nMaxClients 20\nLogLevel Connect\nConnectPort {allowed}\n'
                          f'LogFile "{self.log}"\n')
        self.process = subprocess.Popen(["nsenter", f"--net={site.netns(netsite.SWITCH)}", "--", "tinyproxy", "-d", "-c", str(config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        netsite.wait_until("tinyproxy to listen", lambda: "LISTEN" in site.in_ns(
            netsite.SWITCH, "ss", "-Hltn", f"sport = :{self.PORT}").stdout)

    def asked(self):
        """Lines of its log about requests to connect."""
        return [line for line in self.log.read_text().splitlines() if "): CONNECT " in line] if self.log.exists() else []

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(netsite.LIMIT)


class RawServer:
    """Answers one after another, byte for byte as given, then closes: what nginx would never send. TLS by openssl s_server's
    library through Python."""

    def __init__(self, site, certificates, port, answer, namespace=netsite.SWITCH):
        import os
        import socket
        import ssl
        import threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.server)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(site.netns(namespace), os.O_RDONLY | os.O_CLOEXEC)
        try:
            assert netsite._libc.setns(there, netsite.CLONE_NEWNET) == 0
            self.socket = socket.create_server((HOST, port))
        finally:
            netsite._libc.setns(home, netsite.CLONE_NEWNET)
            os.close(home)
            os.close(there)
        self.socket.settimeout(0.2)
        self.answer = answer
        self.asked = []
        self.running = True
        self.thread = threading.Thread(target=self._serve, args=(context,), daemon=True)
        self.thread.start()

    def _serve(self, context):
        while self.running:
            try:
                plain, _ = self.socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                plain.settimeout(5)
                with context.wrap_socket(plain, server_side=True) as tls:
                    self.asked.append(tls.recv(65536))
                    for piece in self.answer():
                        if not self.running:
                            break
                        tls.sendall(piece)
            except OSError:
                pass

    def close(self):
        self.running = False
        self.socket.close()
        self.thread.join(netsite.LIMIT)


def slowly(data, seconds):
    """A byte at a time."""
    for i in range(len(data)):
        yield data[i:i + 1]
        time.sleep(seconds)
