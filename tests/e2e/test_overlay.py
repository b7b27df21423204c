# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Networks across hosts: what is on the wire, with scapy as the other host."""
import pytest
from conftest import mac
from harness.overlay import HERE, HERE6, HOSTS, HOSTS6, MTUS, PORTS, STRANGER, THERE, THERE6, VNI, Wire, around, check, checked, \
    inside, policy, udp
from harness.proc import wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd
from scapy.all import ARP, ICMP, IP, UDP, Ether, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, \
    ICMPv6PacketTooBig, IPerror, IPv6, Raw, raw
from scapy.layers.vxlan import VXLAN


@pytest.fixture(params=["vxlan", "geneve"])
def tunnel(request, pair):
    """(encap, weftd as host a, guest g1, the wire to host b, which has answered ARP)."""
    wire = Wire(pair[1])
    with Weftd(host="a") as weftd:
        weftd.apply(policy(request.param, "a", f"net_af_packet0,iface={pair[0]}"), hosts=HOSTS)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            wire.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=wire.mac) / ARP(op=1, hwsrc=wire.mac, psrc=THERE, pdst=HERE))
            answer = wire.next(lambda f: ARP in f and f[ARP].op == 2)
            assert (answer[ARP].psrc, answer[ARP].hwsrc) == (HERE, answer.src)
            wire.other = answer.src
            yield request.param, weftd, guest, wire
    wire.socket.close()


def test_what_is_on_the_wire(tunnel):
    """Every field of what is sent, and that what comes back goes to the guest as it was."""
    encap, _, guest, wire = tunnel
    sources = set()
    for port in range(1000, 1032):
        frame = udp(port, tos=0xb9)
        guest.send(frame)
        out = wire.next(lambda f: UDP in f)
        assert (out.src, out.dst, out[IP].src, out[IP].dst) == (wire.other, wire.mac, HERE, THERE)
        assert (out[IP].ttl, out[IP].flags, out[IP].tos, out[IP].len) == (64, "DF", 0xb9, len(out) - 14)
        assert (out[UDP].dport, out[UDP].len, out[UDP].chksum) == (PORTS[encap], len(out) - 34, 0)
        fresh = IP(raw(out[IP]))
        del fresh.chksum
        assert IP(raw(fresh)).chksum == out[IP].chksum
        assert inside(out, encap) == (VNI, Ether(raw(frame)))
        sources.add(out[UDP].sport)
    # The entropy of the source port: 32 flows, at most a few of which share one.
    assert len(sources) > 28 and min(sources) >= 0xc000
    reply = raw(udp(7, dst=mac(1), src=mac(2)))
    wire.send(around(wire, encap, Ether(reply)))
    assert guest.expect() == [reply]


@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
def test_what_is_on_the_wire_over_ipv6(pair, encap):
    """The same over IPv6: every field, the checksums, and what comes back; the host's address is found by neighbour discovery."""
    wire = Wire(pair[1])
    with Weftd(host="a") as weftd:
        weftd.apply(policy(encap, "a", f"net_af_packet0,iface={pair[0]}"), hosts=HOSTS6)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            wire.send(Ether(dst="33:33:ff:00:00:01", src=wire.mac) / IPv6(src=THERE6, dst="ff02::1:ff00:1", hlim=255)
                      / ICMPv6ND_NS(tgt=HERE6) / ICMPv6NDOptSrcLLAddr(lladdr=wire.mac))
            answer = wire.next(lambda f: ICMPv6ND_NA in f)
            assert (answer[ICMPv6ND_NA].tgt, answer[ICMPv6ND_NA].S, answer[IPv6].hlim) == (HERE6, 1, 255)
            wire.other = answer[ICMPv6NDOptDstLLAddr].lladdr
            labels = set()
            for port in range(1000, 1016):
                frame = udp(port, tos=0xb9)
                guest.send(frame)
                out = wire.next(lambda f: UDP in f)
                assert (out.dst, out[IPv6].src, out[IPv6].dst) == (wire.mac, HERE6, THERE6)
                assert (out[IPv6].nh, out[IPv6].hlim, out[IPv6].tc, out[IPv6].plen) == (17, 64, 0xb9, len(out) - 54)
                assert (out[UDP].dport, out[UDP].len, out[UDP].sport) == (PORTS[encap], len(out) - 54, out[IPv6].fl)
                fresh = Ether(raw(out))
                del fresh[UDP].chksum
                assert Ether(raw(fresh))[UDP].chksum == out[UDP].chksum != 0
                assert inside(out, encap) == (VNI, Ether(raw(frame)))
                labels.add(out[IPv6].fl)
            assert len(labels) > 12
            reply = raw(udp(7, dst=mac(1), src=mac(2), tos=2))
            back = raw(around(wire, encap, Ether(reply))[UDP])[8:]
            for checksum, name in ((None, None), (0, "tunnel_checksum"), (0x1234, "tunnel_checksum")):
                wire.send(Ether(dst=wire.other, src=wire.mac) / IPv6(src=THERE6, dst=HERE6, tc=3)
                          / UDP(sport=50000, dport=PORTS[encap], chksum=checksum) / Raw(back))
                if name is None:
                    assert Ether(guest.expect()[0])[IP].tos == 3  # congestion, RFC 6040
            wait_for(lambda: weftd.drops("up").get("tunnel_checksum") == 2)
    wire.socket.close()


