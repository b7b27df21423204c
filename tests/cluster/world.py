# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A cluster to be hurt: weftd and etcd in network namespaces of their own, each on a cable that can be pulled."""
import os
import signal
import subprocess
import sys
import time

from harness.etcd import Etcd
from harness.proc import run, wait_for
from harness.weftd import Weftd

N_ETCD = 3
WIRE = "wire0"


class World:
    """N weftd and three etcd members on one bridge; use as a context manager."""

    def __init__(self, n, lease_s=2, broken=False):
        self.tag = f"wf{os.getpid() % 10000}"
        self.places = [f"{self.tag}e{i}" for i in range(N_ETCD)] + [f"{self.tag}h{i}" for i in range(n)]
        self.hub = f"{self.tag}hub"
        self.n, self.lease_s, self.broken = n, lease_s, broken
        self.etcd, self.hosts = None, []

    @staticmethod
    def address(i):
        """The address of place I."""
        return f"10.99.0.{i + 1}"

    def cable(self, i, up):
        """Pulls the cable of place I, or puts it back."""
        run("ip", "-n", self.hub, "link", "set", f"v{i}", "up" if up else "down")

    def __enter__(self):
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        for i, place in enumerate(self.places):
            run("ip", "netns", "add", place)
            run("ip", "-n", place, "link", "set", "lo", "up")
            run("ip", "-n", place, "link", "add", "eth0", "type", "veth", "peer", "name", f"v{i}", "netns", self.hub)
            run("ip", "-n", self.hub, "link", "set", f"v{i}", "master", "br0", "up")
            run("ip", "-n", place, "addr", "add", f"{self.address(i)}/24", "dev", "eth0")
            run("ip", "-n", place, "link", "set", "eth0", "up")
        # Hosts 0 and 1 have a wire of their own, for tunnels: no fault cuts it.
        ends = self.places[N_ETCD:N_ETCD + 2]
        run("ip", "-n", ends[0], "link", "add", WIRE, "type", "veth", "peer", "name", WIRE, "netns", ends[1])
        for place in ends:
            run("ip", "netns", "exec", place, "sysctl", "-qw", f"net.ipv6.conf.{WIRE}.disable_ipv6=1")
            run("ip", "-n", place, "link", "set", WIRE, "mtu", "2000", "up")
        self.etcd = Etcd(where=[(self.address(i), self.places[i]) for i in range(N_ETCD)])
        self.etcd.__enter__()
        env = {**os.environ, **({"WEFT_BREAK_BARRIER": "1"} if self.broken else {})}
        for i in range(self.n):
            host = Weftd(netns=self.places[N_ETCD + i], env=env, host=f"h{i}", memory_mb=128, mbufs=2048, fdb_size=1024,
                         etcd={"endpoints": self.etcd.endpoints, "lease_s": self.lease_s, "prepare_s": 4})
            self.hosts.append(host)
            host.start()
        wait_for(lambda: all(self.status(h).get("cluster_synced") for h in self.hosts), 60, step=0.1)
        return self

    @staticmethod
    def status(host):
        """weftd's status; empty where it does not answer."""
        try:
            return host.rpc("status")
        except (OSError, ValueError):
            return {}

    def __exit__(self, *_):
        for host in self.hosts:
            if host.process:
                try:
                    host.process.send_signal(signal.SIGCONT)
                    host.stop(signal.SIGKILL)
                except (RuntimeError, ProcessLookupError):
                    pass
            subprocess.run(["rm", "-rf", host.dir], check=False)
        if self.etcd:
            for m in self.etcd.members:
                if m.process:
                    m.send(signal.SIGCONT)
            self.etcd.__exit__()
        for place in self.places + [self.hub]:
            subprocess.run(["ip", "netns", "del", place], stderr=subprocess.DEVNULL, check=False)

    def restart_host(self, i):
        """Kills weftd and starts it again."""
        self.hosts[i].stop(signal.SIGKILL)
        self.hosts[i].start()

    def restart_etcd(self, i):
        """Kills an etcd member and starts it again."""
        member = self.etcd.members[i]
        member.stop()
        member.start(self.etcd.cluster.replace("new", "existing"))

    def mend(self):
        """Everything runs and is connected."""
        for i in range(len(self.places)):
            self.cable(i, True)
        for member in self.etcd.members:
            member.send(signal.SIGCONT)
        for host in self.hosts:
            host.process.send_signal(signal.SIGCONT)

    def heal(self):
        """Waits until all hosts are in step and not fenced."""

        def in_step():
            """all hosts to be in step"""
            states = [self.status(h) for h in self.hosts]
            if not all(s.get("cluster_synced") and not s.get("fenced") and s["cluster_state"] == "idle" for s in states):
                return False
            rows = self.hosts[0].rpc("wait", generation=0)["hosts"]
            return len([r for r in rows if r["state"] == "live"]) == self.n

        try:
            wait_for(in_step, 30, step=0.1)
        except TimeoutError:
            for host in self.hosts:
                print(self.status(host), host.process.poll(), host.read_log()[-1500:], sep="\n", file=sys.stderr)
            raise

    def fault(self, rng):
        """One fault, with its end: (name, undo)."""
        host, member = rng.randrange(self.n), rng.randrange(N_ETCD)
        kind = rng.choice(["kill host", "pause host", "cut host", "kill etcd", "pause etcd", "cut etcd", "cut two hosts"])
        if kind == "kill host":
            self.restart_host(host)
            return kind, lambda: None
        if kind == "pause host":
            self.hosts[host].process.send_signal(signal.SIGSTOP)
            return kind, lambda: self.hosts[host].process.send_signal(signal.SIGCONT)
        if kind == "kill etcd":
            self.restart_etcd(member)
            return kind, lambda: None
        if kind == "pause etcd":
            self.etcd.members[member].send(signal.SIGSTOP)
            return kind, lambda: self.etcd.members[member].send(signal.SIGCONT)
        places = {"cut host": [N_ETCD + host], "cut etcd": [member], "cut two hosts": [N_ETCD + host, N_ETCD + (host + 1) % self.n]}[kind]
        for place in places:
            self.cable(place, False)

        def mend():
            for place in places:
                self.cable(place, True)

        return kind, mend


def pause(seconds):
    """Sleeps."""
    time.sleep(seconds)
