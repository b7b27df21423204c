# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""dpdk-testpmd as a guest: virtio_user ports on vhost-user sockets."""
import os
import re
import shutil
import subprocess
import tempfile

from . import packages
from .proc import run, spawn, stop, wait_for

HERE = ("dpdk-testpmd",)


def of_another_release():
    """How to run the testpmd of DPDK 24.11 (Debian 13) where this machine has 22.11 (Debian 12), and the other way round. Raises
    packages.Unavailable."""
    old = int(run("pkg-config", "--modversion", "libdpdk").split(".")[0]) < 24
    root = packages.unpacked("trixie" if old else "bookworm", "dpdk-dev")
    drivers = f"{root}/usr/lib/x86_64-linux-gnu/dpdk/pmds-{'25' if old else '23'}.0/librte_"
    # DPDK itself loads nothing from below a folder that all may write to, such as /tmp.
    return packages.command(root, "usr/bin/dpdk-testpmd", preload=[f"{drivers}net_virtio.so", f"{drivers}mempool_ring.so"])


def available():
    """Whether testpmd is installed."""
    return subprocess.run(["which", "dpdk-testpmd"], stdout=subprocess.DEVNULL, check=False).returncode == 0


class Testpmd:
    """testpmd with VDEVS and no other device. Interactive: command() types into it."""

    __test__ = False  # pytest: this is no test

    def __init__(self, vdevs, args=(), eal=(), lcores="0@0,1@0", memory=96, mbufs=8192, program=HERE):
        self.dir = tempfile.mkdtemp(prefix="weft-testpmd-")
        self.log = os.path.join(self.dir, "log")
        command = ["stdbuf", "-oL", *program, "--lcores", lcores, "--no-pci", "-m", str(memory),
                   f"--file-prefix={os.path.basename(self.dir)}", *eal]
        command += [f"--vdev={vdev}" for vdev in vdevs]
        command += ["--", "-i", f"--total-num-mbufs={mbufs}", *args]
        self.process = spawn(command, self.log, stdin=subprocess.PIPE)

    def __enter__(self):
        self.wait_prompt()
        return self

    def __exit__(self, *_):
        self.quit()

    def read(self):
        """All output so far."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_prompt(self, seconds=60):
        """Waits until testpmd takes commands."""

        def prompt():
            """testpmd's prompt"""
            if self.process.poll() is not None:
                raise RuntimeError(f"testpmd ended: {self.read()[-2000:]}")
            return "testpmd>" in self.read()

        wait_for(prompt, seconds, step=0.02)

    def command(self, text, expect=None, seconds=20):
        """Types a command, and waits for the regular expression EXPECT in what it prints."""
        before = len(self.read())
        self.process.stdin.write((text + "\n").encode())
        self.process.stdin.flush()
        if expect:

            def answer():
                """testpmd's answer"""
                return re.search(expect, self.read()[before:], re.S)

            return wait_for(answer, seconds, step=0.01)
        return None

    def totals(self):
        """Accumulated (received, sent) packets of the ports, by port."""
        before = self.read().count("NIC statistics")
        n = self.read()[:].count("Configuring Port")
        self.command("show port stats all")

        def all_ports():
            """statistics of all ports"""
            return self.read().count("NIC statistics") >= before + n

        wait_for(all_ports, step=0.01)
        tail = self.read().split("NIC statistics")[-n:]
        return [(int(re.search(r"RX-packets: (\d+)", t)[1]), int(re.search(r"TX-packets: (\d+)", t)[1])) for t in tail]

    def quit(self):
        """Ends it the polite way."""
        if self.process.poll() is None:
            try:
                self.command("quit")
                self.process.wait(20)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                pass
        stop(self.process, seconds=2)
        shutil.rmtree(self.dir, ignore_errors=True)

    def kill(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        shutil.rmtree(self.dir, ignore_errors=True)
