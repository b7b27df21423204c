# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""An uplink with a rate: guarantees, weights, and classes of frames."""
import os
import subprocess
import time

import pytest
from conftest import mac
from harness.proc import WEFTCTL, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd
from scapy.all import IP, UDP, Dot1Q, Ether, Raw, rdpcap, raw, wrpcap

RATE = 20e6
FRAME = 1000
AWAY = "52:54:00:00:09:09"


def frame(i, tos=0, number=0):
    """A frame from VM I to somebody beyond the uplink."""
    head = Ether(dst=AWAY, src=mac(i)) / IP(src=f"10.0.0.{i}", dst="10.9.0.9", tos=tos) / UDP(sport=1, dport=2)
    return raw(head / Raw(number.to_bytes(4, "big") + bytes(FRAME - len(head) - 4)))


class Busy:
    """VMs p1 ... that always have something to send to the uplink "up"."""

    def __init__(self, n, workers=1):
        self.weftd = Weftd(workers=list(range(workers)))
        self.n, self.workers = n, workers

    def __enter__(self):
        self.weftd.__enter__()
        path = self.weftd.dir
        for i in range(1, self.n + 1):
            wrpcap(os.path.join(path, f"{i}.pcap"), [Ether(frame(i))] * 32)
        self.ports = {f"p{i}": {"network": "lan", "mac": mac(i), "worker": i % self.workers, "flood": {"unknown": 0}, "attach": {
            "type": "eth", "device": f"net_pcap{i},rx_pcap={path}/{i}.pcap,tx_pcap=/dev/null,infinite_rx=1"}}
            for i in range(1, self.n + 1)}
        up = {"rate": int(RATE), "attach": {"type": "eth", "device": f"net_pcap0,rx_pcap={path}/1.pcap,tx_pcap=/dev/null"}}
        self.weftd.apply({"default": {"networks": {"lan": {"encap": "vlan", "vlan": 7}}, "ports": {
            "up": up, **{name: {**port, "state": "down"} for name, port in self.ports.items()}}}})
        return self

    def __exit__(self, *args):
        self.weftd.__exit__(*args)

    def wire(self, rate):
        """The uplink's rate."""
        return self.weftd.ctl("set", "port", "up", f"rate={int(rate)}" if rate else "rate=null")

    def plans(self, **plans):
        """Ports are open, with the plan of their name: {pI: plan}."""
        self.weftd.apply({"default": {"plans": plans, "ports": {name: {**self.ports[name], "plan": name} for name in plans}}})

    def rates(self, seconds):
        """Bits per second of each."""
        def look():
            counters = [self.weftd.port(f"p{i}")["counters"]["rx_bytes"] for i in range(1, self.n + 1)]
            return time.monotonic(), counters
        start, before = look()
        time.sleep(seconds)
        end, after = look()
        return [(b - a) * 8 / (end - start) for a, b in zip(before, after)]


