# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Ethernet devices against the Linux kernel: TAP, AF_PACKET, VLAN devices and a bridge in a namespace."""
import os
import socket
import subprocess
import uuid

import pytest
from conftest import Lan, mac
from harness.proc import WEFTCTL, run, wait_for
from harness.vhost_guest import VhostGuest
from harness.weftd import Weftd
from scapy.all import ARP, ICMP, IP, Dot1Q, Ether, Raw, raw

EVERYONE = "ff:ff:ff:ff:ff:ff"
AF_XDP = 44  # Python has no name for it


@pytest.fixture
def netns():
    """A namespace of one's own, gone with the test."""
    name = f"weft-{uuid.uuid4().hex[:8]}"
    run("ip", "netns", "add", name)
    if "make-rslave" in run("ip", "-n", name, "link", "set", "lo", "up", check=False):
        run("ip", "netns", "del", name)
        pytest.skip("/ is no mount point here, which 'ip netns' needs: a plain chroot")
    run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    yield name
    run("ip", "netns", "del", name)


def make_link(netns, *args):
    """ip link add, or a skip where the kernel lacks the kind of device."""
    said = run("ip", "-n", netns, "link", "add", *args, check=False)
    if "Unknown device type" in said or "not supported" in said:
        pytest.skip(f"this kernel has no {args[args.index('type') + 1]} devices of this kind")
    assert said == ""


def arp_reply(request, address):
    """Answers the kernel's question with ADDRESS."""
    return ARP(op=2, hwsrc=address, psrc=request[ARP].pdst, hwdst=request[ARP].hwsrc, pdst=request[ARP].psrc)


def ping_through(netns, guest, address, tag=None):
    """The kernel in the namespace pings ADDRESS, which the Python guest answers."""
    ping = subprocess.Popen(["ip", "netns", "exec", netns, "ping", "-c", "1", "-W", "20", address], stdout=subprocess.DEVNULL)
    while ping.poll() is None:
        for f in [Ether(f) for f in guest.poll()]:
            guest.received.pop(0)
            if tag is not None:
                assert f[Dot1Q].vlan == tag
            else:
                assert Dot1Q not in f
            head = Ether(dst=f.src, src=mac(1))
            if tag is not None:
                head = head / Dot1Q(vlan=tag)
            if ARP in f and f[ARP].pdst == address:
                guest.send(raw(head / arp_reply(f, mac(1))))
            elif ICMP in f and f[ICMP].type == 8:
                guest.send(raw(head / IP(src=f[IP].dst, dst=f[IP].src)
                               / ICMP(type=0, id=f[ICMP].id, seq=f[ICMP].seq) / Raw(f[ICMP].load)))
    return ping.returncode == 0


def test_tap_uplink_with_vlan_devices(netns):
    """Two networks on two VLANs of one uplink; the kernel's VLAN devices are the other end."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("/dev/net/tun is missing")
    with Weftd(netns=netns) as weftd:
        weftd.apply({"default": {
            "networks": {"red": {"encap": "vlan", "vlan": 10}, "blue": {"encap": "vlan", "vlan": 20}},
            "ports": {"up": {"attach": {"type": "eth", "device": "net_tap0,iface=wtap0"}},
                      "g1": {"network": "red"}, "g2": {"network": "blue"}}}})
        run("ip", "-n", netns, "link", "set", "wtap0", "up")
        for vid, net in ((10, "10.1.0.254/24"), (20, "10.2.0.254/24")):
            make_link(netns, "link", "wtap0", "name", f"v{vid}", "type", "vlan", "id", str(vid))
            run("ip", "-n", netns, "addr", "add", net, "dev", f"v{vid}")
            run("ip", "-n", netns, "link", "set", f"v{vid}", "up")
        with VhostGuest(weftd.socket("g1")) as red, VhostGuest(weftd.socket("g2")) as blue:
            weftd.wait_link("g1", "g2")
            assert ping_through(netns, red, "10.1.0.1")
            assert not blue.poll()
            assert ping_through(netns, blue, "10.2.0.1")
            assert weftd.port("up")["vlan_mode"] == "uplink"


def test_af_packet_against_a_bridge(netns):
    """A trunk over veth into a VLAN-aware Linux bridge: tags agree in both directions."""
    make_link(netns, "br0", "type", "bridge", "vlan_filtering", "1", "stp_state", "0")
    run("ip", "-n", netns, "link", "set", "br0", "up")
    run("ip", "-n", netns, "link", "add", "wport", "type", "veth", "peer", "name", "bport")
    run("ip", "-n", netns, "link", "set", "bport", "master", "br0")
    for dev in ("wport", "bport"):
        run("ip", "-n", netns, "link", "set", dev, "up")
        run("ip", "netns", "exec", netns, "ethtool", "-K", dev, "tx", "off")
    run("bridge", "-n", netns, "vlan", "add", "dev", "bport", "vid", "30")
    run("bridge", "-n", netns, "vlan", "add", "dev", "br0", "vid", "30", "self")
    make_link(netns, "link", "br0", "name", "br0.30", "type", "vlan", "id", "30")
    run("ip", "-n", netns, "addr", "add", "10.3.0.254/24", "dev", "br0.30")
    run("ip", "-n", netns, "link", "set", "br0.30", "up")
    with Weftd(netns=netns) as weftd:
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            "wire": {"network": "lan", "vlan": {"trunk": [30]}, "attach": {"type": "eth", "device": "net_af_packet0,iface=wport"}},
            "g1": {"network": "lan", "vlan": {"access": 30}},
            "g2": {"network": "lan", "vlan": {"trunk": [30]}}}}})
        with VhostGuest(weftd.socket("g1")) as access, VhostGuest(weftd.socket("g2")) as trunk:
            weftd.wait_link("g1", "g2")
            assert ping_through(netns, access, "10.3.0.1")
            assert all(Ether(f)[Dot1Q].vlan == 30 for f in trunk.expect())
            assert ping_through(netns, trunk, "10.3.0.2", tag=30)


def test_tap_talks_to_the_kernel(netns):
    """The kernel's own stack pings a guest over a TAP device."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("/dev/net/tun is missing")
    with Weftd(netns=netns) as weftd:
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            "t": {"network": "lan", "attach": {"type": "eth", "device": "net_tap0,iface=wtap0"}}, "g1": {"network": "lan"}}}})
        run("ip", "-n", netns, "link", "set", "wtap0", "up")
        run("ip", "-n", netns, "addr", "add", "10.1.0.254/24", "dev", "wtap0")
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert ping_through(netns, guest, "10.1.0.1")


