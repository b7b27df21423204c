# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench overlay [CASE...] [--turns N] [--json FILE]: what tunnels cost, in one process and beside OVS-DPDK.

vxlan-encap, vxlan-decap, geneve-encap and geneve-decap are cycles per packet of the chain in one process, by stage, with the stamp
in Geneve; what they add to a local port is their cost. vxlan-ovs, geneve-ovs and geneve-firewall-ovs are a guest and a wire: packets
of 64 flows go round, once into a tunnel and once out of it, through weft or OVS-DPDK, in turns, on CPU 1. Guest and wire are one
program on CPU 0; the wire is DPDK's vhost device (net_vhost) for both switches. Windows are kept as in pvp.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import pvp  # noqa: E402
from bench.report import finish, spread  # noqa: E402
from harness import ovs  # noqa: E402
from harness.mirror import GUEST, OTHER, Mirror  # noqa: E402
from harness.proc import BUILD, run  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

RUNS = 9
FLOWS = 64
N_RULES = 100
HERE, THERE, VNI = "192.0.2.1", "192.0.2.2", 70001
IN_PROCESS = ["vxlan-encap", "vxlan-decap", "geneve-encap", "geneve-decap"]
BESIDE = {"vxlan-ovs": ("vxlan", False), "geneve-ovs": ("geneve", False), "geneve-firewall-ovs": ("geneve", True)}


class Weft(pvp.Weft):
    """weftd with a guest's port and an uplink."""

    def __init__(self, encap, firewall):
        self.encap, self.firewall = encap, firewall
        self.weftd = Weftd(host="a", workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=256, mbufs=32768)
        self.paths = [f"{self.weftd.dir}/{name}" for name in ("guest", "wire")]

    def rules(self):
        """A hundred rules each way; what the traffic needs is the last."""
        return [{"name": f"{d}-{i}", "direction": d, "action": "deny" if i < N_RULES - 1 else "allow", "protocol": "udp",
                 "ports": [10000 + i if i < N_RULES - 1 else "7-65000"], "priority": i + 1}
                for d in ("in", "out") for i in range(N_RULES)]

    def __enter__(self):
        self.weftd.__enter__()
        hosts = {name: {"tunnel": {"address": f"{address}/24", "bfd_interval_ms": 0}} for name, address in (("a", HERE), ("b", THERE))}
        self.weftd.apply({"default": {
            "networks": {"lan": {"encap": self.encap, "vni": VNI, "firewall": self.firewall}},
            "groups": {"all": {"rules": self.rules()}},
            "ports": {
                "up": {"host": "a", "attach": {"type": "eth", "device": f"net_vhost0,iface={self.paths[1]},queues=1"}},
                "g1": {"host": "a", "network": "lan", "mac": GUEST, "groups": ["all"],
                       "attach": {"mode": "server", "path": self.paths[0]}},
                "g2": {"host": "b", "network": "lan", "mac": OTHER}}}}, hosts=hosts)
        return self


class Peer(pvp.Peer):
    """OVS-DPDK with a bridge for the guest and one for the wire, its own way to have tunnels."""

    def __init__(self, encap, firewall):
        self.encap, self.firewall = encap, firewall
        self.netns = f"weft-{uuid.uuid4().hex[:8]}"
        self.ovs = ovs.Ovs(512, netns=self.netns, dpdk=True)
        self.paths = [f"{self.ovs.dir}/{name}" for name in ("guest", "wire")]

    def __enter__(self):
        run("ip", "netns", "add", self.netns)
        switch = self.ovs
        switch.start()
        for bridge in ("br-int", "br-phy"):
            switch.add_bridge(bridge)
        switch.vsctl("add-port", "br-phy", "wire", "--", "set", "interface", "wire", "type=dpdk",
                     f"options:dpdk-devargs=net_vhost0,iface={self.paths[1]},queues=1")
        run("ip", "-n", self.netns, "addr", "add", f"{HERE}/24", "dev", "br-phy")
        run("ip", "-n", self.netns, "link", "set", "br-phy", "up")
        switch.vsctl("add-port", "br-int", "guest", "--", "set", "interface", "guest", "type=dpdkvhostuser", "ofport_request=1")
        switch.vsctl("add-port", "br-int", "tun", "--", "set", "interface", "tun", f"type={self.encap}", f"options:remote_ip={THERE}",
                     f"options:key={VNI}", "options:csum=false", "ofport_request=2")
        mgmt = os.path.join(switch.dir, "br-int.mgmt")
        switch.call("ovs-ofctl", "del-flows", mgmt)
        for flow in self.flows():
            switch.call("ovs-ofctl", "add-flow", mgmt, flow)
        return self

    def flows(self):
        """Guest to tunnel and back; with the firewall through the guest's zone."""
        if not self.firewall:
            return ["in_port=1,actions=output:2", "in_port=2,actions=output:1"]
        flows = ["table=0,in_port=1,ip,actions=ct(zone=1,table=1)", "table=0,in_port=2,ip,actions=ct(zone=1,table=1)",
                 "table=0,priority=1,arp,actions=NORMAL",
                 "table=1,priority=2000,ip,ct_state=+trk+inv,actions=drop",
                 "table=1,priority=1000,ip,ct_state=+trk+est,actions=resubmit(,2)",
                 "table=2,in_port=1,actions=output:2", "table=2,in_port=2,actions=output:1"]
        flows += [f"table=1,priority={500 - k},udp,ct_state=+trk+new,tp_dst={10000 + k},actions=drop" for k in range(N_RULES - 1)]
        return flows + ["table=1,priority=100,udp,ct_state=+trk+new,actions=ct(commit,zone=1),resubmit(,2)"]

    def __exit__(self, *args):
        super().__exit__(*args)
        run("ip", "netns", "del", self.netns)


