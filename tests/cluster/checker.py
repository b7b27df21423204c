# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The history checker of the barrier: ./weft test cluster [--histories N] [--seed S].

A policy has a value V: each host's sender may use MAC(V) only, and of its two receivers the one of V's parity is up. A
frame from MAC(V) to the other receiver needs one rule of generation V and one of V-1 or V+1, so no single generation lets
it pass: a guest sends such frames all the time, and none may arrive. Meanwhile clients apply V+1 on any host, some of
them with a part that one host must refuse, probes ask what each host's pipeline does with frames from the latest values'
MACs (explain: the very same stages, on the worker), and hosts, etcd members and cables fail. Every invocation and
response is recorded. Another sender is on host 0 and its two receivers on host 1, with a Geneve tunnel between them: such a frame is
judged by two hosts that switch at different moments. Afterwards:

  mixture     a frame arrived that no generation allows, or a probe found two values in force, or none
  across      the same through the tunnel; but for frames of a host that had lost the cluster, which the other one counts as late
  phantom     a host had a value in force that never became a generation (it was refused, and must stay nowhere)
  stale       a host had an older value in force after apply had said that this host applies the newer one
  lost        an apply was acknowledged, and its generation is not in the log
  divergence  healed, the hosts do not all have the latest generation's value in force

With the barrier turned off (hosts do not wait for each other) the checker must find violations.
"""
import os
import random
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from cluster.world import WIRE, World, pause  # noqa: E402
from harness.proc import wait_for  # noqa: E402
from harness.vhost_guest import VhostGuest  # noqa: E402
from harness.weftd import Rejected  # noqa: E402

RECEIVERS = ["52:54:00:ff:00:00", "52:54:00:ff:00:01"]


def mac(value):
    """The sender's MAC under VALUE."""
    return f"52:54:01:00:{value >> 8 & 255:02x}:{value & 255:02x}"


def frame(src, dst):
    """A frame that the parser takes for no known protocol."""
    return bytes.fromhex(dst.replace(":", "") + src.replace(":", "") + "88b5") + bytes(46)


def policy(n, value, poison=None):
    """VALUE for all hosts; POISON names a host that must refuse it."""
    ports = {}
    for i in range(n):
        ports[f"s{i}"] = {"network": f"n{i}", "host": f"h{i}", "mac": mac(value), "vm": f"value-{value}"}
        for r in (0, 1):
            ports[f"r{i}{r}"] = {"network": f"n{i}", "host": f"h{i}", "mac": RECEIVERS[r],
                                 "state": "up" if value % 2 == r else "down"}
    if poison is not None:
        # There is one worker only: the host refuses what the host that applies cannot know.
        ports[f"s{poison}"]["worker"] = 9
    span = {"x": {"network": "span", "host": "h0", "mac": mac(value)}}
    for r in (0, 1):
        span[f"y{r}"] = {"network": "span", "host": "h1", "mac": RECEIVERS[r], "state": "up" if value % 2 == r else "down"}
        span[f"up{r}"] = {"host": f"h{r}", "attach": {"type": "eth", "device": f"net_af_packet0,iface={WIRE}"}}
    return {"tenants": {"t": {"networks": {f"n{i}": {"firewall": False} for i in range(n)}, "ports": ports},
                        "u": {"networks": {"span": {"encap": "geneve", "vni": 5, "firewall": False}}, "ports": span,
                              "limits": {"on_isolation": "deny-all"}}},
            "hosts": {f"h{i}": {"tunnel": {"address": f"192.0.2.{i + 1}/24"}} for i in (0, 1)}}


class History:
    """What was asked and answered, with times."""

    def __init__(self):
        self.applies, self.probes, self.mixtures, self.across, self.lock = [], [], [], [], threading.Lock()


class Flood(threading.Thread):
    """A guest on host 0 that sends frames that no generation lets pass, and receivers that must stay silent: the three are PORTS,
    (host, name). FOUND gets what arrives."""

    def __init__(self, check, ports, found):
        super().__init__(daemon=True)
        self.check, self.ports, self.found, self.end, self.sent = check, ports, found, False, 0
        self.guests = []

    def connect(self):
        """(Re)connects the three guests."""
        for g in self.guests:
            g.close()
        self.guests = []
        for i, name in self.ports:
            guest = VhostGuest(os.path.join(self.check.world.hosts[i].dir, "vhost", f"{name}.sock"))
            guest.listener.settimeout(3)
            self.guests.append(guest)
            guest.start()

    def run(self):
        while not self.end:
            try:
                if not self.guests:
                    self.connect()
                value = self.check.value
                for v in (value - 1, value, value + 1):
                    self.guests[0].send(frame(mac(v), RECEIVERS[(v + 1) % 2]))
                    self.sent += 1
                for g in self.guests[1:]:
                    g.poll()
                    if g.received:
                        self.found(g.received.pop())
                time.sleep(0.001)
            except (OSError, TimeoutError, RuntimeError, IndexError, struct.error):
                for g in self.guests:
                    g.close()
                self.guests = []
                time.sleep(0.05)
        for g in self.guests:
            g.close()


