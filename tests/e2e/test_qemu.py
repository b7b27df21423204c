# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Real virtual machines: Debian's kernel and its virtio driver, its VLAN devices and its bridge."""
import re
import tempfile

import pytest
from conftest import mac
from harness import qemu

pytestmark = pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")


def pinged(result):
    """Answers in the output of ping."""
    found = re.search(r"(\d+) packets received", result[1])
    return int(found[1]) if found else 0


def test_virtual_machines_talk_and_survive(weftd):
    """Ping both ways; weftd is killed under it; a machine is killed and replaced."""
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
        f"vm{i}": {"network": "lan", "mac": mac(i), "ips": [f"10.0.0.{i}"]} for i in (1, 2)}}})
    guests = {i: qemu.QemuGuest(weftd.socket(f"vm{i}"), mac(i)) for i in (1, 2)}

    def configure(i):
        guests[i].set_up(i)
        weftd.wait_link(f"vm{i}")

    try:
        for i in (1, 2):
            configure(i)
        assert pinged(guests[1].sh("ping -c 5 -i 0.2 10.0.0.2")) == 5
        # Frames of every size around the MTU's edge.
        for size in (1, 1471, 1472):
            assert pinged(guests[2].sh(f"ping -c 2 -i 0.2 -s {size} 10.0.0.1")) == 2
        guests[1].start("ping -c 30 -i 0.1 10.0.0.2")
        weftd.kill()
        weftd.start()
        weftd.wait_link("vm1", "vm2")
        assert pinged(guests[1].finish()) >= 15
        guests[2].kill()
        weftd.wait_link("vm2", up=False)
        guests[2] = qemu.QemuGuest(weftd.socket("vm2"), mac(2))
        configure(2)
        assert pinged(guests[1].sh("ping -c 5 -i 0.2 10.0.0.2")) == 5
        assert not set(weftd.drops("vm1")) - {"out_link_down", "out_ring_full"}
    finally:
        for g in guests.values():
            g.close()


def test_vlans_against_the_kernels_devices_and_bridge(weftd):
    """vm1: VLAN devices on a trunk. vm2: a VLAN-aware bridge with the trunk as its port. vm3: an access port."""
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
        "vm1": {"network": "lan", "vlan": {"trunk": ["10-20"]}},
        "vm2": {"network": "lan", "vlan": {"trunk": [10, 30], "native": 20}},
        "vm3": {"network": "lan", "vlan": {"access": 10}}}}})
    guests = {i: qemu.QemuGuest(weftd.socket(f"vm{i}"), mac(i), modules=["8021q", "bridge"], mtu=1400 if i == 3 else None)
              for i in (1, 2, 3)}
    try:
        for g in guests.values():
            g.wait_boot()
        guests[1].sh("ip link set eth0 up; for v in 10 20 30; do vconfig add eth0 $v; ip addr add 10.$v.0.1/24 dev eth0.$v; "
                     "ip link set eth0.$v up; done")
        # The bridge's own interface is in VLAN 10 by its VLAN device, and in the native one without a tag.
        guests[2].sh("brctl addbr br0; echo 0 >/sys/class/net/br0/bridge/stp_state; brctl addif br0 eth0; ip link set eth0 up; "
                     "ip link set br0 up; ip addr add 10.20.0.2/24 dev br0; vconfig add br0 10; ip addr add 10.10.0.2/24 dev br0.10; "
                     "ip link set br0.10 up; vconfig add br0 30; ip addr add 10.30.0.2/24 dev br0.30; ip link set br0.30 up")
        guests[3].sh("ip link set eth0 up; ip addr add 10.10.0.3/24 dev eth0")
        weftd.wait_link("vm1", "vm2", "vm3")
        # The MTU that QEMU was told reaches the guest, and weft knows it.
        assert "mtu 1400" in guests[3].sh("ip link show eth0")[1]
        assert weftd.port("vm3")["guest_mtu"] == 1400
        assert pinged(guests[1].sh("ping -c 3 -W 5 10.10.0.2")) == 3
        assert pinged(guests[1].sh("ping -c 3 -W 5 10.20.0.2")) == 3
        assert pinged(guests[3].sh("ping -c 3 -W 5 10.10.0.1")) == 3
        assert pinged(guests[3].sh("ping -c 3 -W 5 10.10.0.2")) == 3
        # VLAN 30 is not vm1's.
        assert pinged(guests[1].sh("ping -c 2 -W 1 10.30.0.2")) == 0
        assert weftd.drops("vm1")["vlan_not_allowed"] > 0
    finally:
        for g in guests.values():
            g.close()


def test_machine_that_ends_says_why():
    """A guest panics while it boots: the failure tells of it, and of QEMU's exit status."""
    with qemu.Machine(tempfile.mkdtemp(), qemu.initramfs([]), 192, "-M", "q35", options="rdinit=/none") as machine:
        # The console repeats what is typed, in the middle of what the kernel says.
        with pytest.raises(RuntimeError, match=r"(?s)QEMU ended with 0: .*(Kernel panic|mount_block_root|prepare_namespace|kernel_init)"):
            machine.wait_boot()