def test_tagged_frames_cross_a_wire(netns):
    """An uplink, a veth pair and a trunk: the kernel takes tags out and in on the way, and they are right."""
    run("ip", "-n", netns, "link", "add", "wire0", "type", "veth", "peer", "name", "wire1")
    for dev in ("wire0", "wire1"):
        run("ip", "-n", netns, "link", "set", dev, "up")
    with Weftd(netns=netns) as weftd:
        weftd.apply({"default": {
            "networks": {"red": {"encap": "vlan", "vlan": 10}, "blue": {"encap": "vlan", "vlan": 20}, "far": {}},
            "ports": {"up": {"attach": {"type": "eth", "device": "net_af_packet0,iface=wire0"}},
                      "trunk": {"network": "far", "vlan": {"trunk": [10, 20]},
                                "attach": {"type": "eth", "device": "net_af_packet1,iface=wire1"}},
                      "g1": {"network": "red"}, "g2": {"network": "blue"},
                      "f1": {"network": "far", "vlan": {"access": 10}}, "f2": {"network": "far", "vlan": {"access": 20}}}}})
        names = ("g1", "g2", "f1", "f2")
        guests = {name: VhostGuest(weftd.socket(name)).start() for name in names}
        weftd.wait_link(*names)
        for i, (a, b) in enumerate((("g1", "f1"), ("g2", "f2"), ("f1", "g1"), ("f2", "g2"))):
            frame = raw(Ether(dst=EVERYONE, src=mac(i + 1), type=0x88b5) / Raw(bytes([i]) * 60))
            guests[a].send(frame)
            assert guests[b].expect() == [frame]
            assert not any(guests[n].poll() for n in names if n != b)
        for g in guests.values():
            g.close()


def test_af_xdp_talks_to_the_kernel(netns):
    """An XDP socket on one end of a veth pair, the kernel's own stack on the other."""
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW).close()
    except OSError:
        pytest.skip("this kernel has no AF_XDP sockets")
    run("ip", "-n", netns, "link", "add", "xdp0", "type", "veth", "peer", "name", "kernel0")
    for dev in ("xdp0", "kernel0"):
        run("ip", "-n", netns, "link", "set", dev, "up")
        run("ip", "netns", "exec", netns, "ethtool", "-K", dev, "tx", "off")
    run("ip", "-n", netns, "addr", "add", "10.4.0.254/24", "dev", "kernel0")
    with Weftd(netns=netns) as weftd:
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            "x": {"network": "lan", "attach": {"type": "eth", "device": "net_af_xdp0,iface=xdp0"}}, "g1": {"network": "lan"}}}})
        with VhostGuest(weftd.socket("g1")) as guest:
            weftd.wait_link("g1")
            assert ping_through(netns, guest, "10.4.0.1")


