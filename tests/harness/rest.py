# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest in front of a weftd of the tests."""
import glob
import http.client
import json
import os
import socket
import ssl
import time

from .proc import REST, run, spawn, stop, wait_for

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path):
        super().__init__("weft", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def free_port():
    """A TCP port of the loopback interface that nobody has."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Authority:
    """A CA of the tests', in FOLDER."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.ca, self.key = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
            self.ca, "-subj", f"/CN={name}", "-days", "2")

    def issue(self, name, days=2, use="serverAuth", file=None):
        """(certificate, key) of NAME; DAYS below 0: expired."""
        file = os.path.join(self.folder, file or f"{self.name}-{name}")
        extensions = f"{file}.ext"
        with open(extensions, "w", encoding="ascii") as f:
            f.write(f"extendedKeyUsage={use}\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{file}.key.new", "-out",
            f"{file}.csr", "-subj", f"/CN={name}")
        when = ["env", f"LD_PRELOAD={FAKETIME[0]}", f"FAKETIME={days - 1}d"] if days < 0 else []
        run(*when, "openssl", "x509", "-req", "-in", f"{file}.csr", "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial", "-extfile",
            extensions, "-days", str(1 if days < 0 else days), "-out", f"{file}.crt.new")
        for end in ("key", "crt"):
            os.replace(f"{file}.{end}.new", f"{file}.{end}")
        return f"{file}.crt", f"{file}.key"


class Rest:
    """Starts weft-rest for WEFTD with CONFIG; use as a context manager. It serves TCP too where TCP is true."""

    def __init__(self, weftd, tcp=False, **config):
        self.weftd = weftd
        self.path = os.path.join(weftd.dir, "rest.sock")
        self.log = os.path.join(weftd.dir, "rest.log")
        self.port = free_port() if tcp else None
        self.config = {**config, **({"listen": f"127.0.0.1:{self.port}"} if tcp else {})}
        self.process = None

    def __enter__(self):
        with open(os.path.join(self.weftd.dir, "rest.json"), "w", encoding="utf-8") as f:
            json.dump(self.config, f)
        self.process = spawn([REST, "--dev", self.weftd.dir], self.log)
        wait_for(self._ready)
        return self

    def _ready(self):
        """weft-rest to serve, and to have heard from weftd which kinds of objects there are"""
        if self.process.poll() is not None:
            raise RuntimeError(f"weft-rest has ended: {self.read_log()}")
        try:
            return self.ask("GET", "hosts")[0] == 200
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def __exit__(self, kind, *_):
        alive = self.process.poll() is None
        stop(self.process)
        if kind is None:
            assert alive and self.process.returncode == 0, f"weft-rest has ended: {self.read_log()}"

    def read_log(self):
        """What weft-rest logged."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def token(self, name, role, *tenants, days=None):
        """Makes a token; weft-rest has seen it when this returns."""
        options = [part for tenant in tenants for part in ("--tenant", tenant)] + (["--days", str(days)] if days else [])
        before = self.read_log().count("event=access-read")
        token = run(REST, "--dev", self.weftd.dir, "token", "add", name, "--role", role, *options).strip()
        wait_for(lambda: self.read_log().count("event=access-read") > before)
        return token

    def raw(self, method, path, body=None, headers=None, connection=None):
        """(status, headers, body) of one request on a connection of its own; over the UNIX socket, or CONNECTION."""
        connection = connection or UnixConnection(self.path)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, method, path, body=None, connection=None, **headers):
        """(status, JSON, headers); BODY is JSON, headers are written with underscores."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        status, got, text = self.raw(method, f"/v1/{path}", body, headers, connection)
        return status, json.loads(text) if text else None, got

    def tcp(self, token, method, path, body=None, **headers):
        """The same over TCP, without TLS, in the name of a token's owner."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.ask(method, path, body, http.client.HTTPConnection("127.0.0.1", self.port, timeout=30), **headers)

    def tls(self, method, path, ca, certificate=None, **headers):
        """The same with TLS; CERTIFICATE is a client's, and its key."""
        context = ssl.create_default_context(cafile=ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return self.ask(method, path, None, http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context), **headers)


class Events:
    """A client that follows events, over the UNIX socket; or PORT, with TOKEN."""

    def __init__(self, rest, since=None, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=30) if token else UnixConnection(rest.path)
        headers = {"Last-Event-ID": since} if since else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.connection.request("GET", "/v1/events", headers=headers)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.last = None

    def __enter__(self):
        assert self.status == 200 and self.answer.headers["Content-Type"] == "text/event-stream"
        # It begins with a comment, so that both ends know that it is there.
        assert self.answer.readline().startswith(b":") and self.answer.readline() == b"\n"
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self):
        """(kind, data) of the next event."""
        kind = data = None
        end = time.monotonic() + 30
        while time.monotonic() < end:
            line = self.answer.readline().decode()
            if not line:
                raise EOFError("the events have ended")
            line = line.rstrip("\n")
            if line.startswith("id: "):
                self.last = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line == "" and kind:
                return kind, data
        raise TimeoutError("no event came in 30 s")

    def until(self, kind):
        """The data of the next event of KIND."""
        while True:
            got, data = self.next()
            if got == kind:
                return data