def test_questions_for_ipv6_addresses_are_answered_at_the_first_hop(tunnel):
    """Neighbour discovery, as ARP."""
    _, weftd, guest, wire = tunnel
    weftd.ctl("set", "port", "g2", 'ips=["10.0.0.2", "fd00::2"]')
    question = Ether(dst="33:33:ff:00:00:02", src=mac(1)) / IPv6(src="fd00::1", dst="ff02::1:ff00:2", hlim=255) \
        / ICMPv6ND_NS(tgt="fd00::2") / ICMPv6NDOptSrcLLAddr(lladdr=mac(1))
    guest.send(question)
    answer = Ether(guest.expect()[0])
    assert (answer.dst, answer[IPv6].src, answer[IPv6].dst, answer[IPv6].hlim) == (mac(1), "fd00::2", "fd00::1", 255)
    assert (answer[ICMPv6ND_NA].tgt, answer[ICMPv6ND_NA].S, answer[ICMPv6ND_NA].O) == ("fd00::2", 1, 1)
    assert answer[ICMPv6NDOptDstLLAddr].lladdr == mac(2)
    fresh = Ether(raw(answer))
    del fresh[ICMPv6ND_NA].cksum
    assert Ether(raw(fresh))[ICMPv6ND_NA].cksum == answer[ICMPv6ND_NA].cksum
    # Who asks from :: whether an address is free wants to have it. It is another's, whom the question would keep from coming up.
    guest.send(Ether(dst="33:33:ff:00:00:02", src=mac(1)) / IPv6(src="::", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fd00::2"))
    guest.settle()
    assert weftd.drops("g1").get("guard_nd") == 1
    weftd.ctl("set", "port", "g2", 'ips=["10.0.0.2"]')
    guest.send(question)
    assert ICMPv6ND_NS in inside(wire.next(lambda f: UDP in f), tunnel[0])[1]


def test_bad_packets_are_named(tunnel):
    encap, weftd, guest, wire = tunnel
    good = raw(udp(7, dst=mac(1), src=mac(2)))
    to = {"dst": wire.other, "src": wire.mac}
    ip = IP(src=THERE, dst=HERE)
    head = UDP(sport=50000, dport=PORTS[encap], chksum=0)
    bad = [("tunnel_peer", around(wire, encap, Ether(good), source=STRANGER)),
           ("tunnel_network", around(wire, encap, Ether(good), vni=VNI + 1)),
           ("tunnel_header", Ether(**to) / ip / head / Raw(b"\x08\x00")),
           ("tunnel_ecn", around(wire, encap, Ether(good), tos=3)),
           ("parse_runt", around(wire, encap, Raw(b"short"))),
           ("guard_mac_taken", around(wire, encap, Ether(raw(udp(7, dst=mac(2), src=mac(1)))))),
           ("fwd_same_port", around(wire, encap, udp(7, dst=mac(2), src=mac(3))))]
    if encap == "vxlan":
        bad.append(("tunnel_header", Ether(**to) / ip / head / VXLAN(flags=0, vni=VNI) / Ether(good)))
    else:
        option = b"\x01\x02\x80\x00"  # critical, of a class that nobody knows
        bad += [("tunnel_option", Ether(**to) / ip / head / Raw(b"\x01\x40\x65\x58" + VNI.to_bytes(3, "big") + b"\0" + option + good)),
                ("tunnel_header", Ether(**to) / ip / head / Raw(b"\x3f\x00\x65\x58" + VNI.to_bytes(3, "big") + b"\0" + good)),
                ("tunnel_header", Ether(**to) / ip / head / Raw(b"\x40\x00\x65\x58" + VNI.to_bytes(3, "big") + b"\0" + good))]
        wire.send(Ether(**to) / ip / head / Raw(b"\x01\x00\x65\x58" + VNI.to_bytes(3, "big") + b"\0" + b"\x01\x02\x00\x00" + good))
        assert guest.expect() == [good]  # an option that need not be understood
    counted = {}
    for reason, frame in bad:
        counted[reason] = counted.get(reason, 0) + 1
        wire.send(frame)

        def named():
            """the drop to be counted"""
            return weftd.drops("up").get(reason, 0) == counted[reason]

        try:
            wait_for(named)
        except TimeoutError:
            raise AssertionError(f"{reason} was to be counted: {weftd.drops('up')}") from None
    guest.settle()
    assert guest.poll() == []


def test_congestion_is_passed_on(tunnel):
    """RFC 6040: what the underlay marked is marked inside, and the checksum is right."""
    encap, _, guest, wire = tunnel
    for inner, outer, seen in ((1, 3, 3), (2, 3, 3), (2, 1, 1), (3, 0, 3), (0, 1, 0), (1, 2, 1)):
        wire.send(around(wire, encap, udp(7, dst=mac(1), src=mac(2), tos=inner), tos=outer))
        frame = Ether(guest.expect()[0])
        assert frame[IP].tos == seen
        fresh = IP(raw(frame[IP]))
        del fresh.chksum
        assert IP(raw(fresh)).chksum == frame[IP].chksum
    wire.send(around(wire, encap, Ether(dst=mac(1), src=mac(2)) / IPv6(tc=2) / UDP() / Raw(b"six"), tos=3))
    assert Ether(guest.expect()[0])[IPv6].tc == 3


def test_neighbour_that_changes_its_mac(tunnel):
    _, weftd, guest, wire = tunnel
    wire.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(77)) / ARP(op=1, hwsrc=mac(77), psrc=THERE, pdst=THERE))

    def moved():
        """packets to go to the new MAC"""
        guest.send(udp(5))
        return wire.next(lambda f: UDP in f).dst == mac(77)

    wait_for(moved)
    assert weftd.drops("g1") == {}


