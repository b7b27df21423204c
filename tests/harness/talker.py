# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A program of tests/bench/ with virtio ports: it says when it is ready, and answers each line with its counters."""
import os
import re
import subprocess
import tempfile

from .proc import BUILD, spawn, stop, wait_for


class Talker:
    """PROGRAM with a port of MACS on each vhost-user socket of PATHS; use as a context manager."""

    def __init__(self, program, paths, macs, args, options="in_order=1,mrg_rxbuf=0", hugepages=False):
        self.program = program
        self.log = tempfile.NamedTemporaryFile(prefix=f"weft-{program}-", suffix=".log")
        vdevs = [f"--vdev=net_virtio_user{i},path={p},mac={m},queues=1,queue_size=1024,{options}"
                 for i, (p, m) in enumerate(zip(paths, macs))]
        pages = ["--in-memory", "--single-file-segments"] if hugepages else ["--no-huge", "--no-shconf"]
        self.process = spawn([os.path.join(BUILD, "tests", "bench", program), "--lcores=0@0", "--no-pci", "-m", "256", *pages, *vdevs,
                              "--", *args], self.log.name, stdin=subprocess.PIPE)

    def __enter__(self):
        def ready():
            """the program's traffic"""
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.program} ended: {self.read()[-2000:]}")
            return "ready" in self.read()

        wait_for(ready, 300, step=0.02)
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

    def counters(self, word="?"):
        """Types WORD, and returns the counters that it prints: seconds first."""
        before = len(self.read())
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        found = wait_for(lambda: re.search(r"^[\d.]+( \d+)+\n", self.read()[before:], re.M), step=0.002)
        return [float(v) for v in found[0].split()]
