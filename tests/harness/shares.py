# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Hosts of a cluster whose ports belong to one tenant with a rate, and always have something to send."""
import time

from .etcd import Etcd
from .proc import wait_for
from .weftd import Weftd

FRAME = 1000
# What a port sends that is to send nothing.
LITTLE = 8000


class Hosts:
    """N hosts h1 ... of a cluster, each with a port pI of tenant t, which has RATE. What the ports would send is their plans' rate."""

    def __init__(self, n, rate, lease_s=2):
        self.rate, self.n = rate, n
        self.etcd = Etcd()
        self.lease_s = lease_s
        self.hosts = []
        self.wants = [None] * n

    def __enter__(self):
        self.etcd.__enter__()
        try:
            for i in range(1, self.n + 1):
                host = Weftd(host=f"h{i}", memory_mb=128, mbufs=2048, fdb_size=1024,
                             etcd={"endpoints": self.etcd.endpoints, "lease_s": self.lease_s, "prepare_s": 5})
                self.hosts.append(host.__enter__())
            wait_for(lambda: all(h.rpc("status").get("cluster_synced") for h in self.hosts), 30, step=0.02)
            self.apply({"networks": {"n": {"firewall": False}}, "limits": {"rate": int(self.rate)},
                        "plans": {f"p{i}": self.plan(LITTLE) for i in range(1, self.n + 1)},
                        "ports": {f"p{i}": {"network": "n", "host": f"h{i}", "plan": f"p{i}", "attach": {
                            "type": "eth", "device": f"net_null0,size={FRAME}"}} for i in range(1, self.n + 1)}})
        except BaseException:
            self.__exit__(1, None, None)
            raise
        return self

    def __exit__(self, kind, *_):
        for host in reversed(self.hosts):
            if host.process:
                host.__exit__(kind)
        self.etcd.__exit__(None, None, None)

    @staticmethod
    def plan(rate):
        """A plan with that rate; None: without."""
        return {"from_vm": {"rate": int(rate)} if rate else {}}

    def apply(self, tenant, by=0):
        """Applies, and waits for the hosts."""
        return self.hosts[by].rpc("apply", policy={"tenants": {"t": tenant}}, wait=True)

    def want(self, wants, by=0):
        """Ports {i: rate} want so much from now on."""
        self.apply({"plans": {f"p{i}": self.plan(rate) for i, rate in wants.items()}}, by)

    def row(self, i):
        """What host I says of the tenant."""
        answer = self.hosts[i - 1].rpc("plans")
        return {**next(r for r in answer["tenants"] if r["tenant"] == "t"), "time_us": answer["time_us"]}

    def here(self, i):
        """The host's part of the rate."""
        return self.row(i)["here"]

    def sent(self, hosts=None):
        """When, in seconds, and how many bytes the hosts have sent by then."""
        before = time.monotonic()
        total = sum(self.row(i)["bytes"] for i in hosts or range(1, self.n + 1))
        return (before + time.monotonic()) / 2, total

    def used(self, seconds, hosts=None):
        """What the hosts send together, as a part of the rate."""
        start, first = self.sent(hosts)
        time.sleep(seconds)
        end, last = self.sent(hosts)
        return (last - first) * 8 / (end - start) / self.rate
