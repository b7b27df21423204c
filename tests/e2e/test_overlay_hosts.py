# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Hosts and the ways between them: signs of life, a second uplink, gateways to VLANs, multicast, generations across tunnels."""
import os
import signal
import shutil
import struct
import subprocess
import tempfile
import threading
import uuid

import pytest
from conftest import mac
from harness import etcd
from harness.overlay import HERE, HOSTS, THERE, VNI, Wire, around, check, inside, keep_apart, policy, udp
from harness.proc import run, spawn, stop, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Rejected, Weftd
from scapy.all import ARP, IP, UDP, Dot1Q, Ether, Raw, raw
from scapy.contrib.igmp import IGMP
from test_devices import netns  # noqa: F401

FAST = {"bfd_interval_ms": 50}
WATCHED = {"a": {"tunnel": {"address": f"{HERE}/24", **FAST}}, "b": {"tunnel": {"address": f"{THERE}/24", **FAST}}}
BIRD = """
router id 192.0.2.2;
log stderr all;
protocol device {{}}
protocol bfd {{
  interface "{device}" {{ interval 100 ms; multiplier 3; }};
  neighbor {here} dev "{device}" local {there};
}}
"""


def way(weftd, host="b"):
    """What weftd knows of the way to HOST."""
    rows = weftd.ctl("hosts")["hosts"]
    return next(r["tunnel"] for r in rows if r["host"] == host)


def two(pair, encap, **network):
    """Two weftds on the ends of the wire PAIR, by name and device."""
    for weftd, host, device in pair:
        weftd.apply(policy(encap, host, f"net_af_packet0,iface={device}", **network), hosts=WATCHED)
    return pair


def test_hosts_watch_each_other(pair):
    """BFD comes up on both sides; a host that is killed is down soon, by both ways of saying so, and up again when it is back."""
    with Weftd(host="a") as a, Weftd(host="b") as b:
        keep_apart(a, b, [pair[0]], [pair[1]])
        two([(a, "a", pair[0]), (b, "b", pair[1])], "geneve")
        wait_for(lambda: way(a)["bfd"] == "up" and way(b, "a")["bfd"] == "up")
        assert check(a)[0] == 0
        assert a.drops("up") == {}
        b.kill()
        wait_for(lambda: way(a)["bfd"] == "down")
        assert "BFD is down: nothing has been received from it" in check(a)[1]
        b.start()
        wait_for(lambda: way(a)["bfd"] == "up" and way(b, "a")["bfd"] == "up")
        assert way(a)["bfd_changes"] >= 4


def test_bfd_with_bird(netns, pair):  # noqa: F811
    """The other host's BFD is BIRD's; when that ends the session goes down."""
    bird = shutil.which("bird", path="/usr/sbin:/usr/bin")
    if bird is None:
        pytest.skip("bird2 is not installed")
    run("ip", "link", "set", pair[1], "netns", netns)
    run("ip", "-n", netns, "addr", "add", f"{THERE}/24", "dev", pair[1])
    run("ip", "-n", netns, "link", "set", pair[1], "up")
    run("ip", "netns", "exec", netns, "ethtool", "-K", pair[1], "tx", "off")
    folder = tempfile.mkdtemp(prefix="weft-bird-")
    with open(os.path.join(folder, "bird.conf"), "w", encoding="utf-8") as f:
        f.write(BIRD.format(device=pair[1], here=HERE, there=THERE))
    with Weftd(host="a") as weftd:
        weftd.apply(policy("vxlan", "a", f"net_af_packet0,iface={pair[0]}"), hosts=WATCHED)
        process = spawn([bird, "-f", "-c", f"{folder}/bird.conf", "-s", f"{folder}/ctl", "-P", f"{folder}/pid"], f"{folder}/log",
                        netns=netns)
        try:
            wait_for(lambda: way(weftd)["bfd"] == "up")
            said = run("ip", "netns", "exec", netns, "birdc", "-s", f"{folder}/ctl", "show", "bfd", "sessions")
            assert "Up" in said and HERE in said
            assert weftd.drops("up").get("bfd_malformed", 0) == 0
        finally:
            stop(process)
            shutil.rmtree(folder)
        wait_for(lambda: way(weftd)["bfd"] == "down")