@pytest.mark.parametrize("workers", [1, 2])
def test_guarantees_are_met_and_the_rest_goes_by_weight(workers):
    with Busy(3, workers) as busy:
        busy.plans(p1={"min_rate": int(RATE * 0.4)}, p2={}, p3={"weight": 300})
        time.sleep(0.5)
        # With its tag, a frame has four bytes more on the wire.
        rest = (RATE * FRAME / (FRAME + 4) - RATE * 0.4) / 500
        got = busy.rates(3)
        want = [RATE * 0.4 + 100 * rest, 100 * rest, 300 * rest]
        assert all(0.6 * w < g < 1.4 * w for g, w in zip(got, want)), (got, want)
        assert 0.75 * RATE < sum(got) < RATE * 1.01
        rows = busy.weftd.rpc("plans")
        assert rows["uplink"]["rate"] == RATE and rows["uplink"]["guaranteed"] == 0.4 * RATE and rows["uplink"]["waits"] > 0
        assert all(r["from_vm"]["uplink_us"] > 0 for r in rows["ports"] if r["port"] != "default/up")
        said = subprocess.run([WEFTCTL, "--dev", busy.weftd.dir, "plan", "show"], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert "UPLINK" in said and "default/up" in said and "% uplink" in said
        # What one does not need is the others'; a change counts at once.
        busy.plans(p1={"min_rate": int(RATE * 0.4), "from_vm": {"pps": int(RATE * 0.1 / 8 / FRAME)}}, p2={"weight": 300})
        time.sleep(0.5)
        got = busy.rates(2)
        rest = RATE * 0.9 / 2
        assert all(0.6 * w < g < 1.4 * w for g, w in zip(got, [RATE * 0.1, rest, rest])), got
        # Without the uplink's rate everybody sends what it can.
        busy.wire(0)
        assert busy.rates(1)[2] > 2 * RATE
        assert "uplink" not in busy.weftd.rpc("plans")


def test_guarantees_that_do_not_fit_are_refused():
    with Busy(2) as busy:
        busy.plans(p1={"min_rate": int(RATE * 0.6)})
        with pytest.raises(Rejected) as refused:
            busy.plans(p2={"min_rate": int(RATE * 0.6)})
        assert "guarantees (min_rate) of 2 ports are 24000000 bit/s" in refused.value.text and "lower them by 4000000" in refused.value.text
        with pytest.raises(Rejected) as refused:
            busy.wire(RATE / 2)
        assert "its uplink default/up has a rate of 10000000" in refused.value.text
        busy.plans(p2={"min_rate": int(RATE * 0.4)})
        # Where nothing says what the wire takes, a warning says that it does not count.
        busy.wire(0)
        assert "this host's uplink has none" in busy.weftd.ctl("set", "plan", "p2", "weight=7")["warnings"][0]


def test_first_class_overtakes_and_last_waits():
    with Weftd() as weftd:
        out = os.path.join(weftd.dir, "out.pcap")
        wrpcap(os.path.join(weftd.dir, "in.pcap"), [Ether(frame(1))])
        weftd.apply({"default": {"networks": {"lan": {"encap": "vlan", "vlan": 7}},
                                 "ports": {
            "up": {"rate": "16k", "attach": {"type": "eth", "device": f"net_pcap0,rx_pcap={weftd.dir}/in.pcap,tx_pcap={out}"}},
            **{f"g{i}": {"network": "lan", "mac": mac(i)} for i in (1, 2, 3, 4)}}}})
        guests = [VhostGuest(weftd.socket(f"g{i}")) for i in (1, 2, 3, 4)]
        for i, guest in enumerate(guests, 1):
            guest.start()
            weftd.wait_link(f"g{i}")

        def waiting():
            return weftd.rpc("plans")["uplink"]["waiting_packets"]

        # In one read: of what is read later some stays in the VM until it is the port's turn.
        guests[0].send_together([frame(1, 0, k) for k in range(6)])
        wait_for(lambda: waiting() >= 4)
        for k, tos in enumerate((1 << 2, 0, 46 << 2)):
            guests[1 + k].send(frame(2 + k, tos, 10 + k))
        wait_for(lambda: waiting() == 0 and weftd.port("up")["counters"]["tx_packets"] == 9, 20)
        weftd.apply({"default": {"ports": {"up": None}}})
        numbers = [int.from_bytes(p[Raw].load[:4], "big") for p in rdpcap(out)]
        assert all(p[Dot1Q].vlan == 7 for p in rdpcap(out)) and sorted(numbers) == [0, 1, 2, 3, 4, 5, 10, 11, 12]
        # What was there first, but the first that were on their way: voice, the rest in its order, what may wait.
        assert numbers.index(12) < numbers.index(4) < numbers.index(10) and numbers.index(11) < numbers.index(10)
        assert [n for n in numbers if n < 10] == [0, 1, 2, 3, 4, 5]
        for guest in guests:
            guest.close()
