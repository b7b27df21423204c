# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Layer 2 between guests: frames built and read by scapy."""
from conftest import Lan, mac
from scapy.all import ARP, IP, UDP, Dot1AD, Dot1Q, Ether, ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6, Raw, raw

EVERYONE = "ff:ff:ff:ff:ff:ff"


def frame(dst, src, payload=b"x" * 50):
    """A UDP packet between two guests."""
    return Ether(dst=dst, src=src) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2) / Raw(payload)


def test_learns_and_forwards(weftd):
    with Lan(weftd, 3) as lan:
        lan[1].send(raw(frame(EVERYONE, mac(1))))
        assert lan[2].expect() == lan[3].expect() == [raw(frame(EVERYONE, mac(1)))]
        lan[2].send(raw(frame(mac(1), mac(2))))
        assert lan[1].expect() == [raw(frame(mac(1), mac(2)))]
        lan[1].send(raw(frame(mac(2), mac(1))))
        assert lan[2].expect() == [raw(frame(mac(2), mac(1)))]
        lan[3].settle()
        assert lan[3].poll() == []
        rows = {row["mac"]: row["port"] for row in weftd.ctl("fdb")}
        assert rows == {mac(1): "default/g1", mac(2): "default/g2"}


def test_address_moves_with_its_guest(weftd):
    with Lan(weftd, 3) as lan:
        lan[1].send(raw(frame(EVERYONE, mac(9))))
        lan[2].expect()
        lan[3].expect()
        lan[2].send(raw(frame(EVERYONE, mac(9))))
        lan[3].expect()
        lan[3].send(raw(frame(mac(9), mac(3))))
        assert len(lan[2].expect()) == 1
        assert weftd.port("g2")["counters"]["macs_moved"] == 1


def test_static_network_does_not_flood_the_unknown(weftd):
    with Lan(weftd, 2, network={"learning": False}, extra={2: {"mac": mac(2)}}) as lan:
        lan[1].send(raw(frame(mac(7), mac(1))))
        lan[1].send(raw(frame(mac(2), mac(1))))
        assert len(lan[2].expect()) == 1
        assert weftd.drops("g1") == {"fwd_unknown": 1}


