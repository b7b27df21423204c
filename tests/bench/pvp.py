# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench pvp [--turns N] [--json FILE]: cycles per packet for one crossing between two vhost-user ports.

weftd, OVS-DPDK and testpmd (rings and nothing else) take turns on CPU 1; the same guest, on CPU 0, keeps packets
going round. Windows in which a sibling hyper-thread was busy are set apart.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.report import finish, spread  # noqa: E402
from harness import ovs  # noqa: E402
from harness.proc import BUILD, run  # noqa: E402
from harness.testpmd import Testpmd  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

MACS = ["02:00:00:00:00:01", "02:00:00:00:00:00"]  # the destinations that testpmd sends to, crossed
WINDOW = 0.2
WINDOWS = 8
CASES = {
    "split-64": ("in_order=1,mrg_rxbuf=0", 64),
    "packed-64": ("packed_vq=1,in_order=1,mrg_rxbuf=0", 64),
    "split-1500": ("in_order=1,mrg_rxbuf=0", 1500),
}


def loudness():
    """Cycles of the quiet loop, the louder of both cores."""
    quiet = os.path.join(BUILD, "tests", "bench", "quiet")
    return max(float(run("taskset", "-c", str(cpu), quiet)) for cpu in (0, 1))


class Weft:
    """weftd with two guest ports and one busy worker on CPU 1."""

    def __init__(self):
        self.weftd = Weftd(workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=256, mbufs=32768)
        self.paths = [f"{self.weftd.dir}/p{i}" for i in (0, 1)]

    def __enter__(self):
        self.weftd.__enter__()
        self.weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"mode": "server", "path": self.paths[i]}} for i in (0, 1)}}})
        return self

    def __exit__(self, *args):
        self.weftd.__exit__(*args)

    def window(self):
        """(cycles per packet, packets) of one window."""
        before = self.weftd.rpc("workers")[0]
        time.sleep(WINDOW)
        after = self.weftd.rpc("workers")[0]
        packets = after["packets"] - before["packets"]
        return (after["busy_cycles"] - before["busy_cycles"]) / max(packets, 1), packets

    def stages(self):
        """Where the cycles go."""
        worker = self.weftd.rpc("workers")[0]
        return {"read": worker["rx_cycles_per_packet"], "write": worker["tx_cycles_per_packet"],
                "per_batch": worker["packets"] / max(worker["batches"], 1),
                **{s["stage"]: s["cycles_per_packet"] for s in worker["stages"]}}


class Peer:
    """OVS-DPDK, plain forwarding."""

    def __init__(self):
        self.ovs = ovs.Ovs(256)
        self.paths = [f"{self.ovs.dir}/p{i}" for i in (0, 1)]

    def __enter__(self):
        self.ovs.start()
        self.ovs.bridge(["p0", "p1"])
        return self

    def __exit__(self, *_):
        self.ovs.stop()

    def window(self):
        """(cycles per packet, packets) of one window."""
        self.ovs.appctl("dpif-netdev/pmd-stats-clear")
        time.sleep(WINDOW)
        return self.ovs.cycles()


class Floor:
    """testpmd on the library's rings, and nothing else."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="weft-floor-")
        self.paths = [f"{self.dir}/p{i}" for i in (0, 1)]

    def __enter__(self):
        self.testpmd = Testpmd([f"net_vhost{i},iface={p},queues=1" for i, p in enumerate(self.paths)], ["--record-core-cycles"],
                               eal=["--in-memory"], lcores="0@0,1@1", memory=256, mbufs=32768).__enter__()
        self.testpmd.command("start")
        return self

    def __exit__(self, *args):
        self.testpmd.__exit__(*args)
        os.rmdir(self.dir) if not os.listdir(self.dir) else None

    def window(self):
        """(cycles per packet, packets) of one window."""
        self.testpmd.command("clear fwd stats all")
        time.sleep(WINDOW)
        found = self.testpmd.command("show fwd stats all", r"CPU cycles/packet=([\d.]+) .*?total io packets=(\d+)")
        return float(found[1]), int(found[2])


def guest(paths, options, size):
    """testpmd as the guest on CPU 0, 8 bursts going round in each direction."""
    vdevs = [f"net_virtio_user{i},path={p},mac={MACS[i]},queues=1,queue_size=1024,{options}" for i, p in enumerate(paths)]
    return Testpmd(vdevs, ["--txd=512", "--rxd=512", f"--txpkts={size}"], eal=["--in-memory", "--single-file-segments"],
                   memory=256, mbufs=32768)


def turn(make, options, size):
    """Starts a switch and its guest, and takes windows: [(cycles, loudness)]."""
    windows, stages = [], None
    with make() as switch, guest(switch.paths, options, size) as g:
        g.command("start tx_first 8")
        time.sleep(1)
        loud = loudness()
        for _ in range(WINDOWS):
            cycles, packets = switch.window()
            after = loudness()
            if packets > 1000 and cycles:
                windows.append((cycles, max(loud, after)))
            loud = after
        if hasattr(switch, "stages"):
            stages = switch.stages()
        g.command("stop")
    return windows, stages


def summary(turns, threshold):
    """Quiet windows of all turns, and each turn's median."""
    quiet = [c for t in turns for c, loud in t if loud <= threshold]
    medians = [statistics.median([c for c, loud in t if loud <= threshold] or [c for c, _ in t]) for t in turns if t]
    return spread(quiet) or spread([c for t in turns for c, _ in t]), medians


def measure(name, turns):
    """One case."""
    options, size = CASES[name]
    switches = {"weft": Weft, "floor": Floor}
    if ovs.available():
        switches["ovs"] = Peer
    taken = {s: [] for s in switches}
    stages = None
    for i in range(turns):
        for s, make in switches.items():
            windows, where = turn(make, options, size)
            taken[s].append(windows)
            stages = where or stages
        print(f"{name} turn {i + 1}: " + ", ".join(f"{s} {statistics.median(c for c, _ in t[-1]):.0f}" for s, t in taken.items() if t[-1]),
              flush=True)
    threshold = 1.15 * min(loud for t in taken.values() for w in t for _, loud in w)
    case = {"name": name, "bytes": size, "turns": turns, "quiet_threshold": threshold, "stages": stages}
    medians = {}
    for s, t in taken.items():
        case[s], medians[s] = summary(t, threshold)
        case[s]["all_windows"] = spread([c for w in t for c, _ in w])
    for s in ("ovs", "floor"):
        if s in medians:
            ratios = [other / own for other, own in zip(medians[s], medians["weft"])]
            case[f"ratio_{s}"] = statistics.median(ratios)
            case[f"ratio_{s}_spread"] = [min(ratios), max(ratios)]
    return case


def main():
    """All cases, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 10
    names = [n for n in CASES if n in sys.argv] or ["split-64"]
    free = int(re.search(r"HugePages_Free:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])
    if free < 300:
        subprocess.run(["sysctl", "-q", f"vm.nr_hugepages={512}"], check=True)
    finish({"bench": "pvp", "window_s": WINDOW, "cases": [measure(n, turns) for n in names]})


if __name__ == "__main__":
    main()
