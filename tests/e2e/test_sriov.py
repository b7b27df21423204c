# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""VFs as ports: weftd inside a virtual machine that has an 82576 (QEMU's igb), with Debian's kernel and DPDK's driver of its VFs. The
test has the wire. QEMU's igb takes a spoof check and a maximum rate, and does neither: of those the setting is looked at, and what
weft's own pipeline does about the same on a polled VF is seen on the wire."""
import re
import time

import pytest
from harness import igb
from harness.overlay import HOSTS, THERE, VNI, around, inside, mac
from harness.proc import WEFTCTL, wait_for
from harness.weftd import Rejected
from scapy.all import ICMP, IP, UDP, Dot1Q, Ether, Raw
from scapy.layers.vxlan import VXLAN

pytestmark = pytest.mark.skipif(igb.missing() != "", reason=f"{igb.missing()} is missing")

VM = "52:54:00:00:00:11"
LAN = {"lan": {"encap": "vlan", "vlan": 100}}
SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
n, size, frames = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
for i in range(n):
    s.send(bytes.fromhex(frames[i % len(frames)]).ljust(size, b"f"))
"""
# What is sent ends by the clock: an emulated machine may be slower than any count of frames expects.
FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
frame, n, end = bytes.fromhex(sys.argv[2]).ljust(1000, b"f"), 0, time.monotonic() + 3
while time.monotonic() < end:
    n += s.send(frame) > 0
print(n)
"""


@pytest.fixture(name="machine", scope="module")
def fixture_machine():
    """The machine, with weftd."""
    with igb.IgbHost() as machine:
        machine.wait_boot()
        print(machine.versions())
        machine.start_weftd()
        yield machine


@pytest.fixture(name="host")
def fixture_host(machine):
    """The machine without policy and VFs, before and after."""
    yield machine
    machine.apply({}, prune=True)
    if machine.ctl("sriov", "show", "eth0")["made_by_weft"]:
        machine.ctl("sriov", "destroy", "eth0")
    machine.must("echo 0 >/sys/class/net/eth0/device/sriov_numvfs")


def vf(index, use="passthrough", **more):
    """What a port is attached to."""
    return {"type": "vf", "pf": "eth0", "index": index, "use": use, **more}


def enforced(host, port):
    """{object's last name.field: by whom} of a port."""
    rows = host.ctl("port", "show", port)["vf"]["enforced"]
    return {f"{r['object'].split('/')[-1]}.{r['field']}": r["by"] for r in rows}


def make(host, count):
    """VFs, and a PF with a link again."""
    host.ctl("sriov", "create", "eth0", count)
    host.wait_carrier()


def test_functions_come_and_go(host):
    plain, pf = [f for f in host.ctl("sriov", "list") if "pf" not in f]
    assert pf["address"] == igb.PF and pf["driver"] == "igb" and (pf["vfs"], pf["total_vfs"]) == (0, 7) and pf["iommu_group"] >= 0
    assert set(pf["can_enforce"]) == {"mac", "spoof_check", "vlan", "trust", "max_rate"} and pf["eswitch"] == ""
    for args, why in ((("eth0", 8), "can have 1 to 7 VFs, not 8"), ((plain["address"], 1), "has no SR-IOV"),
                      (("eth9", 1), "no PF eth9"), (("eth0", 0), "1 to 7"), (("eth0", "many"), "1 to 7")):
        with pytest.raises(Rejected, match=why):
            host.ctl("sriov", "create", *args)
    assert host.ctl("sriov", "create", "eth0", 2)["vfs"] == 2
    assert host.ctl("sriov", "create", igb.PF, 2)["vfs"] == 2  # again is no error
    with pytest.raises(Rejected, match="already has 2 VFs"):
        host.ctl("sriov", "create", "eth0", 3)
    first = host.ctl("sriov", "show", "eth0")["functions"][0]
    # No driver has taken it, and what it has is what the kernel says.
    assert first["driver"] == "" and first["can_be_polled"] and first["spoof_check"] and first["iommu_group"] >= 0
    assert {"rx_packets", "tx_dropped"} <= set(first["stats"])
    assert host.ctl("sriov", "destroy", "eth0")["vfs"] == 0
    # What weft has not made it does not take away.
    host.must("echo 1 >/sys/class/net/eth0/device/sriov_numvfs")
    with pytest.raises(Rejected, match="were not made by weft"):
        host.ctl("sriov", "destroy", "eth0")
    assert host.ctl("sriov", "show", "eth0")["vfs"] == 1


