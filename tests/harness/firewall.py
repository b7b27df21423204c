# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Guests in a network with a firewall; packets built and judged by scapy."""
import copy

from scapy.all import IP, TCP, Ether, IPv6, raw

from .overlay import mac
from .vhost_guest import VhostGuest

A, B = "10.0.0.1", "10.0.0.2"


def ip(i):
    """The address of guest I."""
    return f"10.0.0.{i}"


class Net:
    """Guests g1 to gN in a network with a firewall; GROUPS by name, MEMBERS: the groups of each guest."""

    def __init__(self, weftd, groups, members, network=None, limits=None, workers=None, n=None):
        self.weftd = weftd
        n = n or len(members)
        self.bundle = {"networks": {"lan": {"firewall": True, **(network or {})}}, "groups": copy.deepcopy(groups), "ports": {
            f"g{i}": {"network": "lan", "mac": mac(i), "ips": [ip(i), f"fd00::{i}"], "groups": members[i - 1],
                      **({"worker": workers[i - 1]} if workers else {})} for i in range(1, n + 1)}}
        if limits:
            self.bundle["limits"] = limits
        weftd.apply({"default": self.bundle})
        self.guests = {i: VhostGuest(weftd.socket(f"g{i}")) for i in range(1, n + 1)}

    def __enter__(self):
        for g in self.guests.values():
            g.start()
        self.weftd.wait_link(*[f"g{i}" for i in self.guests])
        return self

    def __exit__(self, *_):
        for g in self.guests.values():
            g.close()

    def change(self, kind, name, **fields):
        """Changes fields of an object, and waits until it is in force."""
        self.bundle[kind][name].update(fields)
        self.weftd.apply({"default": {kind: {name: self.bundle[kind][name]}}})

    def send(self, i, k, payload, passes=True, v6=False):
        """Guest I sends to guest K; returns what K got, as IP, or None."""
        head = IPv6(src=f"fd00::{i}", dst=f"fd00::{k}") if v6 else IP(src=ip(i), dst=ip(k))
        return self.send_raw(i, k, raw(Ether(src=mac(i), dst=mac(k)) / head / payload), passes)

    def send_raw(self, i, k, frame, passes=True):
        """The same with a whole frame."""
        self.guests[i].send(frame)
        if not passes:
            self.guests[i].settle()
            assert self.guests[k].poll() == [], "it passed"
            return None
        got = self.guests[k].expect()
        assert got == [frame]
        return Ether(got[0]).payload

    def connect(self, i, k, dport=80, sport=1024):
        """A TCP connection from guest I to guest K: (sequence number of I, of K)."""
        self.send(i, k, TCP(sport=sport, dport=dport, flags="S", seq=1000, options=[("WScale", 7)]))
        self.send(k, i, TCP(sport=dport, dport=sport, flags="SA", seq=5000, ack=1001, options=[("WScale", 7)]))
        self.send(i, k, TCP(sport=sport, dport=dport, flags="A", seq=1001, ack=5001))
        return 1001, 5001


def allow(**rule):
    """A rule that lets something in."""
    return {"direction": "in", "action": "allow", **rule}


WEB = {"web": {"rules": [allow(name="http", protocol="tcp", ports=[80])]}}