def turn(make, threshold):
    """As pvp's: a switch, its guest and its wire; [(cycles, loudness)], the stages' cycles, and the cores' distances."""
    windows, stages, before = [], None, pvp.distance()
    with make() as switch, Mirror(switch.paths, FLOWS, THERE):
        loud = pvp.loudness()
        while len(windows) < pvp.WINDOWS and sum(l <= threshold for _, l in windows) < pvp.ENOUGH:
            cycles, packets, full = switch.window()
            after = pvp.loudness()
            good = packets > 1000 and cycles and full >= pvp.FULL
            windows.append((cycles, max(loud, after) if good else 1000))
            loud = after
        if hasattr(switch, "stages"):
            stages = switch.stages()
    return windows, stages, (before, pvp.distance())


def beside(name, turns):
    """One case beside OVS-DPDK."""
    makers = {"weft": lambda: Weft(*BESIDE[name]), "ovs": lambda: Peer(*BESIDE[name])}
    if not ovs.available():
        del makers["ovs"]
    taken, threshold, stages = {s: [] for s in makers}, pvp.calibrate(), None
    for i in range(turns):
        for s, make in makers.items():
            windows, where, apart = turn(make, threshold)
            taken[s].append((windows, apart))
            stages = where or stages
        threshold = min([threshold] + [1.15 * loud for t in taken.values() for w, _ in t for _, loud in w])
        best = min(d for t in taken.values() for _, apart in t for d in apart)
        print(f"{name} turn {i + 1}: " + ", ".join(pvp.describe(s, *t[-1], best, threshold) for s, t in taken.items()), flush=True)
    case = {"name": name, "flows": FLOWS, "turns": turns, "quiet_threshold": threshold, "near_cycles": best, "stages": stages}
    for s, t in taken.items():
        case[f"{s}_all_windows"] = spread([c for w, _ in t for c, _ in w])
        case[s] = spread([c for w, _ in t for c in pvp.quiet(w, threshold)]) or case[f"{s}_all_windows"]
    if "ovs" in taken:
        quiet = [r for place in pvp.ratios_by_place(taken, "ovs", best, threshold).values() for r in place]
        # A turn of the one with the next of the other, whatever the neighbours do meanwhile: it says less, and is always there.
        loud = [statistics.median(c for c, _ in o) / statistics.median(c for c, _ in w)
                for (w, _), (o, _) in zip(taken["weft"], taken["ovs"])]
        for key, ratios in (("ratio_ovs_quiet", quiet), ("ratio_ovs_all", loud)):
            case[key] = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios), "n": len(ratios)} if ratios else None
        case["ratio_ovs"] = (case["ratio_ovs_quiet"] or case["ratio_ovs_all"])["median"]
        said = ", ".join(f"{r['median']:.2f} ({r['min']:.2f} to {r['max']:.2f}, {r['n']} pairs of turns) in {where} windows"
                         for where, r in (("quiet", case["ratio_ovs_quiet"]), ("all", case["ratio_ovs_all"])) if r)
        print(f"{name}: weft {case['weft']['median']:.0f}, OVS {case['ovs']['median']:.0f} cycles per packet, ratio {said}", flush=True)
    return case


def in_process(names):
    """The program several times, in which the cases take turns; the quietest run stands."""
    runs = []
    for _ in range(RUNS):
        out = subprocess.run([os.path.join(BUILD, "tests", "bench", "bench_overlay")], stdout=subprocess.PIPE, check=True).stdout
        runs.append(json.loads(out))
    report = min(runs, key=lambda r: sum(case["weft"]["median"] for case in r["cases"]))
    local = report["cases"][0]["weft"]["median"]
    for case in report["cases"]:
        case["added"] = case["weft"]["median"] - local
        print(f"{case['name']:13} {case['weft']['median']:6.1f} cycles per packet, {case['added']:+6.1f} to a local port; by stage: "
              + ", ".join(f"{n} {s['median']:.1f}" for n, s in case["stages"].items()), flush=True)
    both = {kind: sum(case["added"] for case in report["cases"] if case["name"].startswith(kind)) for kind in ("vxlan", "geneve")}
    for kind, added in both.items():
        print(f"{kind}: into the tunnel and out of it adds {added:.1f} cycles per packet", flush=True)
    return [case for case in report["cases"] if case["name"] in ["local", *names]], both


def main():
    """All cases, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 6
    known = [*IN_PROCESS, *BESIDE]
    todo = [a for a in sys.argv[1:] if a in known] or known
    cases, both = [], {}
    if any(name in IN_PROCESS for name in todo):
        cases, both = in_process(todo)
    beside_them = [name for name in todo if name in BESIDE]
    if beside_them:
        free = int(re.search(r"HugePages_Free:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])
        if free < 600:
            subprocess.run(["sysctl", "-q", "vm.nr_hugepages=800"], check=True)
    cases += [beside(name, turns) for name in beside_them]
    finish({"bench": "overlay", "batch": 32, "runs": RUNS, "both_ways": both, "cases": cases})


if __name__ == "__main__":
    main()
