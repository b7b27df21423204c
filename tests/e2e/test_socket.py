# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Clients of weftd's socket that are silent, do not read, or ask for too much: the others get their answers, and weftd stays small."""
import contextlib
import json
import os
import re
import socket
import threading
import time

from harness.weftd import Rejected

MOST = 128  # clients, in control/api/client.c


class Clients:
    """Connections to weftd's socket, closed at the end."""

    def __init__(self, weftd):
        self.path = os.path.join(weftd.dir, "weftd.sock")
        self.sockets = []
        os.chmod(weftd.dir, 0o755)
        os.chmod(self.path, 0o666)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            s.close()

    def open(self, send=b"", user=0):
        """A connection of USER's, on which SEND was sent."""
        s = socket.socket(socket.AF_UNIX)
        self.sockets.append(s)
        s.settimeout(20)
        os.seteuid(user)
        try:
            s.connect(self.path)
        finally:
            os.seteuid(0)
        with contextlib.suppress(OSError):
            s.sendall(send)
        return s


def call(method, number=1, **params):
    """A request."""
    return json.dumps({"method": method, "id": number, "params": params}).encode() + b"\n"


def answer(s):
    """The next answer; None: weftd has closed the connection."""
    line = s.makefile("rb").readline()
    return json.loads(line) if line else None


def rss_mb(weftd):
    """Memory of weftd."""
    with open(f"/proc/{weftd.process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


def last_event(weftd):
    """The number of the latest event."""
    return weftd.rpc("events", timeout_ms=1)["events"][-1]["number"]


def follow(clients, weftd, user=0):
    """A follower of events, which waits for the next one."""
    after = last_event(weftd)
    return clients.open(call("events", after=after, timeout_ms=60000), user)


def test_silent_clients_make_room(weftd):
    """Silent ones, and some with half a request. Whoever waits for an answer stays."""
    with Clients(weftd) as clients:
        follower = follow(clients, weftd)
        silent = [clients.open() for _ in range(MOST // 2)] + [clients.open(b'{"method": "sta') for _ in range(MOST)]
        start = time.monotonic()
        assert weftd.ctl("port", "list") == []
        print(f"answered after {1000 * (time.monotonic() - start):.0f} ms")
        status = weftd.ctl("status")
        assert status["clients"] <= MOST and status["clients_ended"] >= MOST // 2
        assert "event=client-ended" in weftd.read_log() and "it is silent, and another client needs the place" in weftd.read_log()
        # The first of them was told why; the last one is still served.
        told = answer(silent[0])
        assert told["error"]["code"] == -32004 and "needs the place" in told["error"]["message"]
        silent[-1].sendall(b'tus", "id": 7}\n')
        assert answer(silent[-1])["id"] == 7
        weftd.ctl("network", "add", "lan")
        assert answer(follower)["result"]["events"]


def test_one_user_does_not_take_the_places_of_another(weftd):
    with Clients(weftd) as clients:
        mine = [clients.open(call("status")) for _ in range(5)]
        for s in mine:
            assert answer(s)["result"]["pid"] == weftd.process.pid
        follower = follow(clients, weftd)
        # They are not even silent.
        after = last_event(weftd) + 1000
        for _ in range(2 * MOST):
            clients.open(call("events", after=after, timeout_ms=60000), 65534)
        for s in mine:
            s.sendall(call("status"))
            assert answer(s)["result"]["pid"] == weftd.process.pid
        weftd.ctl("network", "add", "lan")
        assert answer(follower)["result"]["events"]


def test_answers_that_nobody_reads(weftd):
    """weftd stops to read the requests of such a client; what it keeps for it has a bound."""
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {f"p{i}": {"network": "lan"} for i in range(50)}}})
    before = rss_mb(weftd)
    with Clients(weftd) as clients:
        for user in (0, 65534):
            s = clients.open(user=user)
            s.settimeout(1)
            sent = 0
            with contextlib.suppress(socket.timeout):
                while sent < 30000:
                    s.sendall(call("ports") * 100)
                    sent += 100
            assert sent < 30000
        # The same with calls that are answered later.
        for user in (0, 65534):
            clients.open(call("events", after=last_event(weftd), timeout_ms=60000) * 1000, user)
        for i in range(3):
            weftd.ctl("network", "add", f"x{i}")
        grown = rss_mb(weftd) - before
        print(f"weftd has grown by {grown:.0f} MB")
        assert grown < 40
        assert len(weftd.ctl("port", "list")) == 50


def test_thousands_of_requests_at_once(weftd):
    """All are answered, in order, and another client is not kept waiting until they are."""
    n = 20000
    with Clients(weftd) as clients:
        s = clients.open()
        sender = threading.Thread(target=s.sendall, args=(b"".join(call("status", i) for i in range(n)),))
        sender.start()
        lines = s.makefile("rb")
        others = 0
        for i in range(n):
            assert json.loads(lines.readline())["id"] == i
            if i % 1000 == 500:
                weftd.rpc("state_hash")
                others += 1
        sender.join()
        assert others == 20


def test_a_byte_at_a_time(weftd):
    with Clients(weftd) as clients:
        s = clients.open()
        for byte in call("status", 5):
            s.sendall(bytes([byte]))
        assert answer(s)["id"] == 5


def test_a_request_without_end(weftd):
    """Who may only read is ended at 64 KiB. Many such clients do not add up."""
    with Clients(weftd) as clients:
        s = clients.open(b"x" * (1 << 20), 65534)
        assert "its request is too long" in answer(s)["error"]["message"]
        before = rss_mb(weftd)
        for _ in range(MOST):
            clients.open(b"x" * (63 << 10), 65534)
        large = clients.open(b"[" + b"1, " * (1 << 20))
        large.sendall(b"1]\n")
        assert answer(large)["error"]
        assert rss_mb(weftd) - before < 300


def test_one_client_does_not_take_all_places_of_followers(weftd):
    """More calls than can wait are answered at once; another follower still waits for its event."""
    with Clients(weftd) as clients:
        after = last_event(weftd)
        clients.open(call("events", after=after, timeout_ms=60000) * 1000)
        follower = follow(clients, weftd)
        follower.settimeout(0.5)
        with contextlib.suppress(socket.timeout):
            raise AssertionError(f"answered at once: {answer(follower)}")
        with contextlib.suppress(Rejected):
            weftd.ctl("network", "add", "lan")