def test_vfs_and_their_ports_are_back_after_a_restart(host):
    make(host, 2)
    host.apply({"networks": LAN, "ports": {"v": {"network": "lan", "mac": VM, "attach": vf(1)}}})
    host.stop_weftd("KILL")
    # As after a start of the machine.
    host.must("echo 0 >/sys/class/net/eth0/device/sriov_numvfs")
    host.start_weftd()
    wait_for(lambda: host.vf(1)["address"] == VM, 20, step=0.3)
    assert host.vf(1)["vlan_list"][0]["vlan"] == 100 and "error" not in host.ctl("port", "show", "v")
    assert host.ctl("sriov", "show", "eth0")["functions"][1]["port"] == "default/v"


def test_a_policy_is_projected_and_reported(host):
    make(host, 2)
    host.apply({"networks": LAN, "plans": {"p": {"from_vm": {"rate": "50M"}}},
                "ports": {"v": {"network": "lan", "mac": VM, "plan": "p", "attach": vf(1)}}})
    now = host.vf(1)
    assert now["address"] == VM and now["vlan_list"][0]["vlan"] == 100 and now["spoofchk"] and not now["trust"]
    assert now["rate"]["max_tx"] == 50
    show = host.ctl("port", "show", "v")
    assert show["hints"]["qemu"] == [f"-device vfio-pci,host={show['vf']['address']}"] and show["where"] == "VF 1 of eth0"
    by = enforced(host, "v")
    assert by["v.mac"] == by["lan.vlan"] == by["p.from_vm.rate"] == "hardware" and by["v.ips"] == by["p.dscp"] == "nothing"
    assert "nobody" not in by.values()
    # A change of any of its objects reaches the hardware.
    host.apply({"plans": {"p": {"from_vm": {"rate": "20M"}}}})
    assert host.vf(1)["rate"]["max_tx"] == 20
    host.ctl("port", "del", "v")
    # A VM that drives it still gets nowhere: 4095 is no VLAN that a switch forwards.
    now = host.vf(1)
    assert now["vlan_list"][0]["vlan"] == 4095 and now["rate"]["max_tx"] == 0 and now["spoofchk"]
    host.apply({"ports": {"v": {"network": "lan", "mac": VM, "attach": vf(1)}}})
    assert host.vf(1)["vlan_list"][0]["vlan"] == 100
    # Nor is it taken away from one that drives it.
    host.ctl("port", "del", "v")
    group = host.ctl("sriov", "show", "eth0")["functions"][1]["iommu_group"]
    host.must(f"sleep 1000 <>/dev/vfio/{group} & echo $! >/tmp/vm.pid")
    with pytest.raises(Rejected, match="VF 1 of 0000:01:00.0 is in use by a virtual machine"):
        host.ctl("sriov", "destroy", "eth0")
    host.must("kill $(cat /tmp/vm.pid)")


# What is added to a policy that the hardware enforces whole, and which field nobody enforces then. test_projection.c has all.
BEYOND = [
    ({"networks": {"lan": {"encap": "vlan", "vlan": 100, "firewall": True}}}, "lan.firewall"),
    ({"networks": {"lan": {"encap": "vlan", "vlan": 100, "mtu": 9000}}}, "lan.mtu"),
    ({"port": {"ips": ["10.0.0.1"]}}, "v.ips"), ({"port": {"state": "down"}}, "v.state"),
    ({"plans": {"p": {"min_rate": "5M"}}}, "p.min_rate"), ({"plans": {"p": {"from_vm": {"rate": 8000}}}}, "p.from_vm.rate"),
    ({"limits": {"rate": "1G"}}, "limits.rate"),
]


