# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""What real front ends do in a guest's life, while other guests' frames are counted: none is lost."""
import struct
import threading
import time

import pytest
from conftest import mac
from harness import qemu
from harness.proc import wait_for
from harness.vhost_guest import VhostGuest
from scapy.all import ARP, ICMP, IP, Ether, Raw, raw

class Innocents:
    """Two guests at the ports NAMES; numbered frames go from one to the other until the end, and each has to come, in order."""

    def __init__(self, weftd, *names):
        self.guests = [VhostGuest(weftd.socket(name)) for name in names]
        self.sent = 0
        self.came = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _poll(self):
        self.guests[1].poll()
        self.came += [struct.unpack_from("<I", f, 14)[0] for f in self.guests[1].received]
        self.guests[1].received.clear()

    def _run(self):
        head = raw(Ether(dst=mac(102), src=mac(101), type=0x88b5))
        while not self.over.wait(0.005):
            self.guests[0].send(head + struct.pack("<I", self.sent) + bytes(60))
            self.sent += 1
            self._poll()

    def __enter__(self):
        for guest in self.guests:
            guest.start()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for guest in self.guests:
            guest.close()

    def check(self):
        """Ends the traffic: no frame was lost."""
        self.over.set()
        self.thread.join()
        self.guests[0].settle()
        wait_for(lambda: self._poll() or len(self.came) >= self.sent)
        assert self.came == list(range(self.sent)) and self.sent > 100


