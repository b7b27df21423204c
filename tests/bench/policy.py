# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench policy [--ports N] [--seconds S] [--json FILE]: loads 10,000 ports with 1,000 effective rules each into a switch that
forwards at full rate, and then changes one object after the other, a hundred times a second; at the end, rules of a group that
hundreds of ports are in.

The packets that circulate between two guest ports are counted, and so are the worker's rounds by their length: a gap is a
round that took long. The machine makes gaps of its own: a stretch of the same length without changes shows them, and one
with as many synced writes to the disk by another process, which is what a change costs the machine besides.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.pvp import MACS, SPLIT, guest  # noqa: E402
from bench.report import finish  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

N_NETWORKS = 100
N_GROUPS, N_RULES, N_POLICIES = 60, 250, 120
RATE = 100


def option(name, default):
    """An integer from the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def percentile(values, p):
    """The P-th percentile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


class Stretch:
    """What the worker did in a stretch of time."""

    def __init__(self, weftd):
        self.weftd = weftd
        self.worker, self.lost = self.read()
        self.start = time.monotonic()

    def read(self):
        """The worker's counters, and the packets that were dropped."""
        worker = self.weftd.rpc("workers")[0]
        lost = sum(self.weftd.rpc("port", port=f"p{i}")["counters"]["dropped"] for i in (0, 1))
        return worker, lost

    def end(self):
        """{packets, lost_packets, longest_gap_us, gaps over 1 ms}."""
        worker, lost = self.read()
        before = dict(map(tuple, self.worker["rounds"]))
        grown = [(us, n - before.get(us, 0)) for us, n in worker["rounds"] if n > before.get(us, 0)]
        packets = worker["packets"] - self.worker["packets"]
        return {"seconds": time.monotonic() - self.start, "packets": packets, "lost_packets": lost - self.lost,
                "mpps": packets / (time.monotonic() - self.start) / 1e6,
                "mean_adopt_us": worker["mean_adopt_us"], "longest_adopt_us": worker["longest_adopt_us"],
                "longest_gap_us": max(us for us, _ in grown), "gaps_over_1ms": sum(n for us, n in grown if us > 1000)}


def write_disk(folder, seconds):
    """As many synced writes as the changes make: a virtual machine's disk costs its other cores time, too."""
    start = time.monotonic()
    with open(os.path.join(folder, "disk"), "wb") as f:
        for i in range(seconds * RATE):
            f.write(bytes(1200))
            f.flush()
            os.fdatasync(f.fileno())
            time.sleep(max(0, start + (i + 1) / RATE - time.monotonic()))


def rss_mib(pid):
    """Resident memory."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) / 1024


def rule(group, k):
    """The K-th rule of a group: prefixes, ports, members of another group."""
    remote = [{"cidr": f"10.{group}.{k % 256}.0/24"}, {"group": f"g{(group + k) % N_GROUPS}"}, None][k % 3]
    return {"name": f"r{k}", "direction": "in" if k % 5 else "out", "action": "allow" if k % 7 else "deny", "priority": k,
            "protocol": "tcp" if k % 2 else "udp", "ports": [1024 + 17 * k, f"{20000 + 11 * k}-{20005 + 11 * k}"],
            **({"remote": remote} if remote else {})}


def groups():
    """Sixty groups of 250 rules."""
    return {f"g{i}": {"rules": [rule(i, k) for k in range(N_RULES)]} for i in range(N_GROUPS)}


def groups_of(i):
    """Four groups for port I: 120 different sets, which make 120,000 rules."""
    k = i % N_POLICIES
    return [f"g{k % 60}", f"g{(k % 60 + 7 + k // 60) % 60}", f"g{(k % 60 + 23) % 60}", f"g{(k % 60 + 41) % 60}"]


def ports(n):
    """N ports in a hundred networks."""
    return {f"v{i}": {"network": f"n{i % N_NETWORKS}", "groups": groups_of(i),
                      "mac": f"52:54:01:{i >> 16:02x}:{i >> 8 & 255:02x}:{i & 255:02x}",
                      "ips": [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"]} for i in range(n)}


def main():
    """Alone, loading, changing."""
    n, seconds = option("--ports", 10000), option("--seconds", 60)
    with Weftd(workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=640, mbufs=32768,
               policy_memory_mb=512) as weftd:
        paths = [f"{weftd.dir}/p{i}" for i in (0, 1)]
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"mode": "server", "path": paths[i]}} for i in (0, 1)}}})
        with guest(paths, SPLIT) as g:
            g.command("start tx_first 8")
            # Whoever asks for the changes must not take the worker's CPU.
            os.sched_setaffinity(0, {0})
            time.sleep(2)
            stretch = Stretch(weftd)
            time.sleep(seconds)
            alone = stretch.end()
            print("alone", alone, flush=True)
            stretch = Stretch(weftd)
            write_disk(weftd.dir, seconds)
            disk = stretch.end()
            print("disk", disk, flush=True)
            networks = {f"n{i}": {} for i in range(N_NETWORKS)}
            policy = {"tenants": {"t": {"networks": networks, "groups": groups(), "ports": ports(n)}}}
            before, stretch, start = rss_mib(weftd.process.pid), Stretch(weftd), time.monotonic()
            weftd.rpc("apply", policy=policy)
            load = {"load_s": time.monotonic() - start, "rss_mib": rss_mib(weftd.process.pid), "rss_before_mib": before, **stretch.end()}
            print("load", load, flush=True)
            time.sleep(2)
            took, stretch, start = [], Stretch(weftd), time.monotonic()
            for i in range(seconds * RATE):
                change = {"network": f"n{i % N_NETWORKS}", "mac": f"52:54:02:00:{i >> 8 & 255:02x}:{i & 255:02x}",
                          "state": "down" if i % 2 else "up"}
                answer = weftd.rpc("apply", policy={"tenants": {"t": {"ports": {f"v{i % N_NETWORKS}": change}}}})
                took.append(answer["in_force_us"] / 1000)
                time.sleep(max(0, start + (i + 1) / RATE - time.monotonic()))
            changes = {"changes": len(took), "in_force_p50_ms": percentile(took, 50), "in_force_p99_ms": percentile(took, 99),
                       **stretch.end()}
            print("changes", changes, flush=True)
            took, stretch = [], Stretch(weftd)
            for i in range(seconds):
                changed = [rule(7, k) for k in range(N_RULES)]
                changed[i % N_RULES]["action"] = "deny" if i % 2 else "allow"
                answer = weftd.rpc("apply", policy={"tenants": {"t": {"groups": {"g7": {"rules": changed}}}}})
                took.append(answer["in_force_us"] / 1000)
                time.sleep(0.05)
            rules = {"changes": len(took), "in_force_p50_ms": percentile(took, 50), "in_force_max_ms": max(took), **stretch.end()}
            print("rules", rules, flush=True)
            memory = weftd.rpc("status")["policy_memory_bytes"] / (1 << 20)
            g.command("stop")
        finish({"bench": "policy", "load_s": load["load_s"], "rss_mib": load["rss_mib"], "lost_packets": changes["lost_packets"],
                "policy_memory_mib": memory, "ports": n, "rules_of_a_port": 4 * N_RULES,
                "longest_gap_us": changes["longest_gap_us"], "longest_gap_alone_us": alone["longest_gap_us"],
                "longest_gap_disk_us": disk["longest_gap_us"],
                "cases": [{"name": "alone", **alone}, {"name": "disk", **disk}, {"name": "load", **load}, {"name": "changes", **changes},
                          {"name": "rules", **rules}]})


main()