def test_what_the_hardware_cannot_is_refused_or_said(host):
    make(host, 1)
    for what, field in BEYOND:
        whole = {"networks": LAN, "plans": {"p": {}}, **{k: v for k, v in what.items() if k != "port"}}
        port = {"network": "lan", "mac": VM, "plan": "p", "attach": vf(0), **what.get("port", {})}
        with pytest.raises(Rejected, match=re.escape(field) + " \\("):
            host.apply({**whole, "ports": {"v": port}}, prune=True)
        # Nothing is half done: there is neither a port nor its VLAN.
        assert host.ctl("port", "list") == [] and host.vf(0)["vlan_list"][0].get("vlan") != 100
        port["attach"] = vf(0, enforce="lenient")
        host.apply({**whole, "ports": {"v": port}}, prune=True)
        assert [f for f, who in enforced(host, "v").items() if who == "nobody"] == [field]
        assert host.ctl("port", "show", "v")["vf"]["not_enforced"] == 1 and host.vf(0)["vlan_list"][0]["vlan"] == 100
        host.ctl("port", "del", "v")


def test_what_cannot_be_a_port(host):
    make(host, 2)
    host.apply({"networks": {**LAN, "t": {"encap": "vxlan", "vni": 9}}})
    port = {"network": "lan", "mac": VM}
    for wrong, why in (({**port, "attach": vf(2)}, "has the VFs 0 to 1, and not 2"), ({**port, "attach": vf(0, pf="eth7")}, "no PF eth7"),
                       ({**port, "network": "t", "attach": vf(0, enforce="lenient")}, "is not a VLAN network"),
                       ({"network": "lan", "attach": vf(0)}, "mac: missing"),
                       ({**port, "attach": vf(0, "polled", enforce="lenient")}, "enforce"),
                       ({**port, "attach": {"type": "vf", "pf": "eth0"}}, "index: missing"),
                       ({**port, "attach": vf(0, device="eth3")}, "pf and index name it")):
        with pytest.raises(Rejected, match=why):
            host.apply({"ports": {"v": wrong}})
    host.apply({"ports": {"v": {**port, "attach": vf(0)}}})
    with pytest.raises(Rejected, match="is already used by default/v"):
        host.apply({"ports": {"w": {"network": "lan", "mac": mac(9), "attach": vf(0)}}})
    # By another name of the PF's it is the same VF.
    with pytest.raises(Rejected, match="VF 0 of eth0 is already used by port default/v"):
        host.apply({"ports": {"w": {"network": "lan", "mac": mac(9), "attach": vf(0, pf=igb.PF)}}})
    with pytest.raises(Rejected, match="cannot change while it exists"):
        host.apply({"ports": {"v": {**port, "attach": vf(1)}}})
    with pytest.raises(Rejected, match="port del default/v"):
        host.ctl("sriov", "destroy", "eth0")
    with pytest.raises(Rejected, match="its packets do not pass weft"):
        host.ctl("explain", "v", "to", "10.0.0.2")


def give_to_kernel(host, index):
    """The VF's interface, and who stands for the VM has it."""
    address = host.ctl("sriov", "show", "eth0")["functions"][index]["address"]
    host.must(f"cd /sys/bus/pci/devices/{address}; [ ! -e driver ] || echo {address} >driver/unbind; echo igbvf >driver_override; "
              f"echo {address} >/sys/bus/pci/drivers_probe; echo >driver_override")
    return host.must(f"ls /sys/bus/pci/devices/{address}/net").strip()


