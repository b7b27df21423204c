# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Networks across hosts: VXLAN against the Linux kernel's, both kinds between two weftds, scapy for what is on the wire."""
import json
import os
import socket
import subprocess
import uuid

import pytest
from conftest import mac
from harness import ovs
from harness.proc import WEFTCTL, run, stop, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd
from scapy.all import ARP, ICMP, IP, UDP, Ether, ICMPv6PacketTooBig, IPerror, IPv6, Raw, raw
from scapy.contrib.geneve import GENEVE
from scapy.layers.vxlan import VXLAN
from test_devices import make_link, netns, ping_through  # noqa: F401
from test_firewall_tcp import iperf

HERE, THERE, STRANGER = "192.0.2.1", "192.0.2.2", "192.0.2.99"
VNI = 70001
HOSTS = {"a": {"tunnel": {"address": f"{HERE}/24"}}, "b": {"tunnel": {"address": f"{THERE}/24"}}}
PORTS = {"vxlan": 4789, "geneve": 6081}


def policy(encap, host, uplink, **network):
    """Guest g1 on host a, g2 on host b, of which HOST has the uplink."""
    return {"default": {"networks": {"lan": {"encap": encap, "vni": VNI, **network}},
                        "ports": {"up": {"host": host, "attach": {"type": "eth", "device": uplink}},
                                  "g1": {"host": "a", "network": "lan", "mac": mac(1)},
                                  "g2": {"host": "b", "network": "lan", "mac": mac(2)}}}}


class Wire:
    """The other end of host a's uplink, in a namespace: a raw socket that stands for host b."""

    def __init__(self, device):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((device, 0))
        self.socket.settimeout(10)
        with open(f"/sys/class/net/{device}/address", encoding="ascii") as f:
            self.mac = f.read().strip()
        self.other = None

    def send(self, frame):
        """Sends a scapy packet."""
        self.socket.send(raw(frame))

    def next(self, wanted):
        """The next frame that WANTED says yes to; host b answers ARP meanwhile."""
        while True:
            data, address = self.socket.recvfrom(65535)
            frame = Ether(data)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == THERE:
                self.other = frame.src
                self.send(Ether(dst=frame.src, src=self.mac) / ARP(op=2, hwsrc=self.mac, psrc=THERE, hwdst=frame.src, pdst=HERE))
            elif wanted(frame):
                return frame


@pytest.fixture
def pair():
    """A veth pair here: weft has one end as its uplink, the test the other."""
    name = f"w{os.getpid() % 100000}"
    if "not supported" in run("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", check=False):
        pytest.skip("this kernel has no veth devices")
    for end in "ab":
        run("sysctl", "-qw", f"net.ipv6.conf.{name}{end}.disable_ipv6=1")
        run("ip", "link", "set", f"{name}{end}", "mtu", "2000", "up")
    yield f"{name}a", f"{name}b"
    run("ip", "link", "del", f"{name}a")


def inside(frame, encap):
    """(VNI, inner frame) of a frame in a tunnel."""
    header = frame[VXLAN] if encap == "vxlan" else frame[GENEVE]
    return header.vni, Ether(raw(header.payload))


def around(wire, encap, frame, source=THERE, vni=VNI, **ip):
    """FRAME in a tunnel from host b."""
    header = VXLAN(vni=vni, flags=8) if encap == "vxlan" else GENEVE(vni=vni, proto=0x6558)
    return Ether(dst=wire.other, src=wire.mac) / IP(src=source, dst=HERE, **ip) / UDP(sport=50000, dport=PORTS[encap], chksum=0) \
        / header / frame


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


def udp(sport, dst=mac(2), src=mac(1), **ip):
    """A small frame of a flow."""
    return Ether(dst=dst, src=src) / IP(src="10.0.0.1", dst="10.0.0.2", **ip) / UDP(sport=sport, dport=7) / Raw(b"x" * 20)


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
    encap, weftd, guest, wire = tunnel
    wire.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(77)) / ARP(op=1, hwsrc=mac(77), psrc=THERE, pdst=THERE))

    def moved():
        """packets to go to the new MAC"""
        guest.send(udp(5))
        return wire.next(lambda f: UDP in f).dst == mac(77)

    wait_for(moved)
    assert weftd.drops("g1") == {}
    assert encap in PORTS


