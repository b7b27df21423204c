# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench rest [--seconds S] [--json FILE]: how many requests weft-rest answers in front of a weftd with 10,000 ports and 500
clients that follow events, and what a flood of them costs the packets.

weft-rest and weftd's control thread share CPU 0; whoever asks is on CPU 1, beside a worker that sleeps. First as fast as it goes, over
16 connections that stay open: objects read, then objects written, each a generation of its own or with those that came with it, in the
file's journal. Then at half of what is asked for (1,000 reads and 250 writes a second, due at fixed times): the latency counts from
when a request was due. Last the flood: two ports' packets go round through a worker that has CPU 1 for itself; the guest
behind them shares CPU 0 with all that, and so sends less then.
"""
import json
import os
import resource
import selectors
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.pvp import MACS, SPLIT, guest  # noqa: E402
from bench.report import finish  # noqa: E402
from harness.rest import Authority, Events, Rest  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

PORTS, CLIENTS, CONNECTIONS = 10000, 500, 16
READS, WRITES = 1000, 250


def request(method, path, body=None, token=None):
    """The bytes of a request."""
    body = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} /v1/{path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read(i):
    """Reads one of the ports."""
    return request("GET", f"tenants/t/ports/v{i * 7919 % PORTS}")


def write(i):
    """Changes one of the ports."""
    k = i * 104729 % PORTS
    return request("PUT", f"tenants/t/ports/v{k}", {**port(k), "state": "down" if i % 2 else "up"})


def port(k):
    """What port K is."""
    return {"network": f"n{k % 100}", "mac": f"52:54:01:{k >> 16:02x}:{k >> 8 & 255:02x}:{k & 255:02x}"}


class Line:
    """A connection that stays open, with one request under way at most."""

    def __init__(self, rest, tls=None):
        if tls:
            raw = socket.create_connection(("127.0.0.1", rest.port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = tls.wrap_socket(raw, server_hostname="127.0.0.1")
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(rest.path)
        self.sock.setblocking(False)
        self.got, self.due = b"", None

    def send(self, data, due):
        """Sends a request that was due then."""
        self.due = due
        self.sock.send(data)

    def take(self):
        """Whether the answer is there, whole; anything but success is an error."""
        try:
            self.got += self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end:
            return False
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return False
        if head[9:10] != b"2":
            raise RuntimeError(self.got[:600])
        self.got, self.due = b"", None
        return True


def closed_loop(rest, make, seconds, tls=None):
    """Answers a second, when the next request follows the answer at once."""
    selector, n = selectors.DefaultSelector(), 0
    lines = [Line(rest, tls) for _ in range(CONNECTIONS)]
    start = time.monotonic()
    for line in lines:
        selector.register(line.sock, selectors.EVENT_READ, line)
        n += 1
        line.send(make(n), start)
    done = 0
    while time.monotonic() < start + seconds:
        for key, _ in selector.select(0.1):
            if key.data.take():
                done += 1
                n += 1
                key.data.send(make(n), 0)
    rate = done / (time.monotonic() - start)
    for line in lines:
        line.sock.close()
    return rate


def open_loop(rest, seconds):
    """Milliseconds from when requests were due until they were answered, sorted."""
    selector, free, took = selectors.DefaultSelector(), [], []
    for _ in range(64):
        line = Line(rest)
        selector.register(line.sock, selectors.EVENT_READ, line)
        free.append(line)
    start = time.monotonic()
    due = sorted([(start + i / READS, read(i)) for i in range(seconds * READS)] +
                 [(start + i / WRITES, write(i)) for i in range(seconds * WRITES)])
    i = busy = 0
    while i < len(due) or busy:
        now = time.monotonic()
        while free and i < len(due) and due[i][0] <= now:
            line = free.pop()
            line.send(due[i][1], due[i][0])
            i, busy = i + 1, busy + 1
        wait = max(0, due[i][0] - time.monotonic()) if i < len(due) and free else 0.1
        for key, _ in selector.select(wait):
            then = key.data.due
            if key.data.take():
                took.append((time.monotonic() - then) * 1000)
                free.append(key.data)
                busy -= 1
    return sorted(took)


def percentile(values, p):
    """The P-th percentile of sorted values."""
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def memory_mib(pid, what):
    """Resident memory now (VmRSS) or at the most (VmHWM)."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(next(line for line in f if line.startswith(what)).split()[1]) / 1024