def test_a_vf_in_use_is_left_alone(host):
    make(host, 1)
    interface = give_to_kernel(host, 0)
    host.must(f"ip link set {interface} up")
    with pytest.raises(Rejected, match=f"in use as the kernel's {interface}; run 'ip link set dev {interface} down' first"):
        host.apply({"ports": {"up": {"attach": vf(0, "polled")}}})
    host.must(f"ip link set {interface} down")
    host.apply({"ports": {"up": {"attach": vf(0, "polled")}}})
    assert host.ctl("sriov", "show", "eth0")["functions"][0]["driver"] == "vfio-pci"
    # It goes back to where it came from.
    host.ctl("port", "del", "up")
    wait_for(lambda: host.ctl("sriov", "show", "eth0")["functions"][0]["driver"] == "igbvf", 20, step=0.3)


def test_what_is_refused_half_way_is_put_back(host):
    make(host, 1)
    # Without a link igb has no rates: MAC, VLAN and spoof check are set before it says so.
    host.must("ip link set eth0 down")
    try:
        with pytest.raises(Rejected, match="refuses to set up VF 0: its rate: Invalid argument"):
            host.apply({"networks": LAN, "plans": {"p": {"from_vm": {"rate": "50M"}}},
                        "ports": {"v": {"network": "lan", "mac": VM, "plan": "p", "attach": vf(0)}}})
        now = host.vf(0)
        assert "vlan" not in now["vlan_list"][0] and now["address"] != VM
        assert host.ctl("sriov", "show", "eth0")["functions"][0]["driver"] == ""
    finally:
        host.must("ip link set eth0 up")
        host.wait_carrier()


def test_drift_is_repaired(host):
    make(host, 2)
    host.apply({"networks": LAN, "plans": {"p": {"from_vm": {"rate": "50M"}}},
                "ports": {"v": {"network": "lan", "mac": VM, "plan": "p", "attach": vf(1)}}})
    before = host.vf(1)
    for change in (("vlan", 200), ("spoofchk", "off"), ("trust", "on"), ("max_tx_rate", 900), ("mac", "52:54:00:00:00:99")):
        # The machine's own clock: from the change until it is as before. "ip" is asked again until then.
        took = float(host.python("""
import json, subprocess, sys, time
def now():
    return json.loads(subprocess.run(["ip", "-j", "link", "show", "eth0"], stdout=subprocess.PIPE).stdout)[0]["vfinfo_list"][1]
before = now()
subprocess.run(["ip", "link", "set", "eth0", "vf", "1", *sys.argv[1:]], check=True)
start = time.monotonic()
while now() != before and time.monotonic() < start + 20:
    time.sleep(0.01)
print(time.monotonic() - start)
""", *change))
        assert host.vf(1) == before, change
        print(f"{change}: as before after {took:.2f} s")
        assert took < 20
    report = host.ctl("port", "show", "v")["vf"]
    assert report["repaired"] >= 5 and "error" not in report
    for what in ("VLAN", "spoof check", "trust", "rate", "MAC"):
        assert f'event=vf-repaired port=default/v pf=eth0 vf=1 what="{what}"' in host.log()


def test_vlans_on_the_wire_of_a_vf_that_is_passed_through(host):
    make(host, 1)
    interface = give_to_kernel(host, 0)
    host.apply({"networks": LAN, "ports": {"v": {"network": "lan", "mac": VM, "attach": vf(0)}}})
    # A driver takes the MAC that its PF has for it when it starts.
    interface = give_to_kernel(host, 0)
    far = mac(0xb)
    host.here("ip", "netns", "add", "vm")
    try:
        host.here("ip", "link", "set", interface, "netns", "vm")
        host.here("ip", "-n", "vm", "link", "set", interface, "up")
        host.here("ip", "-n", "vm", "addr", "add", "10.0.0.1/24", "dev", interface)
        host.here("ip", "-n", "vm", "neigh", "add", "10.0.0.9", "lladdr", far, "dev", interface)
        ping = IP(src="10.0.0.9", dst="10.0.0.1") / ICMP(id=7) / Raw(b"x" * 40)

        def answers(tag):
            """Those to a ping in a VLAN."""
            host.wire.poll()
            host.wire.send(Ether(src=far, dst=VM) / Dot1Q(vlan=tag) / ping if tag else Ether(src=far, dst=VM) / ping)
            time.sleep(0.4)
            return [f for f in host.wire.poll() if ICMP in f and f[ICMP].type == 0]

        wait_for(lambda: bool(answers(100)), 30)
        answer = answers(100)[0]
        assert answer[Dot1Q].vlan == 100 and answer.src == VM and answer.dst == far
        assert answers(200) == [] and answers(None) == []
    finally:
        host.here("ip", "netns", "del", "vm")


