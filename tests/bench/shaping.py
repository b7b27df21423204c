# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench shaping [CASE...] [--json FILE]: data plans.

In one process, the real engine with one worker on CPU 1 and ports that always have something to send:
rate-R        error_percent: what a port with that plan got between its first departure and its last
ports-N       N ports whose plans together are what the worker does without plans: what it does with them (ratio_unshaped), in turns,
              and cycles per packet (median)
lateness      1,000 ports of 1 to 10 Mbit/s: how late after its time each frame left; step_p99_us where there are ten rates only, of which
              all come in step every 8 ms; machine_p99_us and machine_p999_us: how late a loop would be that only looks at the clock, on
              the same CPU in turns
cluster       four hosts on one etcd under one limit of 100 Mbit/s, in real time: what they send together in any window of a second, while
              demand moves from host to host, and the store stands still for a time, at the most over the limit (max_over_percent; what
              was saved up, 20 ms of the rate, may come on top of it); used_percent in steady demand of all and of one; and how long it
              takes until what one host does not need any more is another one's (moved_ms, median)
With TCP, whose segments with their headers are counted, through weft and through OVS-DPDK with its policer:
rate-R        tcp_percent, ovs_tcp_percent: of the plan, between two QEMU guests; at 1g, which emulated guests do not reach, between two
              namespaces, over AF_PACKET. no_plan_mbit is what the path does without one
              host_tcp_percent, ovs_host_tcp_percent: between two namespaces, at all rates
"""
import bisect
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import pvp  # noqa: E402
from bench.report import finish  # noqa: E402
from harness import etcd, ovs, qemu  # noqa: E402
from harness.overlay import mac  # noqa: E402
from harness.proc import BUILD, wait_for  # noqa: E402
from harness.shares import LITTLE, Hosts  # noqa: E402
from harness.weftd import Weftd  # noqa: E402
from harness.wires import Wires  # noqa: E402

PROGRAM = os.path.join(BUILD, "tests", "bench", "bench_shaping")
RATES = {"64k": 64e3, "1m": 1e6, "10m": 10e6, "100m": 100e6, "1g": 1e9}
PORTS = [1, 1000, 10000]
RUNS = 3
SECONDS, SETTLED = 10, 3
# A full segment on the wire over what TCP counts of it: Ethernet, IPv4, TCP with time stamps.
HEADERS = 1514 / 1448


def program(*args):
    """What bench_shaping says."""
    return json.loads(subprocess.run([PROGRAM, *map(str, args)], stdout=subprocess.PIPE, check=True).stdout)


class Weft:
    """weftd, whose first guest has a plan."""

    def __init__(self):
        self.weftd = Weftd(workers=[1], control_cpus="0")

    def __enter__(self):
        self.weftd.__enter__()
        self.weftd.apply({"default": {"networks": {"lan": {}}, "plans": {"p": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": mac(i), **({"plan": "p"} if i == 1 else {})} for i in (1, 2)}}})
        self.paths = [self.weftd.socket(f"p{i}") for i in (1, 2)]
        return self

    def __exit__(self, *args):
        self.weftd.__exit__(*args)

    def limit(self, rate):
        """The first guest's plan; 0: none."""
        self.weftd.apply({"default": {"plans": {"p": {"from_vm": {"rate": int(rate)}} if rate else {}}}})


class Peer(pvp.Peer):
    """OVS-DPDK, whose first port has a policer."""

    def __enter__(self):
        self.ovs.start()
        self.ovs.bridge(["p0", "p1"], client=True)
        return self

    def limit(self, rate):
        """In kbit/s, with the burst that it chooses itself."""
        self.ovs.vsctl("set", "interface", "p0", f"ingress_policing_rate={int(rate / 1000)}", "ingress_policing_burst=0")


def iperf(guest):
    """What the receiver got, in bits per second of frames."""
    said = guest.sh(f"iperf3 -c 10.0.0.2 -t {SECONDS} -O {SETTLED} -f k", seconds=120)[1]
    found = re.search(r"([\d.]+) Kbits/sec +receiver", said)
    return float(found[1]) * 1e3 * HEADERS if found else 0.0


