# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A guest, and the host at the other end of its tunnel (tests/bench/mirror.c)."""
import os
import re
import subprocess
import tempfile

from .proc import BUILD, spawn, stop, wait_for

GUEST, OTHER = "02:00:00:00:00:00", "02:00:00:00:00:01"


class Mirror:
    """Packets of FLOWS flows that go round between the guest on the socket PATHS[0] and the wire on PATHS[1]."""

    def __init__(self, paths, flows, address, options="in_order=1,mrg_rxbuf=0"):
        self.log = tempfile.NamedTemporaryFile(prefix="weft-mirror-", suffix=".log")
        vdevs = [f"--vdev=net_virtio_user{i},path={p},mac={m},queues=1,queue_size=1024,{options}"
                 for i, (p, m) in enumerate(zip(paths, (GUEST, "02:00:00:00:01:01")))]
        number = "".join(f"{int(byte):02x}" for byte in address.split("."))
        self.process = spawn([os.path.join(BUILD, "tests", "bench", "mirror"), "--lcores=0@0", "--no-pci", "-m", "128", "--in-memory",
                              "--single-file-segments", *vdevs, "--", str(flows), number], self.log.name, stdin=subprocess.PIPE)

    def __enter__(self):
        def ready():
            """packets to go round"""
            if self.process.poll() is not None:
                raise RuntimeError(f"mirror ended: {self.read()[-2000:]}")
            return "ready" in self.read()

        wait_for(ready, 60, step=0.02)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdin = None
        stop(self.process, seconds=5)
        self.log.close()

    def read(self):
        """What it printed."""
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def counters(self):
        """(seconds, came to the guest, came to the wire) now."""
        before = len(self.read())
        self.process.stdin.write(b"?\n")
        self.process.stdin.flush()
        found = wait_for(lambda: re.search(r"^([\d.]+) (\d+) (\d+)$", self.read()[before:], re.M), step=0.002)
        return [float(v) for v in found.groups()]
