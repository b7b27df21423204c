# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""testpmd as the guest, in all ring layouts."""
import os
import struct

import pytest
from conftest import mac
from harness import packages
from harness.proc import wait_for
from harness.testpmd import HERE, Testpmd, available, of_another_release
from harness.vhost_guest import SET_PROTOCOL_FEATURES, VhostGuest
from harness.weftd import Weftd
from scapy.all import Ether, IP, UDP, Raw, raw

pytestmark = pytest.mark.skipif(not available(), reason="dpdk-testpmd is missing: install dpdk-dev")

LAYOUTS = {
    "split": "",
    "split-mergeable": "mrg_rxbuf=1",
    "split-nomerge": "mrg_rxbuf=0",
    "split-inorder": "mrg_rxbuf=0,in_order=1",
    "split-inorder-mergeable": "mrg_rxbuf=1,in_order=1",
    "split-vectorized": "mrg_rxbuf=0,in_order=1,vectorized=1",
    "packed": "packed_vq=1,mrg_rxbuf=0",
    "packed-mergeable": "packed_vq=1,mrg_rxbuf=1",
    "packed-inorder": "packed_vq=1,mrg_rxbuf=0,in_order=1",
    "packed-inorder-mergeable": "packed_vq=1,mrg_rxbuf=1,in_order=1",
    "packed-vectorized": "packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1",
}


def vdev(i, path, options="", queues=1, server=True, address=None):
    """A virtio_user device with a MAC of its own, or ADDRESS; it listens when SERVER."""
    more = f",{options}" if options else ""
    return (f"net_virtio_user{i},path={path},mac={address or mac(i)},queues={queues},queue_size=256{more}"
            + (",server=1" if server else ""))


def make_ports(weftd, server_mode=False, **port):
    """Two guest ports that know each other's MAC."""
    attach = {"mode": "server"} if server_mode else {}
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
        f"g{i}": {"network": "lan", "mac": mac(i), "attach": {**attach, **port}} for i in (1, 2)}}})


def circle(weftd, guest):
    """Packets go round between the two ports; returns when some thousand have."""
    guest.command("set eth-peer 0 " + mac(2))
    guest.command("set eth-peer 1 " + mac(1))
    guest.command("set fwd io")
    guest.command("start tx_first 4")

    def many():
        """packets to go round"""
        return weftd.port("g1")["counters"]["tx_packets"] > 5000 and weftd.port("g2")["counters"]["tx_packets"] > 5000

    wait_for(many, 60, step=0.05)


@pytest.mark.parametrize("release", ["this", "another"])
def test_layouts(weftd, release):
    """Two ports of each layout in one process, with two queue pairs each; the second port of each is the client."""
    try:
        program = HERE if release == "this" else of_another_release()
    except packages.Unavailable as why:
        pytest.skip(str(why))
    names = [(f"{layout}-{i}", i, options) for layout, options in LAYOUTS.items() for i in (1, 2)]
    weftd.apply({"default": {"networks": {layout: {} for layout in LAYOUTS}, "ports": {
        name: {"network": name[:-2], "mac": mac(i), "attach": {"mode": "client" if i == 1 else "server", "queues": 2}}
        for name, i, _ in names}}})
    vdevs = [vdev(k, weftd.socket(name), options, 2, i == 1, mac(i)) for k, (name, i, options) in enumerate(names)]
    with Testpmd(vdevs, ["--rxq=2", "--txq=2", "--nb-cores=1"], eal=["--no-huge", "--no-shconf"], memory=384, mbufs=32768,
                 program=program) as guest:
        for k, (_, i, _) in enumerate(names):
            guest.command(f"set eth-peer {k} {mac(3 - i)}")
        guest.command("set fwd io")
        guest.command("start tx_first 4")

        def many():
            """packets to go round in every layout"""
            return all(weftd.port(name)["counters"]["tx_packets"] > 1000 for name, _, _ in names)

        wait_for(many, 60, step=0.2)
        for name, _, _ in names:
            report = weftd.port(name)
            assert report["queues"] == 2 and not report.get("error"), report
            assert not [d for d in report["drops"] if d.startswith(("parse", "guard", "vlan"))]
        guest.command("stop", "Done")


def test_eight_queue_pairs(weftd):
    make_ports(weftd)
    vdevs = [vdev(i, weftd.socket(f"g{i}"), queues=8) for i in (1, 2)]
    with Testpmd(vdevs, ["--rxq=8", "--txq=8", "--nb-cores=1"], eal=["--no-huge"], memory=192, mbufs=16384) as guest:
        circle(weftd, guest)
        assert weftd.port("g1")["queues"] == 8
        guest.command("stop", "Done")