def tcp(switch, rates):
    """TCP between two guests at each rate."""
    with switch:
        guests = [qemu.QemuGuest(path, mac(i), programs=["iperf3"])
                  for i, path in enumerate(switch.paths, 1)]
        try:
            for i, guest in enumerate(guests, 1):
                guest.set_up(i)
            guests[1].sh("iperf3 -s -D")
            found = {}
            for name, rate in {"none": 0, **rates}.items():
                switch.limit(rate)
                found[name] = iperf(guests[0])
                print(f"{type(switch).__name__:5} {name:5} {found[name] / 1e6:.3f} Mbit/s", flush=True)
            return found
        finally:
            for guest in guests:
                guest.close()


class WeftHosts(Weft):
    """weftd between two namespaces."""

    def __init__(self, wires):
        self.wires = wires
        self.weftd = Weftd(netns=wires.netns, workers=[1], control_cpus="0")

    def __enter__(self):
        self.weftd.__enter__()
        self.weftd.apply({"default": {"networks": {"lan": {}}, "plans": {"p": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": mac(i), **({"plan": "p"} if i == 1 else {}),
                      "attach": {"type": "eth", "device": self.wires.device(i)}} for i in (1, 2)}}})
        return self


class PeerHosts:
    """OVS-DPDK between two namespaces."""

    def __init__(self, wires):
        self.wires, self.ovs = wires, ovs.Ovs(netns=wires.netns, dpdk=True)

    def __enter__(self):
        self.ovs.start()
        self.ovs.add_bridge()
        for i in (1, 2):
            self.ovs.vsctl("add-port", "br0", f"p{i}", "--", "set", "interface", f"p{i}", "type=dpdk",
                           f"options:dpdk-devargs={self.wires.device(i)}")
        return self

    def __exit__(self, *_):
        self.ovs.stop()

    def limit(self, rate):
        """In kbit/s, with the burst that it chooses itself."""
        self.ovs.vsctl("set", "interface", "p1", f"ingress_policing_rate={int(rate / 1000)}", "ingress_policing_burst=0")


def host_tcp(switch_of, rates):
    """TCP between two namespaces at each rate."""
    found = {}
    with Wires() as wires, switch_of(wires) as switch:
        for name, rate in {"none": 0, **rates}.items():
            switch.limit(rate)
            got = wires.send("-t", str(SECONDS), "-O", str(SETTLED))["sum_received"]
            found[name] = got["bits_per_second"] * HEADERS
            print(f"{type(switch).__name__:9} {name:5} {found[name] / 1e6:.3f} Mbit/s", flush=True)
    return found


def add_tcp(cases, rates, found, prefix=""):
    """Percentages of the plans."""
    for name, rate in rates.items():
        case = cases[f"rate-{name}"]
        for switch, got in found.items():
            case[{"weft": "", "ovs": "ovs_"}[switch] + prefix + "tcp_percent"] = got[name] / rate * 100
        case.setdefault("no_plan_mbit", {switch: got["none"] / 1e6 for switch, got in found.items()})


def rate_cases(wanted):
    """rate-*: in one process, and with TCP."""
    rates = {name: RATES[name] for name in RATES if f"rate-{name}" in wanted}
    cases = {f"rate-{name}": {"error_percent": statistics.median(program("rate", rate)["error_percent"] for _ in range(RUNS))}
             for name, rate in rates.items()}
    fast = {name: rate for name, rate in rates.items() if rate >= 1e9}
    slow = {name: rate for name, rate in rates.items() if rate < 1e9}
    if slow and not qemu.missing():
        add_tcp(cases, slow, {"weft": tcp(Weft(), slow), **({"ovs": tcp(Peer(), slow)} if ovs.available() else {})})
    if rates:
        hosts = {"weft": host_tcp(WeftHosts, rates), **({"ovs": host_tcp(PeerHosts, rates)} if ovs.available() else {})}
        add_tcp(cases, rates, hosts, "host_")
        add_tcp(cases, fast, hosts)
    return cases


def ports_case(n):
    """ports-N."""
    rows = [row for _ in range(RUNS) for row in program("ports", n)]
    return {"median": statistics.median(r["shaped_cycles"] for r in rows),
            "unshaped": statistics.median(r["unshaped_cycles"] for r in rows),
            "ratio_unshaped": statistics.median(r["shaped_pps"] / r["unshaped_pps"] for r in rows)}


