# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weft-rest in front of a weftd of the tests."""
import http.client
import json
import os
import socket

from .proc import REST, spawn, stop, wait_for


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path):
        super().__init__("weft", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Rest:
    """Starts weft-rest for WEFTD; use as a context manager."""

    def __init__(self, weftd):
        self.weftd = weftd
        self.path = os.path.join(weftd.dir, "rest.sock")
        self.process = None

    def __enter__(self):
        self.process = spawn([REST, "--dev", self.weftd.dir], os.path.join(self.weftd.dir, "rest.log"))
        wait_for(self._ready)
        return self

    def _ready(self):
        """weft-rest to serve, and to have heard from weftd which kinds of objects there are"""
        try:
            return self.ask("GET", "hosts")[0] == 200
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def __exit__(self, *_):
        assert self.process.poll() is None, "weft-rest has ended"
        stop(self.process)
        assert self.process.returncode == 0

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, body) of one request on a connection of its own."""
        connection = UnixConnection(self.path)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, method, path, body=None, **headers):
        """(status, JSON, headers); BODY is JSON, headers are written with underscores."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        status, got, text = self.raw(method, f"/v1/{path}", body, headers)
        return status, json.loads(text) if text else None, got