class Check:
    """Histories over one world."""

    def __init__(self, world, seed):
        self.world, self.rng = world, random.Random(seed)
        self.value, self.tried = 0, []
        self.history, self.stop = History(), False
        self.violations, self.n_probes, self.late = [], 0, 0

    def found(self, data):
        """A frame that no generation lets pass has arrived."""
        self.history.mixtures.append(data)

    def stamps(self):
        """What host 1 says of the frames that came through the tunnel."""
        try:
            return self.world.hosts[1].rpc("tunnels")["stamps"]
        except (OSError, ValueError):
            return {}

    def found_across(self, data):
        """The same through the tunnel. What was late is not meant."""
        late = self.stamps().get("late", 0)
        if late == self.late:
            self.history.across.append(data)
        self.late = late

    def apply(self, value, poison=None, on=None, seconds=6):
        """Applies VALUE on a host and records what came of it."""
        host = self.rng.randrange(self.world.n) if on is None else on
        row = {"value": value, "start": time.monotonic(), "end": None, "ok": False, "applied": []}
        self.history.applies.append(row)
        try:
            answer = self.world.hosts[host].rpc("apply", policy=policy(self.world.n, value, poison), wait=True,
                                                timeout_ms=seconds * 1000)
            row["generation"], row["ok"] = answer.get("generation"), answer.get("state") != "unknown"
            row["applied"] = [int(h["host"][1:]) for h in answer.get("hosts", [])
                              if h["applied"] >= answer["generation"] and h["state"] == "live"]
        except (Rejected, OSError, ValueError) as why:
            row["why"] = str(why)
        row["end"] = time.monotonic()
        return row

    def probe(self, i):
        """Which of the latest values host I has in force."""
        start, host, seen = time.monotonic(), self.world.hosts[i], []
        value = self.value
        candidates = sorted(set(range(max(1, value - 4), value + 3)))
        try:
            first = host.rpc("status")["policy_version"]
            for v in candidates:
                verdict = host.rpc("explain", port=f"t/s{i}", frame=frame(mac(v), RECEIVERS[v % 2]).hex())["verdict"]
                if verdict == "delivered":
                    seen.append(v)
            second = host.rpc("status")["policy_version"]
        except (OSError, ValueError, Rejected):
            return
        # A policy that changed between two questions is no mixture: only an undisturbed answer counts as one.
        quiet = first == second
        with self.history.lock:
            self.history.probes.append({"host": i, "start": start, "end": time.monotonic(), "seen": seen, "quiet": quiet,
                                        "range": (candidates[0], candidates[-1])})

    def probing(self, i):
        """Probes host I until the end."""
        while not self.stop:
            self.probe(i)
            time.sleep(0.004)

    def next_value(self):
        """Values are never used twice."""
        self.value += 1
        return self.value

    def run_history(self, faults):
        """Applies, faults and probes; then what they show."""
        self.history, self.stop = History(), False
        threads = [threading.Thread(target=self.probing, args=(i,), daemon=True) for i in range(self.world.n)]
        for t in threads:
            t.start()
        names = []
        for _ in range(faults):
            clients = [threading.Thread(target=self.client, args=(self.rng.randrange(3, 7),)) for _ in range(2)]
            for c in clients:
                c.start()
            pause(self.rng.random() * 0.3)
            name, mend = self.world.fault(self.rng)
            names.append(name)
            pause(self.rng.choice([0.05, 0.5, 1.5, self.world.lease_s + 1.5]))
            mend()
            for c in clients:
                c.join()
        self.world.mend()
        # A host that was away when a generation came about that it cannot apply is in step only with the next one.
        for _ in range(4 * self.world.n):
            if self.apply(self.next_value(), seconds=5)["ok"]:
                break
            pause(0.5)
        try:
            self.world.heal()
        except TimeoutError as why:
            self.note("divergence", f"the hosts did not get in step again: {why}")
        final = self.apply(self.next_value(), on=0, seconds=15)
        pause(0.05)
        self.stop = True
        for t in threads:
            t.join()
        self.judge(final)
        return names

    def client(self, n):
        """N applies, every third one with something that a host refuses."""
        for _ in range(n):
            value = self.next_value()
            self.apply(value, poison=self.rng.randrange(self.world.n) if self.rng.random() < 0.35 else None)
            pause(self.rng.random() * 0.05)

    def judge(self, final):
        """What must not be."""
        host = self.world.hosts[0]
        try:
            log = {g["generation"] for g in host.rpc("generations")}
        except Rejected as why:
            # Healed, and a host cannot say what was agreed on: it is ahead of the store, or cut off from it.
            self.note("divergence", f"host 0 knows no generations: {why}")
            return
        values = {self.record(host, generation): generation for generation in log}
        h = self.history
        self.n_probes += len(h.probes)
        for m in h.mixtures:
            self.note("mixture", f"a frame arrived that no generation lets pass: {m.hex()[:40]}")
        for m in h.across:
            self.note("across", f"a frame came through the tunnel that no generation lets pass: {m.hex()[:40]}")
        for a in h.applies:
            if a["ok"] and a["generation"] not in log:
                self.note("lost", f"value {a['value']} was acknowledged as generation {a['generation']}")
        for p in h.probes:
            self.judge_probe(p, values)
        if not final["ok"] or sorted(final["applied"]) != list(range(self.world.n)):
            self.note("divergence", f"healed, and the last value was not applied everywhere: {final}")

    def record(self, host, generation):
        """The value that a generation brought."""
        if generation not in self.known:
            record = wait_for(lambda: self.ask_record(host, generation), 20)
            vms = [o.get("vm", "") for o in record["changes"].values() if isinstance(o, dict)]
            found = [int(v.split("-")[1]) for v in vms if v.startswith("value-")]
            self.known[generation] = found[0] if found else None
        return self.known[generation]

    @staticmethod
    def ask_record(host, generation):
        """A generation's record; None while the store is busy."""
        try:
            return host.rpc("record", generation=generation)
        except Rejected:
            return None

    known = {}

    def judge_probe(self, p, values):
        """One probe against what was acknowledged before it began, and what became a generation at all."""
        if len(p["seen"]) > 1 and p["quiet"]:
            self.note("mixture", f"host {p['host']} had {p['seen']} in force at once")
        for v in p["seen"]:
            if v not in values:
                self.note("phantom", f"host {p['host']} had value {v} in force, which is no generation")
        acknowledged = [a["value"] for a in self.history.applies
                        if a["ok"] and a["end"] < p["start"] and p["host"] in a["applied"] and a["value"] in values]
        if not acknowledged or len(p["seen"]) != 1 or p["seen"][0] not in values:
            return
        newest = max(acknowledged, key=lambda v: values[v])
        if values[p["seen"][0]] < values[newest]:
            self.note("stale", f"host {p['host']} had {p['seen'][0]} in force after it had applied {newest}")

    def note(self, kind, text):
        """A violation."""
        self.violations.append((kind, text))