def lateness_case():
    """lateness: the median window, and the best."""
    ours, step, machine = [], [], []
    for _ in range(RUNS):
        machine += program("machine")
        ours += program("lateness", 1000)
        step += program("step", 1000)
    case = {f"{q}_us": statistics.median(r[f"{q}_us"] for r in ours) for q in ("p50", "p99", "p999")}
    return {**case, "best_p99_us": min(r["p99_us"] for r in ours), "early": ours[-1]["early"],
            "step_p99_us": statistics.median(r["p99_us"] for r in step), "machine_p99_us": statistics.median(r["p99_us"] for r in machine),
            "machine_p999_us": statistics.median(r["p999_us"] for r in machine)}


class Watch(threading.Thread):
    """Looks at what four hosts have sent, all the time."""

    def __init__(self, hosts):
        super().__init__(daemon=True)
        self.hosts, self.over = hosts, False
        self.seen = {i: [] for i in range(1, hosts.n + 1)}

    def run(self):
        while not self.over:
            for i, seen in self.seen.items():
                row = self.hosts.row(i)
                seen.append((row["time_us"] / 1e6, row["bytes"]))
            time.sleep(0.005)

    def at(self, i, when):
        """What host I had sent by then."""
        seen = self.seen[i]
        k = min(max(bisect.bisect(seen, (when,)), 1), len(seen) - 1)
        (t0, b0), (t1, b1) = seen[k - 1], seen[k]
        return b0 + (b1 - b0) * (when - t0) / (t1 - t0)

    def windows(self, start, end, length=1.0, step=0.02):
        """What all sent in each window of that time, as a part of the rate."""
        n = int((end - start - length) / step)
        sums = (sum(self.at(i, start + k * step + length) - self.at(i, start + k * step) for i in self.seen) for k in range(n))
        return [total * 8 / length / self.hosts.rate for total in sums]

    def now(self):
        """The time of what was seen last."""
        return self.seen[self.hosts.n][-1][0]


def cluster_case():
    """cluster."""
    with Hosts(4, 100e6) as hosts:
        watch = Watch(hosts)
        wait_for(lambda: min(hosts.here(i) for i in range(1, 5)) > 0.2 * hosts.rate)
        watch.start()
        time.sleep(0.5)
        begin, used, moved = watch.now(), [], []

        def steady(wants):
            hosts.want(wants)
            time.sleep(1)
            start = watch.now()
            time.sleep(4)
            used.append(statistics.mean(watch.windows(start, watch.now())))

        steady({1: None})
        steady({2: None, 3: None, 4: None})
        hosts.want({2: LITTLE, 3: LITTLE, 4: LITTLE})
        for k in range(12):
            time.sleep(0.7)
            hosts.want({k % 4 + 1: LITTLE, (k + 1) % 4 + 1: None})
            start = time.monotonic()
            wait_for(lambda: hosts.here((k + 1) % 4 + 1) > 0.85 * hosts.rate)
            moved.append((time.monotonic() - start) * 1e3)
        hosts.etcd.members[0].send(signal.SIGSTOP)
        time.sleep(4)
        hosts.etcd.members[0].send(signal.SIGCONT)
        time.sleep(4)
        end = watch.now()
        watch.over = True
        watch.join()
        return {"max_over_percent": (max(watch.windows(begin, end)) - 1) * 100, "used_percent": min(used) * 100,
                "moved_ms": statistics.median(moved), "slowest_ms": max(moved)}


def main():
    """Runs the cases."""
    every = [f"rate-{name}" for name in RATES] + [f"ports-{n}" for n in PORTS] + ["lateness", "cluster"]
    wanted = [a for a in sys.argv[1:] if a in every] or every
    report = {"bench": "shaping", "cases": rate_cases(wanted)}
    for n in PORTS:
        if f"ports-{n}" in wanted:
            report["cases"][f"ports-{n}"] = ports_case(n)
    if "lateness" in wanted:
        report["cases"]["lateness"] = lateness_case()
    if "cluster" in wanted and etcd.available():
        report["cases"]["cluster"] = cluster_case()
    for name, case in report["cases"].items():
        figures = (f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in case.items())
        print(f"{name:12}", ", ".join(figures))
    finish(report)


main()
