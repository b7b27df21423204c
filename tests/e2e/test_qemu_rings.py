# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Linux's virtio driver in QEMU on weft's own rings: every layout, live migration with memory compared, death under TCP."""
import os
import re
import tempfile
import time
import warnings

import pytest
from conftest import mac
from harness import packages, qemu
from harness.proc import wait_for
from harness.vhost_guest import VhostGuest
from scapy.all import Ether, Raw, raw

pytestmark = pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")

# The options of QEMU's device, and the feature bits that must, or must not, be negotiated then.
LAYOUTS = {
    "split": ("", {15: True, 28: True, 29: True, 32: True, 34: False}),
    "split-plain": (",mrg_rxbuf=off,indirect_desc=off,event_idx=off", {15: False, 28: False, 29: False}),
    "split-legacy": (",disable-modern=on,disable-legacy=off,mrg_rxbuf=off", {32: False, 15: False}),
    "packed": (",packed=on", {34: True, 28: True, 29: True, 15: True}),
    "packed-plain": (",packed=on,mrg_rxbuf=off,indirect_desc=off,event_idx=off", {34: True, 28: False, 29: False, 15: False}),
    "small": (",rx_queue_size=256,tx_queue_size=256,indirect_desc=off", {15: True, 28: False}),
}


def received(result):
    """Answers in the output of ping."""
    found = re.search(r"(\d+) packets received", result[1])
    return int(found[1]) if found else 0


def older():
    """How to run an older QEMU for the second machine: Debian 12's, where it is to be had."""
    try:
        return qemu.debian12()
    except packages.Unavailable as why:
        warnings.warn(f"only this machine's QEMU is tried: {why}")
        return qemu.HERE


def nic(guest, address):
    """The name of the guest's NIC with a MAC."""
    return guest.sh(f"for i in /sys/class/net/*; do grep -q {address} $i/address && basename $i; done")[1].split()[-1]


def test_layouts(weftd):
    """Two machines, one of an older QEMU, with a NIC for each layout, the first with two queue pairs; frames of all sizes both ways."""
    names = list(LAYOUTS)
    weftd.apply({"default": {"networks": {n: {} for n in names}, "ports": {
        f"{n}-{i}": {"network": n} for n in names for i in (1, 2)}}})

    def nics(i):
        return [(weftd.socket(f"{n}-{i}"), f"52:54:00:00:{k:02x}:0{i}", LAYOUTS[n][0]) for k, n in enumerate(names)]

    guests = {i: qemu.QemuGuest(*nics(i)[0][:2], options=nics(i)[0][2], more=nics(i)[1:], program=program, queues=2,
                                extra=["-smp", "2"])
              for i, program in ((1, qemu.HERE), (2, older()))}
    try:
        for i, guest in guests.items():
            guest.wait_boot()
            for k, (_, address, _) in enumerate(nics(i)):
                name = nic(guest, address)
                guest.sh(f"ip addr add 10.0.{k}.{i}/24 dev {name}; ip link set {name} up")
        for k, name in enumerate(names):
            weftd.wait_link(f"{name}-1", f"{name}-2")
            for size in (1, 64, 1000, 1472):
                assert received(guests[1].sh(f"ping -c 5 -i 0.02 -s {size} 10.0.{k}.2")) == 5, (name, size)
            for port in (f"{name}-1", f"{name}-2"):
                report = weftd.port(port)
                features = int(report["features"], 16)
                for bit, there in LAYOUTS[name][1].items():
                    assert bool(features >> bit & 1) == there, (port, bit, hex(features))
                assert not report.get("error"), report
                assert not set(report["drops"]) - {"out_link_down", "out_ring_full"}
    finally:
        for guest in guests.values():
            guest.close()