def check(histories, n, seed, broken=False, faults=2, until_found=False):
    """Runs histories; returns (histories, violations, probes, frames)."""
    Check.known = {}
    with World(n, broken=broken) as world:
        c = Check(world, seed)
        first = c.apply(c.next_value(), on=0, seconds=20)
        if not first["ok"]:
            raise RuntimeError(f"the first policy was not applied: {first}")
        floods = [Flood(c, [(0, "t.s0"), (0, "t.r00"), (0, "t.r01")], c.found),
                  Flood(c, [(0, "u.x"), (1, "u.y0"), (1, "u.y1")], c.found_across)]
        for flood in floods:
            flood.start()
        done = 0
        try:
            for i in range(histories):
                start = time.monotonic()
                names = c.run_history(faults)
                done += 1
                committed = len([a for a in c.history.applies if a["ok"]])
                print(f"{'broken ' if broken else ''}history {i + 1}: {', '.join(names)}: {len(c.history.applies)} applies, "
                      f"{committed} acknowledged, {len(c.history.probes)} probes, {len(c.violations)} violations, "
                      f"{time.monotonic() - start:.1f} s", flush=True)
                if until_found and c.violations:
                    break
        finally:
            for flood in floods:
                flood.end = True
                flood.join(5)
        print("frames through the tunnel, by generation:", c.stamps(), flush=True)
        return done, c.violations, c.n_probes, sum(flood.sent for flood in floods)


def show(what, done, violations, probes, frames):
    """Prints a result."""
    kinds = {k: len([1 for v in violations if v[0] == k]) for k in sorted({v[0] for v in violations})}
    print(f"{what}: {done} histories, {probes} probes, {frames} frames, {len(violations)} violations {kinds or ''}")
    for kind, text in violations[:5]:
        print(f"  {kind}: {text}")


def main():
    """The protocol, and then the one without its barrier."""
    histories = int(sys.argv[sys.argv.index("--histories") + 1]) if "--histories" in sys.argv else 20
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
    n = int(sys.argv[sys.argv.index("--hosts") + 1]) if "--hosts" in sys.argv else 3
    good = check(histories, n, seed)
    show("barrier", *good)
    bad = check(10, n, seed, broken=True, until_found=True)
    show("without the barrier", *bad)
    ok = not good[1] and bad[1]
    print(f"{good[0] + bad[0]} histories: violations {len(good[1])}, of the broken protocol {len(bad[1])}")
    print("cluster: passed" if ok else "cluster: FAILED")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