def check(weftd):
    """(exit code, text) of network check."""
    done = subprocess.run([WEFTCTL, "--dev", weftd.dir, "network", "check", "lan"], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def checked(weftd, code):
    """What network check prints, with CODE."""
    got, text = check(weftd)
    assert got == code, text
    return text


def test_check_says_what_is_wrong(tunnel):
    encap, weftd, _, _ = tunnel
    wait_for(lambda: "heard of" in check(weftd)[1])
    assert f"b: 1 port(s), next hop {THERE} (" in checked(weftd, 0)
    weftd.ctl("set", "host", "b", "tunnel.address=198.51.100.2")
    assert "b: its address is not in this host's network, and there is no gateway" in checked(weftd, 2)
    weftd.ctl("set", "host", "a", "tunnel.gateway=192.0.2.254")
    assert "b: its next hop does not answer ARP" in checked(weftd, 2)
    with pytest.raises(Rejected, match="tunnel address 192.0.2.1 is already a's"):
        weftd.ctl("set", "host", "b", f"tunnel.address={HERE}")
    answer = weftd.ctl("set", "host", "b", "tunnel.address=2001:db8::2")
    assert "IPv6 tunnel address" in " ".join(answer["warnings"])
    weftd.ctl("delete", "host", "b")
    assert "b: it has no IPv4 tunnel address: weftctl set host b tunnel.address=" in checked(weftd, 2)
    weftd.ctl("delete", "port", "up")
    assert "here: there is no uplink on this host" in checked(weftd, 2)
    weftd.ctl("delete", "host", "a")
    assert "here: this host has no IPv4 tunnel address" in checked(weftd, 2)
    assert encap in PORTS


def test_hosts_come_and_go(tunnel):
    """Hosts, their ports and networks in any order, with traffic: what they took is given back, and others' packets pass."""
    encap, weftd, guest, wire = tunnel
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
    assert encap in PORTS


def test_what_is_too_large_is_told_so(tunnel):
    """The inner MTU is 1450: the guest hears of it by ICMP, within a rate, and the drop has a name."""
    _, weftd, guest, wire = tunnel
    fits = Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2", flags="DF") / UDP() / Raw(bytes(1450 - 28))
    guest.send(fits)
    assert len(wire.next(lambda f: UDP in f)) == 14 + 1450 + 50
    guest.send(fits / Raw(b"x"))
    answer = Ether(guest.expect()[0])
    assert (answer.dst, answer[IP].src, answer[IP].dst) == (mac(1), "10.0.0.2", "10.0.0.1")
    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, 1450)
    assert answer[IPerror].dst == "10.0.0.2"
    guest.send(Ether(dst=mac(2), src=mac(1)) / IPv6(src="fd00::1", dst="fd00::2") / UDP() / Raw(bytes(1450 - 47)))
    answer = Ether(guest.expect()[0])
    assert (answer[ICMPv6PacketTooBig].mtu, answer[IPv6].src) == (1450, "fd00::2")
    fresh = Ether(raw(answer))
    del fresh[ICMPv6PacketTooBig].cksum
    assert Ether(raw(fresh))[ICMPv6PacketTooBig].cksum == answer[ICMPv6PacketTooBig].cksum
    guest.send(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=3, code=1) / Raw(bytes(1450)))
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


def test_against_the_kernels_vxlan(netns):  # noqa: F811
    """weftd in the namespace, and behind its TAP the kernel's VXLAN device as the other host."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("/dev/net/tun is missing")
    with Weftd(netns=netns, host="a") as weftd:
        plan = policy("vxlan", "a", "net_tap0,iface=wtap0", learning=True)
        weftd.apply(plan, hosts=HOSTS)
        run("ip", "-n", netns, "link", "set", "wtap0", "up")
        run("ip", "-n", netns, "addr", "add", f"{THERE}/24", "dev", "wtap0")
        make_link(netns, "vx0", "type", "vxlan", "id", str(VNI), "local", THERE, "remote", HERE, "dstport", "4789", "dev", "wtap0")
        run("ip", "-n", netns, "link", "set", "vx0", "address", mac(2), "up")
        run("ip", "-n", netns, "addr", "add", "10.0.0.254/24", "dev", "vx0")
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert ping_through(netns, guest, "10.0.0.1")


@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
def test_against_open_vswitch(netns, pair, encap):  # noqa: F811
    """The other host is Open vSwitch's userspace datapath: its tunnel port, its routes, its ARP."""
    if not os.path.exists(ovs.PLAIN):
        pytest.skip("openvswitch-switch is not installed")
    run("ip", "link", "set", pair[1], "netns", netns)
    run("ip", "-n", netns, "link", "set", pair[1], "mtu", "2000", "up")
    with Weftd(host="a") as weftd, ovs.Ovs(netns=netns) as switch:
        weftd.apply(policy(encap, "a", f"net_af_packet0,iface={pair[0]}"), hosts=HOSTS)
        for bridge, address in (("br-phy", f"{THERE}/24"), ("br-int", "10.0.0.254/24")):
            switch.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev",
                         *([f'other-config:hwaddr="{mac(2)}"'] if bridge == "br-int" else []))
            run("ip", "-n", netns, "addr", "add", address, "dev", bridge)
            run("ip", "-n", netns, "link", "set", bridge, "up")
        run("ip", "-n", netns, "link", "set", "br-int", "mtu", "1450")
        switch.vsctl("add-port", "br-phy", pair[1])
        switch.vsctl("add-port", "br-int", "tun0", "--", "set", "interface", "tun0", f"type={encap}", f"options:remote_ip={HERE}",
                     f"options:key={VNI}")
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert ping_through(netns, guest, "10.0.0.1")
        assert weftd.drops("up").get("tunnel_peer", 0) == 0