def test_memif_between_two_switches(weftd):
    """Two weftd, wired by shared memory."""
    with Weftd() as other:
        path = os.path.join(weftd.dir, "memif.sock")
        for w, role in ((weftd, "server"), (other, "client")):
            w.apply({"default": {"networks": {"lan": {}}, "ports": {"g1": {"network": "lan"}, "m": {
                "network": "lan", "attach": {"type": "eth", "device": f"net_memif0,role={role},socket={path},socket-abstract=no"}}}}})
        with VhostGuest(weftd.socket("g1")) as here, VhostGuest(other.socket("g1")) as there:
            weftd.wait_link("g1", "m")
            other.wait_link("g1", "m")
            for a, b, i in ((here, there, 1), (there, here, 2)):
                frame = raw(Ether(dst=EVERYONE, src=mac(i), type=0x88b5) / Raw(bytes([i]) * 60))
                a.send(frame)
                assert b.expect() == [frame]


def test_device_that_goes_and_comes(weftd):
    for _ in range(5):
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            "n": {"network": "lan", "attach": {"type": "eth", "device": "net_null0"}}}}})
        wait_for(lambda: weftd.port("n")["counters"]["rx_packets"] > 100)
        # Null frames are all zero: each is dropped by name.
        assert "parse_source" in weftd.drops("n")
        weftd.ctl("port", "del", "n")


def test_each_worker_has_a_queue_where_the_device_allows(two_workers):
    with Lan(two_workers, 2):
        two_workers.ctl("port", "add", "n", "--network", "lan", "--device", "net_null0")
        assert two_workers.port("n")["worker"] == "each"
        assert two_workers.port("n")["queues"] == 2
        two_workers.ctl("port", "del", "n")


def test_pcap_plays_through_the_switch(weftd):
    """A capture as a device: what scapy wrote is what the guest gets."""
    from scapy.all import wrpcap
    path = os.path.join(weftd.dir, "in.pcap")
    frames = [Ether(dst=EVERYONE, src=mac(9), type=0x88b5) / Raw(bytes([i]) * 60) for i in range(10)]
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {"g1": {"network": "lan"}}}})
    wrpcap(path, frames)
    with VhostGuest(weftd.socket("g1")) as guest:
        weftd.wait_link("g1")
        weftd.ctl("port", "add", "p", "--network", "lan", "--device", f"net_pcap0,rx_pcap={path},tx_pcap={weftd.dir}/out.pcap")
        assert guest.expect(10) == [raw(f) for f in frames]


def test_what_devices_say_of_flows_in_hardware(weftd, netns):
    """Every driver that can be had without hardware: none has a switch, and each says so."""
    run("ip", "link", "add", "wport", "type", "veth", "peer", "name", "weth0", "netns", netns)
    try:
        devices = {"null": "net_null0", "packet": "net_af_packet0,iface=wport", "tap": "net_tap0,iface=wtap9", "ring": "net_ring0"}
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            name: {"network": "lan", "attach": {"type": "eth", "device": device}} for name, device in devices.items()}}})
        for name in devices:
            said = weftd.port(name)["offload"]
            assert not said["possible"] and "switchdev" in said["why"] and said["flows"] == 0, (name, said)
    finally:
        run("ip", "link", "del", "wport")


def test_functions_are_listed_with_what_keeps_them(tmp_path):
    """A sysfs with a PF that the kernel has, and a VF of its for DPDK."""
    pci = tmp_path / "bus/pci/devices"
    for name, files in (("0000:03:00.0", {"class": "0x020000", "sriov_totalvfs": "7", "sriov_numvfs": "1", "net/eth3/carrier": "1"}),
                        ("0000:03:10.0", {"class": "0x020000"})):
        for path, text in files.items():
            (pci / name / path).parent.mkdir(parents=True, exist_ok=True)
            (pci / name / path).write_text(text)
    for path, target in (("0000:03:00.0/driver", "/drivers/igb"), ("0000:03:00.0/iommu_group", "/groups/12"),
                         ("0000:03:00.0/virtfn0", "../0000:03:10.0"), ("0000:03:10.0/physfn", "../0000:03:00.0"),
                         ("0000:03:10.0/driver", "/drivers/vfio-pci")):
        (pci / path).symlink_to(target)
    with Weftd(env={"WEFT_SYSFS": str(tmp_path)}) as weftd:
        pf, vf = weftd.rpc("functions")
        assert pf["vfs"] == 1 and pf["total_vfs"] == 7 and not pf["can_be_polled"] and "--interface eth3" in pf["obstacle"]
        assert vf["pf"] == "0000:03:00.0" and vf["index"] == 0 and vf["can_be_polled"]
        text = run(WEFTCTL, "--dev", weftd.dir, "sriov", "list")
        rows = text.split("\n")
        assert "1 of 7" in text and "CAN BE POLLED" in rows[0]
        assert any("0000:03:00.0, VF 0" in row and row.rstrip().endswith("yes") for row in rows)
