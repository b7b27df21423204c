# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Ports, guests and weftd come and go, while traffic flows."""
import os
import random
import time

import pytest
from conftest import Lan, mac
from harness.proc import wait_for
from harness.vhost_guest import VhostGuest
from scapy.all import Ether, Raw, raw, wrpcap


def probe(lan, a, b):
    """A frame from guest A arrives at guest B."""
    data = raw(Ether(dst=mac(b), src=mac(a), type=0x88b5) / Raw(b"probe" * 10))
    lan[a].send(data)
    assert lan[b].expect() == [data]


MACS = {1: {"mac": mac(1)}, 2: {"mac": mac(2)}}


def test_guest_comes_back_at_once(weftd):
    with Lan(weftd, 2, extra=MACS) as lan:
        probe(lan, 1, 2)
        lan[2].close()
        weftd.wait_link("g2", up=False)
        lan[1].send(raw(Ether(dst=mac(2), src=mac(1), type=0x88b5)))
        lan[1].settle()
        assert weftd.drops("g1") == {"out_link_down": 1}
        time.sleep(0.3)
        start = time.monotonic()
        lan.guests[2] = VhostGuest(weftd.socket("g2"))
        lan[2].start()
        weftd.wait_link("g2")
        print(f"reconnected within {1000 * (time.monotonic() - start):.0f} ms")
        probe(lan, 1, 2)
        assert weftd.port("g2")["connects"] == 2
        # Its rings are polled: it need not kick, this time like the first.
        wait_for(lan[1].silenced)
        wait_for(lan[2].silenced)


def test_guest_shuts_its_driver_down_and_up(weftd):
    with Lan(weftd, 2, extra=MACS) as lan:
        for _ in range(3):
            lan[2].stop_rings()
            weftd.wait_link("g2", up=False)
            for index in range(2):
                lan[2].start_ring(index)
            weftd.wait_link("g2")
            probe(lan, 1, 2)


def test_server_mode(weftd):
    extra = {i: {"mac": mac(i), "attach": {"mode": "server"}} for i in (1, 2)}
    with Lan(weftd, 2, extra=extra, client=True) as lan:
        probe(lan, 1, 2)
        second = VhostGuest(weftd.socket("g2"), client=True)
        second.connect()
        with pytest.raises((ConnectionError, OSError)):
            second.negotiate()
        second.close()
        probe(lan, 1, 2)
        lan[1].close()
        weftd.wait_link("g1", up=False)
        lan.guests[1] = VhostGuest(weftd.socket("g1"), client=True)
        lan[1].start()
        weftd.wait_link("g1")
        probe(lan, 2, 1)


def test_weftd_killed_and_back(weftd):
    with Lan(weftd, 2, extra=MACS) as lan:
        probe(lan, 1, 2)
        for _ in range(3):
            weftd.kill()
            weftd.start()
            for i in (1, 2):
                lan[i].reconnect()
            weftd.wait_link("g1", "g2")
            probe(lan, 1, 2)
            probe(lan, 2, 1)


def test_policy_survives_a_kill_and_a_removal(weftd):
    with Lan(weftd, 2, extra=MACS):
        pass
    weftd.ctl("port", "del", "g1")
    weftd.kill()
    weftd.start()
    assert [p["name"] for p in weftd.ctl("port", "list")] == ["default/g2"]


def test_device_that_is_gone_after_a_restart_holds_up_nobody(weftd):
    """weftd starts without it, says so, serves the others, takes changes, and takes the device when it is back."""
    path = os.path.join(weftd.dir, "in.pcap")
    wrpcap(path, [Ether(dst="01:80:c2:00:00:00", src=mac(9), type=0x88b5) / Raw(bytes(50))])
    with Lan(weftd, 2, extra=MACS) as lan:
        device = f"net_pcap0,rx_pcap={path},tx_pcap={weftd.dir}/out.pcap"
        weftd.ctl("port", "add", "p", "--network", "lan", "--device", device)
        weftd.stop()
        os.rename(path, path + ".away")
        weftd.start()
        assert weftd.ctl("status")["ports_failed"] == 1
        assert "net_pcap0" in weftd.port("p")["error"]
        for i in (1, 2):
            lan[i].reconnect()
        weftd.wait_link("g1", "g2")
        probe(lan, 1, 2)
        weftd.ctl("port", "add", "x", "--network", "lan")
        os.rename(path + ".away", path)
        wait_for(lambda: weftd.ctl("status")["ports_failed"] == 0, 30, step=0.05)
        weftd.wait_link("p")
        probe(lan, 2, 1)


def test_ports_change_while_others_carry_traffic(weftd):
    with Lan(weftd, 2, extra=MACS) as lan:
        sent = 0
        for i in range(40):
            weftd.ctl("port", "add", f"x{i % 7}", "--network", "lan")
            for _ in range(20):
                lan[1].send(raw(Ether(dst=mac(2), src=mac(1), type=0x88b5)))
                sent += 1
            weftd.ctl("port", "del", f"x{i % 7}")
            assert len(lan[2].expect(20)) == 20
        assert weftd.port("g2")["counters"]["tx_packets"] == sent
        assert weftd.drops("g1") == {}


def test_network_changes_count_at_once(weftd):
    with Lan(weftd, 2, extra=MACS) as lan:
        probe(lan, 1, 2)
        weftd.apply({"default": {"networks": {"other": {}}, "ports": {"g2": {"network": "other", "mac": mac(2)}}}})
        lan[1].send(raw(Ether(dst=mac(2), src=mac(1), type=0x88b5)))
        lan[1].settle()
        assert weftd.drops("g1") == {"flood_empty": 1}
        weftd.apply({"default": {"ports": {"g2": {"network": "lan", "mac": mac(2)}}}})
        probe(lan, 1, 2)


def test_500_ports_in_random_order(weftd):
    rng = random.Random(1)
    names = [f"p{i}" for i in range(500)]
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {n: {"network": "lan"} for n in names}}})
    paths = {p["name"].split("/")[1]: p["where"] for p in weftd.ctl("port", "list")}
    guests = {}
    rng.shuffle(names)
    for n in names:
        guests[n] = VhostGuest(paths[n], size=8)
        guests[n].start()

    def up(n):
        """Whether N ports are up."""
        return lambda: weftd.ctl("status")["ports_up"] == n

    wait_for(up(500), 60, step=0.05)
    a, b = names[:2]
    frame = raw(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(1), type=0x88b5) / Raw(bytes(46)))
    guests[a].send(frame)
    assert guests[b].expect() == [frame]
    for n in names[2:]:
        assert guests[n].expect() == [frame]
    rng.shuffle(names)
    for n in names[:250]:
        guests.pop(n).close()
    wait_for(up(250), 60, step=0.05)
    weftd.apply({"default": {"ports": {n: None for n in names[100:400]}}})
    assert weftd.ctl("status")["ports"] == 200
    for n in names[400:]:
        assert n in guests
    for g in guests.values():
        g.close()
