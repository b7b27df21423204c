# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""How long guests wait until they are served, alone and beside front ends that lie; and what others notice when a guest's memory
changes. For start.py. The guests are C (crowd.c), so the time is the switch's."""
import contextlib
import statistics
import time

from bench import pvp
from bench.report import spread
from harness import crowd, ovs
from harness.vhost_guest import VhostGuest
from harness.weftd import Weftd

LIARS = 10
CHANGES = 1000
WINDOW = 0.5


@contextlib.contextmanager
def weft(daemon, n):
    """weftd with ports for N guests and for the liars: its folder."""
    with Weftd(daemon=daemon, workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=256, mbufs=32768) as w:
        ports = crowd.ports(w.dir, n, "server") | {
            f"l{i}": {"network": "lan", "attach": {"mode": "server", "path": f"{w.dir}/l{i}"}} for i in range(LIARS)}
        w.apply({"default": {"networks": {"lan": {}}, "ports": ports}})
        yield w.dir


@contextlib.contextmanager
def peer(n):
    """OVS-DPDK with the same."""
    switch = ovs.Ovs(256)
    try:
        switch.start()
        switch.bridge([f"g{i}" for i in range(n)] + [f"l{i}" for i in range(LIARS)], forward=False)
        switch.call("ovs-ofctl", "add-flow", f"{switch.dir}/br0.mgmt", "actions=NORMAL")
        yield switch.dir
    finally:
        switch.stop()


def turn(make, n, lies):
    """Milliseconds until the last of N guests was served; with one, the median of ten that come one after the other."""
    with make(n) as folder, (crowd.liars(folder, LIARS) if lies else contextlib.nullcontext()):
        time.sleep(1)
        last = []
        for _ in range(10 if n == 1 else 1):
            with crowd.crowd(folder, n, "connect", 60) as (took, _):
                if len(took) < n:
                    raise RuntimeError(f"{len(took)} of {n} guests were served")
                last.append(max(took))
            time.sleep(0.2)
        return statistics.median(last)


def served(switches, turns):
    """Cases: one guest and a hundred, without and with liars. A turn in which a switch did not serve all is counted as failed."""
    cases = []
    for name, n, lies in (("one", 1, False), ("hundred", 100, False), ("one_beside_liars", 1, True), ("hundred_beside_liars", 100, True)):
        case = {"name": f"connect_to_served_ms_{name}"}
        taken = {s: [] for s in switches}
        for i in range(turns):
            for s, make in switches.items():
                try:
                    taken[s].append(turn(make, n, lies))
                except (RuntimeError, TimeoutError) as e:
                    case.setdefault("failed", []).append(f"{s}: {str(e).splitlines()[0][:200]}")
            print(f"{case['name']} turn {i + 1}: " + ", ".join(f"{s} {t[-1]:.1f}" for s, t in taken.items() if t), flush=True)
        cases.append(case | {s: spread(t) for s, t in taken.items()})
    return cases


def rate(weftd, seconds):
    """Packets a second between the innocent ports."""
    before, start = weftd.rpc("workers")[0]["packets"], time.monotonic()
    time.sleep(seconds)
    return (weftd.rpc("workers")[0]["packets"] - before) / (time.monotonic() - start)


def change(daemon):
    """Two guests have frames going round, and the memory of a third changes: (packets a second before, meanwhile, frames lost,
    milliseconds for a change)."""
    with pvp.Weft(daemon) as switch:
        path = f"{switch.weftd.dir}/p2"
        switch.weftd.ctl("port", "add", "p2", "--network", "lan", "--path", path)
        with pvp.guest(switch.paths, pvp.SPLIT) as g, VhostGuest(path) as third:
            pvp.send_round(g, {64: 8})
            time.sleep(1)
            before = rate(switch.weftd, WINDOW)
            packets, start = switch.weftd.rpc("workers")[0]["packets"], time.monotonic()
            for _ in range(CHANGES):
                third.send_memory()
                third.ask(1)  # GET_FEATURES: what came before it is done
            took = time.monotonic() - start
            meanwhile = (switch.weftd.rpc("workers")[0]["packets"] - packets) / took
            lost = sum(sum(switch.weftd.drops(p).values()) for p in ("p0", "p1"))
            g.command("stop")
        return before, meanwhile, lost, 1000 * took / CHANGES


def changes(daemons, turns):
    """The case of memory that changes."""
    case = {"name": "memory_changes", "changes": CHANGES}
    for s, daemon in daemons.items():
        taken = [change(daemon) for _ in range(turns)]
        case[s] = {"share_of_rate": spread([m / b for b, m, _, _ in taken]), "lost": sum(t[2] for t in taken),
                   "change_ms": spread([t[3] for t in taken])}
        print(f"memory_changes {s}: {case[s]}", flush=True)
    return case


def measure(daemons, turns):
    """All cases for each of DAEMONS, by name, and where it is there OVS-DPDK."""
    switches = {s: lambda n, d=d: weft(d, n) for s, d in daemons.items()}
    if ovs.available():
        switches["ovs"] = peer
    return served(switches, turns) + [changes(daemons, turns)]
