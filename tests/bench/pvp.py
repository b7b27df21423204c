# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench pvp [--turns N] [--against BUILD] [CASE...] [--json FILE]: cycles per packet for one crossing between two
vhost-user ports.

weftd, OVS-DPDK, testpmd (DPDK's rings and nothing else) and, with --against, the weftd of another build take turns on CPU 1;
the same guest, on CPU 0, keeps packets going round. Windows in which a sibling hyper-thread was busy are set apart.
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
from harness.proc import BUILD, WEFTD, run  # noqa: E402
from harness.testpmd import Testpmd  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

MACS = ["02:00:00:00:00:01", "02:00:00:00:00:00"]  # the destinations that testpmd sends to, crossed
WINDOW = 0.1
ENOUGH = 5  # quiet windows in a turn
WINDOWS = 24  # at most
FULL = 0.75  # a window counts when bursts were as full as this: small bursts cost everybody more
SPLIT, PACKED = "in_order=1,mrg_rxbuf=0", "packed_vq=1,in_order=1,mrg_rxbuf=0"
IMIX = {64: 7, 570: 4, 1514: 1}  # bytes of a frame, and bursts of such that go round
# The guest's rings, and what goes round (bytes: bursts).
CASES = {
    "split-64": (SPLIT, {64: 8}),
    "packed-64": (PACKED, {64: 8}),
    "split-1500": (SPLIT, {1500: 8}),
    "split-imix": (SPLIT, IMIX),
}


def against():
    """The weftd of the build to compare with, or None."""
    if "--against" not in sys.argv:
        return None
    build = os.path.abspath(sys.argv[sys.argv.index("--against") + 1])
    # Older builds have it elsewhere.
    found = [p for p in (os.path.join(build, *place, "weftd") for place in (("control", "daemon"), ("dataplane",))) if os.path.isfile(p)]
    if not found:
        sys.exit(f"no weftd in {build}")
    return found[0]


def loudness():
    """Cycles of the quiet loop, the louder of both cores."""
    quiet = os.path.join(BUILD, "tests", "bench", "quiet")
    return max(float(run("taskset", "-c", str(cpu), quiet)) for cpu in (0, 1))


class Weft:
    """weftd with two guest ports and one busy worker on CPU 1."""

    def __init__(self, daemon=WEFTD):
        self.weftd = Weftd(daemon=daemon, workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=256, mbufs=32768)
        self.paths = [f"{self.weftd.dir}/p{i}" for i in (0, 1)]

    def __enter__(self):
        self.weftd.__enter__()
        self.weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"mode": "server", "path": self.paths[i]}}
            for i in (0, 1)}}})
        return self

    def __exit__(self, *args):
        self.weftd.__exit__(*args)

    def window(self):
        """(cycles per packet, packets, how full the bursts were) of one window."""
        before = self.weftd.rpc("workers")[0]
        time.sleep(WINDOW)
        after = self.weftd.rpc("workers")[0]
        packets = after["packets"] - before["packets"]
        # Two ports are read in a round: 64 packets are two full bursts.
        batch = packets / max(after["batches"] - before["batches"], 1)
        return (after["busy_cycles"] - before["busy_cycles"]) / max(packets, 1), packets, batch / 64

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
        """(cycles per packet, packets, how full the bursts were) of one window."""
        self.ovs.appctl("dpif-netdev/pmd-stats-clear")
        time.sleep(WINDOW)
        return *self.ovs.cycles(), self.ovs.batch() / 32


class Floor:
    """testpmd on DPDK's rings, and nothing else."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="weft-floor-")
        self.paths = [f"{self.dir}/p{i}" for i in (0, 1)]

    def __enter__(self):
        self.testpmd = Testpmd([f"net_vhost{i},iface={p},queues=1" for i, p in enumerate(self.paths)],
                               ["--record-core-cycles", "--record-burst-stats"], eal=["--in-memory"], lcores="0@0,1@1",
                               memory=256, mbufs=32768).__enter__()
        self.testpmd.command("start")
        return self

    def __exit__(self, *args):
        self.testpmd.__exit__(*args)
        os.rmdir(self.dir) if not os.listdir(self.dir) else None

    def window(self):
        """(cycles per packet, packets, how full the bursts were) of one window."""
        self.testpmd.command("clear fwd stats all")
        time.sleep(WINDOW)
        found = self.testpmd.command("show fwd stats all",
                                     r"(.*?)CPU cycles/packet=([\d.]+) .*?total io packets=(\d+)")
        return float(found[2]), int(found[3]), share_of_full(found[1])


def share_of_full(text):
    """How many of testpmd's bursts that were not empty were full: 0 to 1."""
    shares = [dict((int(n), int(p)) for p, n in re.findall(r"(\d+)% of (\d+) pkts", line))
              for line in re.findall(r"RX-bursts : (.*)", text)]
    return min((s.get(32, 0) / max(100 - s.get(0, 0), 1) for s in shares), default=0)


def guest(paths, options, args=()):
    """testpmd as the guest on CPU 0."""
    vdevs = [f"net_virtio_user{i},path={p},mac={MACS[i]},queues=1,queue_size=1024,{options}" for i, p in enumerate(paths)]
    return Testpmd(vdevs, ["--txd=512", "--rxd=512", "--no-flush-rx", *args], eal=["--in-memory", "--single-file-segments"],
                   memory=256, mbufs=32768)


def distance():
    """Cycles for a cache line to go from one core to the other and back, while both are free."""
    quiet = os.path.join(BUILD, "tests", "bench", "quiet")
    return min(float(run(quiet, "pair")) for _ in range(3))


