# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""One firewall on two hosts: groups whose members are elsewhere, changes that reach both, and a host that lost the cluster."""
import os
import signal

import pytest
from conftest import mac
from harness.etcd import Etcd, available
from harness.proc import wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Weftd
from scapy.all import ARP, IP, TCP, Ether, Raw, raw

pytestmark = pytest.mark.skipif(not available(), reason="etcd is not installed")


class World:
    """a on host h1 and b on host h2, a network on a VLAN of a wire between them."""

    def __init__(self):
        self.etcd = Etcd()

    def __enter__(self):
        self.etcd.__enter__()
        self.hosts = [Weftd(host=f"h{i}", memory_mb=160, mbufs=4096, fdb_size=1024,
                            etcd={"endpoints": self.etcd.endpoints, "lease_s": 2, "prepare_s": 3}).__enter__() for i in (1, 2)]
        wait_for(lambda: all(h.rpc("status").get("cluster_synced") for h in self.hosts), 30, step=0.02)
        wire = os.path.join(self.hosts[0].dir, "wire.sock")
        rule = {"name": "from-web", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [5432],
                "remote": {"group": "web"}}
        self.ports = {
            "a": {"network": "n", "host": "h1", "mac": mac(1), "ips": ["10.0.0.1"], "groups": ["web"]},
            "b": {"network": "n", "host": "h2", "mac": mac(2), "ips": ["10.0.0.2"], "groups": ["db"]},
            **{f"up{i}": {"host": f"h{i}", "attach": {
                "type": "eth", "device": f"net_memif0,role={role},socket={wire},socket-abstract=no"}}
               for i, role in ((1, "server"), (2, "client"))}}
        self.apply({"networks": {"n": {"encap": "vlan", "vlan": 7}}, "groups": {"web": {}, "db": {"rules": [rule]}},
                    "limits": {"on_isolation": "deny-new"}, "ports": {k: v for k, v in self.ports.items() if k != "up2"}})
        # The wire's other end is there first.
        self.apply({"ports": self.ports})
        self.guests = [VhostGuest(h.socket(f"t/{p}")) for h, p in zip(self.hosts, "ab")]
        for host, guest, port in zip(self.hosts, self.guests, "ab"):
            guest.start()
            host.wait_link(f"t/{port}")
        for i, host in enumerate(self.hosts, 1):
            host.wait_link(f"t/up{i}")
        return self

    def __exit__(self, *_):
        for guest in self.guests:
            guest.close()
        for host in reversed(self.hosts):
            host.__exit__(None)
        self.etcd.__exit__(None, None, None)

    def apply(self, tenant):
        """Applies, and waits for both hosts."""
        answer = self.hosts[0].rpc("apply", policy={"tenants": {"t": tenant}}, wait=True)
        assert answer["state"] == "applied", answer

    def send(self, i, payload, passes=True):
        """Guest I (0, 1) sends to the other."""
        k = 1 - i
        head = Ether(src=mac(i + 1), dst=mac(k + 1))
        if ARP not in payload:
            head = head / IP(src=f"10.0.0.{i + 1}", dst=f"10.0.0.{k + 1}")
        frame = raw(head / payload)
        self.guests[i].send(frame)
        if passes:
            assert self.guests[k].expect() == [frame]
        else:
            self.guests[i].settle()
            assert self.guests[k].poll() == []

    def meet(self):
        """Each asks for the other's address, as hosts do."""
        for i, k in ((0, 1), (1, 0)):
            self.send(i, ARP(op=1, hwsrc=mac(i + 1), psrc=f"10.0.0.{i + 1}", pdst=f"10.0.0.{k + 1}"))


@pytest.fixture(name="world")
def fixture_world():
    """Two hosts with a guest each."""
    with World() as w:
        yield w


def test_groups_reach_across_hosts(world):
    world.meet()
    syn = TCP(sport=9, dport=5432, flags="S", seq=1)
    world.send(0, syn)
    world.send(1, TCP(sport=5432, dport=9, flags="SA", seq=5, ack=2))
    world.send(0, TCP(sport=9, dport=5432, flags="A", seq=2, ack=6))
    # Both hosts track it, each for its own end.
    for host, rule in zip(world.hosts, ("default_out", "from-web")):
        row, = host.ctl("session", "list")["sessions"]
        assert row["state"] == "established"
        assert rule in row["from"]["rule"] + row["to"]["rule"]
    members = {m["port"]: m["here"] for m in world.hosts[1].ctl("group", "show", "t/web")["members"]}
    assert members == {"t/a": False}
    # a leaves the group on its host; b's host stops the connection.
    world.apply({"ports": {"a": {**world.ports["a"], "groups": []}}})
    world.send(0, TCP(sport=9, dport=5432, flags="PA", seq=2, ack=6) / Raw(b"x"), passes=False)
    assert {"fw_revoked", "fw_state"} & set(world.hosts[1].drops("t/up2"))
    world.send(0, TCP(sport=10, dport=5432, flags="S", seq=1), passes=False)
    world.apply({"ports": {"a": world.ports["a"]}})
    world.send(0, TCP(sport=11, dport=5432, flags="S", seq=1))


def test_host_that_lost_the_cluster_opens_nothing_new(world):
    world.meet()
    world.send(0, TCP(sport=9, dport=5432, flags="S", seq=1))
    world.send(1, TCP(sport=5432, dport=9, flags="SA", seq=5, ack=2))
    world.etcd.members[0].send(signal.SIGSTOP)
    wait_for(lambda: all(h.ctl("status")["fenced"] for h in world.hosts), step=0.02)
    world.send(0, TCP(sport=9, dport=5432, flags="A", seq=2, ack=6))
    world.send(0, TCP(sport=10, dport=5432, flags="S", seq=1), passes=False)
    assert world.hosts[0].drops("t/a") == {"fw_isolated": 1}
    world.etcd.members[0].send(signal.SIGCONT)
    wait_for(lambda: all(not h.ctl("status")["fenced"] for h in world.hosts), 30, step=0.02)
    world.send(0, TCP(sport=10, dport=5432, flags="S", seq=1))
