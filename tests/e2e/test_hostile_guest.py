# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A guest that lies on its socket or in its rings: its own port suffers, no other, and weftd goes on."""
import os
import random
import re
import struct

import pytest
from conftest import Lan, mac
from harness.proc import wait_for
from harness.vhost_guest import GPA, INDIRECT, NEXT, UVA, VhostGuest
from harness import vhost_guest as vu
from scapy.all import Ether, Raw, raw

FRAME = raw(Ether(dst=mac(2), src=mac(1), type=0x88b5) / Raw(b"neighbour" * 5))


@pytest.fixture
def victims(weftd):
    """Two honest guests, and a third port for the liar."""
    with Lan(weftd, 2, extra={1: {"mac": mac(1)}, 2: {"mac": mac(2)}}) as lan:
        weftd.ctl("port", "add", "liar", "--network", "lan")
        yield lan
        for _ in range(3):
            lan[1].send(FRAME)
            assert lan[2].expect()[-1] == FRAME


def liar(weftd):
    """The liar's guest, up."""
    guest = VhostGuest(weftd.socket("liar"))
    guest.start()
    weftd.wait_link("liar")
    return guest


def expect_traffic(victims):
    """The other guests go on."""
    for _ in range(5):
        victims[1].send(FRAME)
        assert victims[2].expect() == [FRAME]


def replace(weftd, guest):
    """The guest goes, and the next one has no error."""
    guest.close()
    guest = liar(weftd)
    assert "error" not in weftd.port("liar")
    guest.close()


@pytest.mark.parametrize("lie", range(10))
def test_lying_transmit_descriptors(weftd, victims, lie):
    guest = liar(weftd)
    ring = guest.rings[1]
    descs = [
        (0xdeadbeef0000, 100, 0, 0),  # outside the guest's memory
        (GPA + guest.length - 8, 100, 0, 0),  # across its end
        ((1 << 64) - 50, 100, 0, 0),  # wraps
        (GPA, 0xffffffff, 0, 0),  # huge
        (GPA, 100, NEXT, 0),  # a loop
        (GPA, 100, NEXT, 60000),  # next outside the table
        (GPA, 0, 0, 0),  # empty
        (GPA, 4, 0, 0),  # shorter than a header
        (GPA, 100, INDIRECT, 0),  # indirect, not negotiated
        (GPA, 100, 2, 0),  # for writing only
    ]
    ring.write_desc(0, *descs[lie])
    ring.offer(0)
    expect_traffic(victims)

    def named():
        """the lie to be named"""
        if lie in (6, 7):  # too short for a frame, and no lie: it is counted as a runt
            return weftd.drops("liar").get("parse_runt") == 1
        return re.search("ring 1, from the guest, stopped: the guest .+", weftd.port("liar").get("error", ""))

    wait_for(named)
    replace(weftd, guest)


def test_feature_that_is_not_offered_is_named(weftd, victims):
    """With the option of QEMU that turns it off."""
    guest = VhostGuest(weftd.socket("liar"))
    guest.connect()
    guest.ask(vu.GET_FEATURES)
    guest.send_message(vu.SET_FEATURES, struct.pack("<Q", vu.F_VERSION_1 | 1 << 33))

    def named():
        """the feature to be named"""
        return "insists on IOMMU (feature 33)" in weftd.port("liar").get("error", "")

    wait_for(named)
    assert "iommu_platform=off" in weftd.port("liar")["error"]
    replace(weftd, guest)


def test_lying_about_inflight_pages(weftd, victims):
    """More rings, or longer ones, than there are pages for."""
    for size, queues, length in ((4096, 65535, 256), (4096, 2, 65535), (0, 2, 256), (64, 2, 256), (1 << 60, 2, 256)):
        guest = VhostGuest(weftd.socket("liar"))
        guest.connect()
        guest.negotiate()
        for request in (31, 32):
            try:
                guest.send_message(request, struct.pack("<QQHHI", size, 0, queues, length, 0), [guest.fd] if request == 32 else [])
            except OSError:
                pass  # it was refused already
        victims[1].send(FRAME)
        assert victims[2].expect() == [FRAME]
        guest.close()


@pytest.mark.parametrize("index", [0, 1])
def test_lying_ring_indices(weftd, victims, index):
    guest = liar(weftd)
    ring = guest.rings[index]
    struct.pack_into("<H", guest.memory, ring.avail + 4, 65000)
    ring.words[(ring.avail + 2) // 2] = (ring.next_avail + 30000) & 0xffff
    for _ in range(5):
        victims[1].send(FRAME)
        victims[1].send(raw(Ether(dst="ff:ff:ff:ff:ff:ff", src=mac(1), type=0x88b5)))
        victims[2].expect(2)
    guest.close()


def test_random_rings(weftd, victims):
    rng = random.Random(7)
    for _ in range(20):
        guest = liar(weftd)
        for ring in guest.rings:
            junk = bytes(rng.randrange(256) for _ in range(16 * ring.size + 6 + 2 * ring.size))
            guest.memory[ring.desc:ring.desc + len(junk)] = junk
        victims[1].send(FRAME)
        assert FRAME in victims[2].expect()
        guest.close()
        weftd.wait_link("liar", up=False)
        victims[2].poll().clear()


@pytest.mark.parametrize("message", [
    (vu.SET_MEM_TABLE, struct.pack("<II", 9, 0)),
    (vu.SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, GPA, 1 << 62, UVA, 0)),
    (vu.SET_VRING_NUM, struct.pack("<II", 1, 3)),
    (vu.SET_VRING_NUM, struct.pack("<II", 1, 65536)),
    (vu.SET_VRING_NUM, struct.pack("<II", 5000, 64)),
    (vu.SET_VRING_ADDR, struct.pack("<IIQQQQ", 1, 0, 1, 2, 3, 4)),
    (vu.SET_VRING_KICK, struct.pack("<Q", 1)),
    (vu.SET_FEATURES, struct.pack("<Q", (1 << 64) - 1)),
    (200, b"x" * 100),
    (vu.SET_VRING_ENABLE, b""),
])
def test_nonsense_messages(weftd, victims, message):
    """On a running connection; the guest then goes, and may come back."""
    guest = liar(weftd)
    guest.send_message(*message)
    victims[1].send(FRAME)
    assert victims[2].expect() == [FRAME]
    guest.close()
    weftd.wait_link("liar", up=False)
    guest = liar(weftd)
    guest.close()