class Pinger:
    """A guest of the test's own that asks machines whether they are there."""

    def __init__(self, guest):
        self.guest = guest
        self.number = 0

    def _gets(self, question, is_answer):
        """Sends the question until the answer comes."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            self.guest.send(raw(question))
            again = time.monotonic() + 0.5
            while time.monotonic() < again:
                frames = [Ether(f) for f in self.guest.poll()]
                self.guest.received.clear()
                if any(is_answer(f) for f in frames):
                    return
                time.sleep(0.005)
        raise TimeoutError(f"no answer to {question.summary()}")

    def ping(self, i, net=0, sizes=(1, 1400)):
        """Frames of several SIZES go to the machine I in the network 10.0.NET.0 and back."""
        me, there = (f"10.0.{net}.{k}" for k in (254, i))
        self._gets(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(100)) / ARP(psrc=me, hwsrc=mac(100), pdst=there),
                   lambda f: ARP in f and f[ARP].op == 2 and f[ARP].psrc == there)
        for size in sizes:
            self.number += 1
            echo = IP(src=me, dst=there) / ICMP(id=7, seq=self.number) / Raw(bytes([self.number % 256]) * size)
            self._gets(Ether(dst=mac(i), src=mac(100)) / echo,
                       lambda f, s=size: ICMP in f and f[ICMP].type == 0 and f[ICMP].seq == self.number and f[ICMP].load[:s] ==
                       bytes([self.number % 256]) * s)


@pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")
class TestMachine:
    """One machine, the client of its port, with four queue pairs and room for memory and NICs."""

    SLOTS = 12  # more than the eight regions of one message

    @staticmethod
    def number(guest, command):
        """The number that a command prints."""
        return int(guest.sh(command)[1].split()[-1])

    def plug_memory(self, guest):
        """More memory than the guest has, in pieces, which the guest takes into use."""
        before = self.number(guest, "awk '/MemTotal/{print $2}' /proc/meminfo")
        for i in range(self.SLOTS):
            # What the kernel's own pages may not lie in can be taken away.
            zone = "online_movable" if i == self.SLOTS - 1 else "online_kernel"
            guest.sh(f"echo {zone} >/sys/devices/system/memory/auto_online_blocks")
            guest.qmp("object-add", **{"qom-type": "memory-backend-memfd", "id": f"more{i}", "size": 128 << 20, "share": True})
            guest.qmp("device_add", driver="pc-dimm", id=f"dimm{i}", memdev=f"more{i}")

            def used(n=i + 1):
                """the guest to use its new memory"""
                return self.number(guest, "awk '/MemTotal/{print $2}' /proc/meminfo") - before > n * 120 << 10

            wait_for(used, 60, step=0.02)

    def unplug_memory(self, guest):
        """One piece goes, and a new one comes in its place."""
        guest.qmp("device_del", id=f"dimm{self.SLOTS - 1}")
        wait_for(lambda: len(guest.qmp("query-memory-devices")) == self.SLOTS - 1, 60, step=0.05)
        guest.qmp("device_add", driver="pc-dimm", id="again", memdev=f"more{self.SLOTS - 1}")

    @staticmethod
    def driver_comes_again(guest):
        """The old memory is full when the driver makes its rings."""
        guest.sh("dd if=/dev/zero of=/full bs=1M count=400")
        guest.sh("cd /sys/bus/virtio/drivers/virtio_net && echo virtio0 >unbind; echo virtio0 >bind; cd /; rm /full")
        guest.sh("ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up")

    @staticmethod
    def plug_nic(guest, path):
        """A second NIC comes."""
        guest.qmp("chardev-add", id="c9", backend={"type": "socket", "data": {
            "addr": {"type": "unix", "data": {"path": path}}, "server": False, "reconnect-ms": 50}})
        guest.qmp("netdev_add", type="vhost-user", id="n9", chardev="c9")
        guest.qmp("device_add", driver="virtio-net-pci", id="nic9", netdev="n9", mac=mac(9), bus="rp9", romfile="")

        def there():
            """the guest's second NIC"""
            return guest.sh("ip addr add 10.0.9.9/24 dev eth1 && ip link set eth1 up")[0] == 0

        wait_for(there, 60, step=0.1)

    @staticmethod
    def unplug_nic(weftd, guest):
        """It goes."""
        guest.qmp("device_del", id="nic9")
        weftd.wait_link("second", up=False)
        wait_for(lambda: guest.sh("ls -d /sys/class/net/eth1")[0], 60, step=0.1)

        def gone():
            """QEMU to forget the NIC"""
            return all(d["name"] != "nic9" for d in guest.qmp("qom-list", path="/machine/peripheral"))

        wait_for(gone, step=0.05)
        guest.qmp("netdev_del", id="n9")

    @staticmethod
    def start(weftd):
        """The machine."""
        return qemu.QemuGuest(weftd.socket("first"), mac(1), client=True, queues=4, extra=[
            "-smp", "4", "-m", f"slots={TestMachine.SLOTS},maxmem=4G", "-device", "pcie-root-port,id=rp9,chassis=9"])

    def test_life(self, weftd):
        """Memory and NICs come and go; the driver, the machine, QEMU and weftd start again."""
        server = {"mode": "server", "queues": 4}
        weftd.apply({"default": {"networks": {n: {} for n in ("lan", "far", "other")}, "ports": {
            "first": {"network": "lan", "attach": server}, "second": {"network": "far", "attach": server},
            "me": {"network": "lan"}, "me-too": {"network": "far"}, "a": {"network": "other"}, "b": {"network": "other"}}}})
        guest = self.start(weftd)
        time.sleep(0.5)
        guest.kill()
        guest.close()
        guest = self.start(weftd)
        try:
            with VhostGuest(weftd.socket("me")) as near, VhostGuest(weftd.socket("me-too")) as far:
                with Innocents(weftd, "a", "b") as innocents:
                    here, there = Pinger(near), Pinger(far)
                    guest.set_up(1)
                    weftd.wait_link("first")
                    assert weftd.port("first")["queues"] == 4
                    here.ping(1)
                    self.plug_memory(guest)
                    here.ping(1)
                    self.unplug_memory(guest)
                    here.ping(1)
                    self.driver_comes_again(guest)
                    here.ping(1)
                    for _ in range(2):
                        self.plug_nic(guest, weftd.socket("second"))
                        there.ping(9, 9)
                        self.unplug_nic(weftd, guest)
                        here.ping(1)
                    guest.qmp("stop")
                    weftd.wait_link("first", up=False)
                    guest.qmp("cont")
                    here.ping(1)
                    guest.qmp("set-action", reboot="reset")
                    guest.qmp("system_reset")
                    weftd.wait_link("first", up=False)
                    guest.set_up(1)
                    here.ping(1)
                    assert weftd.port("first")["connects"] > 1 and not weftd.port("first").get("error")
                    innocents.check()
            weftd.audit()
            weftd.kill()
            weftd.start()
            weftd.wait_link("first")
            with VhostGuest(weftd.socket("me")) as near:
                Pinger(near).ping(1)
            assert not weftd.port("first").get("error")
            guest.kill()
            weftd.wait_link("first", up=False)
        finally:
            guest.close()