def test_flows_spread_over_queues_and_stay_in_order(weftd):
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
        "g1": {"network": "lan", "mac": mac(1)}, "g2": {"network": "lan", "mac": mac(2)}}}})
    with VhostGuest(weftd.socket("g1")) as one, VhostGuest(weftd.socket("g2"), pairs=4) as four:
        weftd.wait_link("g1", "g2")
        sent = [raw(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=i % 32, dport=7)
                    / Raw(bytes([i]))) for i in range(192)]
        for f in sent:
            one.send(f)
            four.poll()
        got = four.expect(len(sent))
        assert sorted(got) == sorted(sent)
        where = {}
        for f, queue in zip(got, four.queue_of):
            where.setdefault(Ether(f)[UDP].sport, set()).add(queue)
        assert all(len(queues) == 1 for queues in where.values())
        assert len({q for queues in where.values() for q in queues}) == 4
        for port in range(32):
            order = [Ether(f)[UDP].load[0] for f in got if Ether(f)[UDP].sport == port]
            assert order == sorted(order)


def test_too_many_queues_are_refused_by_name(weftd):
    make_ports(weftd, queues=1)
    with VhostGuest(weftd.socket("g1"), pairs=2):

        def told():
            """trouble at the port"""
            return "the guest wants 2 queue pairs, the port has 1" in weftd.port("g1").get("error", "")

        wait_for(told, step=0.01)
        assert weftd.port("g1")["queues"] == 1


def test_mtu_above_the_networks_is_named(weftd):
    make_ports(weftd, queues=1)
    with VhostGuest(weftd.socket("g1")) as guest:
        guest.send_message(SET_PROTOCOL_FEATURES, struct.pack("<Q", 1 << 4))
        guest.send_message(20, struct.pack("<Q", 9000))
        wanted = "the guest has an MTU of 9000, and the network one of 1500: start QEMU's device with host_mtu=1500"

        def told():
            """the MTU to be named"""
            return wanted in weftd.port("g1").get("error", "")

        wait_for(told, step=0.01)
        guest.send_message(20, struct.pack("<Q", 1500))
        wait_for(lambda: "error" not in weftd.port("g1"), step=0.01)


def test_jumbo_frames_through_mergeable_buffers(weftd):
    weftd.apply({"default": {"networks": {"lan": {"mtu": 9000}}, "ports": {
        "g1": {"network": "lan", "mac": mac(1)}, "g2": {"network": "lan", "mac": mac(2)}}}})
    vdevs = [vdev(i, weftd.socket(f"g{i}"), "mrg_rxbuf=1") for i in (1, 2)]
    with Testpmd(vdevs, ["--max-pkt-len=9014", "--mbuf-size=10240", "--txpkts=9000"], eal=["--no-huge"], memory=256,
                 mbufs=4096) as guest:
        guest.command("set fwd txonly")
        guest.command("set eth-peer 0 " + mac(2))
        guest.command("set eth-peer 1 " + mac(1))
        guest.command("start")

        def many():
            """jumbo frames to arrive"""
            c = weftd.port("g2")["counters"]
            return c["tx_packets"] > 200 and c["tx_bytes"] / c["tx_packets"] > 8900

        wait_for(many, 60, step=0.05)
        guest.command("stop", "Done")


def test_guest_killed_under_traffic():
    with Weftd() as weftd:
        make_ports(weftd)
        vdevs = [vdev(i, weftd.socket(f"g{i}")) for i in (1, 2)]
        for _ in range(3):
            before = weftd.port("g1")["counters"]["tx_packets"]
            guest = Testpmd(vdevs, eal=["--no-huge"])
            guest.wait_prompt()
            guest.command("set eth-peer 0 " + mac(2))
            guest.command("set eth-peer 1 " + mac(1))
            guest.command("start tx_first 4")
            wait_for(lambda b=before: weftd.port("g1")["counters"]["tx_packets"] > b + 5000, 60, step=0.05)
            guest.kill()
            weftd.wait_link("g1", "g2", up=False)
            # QEMU clears its own stale socket; testpmd does not.
            for i in (1, 2):
                os.unlink(weftd.socket(f"g{i}"))
            weftd.audit()


def test_weftd_killed_under_traffic():
    with Weftd() as weftd:
        make_ports(weftd)
        vdevs = [vdev(i, weftd.socket(f"g{i}")) for i in (1, 2)]
        with Testpmd(vdevs, eal=["--no-huge"]) as guest:
            circle(weftd, guest)
            for _ in range(2):
                weftd.kill()
                weftd.start()
                weftd.wait_link("g1", "g2")
                guest.command("stop", "Done")
                circle(weftd, guest)
            guest.command("stop", "Done")