def overlay(uplink):
    """Host a with an uplink and guest g1, who is a namespace; host b with g2, which the wire plays."""
    return {"networks": {"lan": {"encap": "vxlan", "vni": VNI}},
            "ports": {"up": {"host": "a", "attach": uplink},
                      "g1": {"host": "a", "network": "lan", "mac": mac(1), "ips": ["10.0.0.1"], "plan": "slow",
                             "attach": {"type": "eth", "device": "net_af_packet0,iface=w1"}},
                      "g2": {"host": "b", "network": "lan", "mac": mac(2), "ips": ["10.0.0.2"]}},
            "plans": {"slow": {"from_vm": {"rate": "200k"}}}}


@pytest.fixture(name="guest")
def fixture_guest(machine):
    """A namespace with a wire w1 to weft: guest g1."""
    machine.here("ip", "netns", "add", "vm")
    machine.here("ip", "link", "add", "w1", "type", "veth", "peer", "name", "eth9", "netns", "vm")
    machine.must("ip link set w1 up")
    machine.here("ip", "-n", "vm", "link", "set", "eth9", "address", mac(1), "up")
    machine.here("ethtool", "-K", "eth9", "tx", "off", netns="vm")
    machine.here("ip", "-n", "vm", "addr", "add", "10.0.0.1/24", "dev", "eth9")
    machine.here("ip", "-n", "vm", "neigh", "add", "10.0.0.2", "lladdr", mac(2), "dev", "eth9")
    yield "vm"
    machine.here("ip", "netns", "del", "vm")


def test_a_polled_vf_is_an_uplink_like_others(host, guest):
    make(host, 1)
    host.apply(overlay(vf(0, "polled")), hosts=HOSTS)
    show = host.ctl("port", "show", "up")
    own = host.ctl("sriov", "show", "eth0")["functions"][0]
    assert show["link"] == "up" and show["vf"]["use"] == "polled" and own["driver"] == "vfio-pci" and not own["spoof_check"]
    assert set(enforced(host, "up").values()) == {"software", "nothing"}
    assert not show["offload"]["possible"] and "switchdev" in show["offload"]["why"]
    wire = host.wire
    # weft asks for host b by ARP, from the VF's own MAC.
    wire.next(lambda f: wire.other is not None)
    assert wire.other == own["mac"]
    ping = Ether(src=mac(2), dst=mac(1)) / IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(id=7) / Raw(b"x" * 40)
    wire.send(around(wire, "vxlan", ping))
    answer = wire.next(lambda f: VXLAN in f and ICMP in inside(f, "vxlan")[1])
    vni, frame = inside(answer, "vxlan")
    assert vni == VNI and frame[ICMP].type == 0 and frame.src == mac(1) and answer[IP].dst == THERE and answer.src == own["mac"]
    # What speaks for others stays in the switch, by name.
    spoofed = [Ether(src=mac(7), dst=mac(2)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=9) / Raw(b"spoofed"),
               Ether(src=mac(1), dst=mac(2)) / IP(src="10.0.0.7", dst="10.0.0.2") / UDP(sport=1, dport=9) / Raw(b"spoofed")]
    honest = Ether(src=mac(1), dst=mac(2)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=9) / Raw(b"honest")
    host.python(SEND, "eth9", 3, 60, *[bytes(f).hex() for f in (*spoofed, honest)], netns=guest)
    seen = []
    wire.next(lambda f: seen.append(bytes(f)) or b"honest" in bytes(f))
    assert not [f for f in seen if b"spoofed" in f]
    assert {"guard_mac", "guard_ipv4"} <= set(host.ctl("port", "show", "g1")["drops"])
    # Its plan holds on the wire: 200 kbit/s, whatever is sent, by the machine's own clock.
    uptime = lambda: float(host.must("cat /proc/uptime").split()[0])  # noqa: E731
    wire.poll()
    start, before = uptime(), host.ctl("port", "show", "up")["counters"]["tx_packets"]
    flood = Ether(src=mac(1), dst=mac(2)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=9)
    offered = int(host.python(FLOOD, "eth9", bytes(flood).hex(), netns=guest))
    sent, took = host.ctl("port", "show", "up")["counters"]["tx_packets"] - before, uptime() - start
    on_wire = sum(b"f" * 900 in bytes(f) for f in wire.poll())
    # 40 frames are room for a burst, and for the ARP and BFD of weft's own.
    assert 0 < on_wire and sent * 8000 < 2e5 * took + 40 * 8000 and sent < 0.9 * offered, (sent, on_wire, took, offered)
    assert host.ctl("audit")["balanced"]