def hello(wire):
    """Host b makes itself known on the wire."""
    wire.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=wire.mac) / ARP(op=1, hwsrc=wire.mac, psrc=THERE, pdst=HERE))


def apply_two_uplinks(weftd, pair, second):
    """Gives host a one uplink on each of the two wires."""
    plan = policy("vxlan", "a", f"net_af_packet0,iface={pair[0]}")
    plan["default"]["ports"]["up2"] = {"host": "a", "attach": {"type": "eth", "device": f"net_af_packet1,iface={second[0]}"}}
    weftd.apply(plan, hosts=HOSTS)


def test_second_uplink_takes_over(pair, second):
    """When the link goes, the other uplink is announced and carries all; the first one stands by when it is back."""
    wires = [Wire(pair[1]), Wire(second[1])]
    with Weftd(host="a") as weftd:
        apply_two_uplinks(weftd, pair, second)
        assert weftd.ctl("hosts")["uplinks"] == ["default/up", "default/up2"]
        assert weftd.port("up2")["state"] == "standby"
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            hello(wires[0])
            wires[0].next(lambda f: ARP in f and f[ARP].op == 2)
            guest.send(udp(1))
            wires[0].next(lambda f: UDP in f)
            run("ip", "link", "set", pair[1], "down")
            said = wires[1].next(lambda f: ARP in f and f[ARP].pdst == HERE)
            assert said[ARP].psrc == HERE
            wait_for(lambda: weftd.ctl("hosts")["uplinks"] == ["default/up2", "default/up"])
            wires[1].other = said.src
            hello(wires[1])
            wires[1].next(lambda f: ARP in f and f[ARP].op == 2)
            guest.send(udp(2))
            assert inside(wires[1].next(lambda f: UDP in f), "vxlan")[1][UDP].sport == 2
            reply = raw(udp(7, dst=mac(1), src=mac(2)))
            wires[1].send(around(wires[1], "vxlan", Ether(reply)))
            assert guest.expect() == [reply]
            # Back, the first one takes what still comes to it, and nothing else.
            run("ip", "link", "set", pair[1], "up")
            weftd.wait_link("up")
            assert weftd.ctl("hosts")["uplinks"] == ["default/up2", "default/up"]
            wires[0].socket.close()
            wires[0] = Wire(pair[1])
            wires[0].other = wires[1].other
            wires[0].send(around(wires[0], "vxlan", Ether(reply)))
            assert guest.expect() == [reply]
            hello(wires[0])
            wait_for(lambda: weftd.drops("up").get("port_standby", 0) > 0)
    for wire in wires:
        wire.socket.close()


def test_switches_learn_where_machines_are_when_an_uplink_takes_over(pair, second):
    """In VLANs on the uplink: one frame from each machine's MAC, when the uplink comes into use."""
    wires = [Wire(pair[1]), Wire(second[1])]
    with Weftd(host="a") as weftd:
        ports = {f"m{i}": {"network": "blue", "mac": mac(i)} for i in range(1, 101)}
        ports["up"] = {"attach": {"type": "eth", "device": f"net_af_packet0,iface={pair[0]}"}}
        ports["up2"] = {"attach": {"type": "eth", "device": f"net_af_packet1,iface={second[0]}"}}
        weftd.apply({"default": {"networks": {"blue": {"encap": "vlan", "vlan": 10}}, "ports": ports}})
        weftd.wait_link("up", "up2")
        run("ip", "link", "set", pair[1], "down")
        told = {wires[1].next(lambda f: Dot1Q in f and f[Dot1Q].type == 0x8035 and f[Dot1Q].vlan == 10).src for _ in range(100)}
        assert told == {mac(i) for i in range(1, 101)}
    for wire in wires:
        wire.socket.close()


