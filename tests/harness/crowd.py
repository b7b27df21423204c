# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Many guests at once, and front ends that only lie (tests/bench/crowd.c, liars.c)."""
import contextlib
import os
import subprocess

from .proc import BUILD


def mac(i):
    """The MAC of guest I."""
    return f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}"


def ports(folder, n, mode):
    """N ports for the guests of a crowd, as weftd wants them: with "server" the guests connect."""
    return {f"g{i}": {"network": "lan", "mac": mac(i), "attach": {"mode": mode, "path": f"{folder}/g{i}"}} for i in range(n)}


@contextlib.contextmanager
def crowd(folder, n, how, seconds=150):
    """N guests: "connect" to the switch's sockets, or "listen". Gives [milliseconds until each was served], how many got a frame."""
    args = ["timeout", "-k", "5", str(seconds), os.path.join(BUILD, "tests", "bench", "crowd"), how, f"{folder}/g%u", str(n)]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        try:
            took = []
            for line in p.stdout:
                word = line.split()
                if word[0] == "passed":
                    break
                took.append(int(word[2]) / 1000)
            else:
                word = [None, 0]
            yield took, int(word[1])
        finally:
            p.stdin.close()
            p.wait()


@contextlib.contextmanager
def liars(folder, n):
    """N front ends that lie at the sockets l0 to lN."""
    with subprocess.Popen([os.path.join(BUILD, "tests", "bench", "liars"), f"{folder}/l%u", str(n)], stdin=subprocess.PIPE) as p:
        try:
            yield
        finally:
            p.stdin.close()
            p.wait()
