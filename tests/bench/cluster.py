# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench cluster [--applies N] [--json FILE]: milliseconds from apply until every host has the generation in force.

Agents are hosts' control sides without a data plane (tests/bench/bench_agents.c): the real protocol, model and compiler,
each with its own connections to one real etcd, in two processes. One agent applies, and waits until all live hosts that
are concerned have acknowledged; afterwards all agents are asked whether they have the generation in force.
"""
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.report import finish  # noqa: E402
from harness.etcd import Etcd  # noqa: E402
from harness.proc import BUILD  # noqa: E402

AGENTS = os.path.abspath(os.path.join(BUILD, "tests", "bench", "bench_agents"))
HOSTS_PER_NETWORK = 10
PORTS_PER_HOST = 10
PROCESSES = 2


class Agents:
    """N agents, from the number FIRST on, in one process."""

    def __init__(self, endpoint, first, n):
        self.process = subprocess.Popen([AGENTS, endpoint, str(first), str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        """Sends a line and returns the answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def apply(self, bundle):
        """Applies, and waits for all hosts."""
        return self.ask(json.dumps(bundle))

    def in_force(self, generation):
        """How many agents have GENERATION in force."""
        return self.ask(f"?{generation}")["in_force"]

    def stop(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def port(host, i, **more):
    """A port's name and object."""
    return {"network": "n", "host": f"h{host}", "mac": f"52:54:{i:02x}:{host >> 16:02x}:{host >> 8 & 255:02x}:{host & 255:02x}", **more}


def policy(n):
    """A tenant for every ten hosts, and one tenant, with one group, that has a port on every host."""
    tenants = {}
    for first in range(0, n, HOSTS_PER_NETWORK):
        hosts = range(first, min(first + HOSTS_PER_NETWORK, n))
        tenants[f"t{first}"] = {"networks": {"n": {}}, "ports": {
            f"p{h}-{i}": port(h, i) for h in hosts for i in range(PORTS_PER_HOST)}}
    tenants["all"] = {"groups": {"g": {}}, "networks": {f"n{f}": {} for f in range(0, n, HOSTS_PER_NETWORK)}, "ports": {
        f"p{h}": {**port(h, 99, groups=["g"]), "network": f"n{h - h % HOSTS_PER_NETWORK}"} for h in range(n)}}
    return {"tenants": tenants}


def rule(i):
    """A group's rules, another one for every I."""
    return {"rules": [{"direction": "in", "action": "allow", "protocol": "tcp", "ports": [1000 + i]}]}


def percentile(values, p):
    """The P-th percentile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def case(name, agents, n, applies, bundle):
    """One row: applies one after the other, and then a look whether the N agents that are concerned have the last one."""
    took = []
    for i in range(applies):
        answer = agents[0].apply(bundle(i))
        if answer["late"]:
            raise RuntimeError(f"{name}: hosts were late")
        took.append(answer["ms"])
        time.sleep(0.05)
    end = time.monotonic() + 10
    while sum(a.in_force(answer["generation"]) for a in agents) < n:
        if time.monotonic() > end:
            raise RuntimeError(f"{name}: not in force on all agents")
    row = {"name": name, "hosts": answer["hosts"], "applies": applies, "p50_ms": statistics.median(took),
           "p99_ms": percentile(took, 99), "min_ms": min(took), "concerned": n}
    print(", ".join(f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    return row


def run(n, applies, groups):
    """All cases with N agents."""
    with Etcd(1) as etcd:
        start = time.monotonic()
        agents = [Agents(etcd.endpoints[0], 0, 1)]
        try:
            agents[0].apply(policy(n))
            # The others come when the policy stands, as hosts do.
            share = (n - 1) // PROCESSES
            for i in range(PROCESSES):
                first = 1 + i * share
                agents.append(Agents(etcd.endpoints[0], first, share if i < PROCESSES - 1 else n - first))
            while sum(a.in_force(1) for a in agents) < n:
                time.sleep(0.2)
            print(f"{n} agents in step after {time.monotonic() - start:.1f} s", flush=True)
            time.sleep(12)
            rows = [case(f"agents-{n}", agents, HOSTS_PER_NETWORK, applies, lambda i: {"tenants": {"t0": {"ports": {
                "p1-0": port(1, 0, state="down" if i % 2 == 0 else "up")}}}})]
            if groups:
                rows.append(case(f"agents-{n}-group", agents, n, groups, lambda i: {"tenants": {"all": {"groups": {"g": rule(i)}}}}))
            return rows
        finally:
            for a in agents:
                a.stop()


def main():
    """A hundred agents, then a thousand."""
    applies = int(sys.argv[sys.argv.index("--applies") + 1]) if "--applies" in sys.argv else 200
    cases = run(100, applies, applies // 4) + run(1000, applies, applies // 4)
    finish({"bench": "cluster", "cases": cases})


main()