def requests(seconds):
    """Rates, latency and memory."""
    with Weftd(workers=[1], control_cpus="0", hugepages=True, memory_mb=640, mbufs=32768, policy_memory_mb=256) as weftd:
        weftd.rpc("apply", policy={"tenants": {"t": {"networks": {f"n{i}": {} for i in range(100)},
                                                     "ports": {f"v{k}": port(k) for k in range(PORTS)}}}})
        ca = Authority(weftd.dir)
        certificate, key = ca.issue("weft", file="server")
        with Rest(weftd, tcp=True, certificate=certificate, key=key, requests_per_s=0, event_clients=CLIENTS) as rest:
            os.sched_setaffinity(rest.process.pid, {0})
            os.sched_setaffinity(0, {1})
            token = rest.token("bench", "read")
            clients = [Events(rest) for _ in range(CLIENTS)]
            gets = closed_loop(rest, read, seconds)
            tls = closed_loop(rest, lambda i: request("GET", f"tenants/t/ports/v{i * 7919 % PORTS}", token=token), seconds,
                              ssl.create_default_context(cafile=ca.ca))
            puts = closed_loop(rest, write, seconds)
            now = memory_mib(rest.process.pid, "VmRSS")
            # Whoever follows events must hear all of them, and be heard; here nobody reads on.
            for client in clients:
                client.connection.close()
            clients = [Events(rest) for _ in range(CLIENTS)]
            took = open_loop(rest, seconds)
            for path in ("/metrics", "/v1/state/ports", "/v1/tenants/t/ports?limit=1000"):
                start = time.monotonic()
                status, _, text = rest.raw("GET", path)
                print(f"{path}: {status}, {len(text) / 1e6:.1f} MB in {time.monotonic() - start:.2f} s", flush=True)
            most = memory_mib(rest.process.pid, "VmHWM")
            for client in clients:
                client.connection.close()
    return {"get_per_s": gets, "put_per_s": puts, "tls_get_per_s": tls, "p50_ms": percentile(took, 50), "p99_ms": percentile(took, 99),
            "max_ms": took[-1], "rss_mib": most, "rss_after_load_mib": now}


def flood(seconds):
    """What is lost while requests come as fast as they are answered, and without them."""
    with Weftd(workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=640, mbufs=32768) as weftd:
        paths = [f"{weftd.dir}/p{i}" for i in (0, 1)]
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"mode": "server", "path": paths[i]}} for i in (0, 1)}}})
        with Rest(weftd, requests_per_s=0) as rest, guest(paths, SPLIT) as g:
            g.command("start tx_first 8")
            os.sched_setaffinity(rest.process.pid, {0})
            os.sched_setaffinity(0, {0})
            time.sleep(1)

            def counters():
                rows = [weftd.rpc("port", port=f"p{i}")["counters"] for i in (0, 1)]
                return sum(r["rx_packets"] for r in rows), sum(r["dropped"] + r["tx_lost"] for r in rows)

            out = {}
            for name in ("alone", "flood"):
                before, start = counters(), time.monotonic()
                asked = closed_loop(rest, lambda i: request("GET", "state/ports"), seconds) if name == "flood" else time.sleep(seconds)
                after = counters()
                out[name] = {"mpps": (after[0] - before[0]) / (time.monotonic() - start) / 1e6, "lost_packets": after[1] - before[1],
                             "requests_per_s": asked}
                print(name, out[name], flush=True)
            g.command("stop")
    return out


def main():
    """Requests, then the flood."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    seconds = int(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 10
    figures = requests(seconds)
    print(figures, flush=True)
    os.sched_setaffinity(0, range(os.cpu_count()))
    flooded = flood(seconds)
    finish({"bench": "rest", **figures, "lost_packets": flooded["flood"]["lost_packets"], "flood": flooded})


main()