def test_guard_names_each_lie(weftd):
    own = {"mac": mac(1), "ips": ["10.0.0.1", "fd00::1"]}
    lies = [
        (Ether(dst=mac(2), src=mac(7)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(), "guard_mac"),
        (Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.9", dst="10.0.0.2") / UDP(), "guard_ipv4"),
        (Ether(dst=EVERYONE, src=mac(1)) / ARP(op=2, hwsrc=mac(1), psrc="10.0.0.9"), "guard_arp"),
        (Ether(dst=EVERYONE, src=mac(1)) / ARP(op=2, hwsrc=mac(9), psrc="10.0.0.1"), "guard_arp"),
        (Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::9", dst="fd00::2") / UDP(), "guard_ipv6"),
        (Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6ND_NA(tgt="fd00::9"), "guard_nd"),
        (Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6ND_NA(tgt="fd00::1")
         / ICMPv6NDOptDstLLAddr(lladdr=mac(9)), "guard_nd"),
    ]
    truths = [
        Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(),
        Ether(dst=EVERYONE, src=mac(1)) / ARP(hwsrc=mac(1), psrc="10.0.0.1", pdst="10.0.0.2"),
        Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / UDP(),
        Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6ND_NA(tgt="fd00::1")
        / ICMPv6NDOptDstLLAddr(lladdr=mac(1)),
    ]
    with Lan(weftd, 2, extra={1: own, 2: {"mac": mac(2)}}) as lan:
        for packet, reason in lies:
            before = weftd.drops("g1").get(reason, 0)
            lan[1].send(raw(packet))
            lan[1].settle()
            assert weftd.drops("g1").get(reason, 0) == before + 1, packet.summary()
        for packet in truths:
            lan[1].send(raw(packet))
        assert sorted(lan[2].expect(len(truths))) == sorted(raw(p) for p in truths)


def test_address_of_another_port_cannot_be_taken(weftd):
    with Lan(weftd, 3, extra={2: {"mac": mac(2)}}) as lan:
        lan[3].send(raw(frame(EVERYONE, mac(2))))
        lan[3].settle()
        assert weftd.drops("g3") == {"guard_mac_taken": 1}
        lan[1].send(raw(frame(mac(2), mac(1))))
        assert len(lan[2].expect()) == 1


def test_vlan_modes(weftd):
    extra = {1: {"vlan": {"access": 10}}, 2: {"vlan": {"trunk": [10, "20-21"], "native": 20}},
             3: {"vlan": {"trunk": []}}, 4: {"vlan": {"access": 20}}, 5: {}}
    plain = Ether(dst=EVERYONE, src=mac(1)) / IP() / UDP()
    with Lan(weftd, 5, extra=extra) as lan:
        lan[1].send(raw(plain))
        got = Ether(lan[2].expect()[0])
        assert got[Dot1Q].vlan == 10 and raw(got[IP]) == raw(plain[IP])
        lan[2].send(raw(Ether(dst=EVERYONE, src=mac(2)) / Dot1Q(vlan=10, prio=5) / IP() / UDP()))
        assert Dot1Q not in Ether(lan[1].expect()[0])
        lan[2].send(raw(Ether(dst=EVERYONE, src=mac(2)) / IP() / UDP()))
        assert Dot1Q not in Ether(lan[4].expect()[0])
        lan[4].send(raw(Ether(dst=EVERYONE, src=mac(4)) / IP() / UDP()))
        assert Dot1Q not in Ether(lan[2].expect()[0])
        lan[2].send(raw(Ether(dst=EVERYONE, src=mac(2)) / Dot1Q(vlan=99) / IP() / UDP()))
        lan[1].send(raw(Ether(dst=EVERYONE, src=mac(1)) / Dot1Q(vlan=10) / IP() / UDP()))
        for vid in (0, 10, 20):
            lan[3].send(raw(Ether(dst=EVERYONE, src=mac(3)) / Dot1Q(vlan=vid) / IP() / UDP()))
        for i in (1, 2, 3):
            lan[i].settle()
        assert weftd.drops("g2")["vlan_not_allowed"] == 1
        assert weftd.drops("g1")["vlan_tagged"] == 1
        assert weftd.drops("g3") == {"vlan_untagged": 1, "vlan_not_allowed": 2}
        assert lan[3].poll() == lan[5].poll() == []


def test_qinq(weftd):
    extra = {1: {"vlan": {"qinq": 100}}, 2: {"vlan": {"trunk": [100], "tpid": "802.1ad"}}, 3: {"vlan": {"qinq": 100}}}
    inner = Ether(dst=EVERYONE, src=mac(1)) / Dot1Q(vlan=7) / IP() / UDP()
    with Lan(weftd, 3, extra=extra) as lan:
        lan[1].send(raw(inner))
        assert lan[3].expect() == [raw(inner)]
        got = Ether(lan[2].expect()[0])
        assert got[Dot1AD].vlan == 100 and got[Dot1Q].vlan == 7
        lan[2].send(raw(Ether(dst=EVERYONE, src=mac(2)) / Dot1AD(vlan=100) / Dot1Q(vlan=8) / IP() / UDP()))
        for i in (1, 3):
            assert raw(Ether(lan[i].expect()[0])) == raw(Ether(dst=EVERYONE, src=mac(2)) / Dot1Q(vlan=8) / IP() / UDP())


def test_mtu_and_down_are_named(weftd):
    with Lan(weftd, 2, network={"mtu": 1000}, extra={2: {"mac": mac(2)}}) as lan:
        lan[1].send(raw(Ether(dst=mac(2), src=mac(1), type=0x88b5) / Raw(b"x" * 1001)))
        lan[1].send(raw(Ether(dst=mac(2), src=mac(1), type=0x88b5) / Raw(b"x" * 1000)))
        assert len(lan[2].expect()) == 1
        weftd.apply({"default": {"ports": {"g2": {"network": "lan", "mac": mac(2), "state": "down"}}}})
        lan[1].send(raw(frame(mac(2), mac(1))))
        lan[1].settle()
        assert weftd.drops("g1") == {"out_mtu": 1, "out_port_down": 1}


def test_broadcast_storm_is_bounded(weftd):
    with Lan(weftd, 2, extra={1: {"flood": {"broadcast": 10}}}) as lan:
        for _ in range(200):
            lan[1].send(raw(frame(EVERYONE, mac(1))))
        lan[1].settle()
        passed = len(lan[2].expect())
        assert 32 <= passed < 200
        assert weftd.drops("g1")["flood_broadcast"] == 200 - passed


def test_frames_of_all_lengths_survive(weftd):
    with Lan(weftd, 2, extra={2: {"mac": mac(2)}}) as lan:
        for length in list(range(14, 140)) + [1000, 1513, 1514]:
            data = (raw(Ether(dst=mac(2), src=mac(1), type=0x88b5)) + bytes(range(256)) * 6)[:length]
            lan[1].send(data)
            assert lan[2].expect() == [data]


def test_explain_is_right_and_changes_nothing(weftd):
    extra = {1: {"mac": mac(1), "ips": ["10.0.0.1"]}, 2: {"mac": mac(2), "ips": ["10.0.0.2"]}}
    with Lan(weftd, 3, extra=extra) as lan:
        lan[3].send(raw(Ether(dst=EVERYONE, src=mac(3)) / IP(src="10.0.0.3", dst="10.0.0.2") / UDP()))
        lan[1].expect()
        before = weftd.ctl("status"), hash_of(weftd)
        told = weftd.ctl("explain", "g1", "to", "10.0.0.2")
        assert told["verdict"] == "delivered" and told["outputs"] == 1
        assert [s["stage"] for s in told["steps"]] == ["parse", "vlan", "guard", "forward", "output"]
        lie = raw(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.9", dst="10.0.0.2") / UDP())
        assert weftd.ctl("explain", "g1", lie.hex())["drop"] == "guard_ipv4"
        assert weftd.ctl("explain", "g3", "to", mac(77))["outputs"] == 2
        assert weftd.ctl("explain", "g1", raw(frame(mac(2), mac(1))).hex())["verdict"] == "delivered"
        assert hash_of(weftd) == before[1]
        lan[1].send(lie)
        lan[1].settle()
        assert weftd.drops("g1") == {"guard_ipv4": 1}
        # A port without addresses of its own may use those that nobody names.
        for src, drop in (("10.0.0.1", "guard_ipv4"), ("10.0.0.9", None)):
            sent = raw(Ether(dst=mac(2), src=mac(3)) / IP(src=src, dst="10.0.0.2") / UDP())
            assert weftd.ctl("explain", "g3", sent.hex()).get("drop") == drop


def hash_of(weftd):
    """A hash over all that the pipeline may change."""
    return weftd.rpc("state_hash")