def test_an_mtu_that_cannot_work_is_refused(pair):
    """What the uplink's device cannot carry is not accepted, and nothing is changed."""
    with Weftd(host="a") as weftd:
        weftd.apply(policy("vxlan", "a", f"net_af_packet0,iface={pair[0]}"), hosts=HOSTS)
        before = weftd.ctl("get")
        for network, mtu in (("lan", 9216), ("other", 9200)):
            with pytest.raises(Rejected, match="does not accept an MTU"):
                weftd.apply({"default": {"networks": {network: {"encap": "vxlan", "vni": VNI + (network != "lan"), "mtu": mtu}}}})
        assert weftd.ctl("get") == before
        weftd.ctl("set", "network", "lan", "mtu=1400")


def test_gateway_to_a_vlan(pair):
    """Machines that are not virtual, in VLAN 100 behind host a's uplink, are part of the network; what nobody has goes there."""
    wire = Wire(pair[1])
    outside = mac(200)
    with Weftd(host="a") as weftd:
        plan = policy("vxlan", "a", f"net_af_packet0,iface={pair[0]}")
        plan["default"]["ports"]["gw"] = {"host": "a", "network": "lan", "attach": {"type": "gateway", "vlan": 100}}
        plan["default"]["ports"]["g1"]["ips"] = ["10.0.0.1"]
        weftd.apply(plan, hosts=HOSTS)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            hello(wire)
            wire.other = wire.next(lambda f: ARP in f and f[ARP].op == 2).src
            guest.send(udp(5, dst=outside))
            out = wire.next(lambda f: Dot1Q in f)
            assert (out[Dot1Q].vlan, out.dst, out[UDP].sport) == (100, outside, 5)
            # From there to a guest here, and to another host.
            tag = Ether(dst=mac(1), src=outside) / Dot1Q(vlan=100) / IP(src="10.0.0.200", dst="10.0.0.1") / UDP(sport=9) / Raw(b"x" * 30)
            wire.send(tag)
            frame = Ether(guest.expect()[0])
            assert Dot1Q not in frame and frame.src == outside and frame[UDP].sport == 9
            wire.send(Ether(dst=mac(2), src=outside) / Dot1Q(vlan=100) / IP(src="10.0.0.200", dst="10.0.0.2") / UDP(sport=10)
                      / Raw(b"x" * 30))
            vni, frame = inside(wire.next(lambda f: UDP in f and f[UDP].dport == 4789), "vxlan")
            assert vni == VNI and Dot1Q not in frame and frame[UDP].sport == 10
            # From a tunnel to there; ARP for a guest is answered at the gateway.
            wire.send(around(wire, "vxlan", udp(11, dst=outside, src=mac(2))))
            assert wire.next(lambda f: Dot1Q in f)[UDP].sport == 11
            wire.send(Ether(dst="ff:ff:ff:ff:ff:ff", src=outside) / Dot1Q(vlan=100)
                      / ARP(op=1, hwsrc=outside, psrc="10.0.0.200", pdst="10.0.0.1"))
            answer = wire.next(lambda f: Dot1Q in f and ARP in f)
            assert (answer[ARP].op, answer[ARP].hwsrc, answer[Dot1Q].vlan) == (2, mac(1), 100)
            # Nobody there may speak for a guest.
            wire.send(Ether(dst=mac(2), src=mac(1)) / Dot1Q(vlan=100) / IP() / UDP() / Raw(b"x" * 30))
            wait_for(lambda: weftd.drops("up").get("guard_mac_taken") == 1)
            assert weftd.port("gw")["where"] == "VLAN 100 on default/up" and weftd.port("gw")["link"] == "up"
            # The gateway moves to the other host: what nobody has goes there.
            weftd.ctl("set", "port", "gw", "host=b")
            guest.send(udp(12, dst=outside))
            assert inside(wire.next(lambda f: UDP in f), "vxlan")[1].dst == outside
            weftd.ctl("delete", "port", "gw")
            guest.send(udp(13, dst=outside))
            wait_for(lambda: weftd.drops("g1").get("fwd_unknown") == 1)
    wire.socket.close()