def test_a_nic_that_is_pulled_out_leaves_the_others(host, guest):
    make(host, 2)
    host.apply({**overlay(vf(0, "polled")), "ports": {
        **overlay(vf(0, "polled"))["ports"], "v": {"network": "lan2", "mac": VM, "attach": vf(1)}},
        "networks": {**overlay(None)["networks"], "lan2": {"encap": "vlan", "vlan": 100}}}, hosts=HOSTS)
    assert host.ctl("port", "show", "up")["link"] == "up"
    # Meanwhile weftd is asked for what the kernel keeps locked while it takes a NIC away.
    host.must(f"while [ ! -e /tmp/enough ]; do chroot /host {WEFTCTL} --dev {igb.DIR} sriov show eth0 >/dev/null 2>&1; done & "
              f"while [ ! -e /tmp/enough ]; do chroot /host {WEFTCTL} --dev {igb.DIR} sriov list >/dev/null 2>&1; done & true")
    host.qmp("device_del", id="nic")
    wait_for(lambda: host.sh(f"[ -e /sys/bus/pci/devices/{igb.PF} ]")[0] != 0, 60, step=0.5)
    host.must("touch /tmp/enough")
    wait_for(lambda: "error" in host.ctl("port", "show", "up") and "error" in host.ctl("port", "show", "v"), 30, step=0.5)
    assert "no PF eth0" in host.ctl("port", "show", "v")["error"]
    # g1 is still read, and its frames have a reason.
    before = host.ctl("port", "show", "g1")["counters"]["rx_packets"]
    frame = Ether(src=mac(1), dst=mac(2)) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=9)
    host.python(SEND, "eth9", 5, 60, bytes(frame).hex(), netns=guest)
    wait_for(lambda: host.ctl("port", "show", "g1")["counters"]["rx_packets"] >= before + 5, 20, step=0.3)
    assert host.ctl("audit")["balanced"]
    # And plugged in again: its VFs are made, and have their ports.
    host.qmp("device_add", driver="igb", id="nic", bus="rp0", netdev="n0", mac="52:54:00:aa:00:00")
    wait_for(lambda: host.sh("ip link set eth0 up")[0] == 0, 60, step=0.5)
    host.wait_carrier()
    wait_for(lambda: host.ctl("sriov", "show", "eth0")["vfs"] == 2, 30, step=0.5)
    wait_for(lambda: not [p for p in ("up", "v") if "error" in host.ctl("port", "show", p)], 60, step=0.5)
    assert host.vf(1)["address"] == VM and host.vf(1)["vlan_list"][0]["vlan"] == 100
    wait_for(lambda: host.ctl("port", "show", "up")["link"] == "up", 20, step=0.5)