def calibrate():
    """The loudness under which a window counts as quiet: a little over the best that these cores show in 10 s."""
    end, best = time.monotonic() + 10, loudness()
    while time.monotonic() < end:
        best = min(best, loudness())
        time.sleep(0.02)
    return 1.15 * best


def send_round(testpmd, frames):
    """Starts FRAMES, bursts by size, going round in each direction."""
    for i, (size, bursts) in enumerate(frames.items()):
        if i:
            testpmd.command("stop", "Done")
        testpmd.command(f"set txpkts {size}")
        testpmd.command(f"start tx_first {bursts}")


def turn(make, options, frames, threshold):
    """Starts a switch and its guest, and takes windows until enough are quiet.

    Returns [(cycles, loudness)], the stages' cycles, and how far apart the cores were before and after.
    """
    windows, stages = [], None
    before = distance()
    with make() as switch, guest(switch.paths, options) as g:
        send_round(g, frames)
        time.sleep(1)
        loud = loudness()
        while len(windows) < WINDOWS and sum(l <= threshold for _, l in windows) < ENOUGH:
            cycles, packets, full = switch.window()
            after = loudness()
            good = packets > 1000 and cycles and full >= FULL
            windows.append((cycles, max(loud, after) if good else 1000))
            loud = after
        if hasattr(switch, "stages"):
            stages = switch.stages()
        g.command("stop")
    return windows, stages, (before, distance())


def place(distances, best):
    """Where the cores were during a turn: near, far, or moved."""
    far = [d > 2 * best for d in distances]
    return "moved" if far[0] != far[1] else "far" if far[0] else "near"


def ratios_by_place(turns, other, best, threshold):
    """Other's median over weft's, by place: the n-th turn of the one with the n-th of the other in the same place."""
    result = {}
    for where in ("near", "far"):
        medians = {}
        for name in (other, "weft"):
            good = [quiet(w, threshold) for w, d in turns[name] if place(d, best) == where]
            medians[name] = [statistics.median(g) for g in good if g]
        result[where] = [a / b for a, b in zip(medians[other], medians["weft"])]
    return result


def quiet(windows, threshold):
    """The cycles of the quiet windows with full bursts."""
    return [c for c, loud in windows if loud <= threshold]


def measure(name, turns):
    """One case."""
    options, frames = CASES[name]
    switches = {"weft": Weft, "floor": Floor}
    if against():
        switches["old"] = lambda: Weft(against())
    if ovs.available():
        switches["ovs"] = Peer
    taken = {s: [] for s in switches}
    threshold, stages = calibrate(), None
    for i in range(turns):
        for s, make in switches.items():
            windows, where, apart = turn(make, options, frames, threshold)
            taken[s].append((windows, apart))
            stages = where or stages
        # A quieter moment than the calibration saw: what counts as quiet is quieter.
        threshold = min([threshold] + [1.15 * loud for t in taken.values() for w, _ in t for _, loud in w])
        best = min(d for t in taken.values() for _, apart in t for d in apart)
        print(f"{name} turn {i + 1}: " + ", ".join(describe(s, *t[-1], best, threshold) for s, t in taken.items()), flush=True)
    case = {"name": name, "frames": [{"bytes": b, "bursts": n} for b, n in frames.items()],
            "turns": turns, "quiet_threshold": threshold, "near_cycles": best, "stages": stages}
    for s, t in taken.items():
        for where in ("near", "far"):
            case.setdefault(where, {})[s] = spread([c for w, d in t if place(d, best) == where for c in quiet(w, threshold)])
        case[f"{s}_all_windows"] = spread([c for w, _ in t for c, _ in w])
        case[s] = case["near"][s] or case["far"][s] or case[f"{s}_all_windows"]
    for s in ("ovs", "floor", "old"):
        ratios = ratios_by_place(taken, s, best, threshold) if s in taken else {}
        both = [r for where in ratios.values() for r in where]
        if s in taken and not both and case["weft_all_windows"]["median"]:
            # No two turns can be compared: what is left is every window, which says little.
            case[f"ratio_{s}"] = case[f"{s}_all_windows"]["median"] / case["weft_all_windows"]["median"]
        if both:
            case[f"ratio_{s}"] = statistics.median(both)
            case[f"ratio_{s}_spread"] = [min(both), max(both)]
            case[f"ratio_{s}_by_place"] = {k: statistics.median(v) for k, v in ratios.items() if v}
            case[f"ratio_{s}_turns"] = len(both)
    return case


def describe(name, windows, apart, best, threshold):
    """One turn of one switch, for people."""
    good = quiet(windows, threshold)
    return f"{name} " + (f"{statistics.median(good):.0f}" if good else "-") + f" ({place(apart, best)}, {len(good)} of {len(windows)})"


def reserve():
    """Huge pages for a switch and its guest."""
    free = int(re.search(r"HugePages_Free:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])
    if free < 300:
        subprocess.run(["sysctl", "-q", "vm.nr_hugepages=512"], check=True)


def main():
    """All cases, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 10
    words = [w for i, w in enumerate(sys.argv) if i and w[0] != "-" and sys.argv[i - 1] not in ("--turns", "--against", "--json")]
    unknown = [w for w in words if w not in CASES]
    if unknown:
        sys.exit(f"pvp: there is no case {unknown[0]!r}; known are {', '.join(CASES)}")
    names = words or ["split-64"]
    reserve()
    finish({"bench": "pvp", "window_s": WINDOW, "cases": [measure(n, turns) for n in names]})


if __name__ == "__main__":
    main()
