# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Two workers: packets and news cross between them, and ports move from one to the other."""
from conftest import Lan, mac
from harness.proc import wait_for
from harness.testpmd import Testpmd
from scapy.all import Ether, Raw, raw

EVERYONE = "ff:ff:ff:ff:ff:ff"


def pinned(n):
    """Ports on alternating workers."""
    return {i: {"worker": i % 2} for i in range(1, n + 1)}


def data(dst, src):
    """A frame."""
    return raw(Ether(dst=dst, src=src, type=0x88b5) / Raw(b"x" * 50))


def test_frames_cross(two_workers):
    with Lan(two_workers, 4, extra=pinned(4)) as lan:
        assert [two_workers.port(f"g{i}")["worker"] for i in range(1, 5)] == [1, 0, 1, 0]
        lan[1].send(data(EVERYONE, mac(1)))
        for i in (2, 3, 4):
            assert lan[i].expect() == [data(EVERYONE, mac(1))]
        # What worker 1 has learned, worker 0 knows.
        lan[2].send(data(mac(1), mac(2)))
        assert lan[1].expect() == [data(mac(1), mac(2))]
        lan[3].settle()
        assert lan[3].poll() == lan[4].poll() == []


def test_explain_runs_on_the_owner(two_workers):
    extra = {1: {"worker": 1, "mac": mac(1)}, 2: {"worker": 0, "mac": mac(2)}}
    with Lan(two_workers, 2, extra=extra):
        told = two_workers.ctl("explain", "g1", "to", mac(2))
        assert "by worker 0" in told["steps"][-1]["decision"]


def test_ports_move_under_traffic(two_workers):
    """Rebalancing and pinning while packets go round: all accounted for, and they keep going."""
    ports = {f"g{i}": {"network": "lan", "mac": mac(i)} for i in (1, 2)}
    two_workers.apply({"default": {"networks": {"lan": {}}, "ports": ports}})
    vdevs = [f"net_virtio_user{i},path={two_workers.socket(f'g{i}')},mac={mac(i)},server=1" for i in (1, 2)]
    with Testpmd(vdevs, eal=["--no-huge"]) as guest:
        guest.command("set eth-peer 0 " + mac(2))
        guest.command("set eth-peer 1 " + mac(1))
        guest.command("start tx_first 4")
        for i in range(20):
            for name, port in ports.items():
                port["worker"] = (i + (name == "g1")) % 2 if i % 3 else 0
            two_workers.apply({"default": {"ports": ports}})
            guest.command("stop", "Done")
            guest.command("start tx_first 4")
            before = two_workers.port("g1")["counters"]["tx_packets"]
            wait_for(lambda b=before: two_workers.port("g1")["counters"]["tx_packets"] > b + 500, 60, step=0.01)
            two_workers.audit()
        two_workers.ctl("workers", "rebalance")
        guest.command("stop", "Done")


def test_rebalance_spreads_idle_ports(two_workers):
    two_workers.apply({"default": {"networks": {"lan": {}}, "ports": {f"p{i}": {"network": "lan", "worker": 0} for i in range(10)}}})
    two_workers.apply({"default": {"ports": {f"p{i}": {"network": "lan"} for i in range(10)}}})
    assert two_workers.ctl("workers", "rebalance")["moved"] == 5
    assert sorted(p["worker"] for p in two_workers.ctl("port", "list")) == [0] * 5 + [1] * 5