@pytest.fixture
def kernels():
    """Two namespaces with addresses in one network, and the ends of their wires here: [(namespace, device)]."""
    made = []
    for i in (1, 2):
        name, here = f"weft-{uuid.uuid4().hex[:8]}", f"k{os.getpid() % 100000}{i}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", here, "up")
        run("ip", "netns", "exec", name, "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")
        run("ip", "-n", name, "addr", "add", f"10.0.0.{i}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "address", mac(i), "mtu", "1450", "up")
        made.append((name, here))
    yield made
    for name, here in made:
        run("ip", "link", "del", here, check=False)
        run("ip", "netns", "del", name)


@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
def test_tcp_between_kernels_on_two_hosts(netns, pair, kernels, encap):  # noqa: F811
    """iperf3 in both directions, through firewalls with strict windows at both ends and full packets of 1450 bytes."""
    assert netns  # skips where there are no namespaces
    rule = {"name": "iperf", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [5201]}
    with Weftd(host="a") as a, Weftd(host="b") as b:
        for weftd, host, device in ((a, "a", pair[0]), (b, "b", pair[1])):
            plan = policy(encap, host, f"net_af_packet0,iface={device}", firewall=True)
            plan["default"]["groups"] = {"server": {"rules": [rule]}}
            for i, owner in ((1, "a"), (2, "b")):
                plan["default"]["ports"][f"g{i}"].update({"ips": [f"10.0.0.{i}"], "groups": ["server"]})
                if owner == host:
                    plan["default"]["ports"][f"g{i}"]["attach"] = {"type": "eth", "device": f"net_af_packet1,iface={kernels[i - 1][1]}"}
            weftd.apply(plan, hosts=HOSTS)
        for weftd in (a, b):
            wait_for(lambda w=weftd: "heard of" in check(w)[1], step=0.1)
        server = iperf(kernels[1][0], "-s")
        try:
            wait_for(lambda: "5201" in run("ip", "netns", "exec", kernels[1][0], "ss", "-ltn"))
            for way in ([], ["-R"]):
                client = iperf(kernels[0][0], "-c", "10.0.0.2", "-t", "2", "--json", *way)
                report = json.loads(client.communicate()[0])
                assert "error" not in report, report["error"]
                assert report["end"]["sum_received"]["bytes"] > 1e6
            for weftd in (a, b):
                for port in ("up", "g1" if weftd is a else "g2"):
                    assert not {r for r in weftd.drops(port) if r.startswith(("tunnel", "fw_tcp", "out_mtu", "parse"))}, weftd.drops(port)
        finally:
            stop(server)


@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
@pytest.mark.parametrize("workers", [[0], [0, 1]])
def test_two_hosts(pair, encap, workers):
    """Two weftds on either end of a link, with firewalls: guests that open connections to each other."""
    with Weftd(host="a", workers=workers) as a, Weftd(host="b", workers=workers) as b:
        for weftd, host, device in ((a, "a", pair[0]), (b, "b", pair[1])):
            plan = policy(encap, host, f"net_af_packet0,iface={device}", firewall=True)
            plan["default"]["groups"] = {"open": {"rules": [{"name": "udp", "direction": "in", "action": "allow", "protocol": "udp"}]}}
            for port, address in (("g1", "10.0.0.1"), ("g2", "10.0.0.2")):
                plan["default"]["ports"][port].update({"ips": [address], "groups": ["open"]})
            weftd.apply(plan, hosts=HOSTS)
        with VhostGuest(a.socket("g1")) as one, VhostGuest(b.socket("g2")) as two:
            a.wait_link("g1")
            b.wait_link("g2")

            sent = [0]

            def through():
                """the first frame to pass: next hops become known"""
                one.send(udp(1))
                sent[0] += 1
                return bool(two.poll())

            wait_for(through, step=0.1)
            one.settle()
            wait_for(lambda: len(two.poll()) + sum(a.drops("g1").values()) == sent[0])
            two.received.clear()
            for port in range(2, 34):
                one.send(udp(port))
                assert two.expect() == [raw(udp(port))]
                back = Ether(dst=mac(1), src=mac(2)) / IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=7, dport=port) / Raw(b"back")
                two.send(back)
                assert one.expect() == [raw(back)]
            # Not allowed by any rule.
            one.send(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP())
            wait_for(lambda: sum(b.drops("up").values()) > 0)
            assert b.drops("up").get("fw_ingress") == 1