def test_check_says_what_is_wrong(tunnel):
    _, weftd, _, _ = tunnel
    wait_for(lambda: "heard of" in check(weftd)[1])
    assert f"b: 1 port(s), next hop {THERE} (" in checked(weftd, 0)
    weftd.ctl("set", "host", "b", "tunnel.address=198.51.100.2")
    assert "b: its address is not in this host's network, and this host has no gateway" in checked(weftd, 2)
    weftd.ctl("set", "host", "a", "tunnel.gateway=192.0.2.254")
    assert "b: its next hop does not answer ARP" in checked(weftd, 2)
    with pytest.raises(Rejected, match="tunnel address 192.0.2.1 is already used by a"):
        weftd.ctl("set", "host", "b", f"tunnel.address={HERE}")
    weftd.ctl("set", "host", "b", "tunnel.address=2001:db8::2")
    assert "b: its tunnel address and this host's are not of the same IP version" in checked(weftd, 2)
    weftd.ctl("delete", "host", "b")
    assert "b: it has no tunnel address; run 'weftctl set host b tunnel.address=" in checked(weftd, 2)
    # What it says can be typed, though there is no such object.
    weftd.ctl("set", "host", "b", f"tunnel.address={THERE}/24")
    assert "no tunnel address" not in check(weftd)[1]
    weftd.ctl("delete", "host", "b")
    weftd.ctl("delete", "port", "up")
    assert "here: this host has no uplink" in checked(weftd, 2)
    weftd.ctl("delete", "host", "a")
    assert "here: this host has no tunnel address" in checked(weftd, 2)


def test_hosts_come_and_go(tunnel):
    """Hosts, their ports and networks in any order, with traffic: what they took is given back, and others' packets pass."""
    _, weftd, guest, wire = tunnel
    memory = []
    for turn in range(12):
        port = {"host": "c", "network": "lan", "mac": mac(3), "vlan": {"trunk": ["5-7"]} if turn % 2 else {}}
        steps = [lambda: weftd.apply({}, hosts={"c": {"tunnel": {"address": "192.0.2.3/24"}}}),
                 lambda: weftd.apply({"default": {"ports": {"g3": port}}})]
        for step in steps if turn % 3 else reversed(steps):
            step()
        guest.send(Ether(dst=mac(3), src=mac(1)) / IP() / UDP())
        guest.send(udp(turn))
        assert wire.next(lambda f: UDP in f)[IP].dst == THERE
        # It moves here and away again, or its host goes first.
        if turn % 4 == 1:
            weftd.ctl("set", "port", "g3", "host=a")
            weftd.ctl("set", "port", "g3", "host=b")
        if turn % 4 == 2:
            weftd.ctl("delete", "host", "c")
            weftd.ctl("delete", "port", "g3")
        else:
            weftd.ctl("delete", "port", "g3")
            weftd.ctl("delete", "host", "c")
        memory.append(weftd.rpc("status")["policy_memory_bytes"])
    assert len(set(memory[4:])) == 1, memory
    assert weftd.drops("g1").get("fwd_unknown", 0) + weftd.drops("g1").get("out_no_neighbour", 0) == 12


