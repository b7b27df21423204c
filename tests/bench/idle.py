# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench idle [--ports N] [--json FILE]: what one busy pair of ports keeps beside N idle, connected ones.

The hypervisor moves the cores about, near and far from each other, which halves every rate (see pvp). So the upper
quartiles are compared, alone and beside: both are of times at which the cores were near.
"""
import os
import resource
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.pvp import MACS, SPLIT, guest  # noqa: E402
from bench.report import finish, spread  # noqa: E402
from harness.proc import wait_for  # noqa: E402
from harness.vhost_guest import VhostGuest  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

import time  # noqa: E402

TURNS = 6
WINDOWS = 10
WINDOW = 0.2


def rates(weftd):
    """Packets per second of the worker's busy ports, window by window, and the cycles that each took."""
    rate, cycles = [], []
    for _ in range(WINDOWS):
        before, start = weftd.rpc("workers")[0], time.monotonic()
        time.sleep(WINDOW)
        after, end = weftd.rpc("workers")[0], time.monotonic()
        packets = after["packets"] - before["packets"]
        rate.append(packets / (end - start))
        cycles.append((after["busy_cycles"] - before["busy_cycles"]) / max(packets, 1))
    return rate, cycles


def upper(values):
    """The upper quartile."""
    return statistics.quantiles(values, n=4)[2]


def main():
    """Alternates between alone and in company."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    n = int(sys.argv[sys.argv.index("--ports") + 1]) if "--ports" in sys.argv else 1000
    alone, beside, alone_cycles, beside_cycles, retention = [], [], [], [], []
    with Weftd(workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=256, mbufs=32768) as weftd:
        paths = [f"{weftd.dir}/p{i}" for i in (0, 1)]
        ports = {f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"mode": "server", "path": paths[i]}} for i in (0, 1)}
        weftd.apply({"default": {"networks": {"lan": {}, "idle": {}}, "ports": ports}})
        idle = {f"i{i}": {"network": "idle"} for i in range(n)}
        with guest(paths, SPLIT) as g:
            g.command("start tx_first 8")
            time.sleep(1)
            for _ in range(TURNS):
                rate, cycles = rates(weftd)
                weftd.apply({"default": {"ports": idle}})
                where = {p["name"].split("/")[1]: p["where"] for p in weftd.ctl("port", "list")}
                guests = [VhostGuest(where[name], size=8).start() for name in idle]
                wait_for(lambda: weftd.ctl("status")["ports_up"] == n + 2, 120, step=0.1)
                time.sleep(0.5)
                rate_beside, cycles_beside = rates(weftd)
                for v in guests:
                    v.close()
                weftd.apply({"default": {"ports": {name: None for name in idle}}})
                retention.append(upper(rate_beside) / upper(rate))
                alone += rate
                beside += rate_beside
                alone_cycles += cycles
                beside_cycles += cycles_beside
                print(f"alone {statistics.median(rate) / 1e6:.2f} Mpps, "
                      f"beside {n} idle ports {statistics.median(rate_beside) / 1e6:.2f} Mpps", flush=True)
            g.command("stop")
    finish({"bench": "idle", "cases": [{"name": f"idle-{n}", "retention": upper(beside) / upper(alone),
                                       "retention_by_turn_spread": [min(retention), max(retention)],
                                       "alone": {"rate": spread(alone), "cycles": spread(alone_cycles)},
                                       "beside": {"rate": spread(beside), "cycles": spread(beside_cycles)}}]})


main()