def test_multicast_goes_to_hosts_that_joined(pair):
    """Between two hosts: to a group that only one guest here has joined, nothing crosses the wire once that is certain."""
    group, other = "239.1.2.3", "239.1.2.4"
    with Weftd(host="a", multicast_query_s=1) as a, Weftd(host="b", multicast_query_s=1) as b:
        keep_apart(a, b, [pair[0]], [pair[1]])
        for weftd, host, device in ((a, "a", pair[0]), (b, "b", pair[1])):
            plan = policy("geneve", host, f"net_af_packet0,iface={device}")
            plan["default"]["ports"]["g3"] = {"host": "a", "network": "lan", "mac": mac(3)}
            weftd.apply(plan, hosts=WATCHED)
        with VhostGuest(a.socket("g1")) as one, VhostGuest(b.socket("g2")) as there, VhostGuest(a.socket("g3")) as three:
            a.wait_link("g1", "g3")
            b.wait_link("g2")
            wait_for(lambda: way(a)["bfd"] == "up" and way(b, "a")["bfd"] == "up")

            def join(guest, i, address):
                report = IP(src=f"10.0.0.{i}", dst=address, ttl=1) / IGMP(type=0x16, gaddr=address)
                guest.send(Ether(dst=to_mac(address), src=mac(i)) / IP(raw(report)))

            def to_mac(address):
                b = [int(x) for x in address.split(".")]
                return f"01:00:5e:{b[1] & 127:02x}:{b[2]:02x}:{b[3]:02x}"

            def who_gets(address):
                """who gets a datagram to the group, after all have repeated what they want"""
                for guest in (one, there, three):
                    guest.poll()
                    guest.received.clear()
                join(three, 3, group)
                join(there, 2, other)
                one.send(Ether(dst=to_mac(address), src=mac(1)) / IP(src="10.0.0.1", dst=address) / UDP(sport=1, dport=2) / Raw(b"group"))
                one.settle()
                got = set()

                def arrived():
                    for name, guest in (("there", there), ("three", three)):
                        guest.poll()
                        if any(b"group" in f for f in guest.received):
                            got.add(name)
                    return bool(got)

                wait_for(arrived)
                return got

            assert who_gets("239.9.9.9")  # nobody's: to all
            wait_for(lambda: who_gets(group) == {"three"}, 60, step=0.2)
            wait_for(lambda: who_gets(other) == {"there"}, 60, step=0.2)


# A generation of value V: V even, the sender's rules let the frames out and the receiver's do not let them in; V odd, the
# other way round. No single generation lets one through.
def contradiction(value, encap):
    """The policy of VALUE; None lets all through."""
    out, into = ("allow", "allow") if value is None else ("allow", "deny") if value % 2 == 0 else ("deny", "allow")
    return {"tenants": {"t": {"networks": {"lan": {"encap": encap, "vni": VNI, "firewall": True}},
                              "groups": {"from": {"default_out": out}, "to": {"default_in": into}}}}}


def cluster_ports(pair, encap):
    """Guests g1 on h1 and g2 on h2, with an uplink each."""
    ports = {f"up{i}": {"host": f"h{i}", "attach": {"type": "eth", "device": f"net_af_packet0,iface={device}"}}
             for i, device in ((1, pair[0]), (2, pair[1]))}
    ports["g1"] = {"host": "h1", "network": "lan", "mac": mac(1), "ips": ["10.0.0.1"], "groups": ["from"]}
    ports["g2"] = {"host": "h2", "network": "lan", "mac": mac(2), "ips": ["10.0.0.2"], "groups": ["to"]}
    whole = contradiction(0, encap)
    whole["tenants"]["t"]["ports"] = ports
    whole["tenants"]["t"]["limits"] = {"sessions": 1 << 30, "half_open_sessions": 1 << 30}
    return {**whole, "hosts": {f"h{i}": {"tunnel": {"address": address + "/24"}} for i, address in ((1, HERE), (2, THERE))}}


class Flood(threading.Thread):
    """A guest that opens connections all the time, each its own; and what comes of them at the other one."""

    def __init__(self, one, two):
        super().__init__(daemon=True)
        self.one, self.two, self.sent, self.end = one, two, 0, False
        self.passed = []

    def run(self):
        while not self.end:
            for _ in range(8):
                self.sent += 1
                self.one.send(Ether(frame_to(self.sent)))
            self.two.poll()
            self.passed += self.two.received
            self.two.received.clear()


