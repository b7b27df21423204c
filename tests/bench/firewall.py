# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench firewall [CASE...] [--turns N] [--json FILE]: the firewall on a switch's core, and in one process.

Between two vhost-user ports with a hundred rules each way, weft with its firewall and OVS-DPDK with conntrack and the same rules
take turns on CPU 1; a guest on CPU 0 has the connections. What the firewall costs weft itself is measured by turning it off and on
again in the running switch, window by window. Cases: established-N (cycles per packet), cps (whole TCP
connections), attack-KIND (what a third port's attack leaves of the packets between the two), and in-process, which includes
classify-N. Windows in which a sibling hyper-thread was busy are set apart, as in pvp.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import pvp  # noqa: E402
from bench.report import finish, spread  # noqa: E402
from harness import ovs  # noqa: E402
from harness.flows import ATTACKS, MACS, Guest  # noqa: E402
from harness.proc import BUILD  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

ESTABLISHED = [1, 1000, 10000, 100000, 1000000]
ATTACK_PPS = 50000
N_RULES = 100
SESSIONS = 1 << 18


def rules():
    """A hundred rules each way; what the traffic needs is the last."""
    return [{"name": f"{d}-{i}", "direction": d, "action": "deny" if i < N_RULES - 1 else "allow", "protocol": "tcp",
             "ports": [1000 + i if i < N_RULES - 1 else 80], "priority": i + 1} for d in ("in", "out") for i in range(N_RULES)]


class Weft(pvp.Weft):
    """weftd with three guest ports in a group with rules."""

    def __init__(self, sessions=SESSIONS):
        self.weftd = Weftd(workers=[1], control_cpus="0", idle="busy", hugepages=True, memory_mb=640 if sessions > SESSIONS else 384,
                           mbufs=32768, sessions=sessions)
        self.paths = [f"{self.weftd.dir}/p{i}" for i in range(3)]

    def __enter__(self):
        self.weftd.__enter__()
        self.weftd.apply({"default": {
            "networks": {"lan": {"firewall": True, "learning": False}}, "groups": {"web": {"rules": rules()}},
            "limits": {"sessions": 1 << 30, "half_open_sessions": 4096},
            "ports": {f"p{i}": {"network": "lan", "mac": MACS[i], "groups": ["web"], "attach": {"mode": "server", "path": self.paths[i]}}
                      for i in range(3)}}})
        return self

    def turn_firewall(self, on, settle):
        """Turns the firewall of the network on or off, and waits until its connections are judged anew."""
        self.weftd.rpc("apply", policy={"tenants": {"default": {"networks": {"lan": {"firewall": on, "learning": False}}}}})
        time.sleep(settle)

    def busy(self):
        """Busy cycles of the worker so far, and its clock's rate."""
        worker = self.weftd.rpc("workers")[0]
        return worker["busy_cycles"], worker["tsc_hz"]


class Peer(pvp.Peer):
    """OVS-DPDK with conntrack at both ends and the same rules."""

    def __init__(self):
        self.ovs = ovs.Ovs(1024)
        self.paths = [f"{self.ovs.dir}/p{i}" for i in range(3)]

    def __enter__(self):
        self.ovs.start()
        self.ovs.bridge([f"p{i}" for i in range(3)], forward=False)
        with tempfile.NamedTemporaryFile("w", suffix=".flows") as f:
            f.write("\n".join(self.flows()))
            f.flush()
            self.ovs.call("ovs-ofctl", "add-flows", f"{self.ovs.dir}/br0.mgmt", f.name)
        self.ovs.appctl("dpctl/ct-set-maxconns", "3000000")
        return self

    @staticmethod
    def flows():
        """Out of the sender in its zone, then into the receiver in its own; established connections pass at both."""
        flows = []
        for i in range(3):
            flows.append(f"table=0,priority=10,in_port={i + 1},ip,actions=ct(zone={i + 1},table=1)")
            to = f"dl_dst={MACS[i]}"
            flows.append(f"table=2,priority=10,{to},ip,actions=ct(zone={i + 1},table=3)")
            flows.append(f"table=4,priority=10,{to},actions=output:{i + 1}")
        for table, then in ((1, "resubmit(,2)"), (3, "resubmit(,4)")):
            flows.append(f"table={table},priority=2000,ip,ct_state=+trk+inv,actions=drop")
            flows.append(f"table={table},priority=1000,ip,ct_state=+trk+est,actions={then}")
            for k in range(N_RULES - 1):
                flows.append(f"table={table},priority={500 - k},tcp,ct_state=+trk+new,tp_dst={1000 + k},actions=drop")
            flows.append(f"table={table},priority=100,tcp,ct_state=+trk+new,tp_dst=80,actions=ct(commit,zone=NXM_NX_CT_ZONE[]),{then}")
        return flows

    def busy(self):
        """Busy cycles of the PMD since the last clear, and the clock's rate."""
        text = self.ovs.appctl("dpif-netdev/pmd-stats-show")
        text = text[text.index("core_id 1"):]
        return int(re.search(r"processing cycles: (\d+)", text)[1]), None


def windows_of(switch, threshold, most=pvp.WINDOWS, enough=pvp.ENOUGH):
    """Windows of PVP's kind until enough are quiet."""
    windows, loud = [], pvp.loudness()
    while len(windows) < most and sum(l <= threshold for _, l in windows) < enough:
        cycles, packets, full = switch.window()
        after = pvp.loudness()
        good = packets > 1000 and cycles and full >= pvp.FULL
        windows.append((cycles, max(loud, after) if good else 1000))
        loud = after
    return windows


def on_and_off(switch, n, threshold):
    """[(cycles with the firewall, cycles without)] of neighbouring windows that were quiet and full."""
    settle, pairs = 0.05 if n < 100000 else 6, []
    for _ in range(12 if n < 100000 else 2):
        found = []
        for on in (True, False):
            switch.turn_firewall(on, settle)
            window = windows_of(switch, threshold, 4, 1)
            found.append(pvp.quiet(window, threshold))
        if all(found):
            pairs.append((statistics.median(found[0]), statistics.median(found[1])))
    switch.turn_firewall(True, settle)
    return pairs


def established(n, turns):
    """Cycles per packet with N connections: weft, weft with its firewall off, OVS."""
    sessions = SESSIONS if n < SESSIONS else 1 << 20
    makers = {"weft": lambda: Weft(sessions)}
    if ovs.available():
        makers["ovs"] = Peer
    taken, threshold, stages, pairs = {s: [] for s in makers}, pvp.calibrate(), None, []
    for turn in range(turns):
        for name, make in makers.items():
            apart = pvp.distance()
            with make() as switch, Guest(switch.paths[:2], "established", n, hugepages=True):
                time.sleep(0.5)
                windows = windows_of(switch, threshold)
                if name == "weft":
                    stages = switch.stages()
                    tracked = switch.weftd.rpc("session_counts")["matched"]
                    pairs += on_and_off(switch, n, threshold)
            taken[name].append((windows, (apart, pvp.distance())))
        threshold = min([threshold] + [1.15 * loud for t in taken.values() for w, _ in t for _, loud in w])
        best = min(d for t in taken.values() for _, a in t for d in a)
        said = ", ".join(pvp.describe(s, *t[-1], best, threshold) for s, t in taken.items())
        if pairs:
            said += f"; on and off {statistics.median(off / on for on, off in pairs):.3f} ({len(pairs)} pairs)"
        print(f"established-{n} turn {turn + 1}: {said}", flush=True)
    case = {"name": f"established-{n}", "connections": n, "tracked": tracked, "turns": turns, "stages": stages,
            "quiet_threshold": threshold}
    for name, t in taken.items():
        quiet = [c for w, _ in t for c in pvp.quiet(w, threshold)]
        case[name] = spread(quiet) or spread([c for w, _ in t for c, _ in w])
        case[f"{name}_all_windows"] = spread([c for w, _ in t for c, _ in w])
    if pairs:
        case["off"] = spread([off for _, off in pairs])
        case["ratio_off"] = statistics.median(off / on for on, off in pairs)
        case["ratio_off_spread"] = [min(off / on for on, off in pairs), max(off / on for on, off in pairs)]
        case["ratio_off_pairs"] = len(pairs)
    for name in makers:
        if name == "weft":
            continue
        ratios = [r for place in pvp.ratios_by_place(taken, name, best, threshold).values() for r in place]
        key = f"ratio_{name}"
        case[key] = statistics.median(ratios) if ratios else case[f"{name}_all_windows"]["median"] / case["weft_all_windows"]["median"]
        case[f"{key}_turns"] = len(ratios)
        case[f"{key}_spread"] = [min(ratios), max(ratios)] if ratios else None
    return case


def cps(turns):
    """Whole connections of six packets: busy cycles for each, and what a core could do."""
    makers = {"weft": Weft}
    if ovs.available():
        makers["ovs"] = Peer
    taken, threshold, hz = {s: [] for s in makers}, pvp.calibrate(), None
    for turn in range(turns):
        for name, make in makers.items():
            with make() as switch, Guest(switch.paths[:2], "cps", 1, hugepages=True) as guest:
                time.sleep(1)
                for _ in range(8):
                    loud = pvp.loudness()
                    before, busy = guest.counters(), switch.busy()
                    time.sleep(0.3)
                    after, now = guest.counters(), switch.busy()
                    loud = max(loud, pvp.loudness())
                    hz = now[1] or hz
                    if after[6] > before[6]:
                        taken[name].append(((now[0] - busy[0]) / (after[6] - before[6]), loud))
        said = ", ".join(f"{s} {statistics.median([c for c, _ in t]):.0f}" for s, t in taken.items() if t)
        print(f"cps turn {turn + 1}: {said}", flush=True)
    case = {"name": "cps", "turns": turns}
    for name, t in taken.items():
        quiet = [c for c, loud in t if loud <= threshold] or [c for c, _ in t]
        case[name] = {"cycles_per_connection": statistics.median(quiet), "min": min(quiet), "n": len(quiet),
                      "per_second": hz / statistics.median(quiet)}
    case["per_second"] = case["weft"]["per_second"]
    if "ovs" in case:
        case["ratio_ovs"] = case["ovs"]["cycles_per_connection"] / case["weft"]["cycles_per_connection"]
    return case


def attack(kind, turns):
    """Packets between two ports while the third attacks, over those while it rests: neighbouring windows of one run."""
    kept, sent = [], []
    with Weft() as switch, Guest(switch.paths, "established", 1000, kind, ATTACK_PPS, hugepages=True) as guest:
        time.sleep(0.5)
        for i in range(10 * turns):
            rate = {}
            for word in ("rest", "attack") if i % 2 else ("attack", "rest"):
                guest.counters(word)
                time.sleep(0.03)
                before = guest.counters()
                time.sleep(0.12)
                after = guest.counters()
                rate[word] = (after[3] + after[4] - before[3] - before[4]) / (after[0] - before[0])
                if word == "attack":
                    sent.append((after[5] - before[5]) / (after[0] - before[0]))
            kept.append(rate["attack"] / rate["rest"])
        drops = switch.weftd.drops("p2")
    kept.sort()
    middle = kept[len(kept) // 4:-(len(kept) // 4)]
    print(f"attack-{kind}: victim kept {statistics.median(kept):.3f} at {statistics.median(sent):.0f} packets/s; {drops}", flush=True)
    return {"name": f"attack-{kind}", "victim_kept": statistics.median(kept), "middle_half": [middle[0], middle[-1]],
            "pairs": len(kept), "attack_pps": statistics.median(sent), "drops": drops}


def in_process():
    """The program's cases: the quietest of three runs of each."""
    best = {}
    for _ in range(3):
        report = json.loads(subprocess.run([os.path.join(BUILD, "tests", "bench", "bench_firewall"), "--huge"], stdout=subprocess.PIPE,
                                           check=True).stdout)
        for case in report["cases"]:
            known = best.get(case["name"])
            figure = case["weft"]["median"] if "weft" in case else case["cycles_per_connection"]
            if known is None or figure < known[0]:
                best[case["name"]] = (figure, case)
    for figure, case in best.values():
        if "weft" in case:
            case["median"] = case["weft"]["median"]
        print(f"{case['name']}: {figure:.1f} cycles" + (f", of them the firewall {case['stages']['firewall']['median']:.1f}"
                                                       if "stages" in case else ""), flush=True)
    return [case for _, case in best.values()]


def main():
    """All cases, or those named."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 10
    todo = [a for a in sys.argv[1:] if re.match(r"(established|attack)-|cps$|in-process$", a)]
    todo = todo or ["in-process", *[f"established-{n}" for n in ESTABLISHED], "cps", *[f"attack-{k}" for k in ATTACKS]]
    pages = int(re.search(r"HugePages_Free:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])
    if pages < 800:
        subprocess.run(["sysctl", "-q", f"vm.nr_hugepages={1000}"], check=True)
    cases = []
    for name in todo:
        if name == "in-process":
            cases += in_process()
        elif name == "cps":
            cases.append(cps(max(turns // 2, 1)))
        elif name.startswith("attack-"):
            cases.append(attack(name[7:], turns))
        else:
            cases.append(established(int(name[12:]), turns))
    finish({"bench": "firewall", "rules": 2 * N_RULES, "cases": cases})


main()
