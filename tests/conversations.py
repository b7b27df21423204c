# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Conversations of real front ends: record them anew, or play them to a weftd: conversations.py record | play [WEFTD]"""
import glob
import os
import sys
import tempfile
import time

from harness import qemu, testpmd
from harness.conversation import Player, Recorder
from harness.overlay import mac
from harness.proc import WEFTD, run, wait_for
from harness.weftd import Weftd

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unit", "conversations")


class Place:
    """A port of weft with a recorder in front of it."""

    def __init__(self, weftd, folder, name):
        self.weftd, self.name = weftd, name
        weftd.ctl("port", "add", name, "--network", "lan", "--server", "--queues", "8")
        self.path = os.path.join(folder, name)
        self.recorder = Recorder(self.path, weftd.socket(name))

    def is_up(self, up=True):
        """Waits for the link, and notes it."""
        self.weftd.wait_link(self.name, up=up)
        self.mark()

    def mark(self):
        """Notes how many queue pairs run. What was said until now has been heard."""
        time.sleep(0.3)
        self.recorder.mark(self.weftd.port(self.name))

    def save(self, title):
        """Writes the conversation."""
        self.recorder.save(os.path.join(FOLDER, f"{self.name}.txt"), title)


def machine(place, title, program=qemu.HERE, options="", life=False):
    """A machine boots, and is moved to nowhere: the dirty log is on for that. LIFE: much happens to it before."""
    extra = ["-smp", "2", "-m", "slots=9,maxmem=4G"] if life else []
    with qemu.QemuGuest(place.path, mac(1), client=True, queues=2 if life else 1, options=options, program=program, extra=extra) as guest:
        guest.set_up(1)
        place.is_up()
        if life:
            for i in range(9):
                guest.qmp("object-add", **{"qom-type": "memory-backend-memfd", "id": f"more{i}", "size": 128 << 20, "share": True})
                guest.qmp("device_add", driver="pc-dimm", id=f"dimm{i}", memdev=f"more{i}")
            place.mark()
            guest.sh("cd /sys/bus/virtio/drivers/virtio_net; echo virtio0 >unbind")
            place.is_up(False)
            guest.sh("echo virtio0 >bind; ip link set eth0 up")
            place.is_up()
            guest.qmp("stop")
            place.is_up(False)
            guest.qmp("cont")
            place.is_up()
            guest.qmp("set-action", reboot="reset")
            guest.qmp("system_reset")
            place.is_up(False)
            guest.set_up(1)
            place.is_up()
        guest.qmp("migrate-set-parameters", **{"max-bandwidth": 1 << 30})
        guest.qmp("migrate", uri="exec:cat >/dev/null")

        def moved():
            """the migration to end"""
            return guest.qmp("query-migrate").get("status") == "completed"

        wait_for(moved, 60, step=0.1)
        place.is_up(False)
        place.save(f"{run(*program, '--version').split('(')[0].strip()}, virtio-net-pci{options}: {title}")


def arrival(here, there, folder):
    """A machine comes from another QEMU."""
    uri = f"unix:{folder}/migration"
    with qemu.QemuGuest(here.path, mac(1), client=True) as source, \
            qemu.QemuGuest(there.path, mac(1), client=True, extra=["-incoming", uri]) as target:
        source.set_up(1)
        here.is_up()
        source.qmp("migrate-set-parameters", **{"max-bandwidth": 1 << 30})
        source.qmp("migrate", uri=uri)
        there.is_up()
        here.is_up(False)
        assert target.qmp("query-status")["status"] == "running"
        there.save(f"{run(*qemu.HERE, '--version').split('(')[0].strip()}, virtio-net-pci: a machine arrives")


def ends(place):
    """Debian 12's QEMU with MSI-X, up to where it ends without KVM."""
    program = qemu.debian12()
    guest = qemu.QemuGuest(place.path, mac(1), client=True, program=program, options=",vectors=3")
    try:
        guest.wait_boot(60)
    except (TimeoutError, OSError):
        pass
    place.mark()
    place.save(f"{run(*program, '--version').split('(')[0].strip()}, virtio-net-pci with MSI-X: until it ends without KVM")
    guest.close()


def virtio_user(place, program, options, queues):
    """testpmd starts, stops, starts again and ends."""
    device = f"net_virtio_user0,path={place.path},mac={mac(1)},queues={queues},queue_size=256,{options}"
    with testpmd.Testpmd([device], [f"--rxq={queues}", f"--txq={queues}"], eal=["--no-huge", "--no-shconf"], program=program) as guest:
        place.is_up()
        guest.command("port stop 0", "Done")
        place.mark()
        guest.command("port start 0", "Done")
        place.is_up()
        version = "24.11" if program != testpmd.HERE else "22.11"
        place.save(f"DPDK {version}, virtio_user, {queues} pairs, {options}: starts, stops, starts")


def record():
    """Records all."""
    os.makedirs(FOLDER, exist_ok=True)
    with Weftd() as weftd, tempfile.TemporaryDirectory(prefix="weft-talk-") as folder:
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {}}})

        def place(name):
            return Place(weftd, folder, name)

        old = qemu.debian12()
        machine(place("qemu10-life"), "memory comes, the driver, the machine and the guest start again", life=True)
        machine(place("qemu10-packed"), "it boots and leaves", options=",packed=on")
        machine(place("qemu10-legacy"), "it boots and leaves", options=",disable-modern=on,disable-legacy=off,mrg_rxbuf=off")
        arrival(place("source"), place("qemu10-arrival"), folder)
        machine(place("qemu7-life"), "memory comes, the driver, the machine and the guest start again", program=old, life=True)
        machine(place("qemu7-packed"), "it boots and leaves", program=old, options=",packed=on")
        ends(place("qemu7-end"))
        for name, program in (("dpdk22", testpmd.HERE), ("dpdk24", testpmd.of_another_release())):
            virtio_user(place(f"{name}-split"), program, "mrg_rxbuf=1", 4)
            virtio_user(place(f"{name}-packed"), program, "packed_vq=1,in_order=1,mrg_rxbuf=0", 1)


def play(daemon):
    """Plays all to a weftd. Returns how many answers or links are others than were recorded."""
    differences = 0
    with Weftd(daemon=daemon) as weftd:
        weftd.apply({"default": {"networks": {"lan": {}}, "ports": {}}})
        for path in sorted(glob.glob(os.path.join(FOLDER, "*.txt"))):
            name = os.path.basename(path).removesuffix(".txt")
            weftd.ctl("port", "add", name, "--network", "lan", "--server", "--queues", "8")
            said = Player(path, weftd.socket(name), lambda n=name: weftd.port(n)).differences
            print(f"{name}: {len(said)} differences")
            for text in said:
                print("  ", text)
            differences += len(said)
    return differences


if __name__ == "__main__":
    if sys.argv[1:2] == ["record"]:
        record()
    else:
        sys.exit(play(os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else WEFTD) != 0)
