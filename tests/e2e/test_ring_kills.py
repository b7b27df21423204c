# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weftd dies at any moment under traffic: no descriptor of the guest is lost or given back twice."""
import os
import random
import re
import subprocess
import tempfile
import time

import pytest
from conftest import mac
from harness.proc import BUILD, spawn, stop, wait_for
from harness.weftd import Weftd

GUEST = os.path.join(BUILD, "tests", "rings", "guest_rings")
KILLS = int(os.environ.get("WEFT_KILLS", "4"))

VERSION_1, PACKED, IN_ORDER, MERGEABLE = 1 << 32, 1 << 34, 1 << 35, 1 << 15
LAYOUTS = {"split": VERSION_1, "split-inorder": VERSION_1 | IN_ORDER | MERGEABLE, "packed": VERSION_1 | PACKED | MERGEABLE,
           "packed-inorder": VERSION_1 | PACKED | IN_ORDER}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_killed_under_traffic(layout):
    rng = random.Random(layout)
    with Weftd(idle="busy") as weftd, tempfile.NamedTemporaryFile(prefix="weft-guest-", suffix=".log") as log:
        paths = [f"{weftd.dir}/p{i}" for i in (1, 2)]
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": mac(i), "attach": {"mode": "server", "path": paths[i - 1]}} for i in (1, 2)}}})
        guest = spawn([GUEST, hex(LAYOUTS[layout]), *paths], log.name, stdin=subprocess.PIPE)

        def read():
            """What the guest printed."""
            with open(log.name, encoding="utf-8") as f:
                return f.read()

        def flows():
            """frames to arrive"""
            assert guest.poll() is None, read()
            return weftd.port("p2")["counters"]["tx_packets"] > 1000

        try:
            for _ in range(KILLS):
                wait_for(flows, 60, step=0.002)
                time.sleep(rng.random() / 20)
                weftd.kill()
                weftd.start()
            wait_for(flows, 60, step=0.002)
            guest.stdin.close()
            assert guest.wait(60) == 0, read()
            sums = re.search(r"(\d+) connections, \d+ sent, (\d+) received, \d+ of them again, 0 descriptors lost", read())
            assert sums and int(sums[1]) > KILLS, read()
        finally:
            stop(guest)