def test_death_under_tcp(weftd):
    """weftd is killed again and again while two machines move data by TCP: the connection lives, and no byte is lost."""
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {f"vm{i}": {"network": "lan", "mac": mac(i)} for i in (1, 2)}}})
    with qemu.iperf_pair(weftd, mac) as guests:
        guests[1].start("iperf3 -c 10.0.0.2 -n 100M")
        for _ in range(3):
            time.sleep(0.7)
            weftd.kill()
            weftd.start()
            weftd.wait_link("vm1", "vm2")
        code, said = guests[1].finish()
        assert code == 0 and re.search(r"100 MBytes .*sender", said) and re.search(r" MBytes .*receiver", said), said
        for i in (1, 2):
            assert guests[i].process.poll() is None
            assert not weftd.port(f"vm{i}").get("error")


def differing_pages(one, other):
    """Numbers of the pages in which two files differ."""
    with open(one, "rb") as a, open(other, "rb") as b:
        x, y = a.read(), b.read()
    assert len(x) == len(y)
    return [i // 4096 for i in range(0, len(x), 4096) if x[i:i + 4096] != y[i:i + 4096]]


@pytest.mark.parametrize("options", ["", ",packed=on"], ids=["split", "packed"])
def test_live_migration(weftd, options):
    """A machine moves to another QEMU under traffic, with split rings to a newer one; both memories are compared before it goes on.

    Small frames come after most of its memory was copied: Linux only reads those, so that nobody but the switch
    has written, or logged, the pages that they are in.
    """
    weftd.apply({"default": {"networks": {"lan": {}}, "ports": {n: {"network": "lan"} for n in ("vm1", "here", "there", "sender")}}})
    program = qemu.HERE if options else older()
    # What the older one does not have, the newer one is to do without.
    kind = {"options": options + (",vectors=0" if program != qemu.HERE else ""), "machine": "q35" if options else "pc-q35-7.2"}
    with tempfile.TemporaryDirectory(prefix="weft-memory-", dir="/dev/shm") as folder, \
            VhostGuest(weftd.socket("sender")) as sender:
        files = [os.path.join(folder, n) for n in ("here", "there")]
        peer = qemu.QemuGuest(weftd.socket("vm1"), mac(1))
        here = qemu.QemuGuest(weftd.socket("here"), mac(2), memory=files[0], program=program, **kind)
        there = qemu.QemuGuest(weftd.socket("there"), mac(2), memory=files[1],
                               extra=["-incoming", f"unix:{folder}/migration", "-S"], **kind)

        def left():
            """bytes that are to be copied"""
            return here.qmp("query-migrate").get("ram", {}).get("remaining", 1 << 40)

        def moved():
            """the migration to end"""
            return here.qmp("query-migrate").get("status") == "completed"

        try:
            for i, guest in ((1, peer), (2, here)):
                guest.set_up(i)
            weftd.wait_link("vm1", "here", "sender")
            assert received(peer.sh("ping -c 5 -i 0.1 10.0.0.2")) == 5
            # Nearly all of it is copied, and the rest is held back.
            here.qmp("migrate-set-parameters", **{"max-bandwidth": 20 << 20})
            here.qmp("migrate", uri=f"unix:{folder}/migration")
            wait_for(lambda: left() < 16 << 20, 60, step=0.02)
            here.qmp("migrate-set-parameters", **{"max-bandwidth": 100 << 10})
            before = weftd.port("here")["counters"]["tx_packets"]
            for _ in range(200):
                sender.send(raw(Ether(dst=mac(2), src=mac(7), type=0x88b5) / Raw(os.urandom(80))))
            sender.settle()
            assert not moved()
            here.qmp("migrate-set-parameters", **{"max-bandwidth": 400 << 20})
            wait_for(moved, 60, step=0.05)
            wait_for(lambda: there.qmp("query-status")["status"] != "inmigrate")
            assert weftd.port("here")["counters"]["tx_packets"] - before >= 150
            assert differing_pages(*files) == []
            there.qmp("cont")
            weftd.wait_link("there")
            assert received(peer.sh("ping -c 10 -i 0.1 10.0.0.2")) >= 8
        finally:
            for guest in (peer, here, there):
                guest.close()