def test_random_bytes_on_the_socket(weftd, victims):
    rng = random.Random(3)
    for _ in range(30):
        guest = VhostGuest(weftd.socket("liar"))
        guest.connect()
        try:
            guest.sock.sendall(bytes(rng.randrange(256) for _ in range(rng.choice([1, 11, 12, 100, 5000]))))
        except OSError:
            pass
        guest.close()
    victims[1].send(FRAME)
    assert victims[2].expect() == [FRAME]


@pytest.mark.parametrize("held_back", ["header", "payload", "answers"])
def test_message_that_is_held_back(weftd, victims, held_back):
    """The library has one thread for all guests' messages: a guest that stops in one must not stop the others."""
    guest = VhostGuest(weftd.socket("liar"))
    guest.connect()
    if held_back == "header":
        guest.sock.sendall(b"\x01\x00")
    elif held_back == "payload":
        guest.sock.sendall(struct.pack("<III", vu.SET_FEATURES, 1, 8))
    else:
        guest.sock.setblocking(False)
        try:
            while True:
                guest.send_message(vu.GET_FEATURES)
        except BlockingIOError:
            pass
    victims[2].close()
    victims.guests[2] = VhostGuest(weftd.socket("g2"))
    victims[2].start()
    weftd.wait_link("g2")
    guest.close()


def test_asking_for_other_inflight_pages(weftd, victims):
    """While the rings use those that they have: the rings go on with the new ones, and the old ones may go."""
    guest = liar(weftd)
    guest.send_message(vu.SET_PROTOCOL_FEATURES, struct.pack("<Q", 1 << 12))
    for _ in range(5):
        pages = os.memfd_create("pages")
        os.ftruncate(pages, 1 << 20)
        guest.send_message(32, struct.pack("<QQHHI", 1 << 20, 0, 2, 256, 0), [pages])
        assert len(guest.ask(31, struct.pack("<QQHHI", 0, 0, 2, 256, 0))) == 24
        guest.send(FRAME)
        guest.settle()
        expect_traffic(victims)
        os.close(pages)
    assert weftd.port("liar")["link"] == "up"
    guest.close()


def test_inflight_pages_without_their_feature(weftd, victims):
    guest = liar(weftd)
    guest.send_message(32, struct.pack("<QQHHI", 1 << 20, 0, 2, 256, 0), [guest.fd])
    weftd.wait_link("liar", up=False)
    assert "sent SET_INFLIGHT_FD without its protocol feature" in weftd.port("liar")["error"]
    expect_traffic(victims)
    replace(weftd, guest)


def test_memory_that_goes_away(weftd, victims):
    """The guest truncates nothing: it replaces its memory table while its rings run."""
    guest = liar(weftd)
    for _ in range(50):
        guest.length -= 4096
        guest.send_memory()
        guest.rings[1].write_desc(0, GPA, 100, 0)
        guest.rings[1].offer(0)
        victims[1].send(FRAME)
        assert victims[2].expect() == [FRAME]
    guest.close()


def test_memory_that_is_cut_short(weftd, victims):
    """The front end truncates the file behind its memory: whoever touches what is gone gets SIGBUS."""
    guest = liar(weftd)
    os.ftruncate(guest.fd, 0)

    def named():
        """the cut to be named"""
        return "cut the file behind its memory short" in weftd.port("liar").get("error", "")

    wait_for(named)
    expect_traffic(victims)
    weftd.wait_link("liar", up=False)
    replace(weftd, guest)


def test_inflight_pages_that_are_cut_short(weftd, victims):
    guest = VhostGuest(weftd.socket("liar"))
    guest.connect()
    guest.negotiate()
    guest.send_message(vu.SET_PROTOCOL_FEATURES, struct.pack("<Q", 1 << 12))
    pages = os.memfd_create("pages")
    os.ftruncate(pages, 1 << 20)
    guest.send_message(32, struct.pack("<QQHHI", 1 << 20, 0, 2, 256, 0), [pages])
    os.ftruncate(pages, 0)
    try:
        guest.start_ring(0)
        guest.start_ring(1)
        guest.ask(vu.GET_FEATURES)
    except OSError:  # closed is what it should be
        pass
    expect_traffic(victims)
    guest.close()
    os.close(pages)
    guest = liar(weftd)
    guest.close()


def test_mac_flood_stays_in_its_quota(weftd, victims):
    weftd.ctl("port", "del", "liar")
    weftd.ctl("port", "add", "liar", "--network", "lan", "--max-macs", "16")
    guest = liar(weftd)
    for i in range(300):
        guest.send(raw(Ether(dst=mac(1), src=f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", type=0x88b5)))
        victims[1].expect(1)
    assert guest.drained()
    rows = weftd.ctl("fdb")
    assert len([r for r in rows if r["port"] == "default/liar"]) == 16
    assert weftd.port("liar")["counters"]["macs_refused"] == 284
    guest.close()
    assert os.path.exists(weftd.dir)