def frame_to(i):
    """A datagram of connection I."""
    head = raw(Ether(dst=mac(2), src=mac(1)) / IP(src="10.0.0.1", dst="10.0.0.2", len=40) / UDP(sport=0, dport=0, len=20))
    return head[:34] + struct.pack("!HH", 1024 + i % 60000, 7 + i // 60000) + head[38:] + b"across hosts"


@pytest.mark.skipif(not etcd.available(), reason="etcd is not installed")
@pytest.mark.parametrize("encap", ["geneve", "vxlan"])
def test_no_frame_is_judged_by_two_generations(pair, encap):
    """The history of "One policy on every host" across a tunnel: frames are judged by both ends under one generation, though the
    ends switch at different moments; with VXLAN they say nothing of it, and are counted as such."""
    with etcd.Etcd() as store:
        config = {"memory_mb": 160, "etcd": {"endpoints": store.endpoints, "lease_s": 5, "prepare_s": 5}}
        with Weftd(host="h1", **config) as a, Weftd(host="h2", **config) as b:
            keep_apart(a, b, [pair[0]], [pair[1]])
            wait_for(lambda: all(w.rpc("status").get("cluster_synced") for w in (a, b)), 30, step=0.05)
            a.rpc("apply", policy=cluster_ports(pair, encap), wait=True)
            sockets = [os.path.join(a.dir, "vhost", "t.g1.sock"), os.path.join(b.dir, "vhost", "t.g2.sock")]
            with VhostGuest(sockets[0]) as one, VhostGuest(sockets[1]) as there:
                wait_for(lambda: all(w.ctl("port", "show", p)["link"] == "up" for w, p in ((a, "t/g1"), (b, "t/g2"))))
                wait_for(lambda: way(a, "h2").get("next_hop_mac") and way(b, "h1").get("next_hop_mac"))
                flood = Flood(one, there)
                flood.start()
                for value in range(1, 60):
                    a.rpc("apply", policy=contradiction(value, encap), wait=True)
                    # Whoever is slow to switch is slow in turns.
                    late = (a, b)[value // 2 % 2]
                    if value % 4 == 0:
                        late.process.send_signal(signal.SIGSTOP)
                        threading.Timer(0.03, late.process.send_signal, [signal.SIGCONT]).start()
                stamps = b.ctl("hosts")["stamps"]
                mixed = len(flood.passed)
                # And it is not that nothing passes at all.
                a.rpc("apply", policy=contradiction(None, encap), wait=True)
                wait_for(lambda: len(flood.passed) > mixed + 100)
                flood.end = True
                flood.join()
                print(encap, "frames", flood.sent, "mixed", mixed, "stamps", stamps)
                if encap == "vxlan":
                    assert stamps["unstamped"] > 0 and stamps["present"] == 0
                else:
                    assert mixed == 0, [f[34:40] for f in flood.passed[:3]]
                    assert stamps["unstamped"] == 0 and stamps["present"] > 0
                    assert stamps["before"] + stamps["next"] > 0, stamps


def test_the_kernels_routes_and_neighbours_count(netns, pair):  # noqa: F811
    """Where the kernel has the tunnels' address on the uplink's interface, its routes lead to other hosts, and its neighbours
    are believed, at once; and it does not tell other hosts that nobody is there."""
    far = "198.51.100.2"
    run("ip", "link", "set", pair[0], "netns", netns)
    run("ip", "-n", netns, "addr", "add", f"{HERE}/24", "dev", pair[0])
    run("ip", "-n", netns, "link", "set", pair[0], "up")
    wire = Wire(pair[1])
    with Weftd(netns=netns, host="a") as weftd:
        weftd.apply(policy("vxlan", "a", f"net_af_packet0,iface={pair[0]}"),
                    hosts={"a": {"tunnel": {"address": HERE}}, "b": {"tunnel": {"address": far, "bfd_interval_ms": 0}}})
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert way(weftd)["next_hop"] is None  # the kernel has no route
            guest.send(udp(1))
            wait_for(lambda: weftd.drops("g1") == {"out_no_neighbour": 1})
            run("ip", "-n", netns, "route", "add", "198.51.100.0/24", "via", "192.0.2.254")
            wait_for(lambda: way(weftd)["next_hop"] == "192.0.2.254")
            run("ip", "-n", netns, "neigh", "add", "192.0.2.254", "lladdr", mac(70), "dev", pair[0], "nud", "permanent")
            wait_for(lambda: way(weftd).get("next_hop_mac") == mac(70))
            guest.send(udp(2))
            out = wire.next(lambda f: UDP in f)
            assert (out.dst, out[IP].dst) == (mac(70), far)
            # Another MAC, another router.
            run("ip", "-n", netns, "neigh", "change", "192.0.2.254", "lladdr", mac(71), "dev", pair[0], "nud", "permanent")
            wait_for(lambda: way(weftd)["next_hop_mac"] == mac(71))
            run("ip", "-n", netns, "neigh", "add", "192.0.2.253", "lladdr", mac(72), "dev", pair[0], "nud", "permanent")
            run("ip", "-n", netns, "route", "change", "198.51.100.0/24", "via", "192.0.2.253")
            wait_for(lambda: way(weftd).get("next_hop_mac") == mac(72))
            guest.send(udp(3))
            assert wire.next(lambda f: UDP in f).dst == mac(72)
            # What comes from the other host is weft's alone: the kernel is silent.
            wire.other = out.src
            reply = raw(udp(7, dst=mac(1), src=mac(2)))
            wire.send(around(wire, "vxlan", Ether(reply), source=far))
            assert guest.expect() == [reply]
            guest.send(udp(4))
            said = wire.next(lambda f: IP in f)
            assert UDP in said and said[UDP].dport == 4789
            # Without the address the kernel has no say.
            run("ip", "-n", netns, "addr", "del", f"{HERE}/24", "dev", pair[0])
            wait_for(lambda: way(weftd)["next_hop"] == far)
    wire.socket.close()


def test_what_is_changed_counts_at_once(pair, second):
    """The network's kind and number, this host's address and the other one's, and the uplink that is taken away."""
    wires = [Wire(pair[1]), Wire(second[1])]
    with Weftd(host="a") as weftd:
        apply_two_uplinks(weftd, pair, second)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            hello(wires[0])
            wires[0].next(lambda f: ARP in f and f[ARP].op == 2)

            def next_frame(wire, sport):
                guest.send(udp(sport))
                return wire.next(lambda f: UDP in f)

            assert inside(next_frame(wires[0], 1), "vxlan")[0] == VNI
            weftd.ctl("set", "network", "lan", "vni=5")
            assert inside(next_frame(wires[0], 2), "vxlan")[0] == 5
            weftd.ctl("set", "network", "lan", "encap=geneve", "mtu=1400")
            assert inside(next_frame(wires[0], 3), "geneve")[0] == 5
            weftd.ctl("set", "host", "a", "tunnel.address=192.0.2.77/24", "tunnel.checksum=true")
            out = next_frame(wires[0], 4)
            assert out[IP].src == "192.0.2.77" and out[UDP].chksum != 0
            weftd.ctl("set", "host", "b", "tunnel.address=192.0.2.88/24")
            wires[0].send(Ether(dst="ff:ff:ff:ff:ff:ff", src=wires[0].mac)
                          / ARP(op=1, hwsrc=wires[0].mac, psrc="192.0.2.88", pdst="192.0.2.77"))
            wires[0].next(lambda f: ARP in f and f[ARP].op == 2)
            assert next_frame(wires[0], 5)[IP].dst == "192.0.2.88"
            # An uplink that is closed, and one that is deleted: the other one has it all.
            for change, uplink, wire in ((("set", "port", "up", "state=down"), "default/up2", wires[1]),
                                         (("set", "port", "up", "state=up"), "default/up2", wires[1]),
                                         (("delete", "port", "up2"), "default/up", wires[0])):
                weftd.ctl(*change)
                assert weftd.ctl("hosts")["uplinks"][0] == uplink
                assert next_frame(wire, 6)[IP].dst == "192.0.2.88"
            assert not weftd.drops("g1")
    for wire in wires:
        wire.socket.close()
