# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A weftd of one's own, in a folder of its own."""
import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from .proc import WEFTCTL, WEFTD, spawn, stop, wait_for


class Rejected(Exception):
    """weftctl's answer when it is not 0."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text}")
        self.code = code
        self.text = text


class Weftd:
    """Starts weftd --dev; use as a context manager. CONFIG goes over the defaults. DAEMON: another build's weftd."""

    def __init__(self, netns=None, env=None, daemon=WEFTD, **config):
        self.dir = tempfile.mkdtemp(prefix="weft-")
        self.log = os.path.join(self.dir, "log")
        self.netns, self.env, self.daemon = netns, env, daemon
        self.process = None
        with open(os.path.join(self.dir, "weftd.json"), "w", encoding="utf-8") as f:
            json.dump({"memory_mb": 160, "mbufs": 8192, "multicast_query_s": 0, **config}, f)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.process.poll() is None:
            self.audit()
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, wait=True):
        """Starts the process, and waits until it answers."""
        self.process = spawn([self.daemon, "--dev", self.dir], self.log, netns=self.netns, env=self.env)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        """Waits until weftd answers."""

        def ready():
            """weftd to answer"""
            if self.process.poll() is not None:
                raise RuntimeError(f"weftd ended with {self.process.returncode}: {self.read_log()[-2000:]}")
            return os.path.exists(os.path.join(self.dir, "weftd.sock")) and self._ctl("status").returncode == 0

        wait_for(ready, step=0.01)

    def stop(self, how=signal.SIGTERM):
        """Ends the process; weftd itself must not fail."""
        if self.process is None:
            return
        alive = self.process.poll() is None
        stop(self.process, how)
        code, self.process = self.process.returncode, None
        if not alive or (how == signal.SIGTERM and code):
            raise RuntimeError(f"weftd ended with {code}: {self.read_log()[-3000:]}")

    def kill(self):
        """SIGKILL, as a crash would."""
        self.stop(signal.SIGKILL)

    def read_log(self):
        """What weftd logged."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def _ctl(self, *args, stdin=None):
        return subprocess.run([WEFTCTL, "--dev", self.dir, "--json", *args], input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def ctl(self, *args, stdin=None):
        """Runs weftctl --json and returns its result; raises Rejected."""
        done = self._ctl(*[str(a) for a in args], stdin=stdin)
        if done.returncode:
            raise Rejected(done.returncode, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def rpc(self, method, **params):
        """One JSON-RPC call without weftctl."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.dir, "weftd.sock"))
            s.sendall(json.dumps({"method": method, "params": params, "id": 1}).encode() + b"\n")
            answer = json.loads(s.makefile("rb").readline())
        if "error" in answer:
            raise Rejected(2, answer["error"]["message"])
        return answer["result"]

    def apply(self, tenants, **top):
        """Applies {tenant: {networks: ..., ports: ...}}. Networks that do not say otherwise have no firewall: most tests are about
        other things."""
        tenants = copy.deepcopy(tenants)
        for tenant in tenants.values():
            for network in tenant.get("networks", {}).values():
                if network is not None:
                    network.setdefault("firewall", False)
        return self.ctl("apply", "-f", "-", stdin=json.dumps({"tenants": tenants, **top}))

    def audit(self):
        """Closes the books; raises when they do not balance."""
        return self.ctl("audit")

    def socket(self, port):
        """The vhost-user socket of a port."""
        return self.port(port)["where"]

    def port(self, name):
        """The report of one port."""
        return self.ctl("port", "show", name)

    def drops(self, port):
        """{reason: packets} of a port."""
        return self.port(port)["drops"]

    def wait_link(self, *ports, up=True):
        """Waits until the ports' links are up, or down."""
        want = "up" if up else "down"

        def linked():
            """links of the ports"""
            return all(self.port(p)["link"] == want for p in ports)

        wait_for(linked, step=0.005)