def test_what_is_too_large_is_told_so(tunnel):
    """The inner MTU is derived: the guest hears of it by ICMP, within a rate, and the drop has a name."""
    encap, weftd, guest, wire = tunnel
    mtu = MTUS[encap]
    assert any(f"host_mtu={mtu}" in argument for argument in weftd.port("g1")["hints"]["qemu"])
    fits = Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2", flags="DF") / UDP() / Raw(bytes(mtu - 28))
    guest.send(fits)
    assert len(wire.next(lambda f: UDP in f)) == 14 + mtu + 50
    guest.send(fits / Raw(b"x"))
    answer = Ether(guest.expect()[0])
    assert (answer.dst, answer[IP].src, answer[IP].dst) == (mac(1), "10.0.0.2", "10.0.0.1")
    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, mtu)
    assert answer[IPerror].dst == "10.0.0.2"
    guest.send(Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / UDP() / Raw(bytes(mtu - 47)))
    answer = Ether(guest.expect()[0])
    assert (answer[ICMPv6PacketTooBig].mtu, answer[IPv6].src) == (mtu, "fd00::2")
    fresh = Ether(raw(answer))
    del fresh[ICMPv6PacketTooBig].cksum
    assert Ether(raw(fresh))[ICMPv6PacketTooBig].cksum == answer[ICMPv6PacketTooBig].cksum
    guest.send(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=3, code=1) / Raw(bytes(mtu)))
    wait_for(lambda: weftd.drops("g1").get("out_mtu") == 3)
    guest.settle()
    assert guest.poll() == []  # not about an error


def test_arp_is_answered_at_the_first_hop(tunnel):
    """Where the policy knows who has an address no other host hears the question; when that changes, so does the answer."""
    encap, weftd, guest, wire = tunnel

    def ask(address):
        guest.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(1)) / ARP(op=1, hwsrc=mac(1), psrc="10.0.0.1", pdst=address))

    weftd.ctl("set", "port", "g2", 'ips=["10.0.0.2"]')
    ask("10.0.0.2")
    answer = Ether(guest.expect()[0])
    assert (answer.dst, answer[ARP].op, answer[ARP].psrc, answer[ARP].hwsrc) == (mac(1), 2, "10.0.0.2", mac(2))
    weftd.ctl("set", "port", "g2", 'ips=["10.0.0.3"]')
    ask("10.0.0.2")  # nobody's now: to all
    assert inside(wire.next(lambda f: UDP in f), encap)[1][ARP].pdst == "10.0.0.2"
    ask("10.0.0.3")
    assert Ether(guest.expect()[0])[ARP].hwsrc == mac(2)
    # A port that is here, in the same network; and one that has gone.
    weftd.apply({"default": {"ports": {"g4": {"host": "a", "network": "lan", "mac": mac(4), "ips": ["10.0.0.4"]}}}})
    ask("10.0.0.4")
    assert Ether(guest.expect()[0])[ARP].hwsrc == mac(4)
    weftd.ctl("delete", "port", "g4")
    weftd.ctl("delete", "port", "g2")
    for address in ("10.0.0.3", "10.0.0.4"):
        ask(address)
    wait_for(lambda: weftd.drops("g1").get("flood_empty") == 2)
    assert guest.poll() == []


def test_broadcast_goes_to_hosts_with_members(tunnel):
    encap, weftd, guest, wire = tunnel
    question = Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(1)) / ARP(op=1, hwsrc=mac(1), psrc="10.0.0.1", pdst="10.0.0.2")
    guest.send(question)
    out = wire.next(lambda f: UDP in f)
    assert inside(out, encap) == (VNI, Ether(raw(question)))
    # What comes from a host is not sent back to hosts.
    wire.send(around(wire, encap, Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(2)) / ARP(op=1, hwsrc=mac(2), psrc="10.0.0.2", pdst="10.0.0.1")))
    assert len(guest.expect()) == 1
    # Without members there, nothing is for that host.
    weftd.ctl("delete", "port", "g2")
    guest.send(question)
    wait_for(lambda: weftd.drops("g1").get("flood_empty") == 1)
