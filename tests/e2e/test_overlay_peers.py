# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Networks across hosts whose tunnels others wrote: the kernel's VXLAN and Geneve, Open vSwitch's, and two weftds."""
import contextlib
import os
import uuid

import pytest
from conftest import mac
from harness import ovs, qemu
from harness.overlay import HERE, HERE6, HOSTS, HOSTS6, THERE, THERE6, VNI, check, keep_apart, policy, udp
from harness.proc import run, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Weftd
from harness.wires import measure
from scapy.all import ARP, ICMP, IP, UDP, Ether, Raw, raw
from test_devices import arp_reply, make_link, netns, ping_through  # noqa: F401

ENDS = {4: (HERE, THERE, 24, HOSTS), 6: (HERE6, THERE6, 64, HOSTS6)}


def add_address(netns, device, address):  # noqa: F811
    """Gives the device in the namespace an address of either version."""
    if ":" in address:
        run("ip", "netns", "exec", netns, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=0")
    run("ip", "-n", netns, "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))


def kernels_end(netns, wire, encap, version):  # noqa: F811
    """The kernel as the other host: an address and a tunnel device on WIRE in the namespace."""
    here, there, length, _ = ENDS[version]
    add_address(netns, wire, f"{there}/{length}")
    make_link(netns, "vx0", "type", encap, "id", str(VNI), "local", there, "remote", here, "dstport", "4789", "dev", wire)
    run("ip", "-n", netns, "link", "set", "vx0", "address", mac(2), "mtu", "1414", "up")
    run("ip", "-n", netns, "addr", "add", "10.0.0.2/24", "dev", "vx0")


def open_vswitchs_end(switch, netns, wire, encap, version):  # noqa: F811
    """Open vSwitch as the other host: a bridge on WIRE, and one with a tunnel port."""
    here, there, length, _ = ENDS[version]
    for bridge, address in (("br-phy", f"{there}/{length}"), ("br-int", "10.0.0.2/24")):
        switch.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev",
                     *([f'other-config:hwaddr="{mac(2)}"'] if bridge == "br-int" else []))
        add_address(netns, bridge, address)
        run("ip", "-n", netns, "link", "set", bridge, "up")
    run("ip", "-n", netns, "link", "set", "br-int", "mtu", "1414")
    run("ip", "netns", "exec", netns, "ethtool", "-K", "br-int", "tx", "off", check=False)
    switch.vsctl("add-port", "br-phy", wire)
    switch.vsctl("add-port", "br-int", "tun0", "--", "set", "interface", "tun0", f"type={encap}", f"options:remote_ip={here}",
                 f"options:key={VNI}")


@pytest.mark.parametrize("version", [4, 6])
def test_against_the_kernels_vxlan(netns, version):  # noqa: F811
    """weftd in the namespace, and behind its TAP the kernel's VXLAN device as the other host."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("/dev/net/tun is missing")
    with Weftd(netns=netns, host="a") as weftd:
        plan = policy("vxlan", "a", "net_tap0,iface=wtap0", learning=True)
        weftd.apply(plan, hosts=ENDS[version][3])
        run("ip", "-n", netns, "link", "set", "wtap0", "up")
        kernels_end(netns, "wtap0", "vxlan", version)
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert ping_through(netns, guest, "10.0.0.1")


def answer_ping(guest, address):
    """Answers the first question for ADDRESS and the first ping that come to the Python guest."""
    asked = False
    while not asked:
        wait_for(lambda: bool(guest.poll()), 120)
        f = Ether(guest.received.pop(0))
        if ARP in f and f[ARP].pdst == address:
            guest.send(Ether(dst=f.src, src=mac(1)) / arp_reply(f, mac(1)))
        elif ICMP in f and f[ICMP].type == 8:
            asked = True
            guest.send(Ether(dst=f.src, src=mac(1)) / IP(src=f[IP].dst, dst=f[IP].src)
                       / ICMP(type=0, id=f[ICMP].id, seq=f[ICMP].seq) / Raw(f[ICMP].load))


def kernels_geneve(weftd, other, tap):
    """The kernel in OTHER, a guest whose second NIC is TAP, pings through its Geneve device."""
    other.wait_boot()
    run("sysctl", "-qw", f"net.ipv6.conf.{tap}.disable_ipv6=1")
    run("ip", "link", "set", tap, "up")
    weftd.apply(policy("geneve", "a", f"net_af_packet0,iface={tap}"), hosts=HOSTS)
    code, said = other.sh(f"set -e; wire=$(grep -l {mac(8)} /sys/class/net/*/address | cut -d/ -f5); ip=/usr/bin/ip; "
                          f"$ip addr add {THERE}/24 dev $wire; $ip link set $wire up; "
                          f"$ip link add g0 type geneve id {VNI} remote {HERE}; "
                          f"$ip link set g0 address {mac(2)} mtu 1414 up; $ip addr add 10.0.0.254/24 dev g0")
    assert code == 0, said
    with VhostGuest(weftd.socket("g1")) as guest:
        weftd.wait_link("g1")
        other.start("ping -c 1 -W 60 10.0.0.1")
        answer_ping(guest, "10.0.0.1")
        code, said = other.finish()
        assert code == 0, said


@pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")
def test_against_the_kernels_geneve():
    """The other host is Debian's kernel in a QEMU guest, whose second NIC is a TAP that weft has as its uplink."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("/dev/net/tun is missing")
    tap = f"q{os.getpid() % 100000}"
    wire = ["-netdev", f"tap,id=wire,ifname={tap},script=no,downscript=no", "-device", f"virtio-net-pci,netdev=wire,mac={mac(8)},romfile="]
    with Weftd(host="a") as weftd:
        weftd.apply({"default": {"networks": {"idle": {}}, "ports": {"spare": {"host": "a", "network": "idle"}}}})
        other = qemu.QemuGuest(weftd.socket("spare"), mac(9), modules=["geneve"], programs=["ip"], extra=wire)
        try:
            kernels_geneve(weftd, other, tap)
        finally:
            other.close()


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
def test_against_open_vswitch(netns, pair, encap, version):  # noqa: F811
    """The other host is Open vSwitch's userspace datapath: its tunnel port, its routes, its neighbours."""
    if not os.path.exists(ovs.PLAIN):
        pytest.skip("openvswitch-switch is not installed")
    run("ip", "link", "set", pair[1], "netns", netns)
    run("ip", "-n", netns, "link", "set", pair[1], "mtu", "2000", "up")
    with Weftd(host="a") as weftd, ovs.Ovs(netns=netns) as switch:
        weftd.apply(policy(encap, "a", f"net_af_packet0,iface={pair[0]}"), hosts=ENDS[version][3])
        open_vswitchs_end(switch, netns, pair[1], encap, version)
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
        run("ip", "-n", name, "link", "set", "eth0", "address", mac(i), "mtu", "1414", "up")
        made.append((name, here))
    yield made
    for name, here in made:
        run("ip", "link", "del", here, check=False)
        run("ip", "netns", "del", name)


@pytest.mark.usefixtures("netns")  # skips where there are no namespaces
@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
def test_tcp_between_kernels_on_two_hosts(pair, kernels, encap):
    """iperf3 in both directions, through firewalls with strict windows at both ends and full packets of 1414 bytes."""
    rule = {"name": "iperf", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [5201]}
    with Weftd(host="a") as a, Weftd(host="b") as b:
        keep_apart(a, b, [pair[0], kernels[0][1]], [pair[1], kernels[1][1]])
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
        for way in ([], ["-R"]):
            assert measure(kernels[1][0], kernels[0][0], "10.0.0.2", "-t", "2", *way)["sum_received"]["bytes"] > 1e6
        for weftd in (a, b):
            for port in ("up", "g1" if weftd is a else "g2"):
                assert not {r for r in weftd.drops(port) if r.startswith(("tunnel", "fw_tcp", "out_mtu", "parse"))}, weftd.drops(port)


@pytest.mark.parametrize("peer, encap, version", [("kernel", "vxlan", 4), ("kernel", "vxlan", 6), ("ovs", "vxlan", 4), ("ovs", "geneve", 4),
                                                  ("ovs", "geneve", 6)])
def test_tcp_with_others(netns, pair, kernels, peer, encap, version):  # noqa: F811
    """iperf3, both directions, between a kernel behind weft and what others wrote."""
    if peer == "ovs" and not os.path.exists(ovs.PLAIN):
        pytest.skip("openvswitch-switch is not installed")
    run("ip", "link", "set", pair[1], "netns", netns)
    run("ip", "-n", netns, "link", "set", pair[1], "mtu", "2000", "up")
    run("ip", "netns", "exec", netns, "ethtool", "-K", pair[1], "tx", "off", "tso", "off", "gso", "off")
    with contextlib.ExitStack() as stack:
        weftd = stack.enter_context(Weftd(host="a"))
        plan = policy(encap, "a", f"net_af_packet0,iface={pair[0]}")
        plan["default"]["ports"]["g1"]["attach"] = {"type": "eth", "device": f"net_af_packet1,iface={kernels[0][1]}"}
        weftd.apply(plan, hosts=ENDS[version][3])
        if peer == "ovs":
            open_vswitchs_end(stack.enter_context(ovs.Ovs(netns=netns)), netns, pair[1], encap, version)
        else:
            kernels_end(netns, pair[1], encap, version)
        wait_for(lambda: "heard of" in check(weftd)[1], step=0.1)
        for way in ([], ["-R"]):
            assert measure(netns, kernels[0][0], "10.0.0.2", "-t", "2", *way)["sum_received"]["bytes"] > 1e6
        assert not {r for r in weftd.drops("up") if r.startswith(("tunnel", "parse"))}, weftd.drops("up")


@pytest.mark.parametrize("encap", ["vxlan", "geneve"])
@pytest.mark.parametrize("workers", [[0], [0, 1]])
def test_two_hosts(pair, encap, workers):
    """Two weftds on either end of a link, with firewalls: guests that open connections to each other."""
    with Weftd(host="a", workers=workers) as a, Weftd(host="b", workers=workers) as b:
        keep_apart(a, b, [pair[0]], [pair[1]])
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
