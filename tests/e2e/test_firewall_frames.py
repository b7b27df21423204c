# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Frames that are more than a packet of a connection: roles, ethertypes, fragments; built and judged by scapy."""
import pytest
from conftest import mac
from harness.firewall import WEB, A, B, Net, allow, ip
from harness.weftd import Rejected
from scapy.all import (BOOTP, DHCP, IP, LLC, SNAP, TCP, UDP, Dot3, Ether, ICMPv6EchoRequest, ICMPv6ND_RA, ICMPv6NDOptSrcLLAddr, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN, PPPoED, Raw, fragment, fragment6, raw)
from scapy.contrib.igmp import IGMP


def test_roles_of_ports(weftd):
    """What stations believe whoever says it: advertisements, redirects, queries, DHCP offers. Rules of the receivers let nothing in."""
    with Net(weftd, WEB, [[], [], []]) as net:
        eth = Ether(src=mac(1), dst="33:33:00:00:00:01")
        offer = raw(Ether(src=mac(1), dst=mac(2)) / IP(src=ip(1), dst=ip(2)) / UDP(sport=67, dport=68) /
                    BOOTP(op=2, chaddr=b"\x52") / DHCP(options=[("message-type", "offer"), "end"]))
        sayings = {"router": raw(eth / IPv6(src="fe80::5054:ff:fe00:1", dst="ff02::1", hlim=255) / ICMPv6ND_RA() /
                                 ICMPv6NDOptSrcLLAddr(lladdr=mac(1))),
                   "querier": raw(Ether(src=mac(1), dst="01:00:5e:00:00:01") / IP(src=ip(1), dst="224.0.0.1", ttl=1) /
                                  IGMP(type=0x11, gaddr="0.0.0.0")), "dhcp-server": offer}
        drops = {"router": "guard_router", "querier": "guard_querier", "dhcp-server": "guard_dhcp"}
        for role, frame in sayings.items():
            net.change("ports", "g1", may=[r for r in sayings if r != role])
            net.send_raw(1, 2, frame, passes=False)
            assert weftd.drops("g1")[drops[role]] == 1
            net.change("ports", "g1", may=[role])
            net.send_raw(1, 2, frame)
    with pytest.raises(Rejected, match="may: expected a list of router, querier and dhcp-server"):
        weftd.apply({"default": {"ports": {"g1": {"network": "lan", "may": ["king"]}}}})
    with pytest.raises(Rejected, match="may: an uplink needs no role"):
        weftd.apply({"default": {"ports": {"u": {"may": ["router"], "attach": {"type": "eth", "device": "net_null0"}}}}})


def test_what_is_neither_ip_nor_arp_needs_a_rule(weftd):
    """PPPoE, LLC and LLDP; and IP in LLC/SNAP, which counts as IP."""
    with Net(weftd, {"web": {"rules": [allow(protocol="tcp", ports=[80])]}}, [["web"], ["web"]]) as net:
        head = Ether(src=mac(1), dst=mac(2))
        pppoe = raw(head / PPPoED() / Raw(bytes(40)))
        spanning = raw(Dot3(src=mac(1), dst=mac(2)) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(bytes(40)))
        lldp = raw(Ether(src=mac(1), dst="01:80:c2:00:00:0e", type=0x88cc) / Raw(bytes(46)))

        def snap(port, i=1):
            return raw(Dot3(src=mac(1), dst=mac(2)) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x800) /
                       IP(src=ip(i), dst=ip(2)) / TCP(sport=port, dport=port, flags="S"))

        for frame in pppoe, spanning, lldp, snap(22), snap(80, 3):
            net.send_raw(1, 2, frame, passes=False)
        net.send_raw(1, 2, snap(80))
        assert weftd.drops("g1") == {"fw_ethertype": 2, "fwd_reserved": 1, "fw_ingress": 1, "guard_ipv4": 1}
        for direction in "in", "out":
            weftd.ctl("rule", "add", "web", direction, "allow", "--protocol", "ether", "--ethertype", "0x8863",
                      "--name", f"pppoe-{direction}")
        net.send_raw(1, 2, pppoe)
        net.send_raw(1, 2, spanning, passes=False)
        assert {h["rule"]: h["packets"] for h in weftd.ctl("rule", "hits", "web") if "pppoe" in h["rule"]} == {
            "default/web pppoe-in": 1, "default/web pppoe-out": 1}
        net.change("networks", "lan", non_ip=True, link_protocols=["lldp"])
        for frame in pppoe, spanning, lldp:
            net.send_raw(1, 2, frame)
    for more, error in (({"protocol": "ether", "ethertype": 2048}, "ethertype"), ({"ethertype": "0x8863"}, "needs protocol ether"),
                        ({"protocol": "ether", "ports": [1]}, "ports"),
                        ({"protocol": "ether", "remote": {"group": "web"}}, "IP addresses")):
        with pytest.raises(Rejected, match=error):
            weftd.apply({"default": {"groups": {"web": {"rules": [allow(**more)]}}}})


def test_fragments_follow_their_first(weftd):
    limits = {"fragmented": 1}
    with Net(weftd, {"dns": {"rules": [allow(protocol="udp", ports=[53])]}}, [[], ["dns"]], limits=limits) as net:
        def pieces(dport, ident):
            whole = IP(src=A, dst=B, id=ident) / UDP(sport=9, dport=dport) / Raw(bytes(range(256)) * 8)
            return [raw(Ether(src=mac(1), dst=mac(2)) / p) for p in fragment(whole, 800)]

        for frame in pieces(53, 1):
            net.send_raw(1, 2, frame)
        for frame in pieces(54, 2):
            net.send_raw(1, 2, frame, passes=False)
        assert weftd.drops("g1") == {"fw_ingress": 1, "fw_fragment_stray": 2}
        # Another datagram with the same number, whose first fragment is shorter.
        for piece in fragment(IP(src=A, dst=B, id=1) / UDP(sport=9, dport=53) / Raw(bytes(900)), 400):
            net.send_raw(1, 2, raw(Ether(src=mac(1), dst=mac(2)) / piece))
        # A second datagram at a time is one too many; and bytes of the first fragment are not written again.
        net.send_raw(1, 2, pieces(53, 3)[0], passes=False)
        assert weftd.drops("g1")["fw_fragment_full"] == 1
        over = Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B, id=1, frag=1, proto=17) / Raw(bytes(64))
        net.send_raw(1, 2, raw(over), passes=False)
        assert weftd.drops("g1")["fw_fragment_overlap"] == 1


def test_fragments_of_ipv6_follow_their_first(weftd):
    """A large ping, and a datagram whose destination options are in the first fragment."""
    rules = [allow(protocol="icmpv6", icmp={"type": 128}), allow(protocol="udp", ports=[53])]
    with Net(weftd, {"all": {"rules": rules}}, [[], ["all"]]) as net:
        head = IPv6(src="fd00::1", dst="fd00::2")
        ping = head / IPv6ExtHdrFragment(id=7) / ICMPv6EchoRequest(data=bytes(3000))
        asked = (head / IPv6ExtHdrFragment(id=8) / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]) / UDP(sport=9, dport=53) /
                 Raw(bytes(3000)))
        for whole in ping, asked:
            frames = [raw(Ether(src=mac(1), dst=mac(2)) / p) for p in fragment6(whole, 1400)]
            assert len(frames) == 3
            for frame in frames:
                net.send_raw(1, 2, frame)
        assert weftd.drops("g1") == {}
