# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""An etcd of one's own: one member or several, on the loopback or in network namespaces."""
import json
import os
import shutil
import signal
import socket
import tempfile
import urllib.request

from .proc import spawn, stop, wait_for


def available():
    """Whether etcd is installed."""
    return shutil.which("etcd") is not None


def free_port():
    """A TCP port of the loopback that nobody has."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Member:
    """One etcd. ADDRESS is where it listens; with NETNS inside that namespace."""

    def __init__(self, name, folder, address="127.0.0.1", netns=None, args=()):
        self.name, self.netns, self.args = name, netns, list(args)
        self.folder = os.path.join(folder, name)
        self.log = os.path.join(folder, name + ".log")
        self.client = f"http://{address}:{free_port()}"
        self.peer = f"http://{address}:{free_port()}"
        self.process = None

    def start(self, cluster):
        """Starts the process; CLUSTER is etcd's --initial-cluster."""
        self.process = spawn(["etcd", "--name", self.name, "--data-dir", self.folder, "--listen-client-urls", self.client,
                              "--advertise-client-urls", self.client, "--listen-peer-urls", self.peer,
                              "--initial-advertise-peer-urls", self.peer, "--initial-cluster", cluster,
                              "--heartbeat-interval", "50", "--election-timeout", "500", *self.args],
                             self.log, netns=self.netns, env={**os.environ, "ETCD_UNSUPPORTED_ARCH": "arm64"})

    def send(self, how):
        """Sends a signal."""
        self.process.send_signal(how)

    def stop(self, how=signal.SIGKILL):
        """Ends the process."""
        if self.process:
            stop(self.process, how)
            self.process = None


class Etcd:
    """A cluster of N members; use as a context manager."""

    def __init__(self, n=1, where=None, args=()):
        self.dir = tempfile.mkdtemp(prefix="weft-etcd-")
        where = where or [("127.0.0.1", None)] * n
        self.members = [Member(f"m{i}", self.dir, *place, args=args) for i, place in enumerate(where)]
        self.cluster = ",".join(f"{m.name}={m.peer}" for m in self.members)

    def __enter__(self):
        for m in self.members:
            m.start(self.cluster)
        if not self.members[0].netns:
            self.wait()
        return self

    def __exit__(self, *_):
        for m in self.members:
            m.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def endpoints(self):
        """What weftd is configured with."""
        return [m.client for m in self.members]

    def call(self, path, body, member=0):
        """One call of the JSON gateway."""
        request = urllib.request.Request(f"{self.members[member].client}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    def wait(self):
        """Waits until a leader answers."""

        def answers():
            """etcd to answer"""
            try:
                return self.call("kv/range", {"key": "YQ=="})
            except OSError:
                return None

        wait_for(answers, 30, step=0.05)
