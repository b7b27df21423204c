# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Virtual machines on two hosts with a tunnel between them: what they are told of the MTU, and TCP when things go wrong."""
import re
import time

import pytest
from conftest import mac
from harness import qemu
from harness.overlay import HERE, THERE, check, keep_apart, policy
from harness.proc import wait_for
from harness.weftd import Weftd

pytestmark = pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")

WATCHED = {"a": {"tunnel": {"address": f"{HERE}/24"}}, "b": {"tunnel": {"address": f"{THERE}/24"}}}
BYTES = 3000000


def hinted_mtu(weftd, port):
    """The host_mtu in the QEMU arguments that weft prints for the port."""
    return int(re.search(r"host_mtu=(\d+)", " ".join(weftd.port(port)["hints"]["qemu"]))[1])


@pytest.fixture
def hosts(pair):
    """Two weftds: a has guest g1, b has g2 and g3."""
    with Weftd(host="a") as a, Weftd(host="b") as b:
        keep_apart(a, b, [pair[0]], [pair[1]])
        for weftd, host, device in ((a, "a", pair[0]), (b, "b", pair[1])):
            plan = policy("geneve", host, f"net_af_packet0,iface={device}")
            plan["default"]["ports"]["g3"] = {"host": "b", "network": "lan", "mac": mac(3)}
            weftd.apply(plan, hosts=WATCHED)
        wait_for(lambda: all(check(w)[0] == 0 for w in (a, b)), step=0.1)
        yield a, b


def send(one, other, n, port):
    """Has guest ONE begin to send N bytes to PORT of OTHER by TCP; returns a function that waits for the end, and says how many came."""
    other.sh(f"(sleep 1000 | nc -l -p {port} >/tmp/got{port} &)")
    one.start(f"head -c {n} /dev/zero | nc 10.0.0.2 {port}")

    def finish():
        one.finish(180)
        wait_for(lambda: int(other.sh(f"wc -c </tmp/got{port}")[1].split()[-1]) >= n, 60, step=0.5)
        return int(other.sh(f"wc -c </tmp/got{port}")[1].split()[-1])

    return finish


def test_machines_across_hosts(hosts):
    """A machine takes the MTU that weft says; two that do not heed it are told by ICMP, and TCP goes on; so it does when the other
    host's weftd dies and comes back."""
    a, b = hosts
    mtu = hinted_mtu(b, "g3")
    guests = [qemu.QemuGuest(a.socket("g1"), mac(1)), qemu.QemuGuest(b.socket("g2"), mac(2)),
              qemu.QemuGuest(b.socket("g3"), mac(3), mtu=mtu)]
    try:
        for i, guest in enumerate(guests, 1):
            guest.set_up(i)
        a.wait_link("g1")
        b.wait_link("g2", "g3")
        # Told through virtio, and no more fits.
        assert f"mtu {mtu}" in guests[2].sh("ip link show eth0")[1]
        assert b.port("g3")["guest_mtu"] == mtu
        for size in (100, mtu - 28):
            assert "3 packets received" in guests[2].sh(f"ping -c 3 -i 0.2 -s {size} 10.0.0.1")[1]
        # These two have 1500, each side of TCP believes that such segments fit.
        assert "mtu 1500" in guests[0].sh("ip link show eth0")[1]
        assert send(guests[0], guests[1], BYTES, 5000)() == BYTES
        # Few are lost before the kernel has understood.
        assert 0 < a.drops("g1")["out_mtu"] < 50
        # The other host dies under a connection, which outlives it.
        finish = send(guests[0], guests[1], 8 * BYTES, 5001)
        wait_for(lambda: b.port("g2")["counters"]["tx_packets"] > 4000, 120)
        b.kill()
        wait_for(lambda: "BFD is down" in check(a)[1], step=0.05)
        time.sleep(0.5)
        b.start()
        assert finish() == 8 * BYTES
        for weftd in hosts:
            for port in ("up", "g1" if weftd is a else "g2"):
                assert not {r for r in weftd.drops(port) if r.startswith(("tunnel", "parse"))}, weftd.drops(port)
    finally:
        for guest in guests:
            guest.close()
