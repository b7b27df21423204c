# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A vhost-user front end in Python: a guest that sends and receives single frames, and that can lie.

Protocol: QEMU's docs/interop/vhost-user.rst. Rings: virtio 1.1, split virtqueues (section 2.6).
"""
import array
import mmap
import os
import socket
import struct
import time

from .proc import wait_for

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE = 15, 16, 18

F_MRG_RXBUF, F_MQ, F_PROTOCOL, F_VERSION_1 = 1 << 15, 1 << 22, 1 << 30, 1 << 32
NEXT, WRITE, INDIRECT = 1, 2, 4

GPA, UVA = 0x10000, 0x100000000
HEADER = 12  # struct virtio_net_hdr of virtio 1.0
BUFFER = 2048


class Ring:
    """One split ring in the guest's memory: descriptors, available ring, used ring, a buffer for each."""

    def __init__(self, memory, offset, size):
        self.memory, self.size = memory, size
        self.desc = offset
        self.avail = offset + 16 * size
        self.used = (self.avail + 6 + 2 * size + 3) & ~3
        self.buffers = (self.used + 6 + 8 * size + 63) & ~63
        self.end = self.buffers + BUFFER * size
        self.next_avail = self.next_used = 0
        # The other side reads while we write: indices go in and out as whole 16-bit words.
        self.words = memoryview(memory).cast("H")

    def write_desc(self, i, address, length, flags, following=0):
        """Fills descriptor I."""
        struct.pack_into("<QIHH", self.memory, self.desc + 16 * i, address, length, flags, following)

    def offer(self, i, seen=True):
        """Makes the chain that starts with descriptor I available; weft does not see it before the next one that is SEEN."""
        struct.pack_into("<H", self.memory, self.avail + 4 + 2 * (self.next_avail % self.size), i)
        self.next_avail = (self.next_avail + 1) & 0xffff
        if seen:
            self.words[(self.avail + 2) // 2] = self.next_avail

    def buffer(self, i):
        """Offset of the buffer of descriptor I."""
        return self.buffers + BUFFER * i

    def take_used(self):
        """The next used (descriptor, length), or None."""
        if self.words[(self.used + 2) // 2] == self.next_used:
            return None
        item = struct.unpack_from("<II", self.memory, self.used + 4 + 8 * (self.next_used % self.size))
        self.next_used = (self.next_used + 1) & 0xffff
        return item


class VhostGuest:
    """A guest with PAIRS queue pairs. It listens on PATH (weft is the client) unless CLIENT."""

    def __init__(self, path, client=False, pairs=1, size=64, mrg=False):
        self.path, self.client, self.pairs, self.size = path, client, pairs, size
        self.features = F_VERSION_1 | F_PROTOCOL | (F_MRG_RXBUF if mrg else 0) | (F_MQ if pairs > 1 else 0)
        self.listener = self.sock = None
        self.length = 1 << 20 if pairs == 1 else 1 << 23
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, self.length)
        self.memory = mmap.mmap(self.fd, self.length)
        self.rings = []
        offset = 0
        for _ in range(2 * pairs):
            ring = Ring(self.memory, offset, size)
            self.rings.append(ring)
            offset = (ring.end + 4095) & ~4095
        self.fds = []
        self.received = []
        self.queue_of = []
        if not client:
            self.listen()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def listen(self):
        """Makes the socket that weft will find."""
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.listener.settimeout(20)

    def connect(self):
        """Gets a connection with weft."""
        if self.client:

            def connected():
                """weft to listen"""
                self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    self.sock.connect(self.path)
                    return True
                except OSError:
                    self.sock.close()
                    return False

            wait_for(connected)
        else:
            self.sock = self.listener.accept()[0]
        self.sock.settimeout(20)

    def send_message(self, request, payload=b"", fds=(), flags=1):
        """Sends one vhost-user message."""
        data = struct.pack("<III", request, flags, len(payload)) + payload
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([data], ancillary)

    def ask(self, request, payload=b""):
        """Sends a message and returns the answer's payload."""
        self.send_message(request, payload)
        head = self._read(12)
        return self._read(struct.unpack("<III", head)[2])

    def _read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise ConnectionError("weft closed the connection")
            data += part
        return data

    def send_memory(self):
        """SET_MEM_TABLE with the one region."""
        region = struct.pack("<QQQQ", GPA, self.length, UVA, 0)
        self.send_message(SET_MEM_TABLE, struct.pack("<II", 1, 0) + region, [self.fd])

    def start_ring(self, index):
        """Tells weft about one ring."""
        ring = self.rings[index]
        kick, call = os.eventfd(0), os.eventfd(0)
        self.fds += [kick, call]
        self.send_message(SET_VRING_NUM, struct.pack("<II", index, ring.size))
        self.send_message(SET_VRING_BASE, struct.pack("<II", index, ring.next_used))
        self.send_message(SET_VRING_ADDR, struct.pack("<IIQQQQ", index, 0, UVA + ring.desc, UVA + ring.used,
                                                      UVA + ring.avail, 0))
        self.send_message(SET_VRING_KICK, struct.pack("<Q", index), [kick])
        self.send_message(SET_VRING_CALL, struct.pack("<Q", index), [call])
        self.send_message(SET_VRING_ENABLE, struct.pack("<II", index, 1))

    def start(self):
        """Connects and brings all rings up, with receive buffers in place."""
        self.connect()
        self.negotiate()
        for index in range(2 * self.pairs):
            self.start_ring(index)
        for pair in range(self.pairs):
            ring = self.rings[2 * pair]
            for i in range(ring.size):
                ring.write_desc(i, GPA + ring.buffer(i), BUFFER, WRITE)
                ring.offer(i)
        return self

    def reconnect(self):
        """The same guest, with its rings as they are, when weft has come back."""
        self.disconnect()
        self.connect()
        self.negotiate()
        for index in range(2 * self.pairs):
            self.start_ring(index)

    def negotiate(self):
        """Features and memory."""
        offered = struct.unpack("<Q", self.ask(GET_FEATURES))[0]
        missing = self.features & ~offered
        assert missing == 0, f"weft does not offer features {missing:#x}"
        self.send_message(SET_OWNER)
        self.ask(GET_PROTOCOL_FEATURES)
        self.send_message(SET_PROTOCOL_FEATURES, struct.pack("<Q", 1 if self.pairs > 1 else 0))
        self.send_message(SET_FEATURES, struct.pack("<Q", self.features))
        self.send_memory()

    def room(self, pair=0):
        """Whether one more frame can be sent."""
        ring = self.rings[2 * pair + 1]
        while ring.take_used():
            pass
        return (ring.next_avail - ring.next_used) % 65536 < ring.size

    def send_together(self, frames):
        """Sends frames that weft sees at once."""
        for k, frame in enumerate(frames):
            self.send(frame, seen=k == len(frames) - 1)

    def send(self, frame, pair=0, seen=True):
        """Sends one frame (bytes or a scapy packet); SEEN as with a ring's offer."""
        frame = bytes(frame)
        ring = self.rings[2 * pair + 1]
        wait_for(lambda: self.room(pair))
        i = ring.next_avail % ring.size
        at = ring.buffer(i)
        self.memory[at:at + HEADER] = bytes(HEADER)
        self.memory[at + HEADER:at + HEADER + len(frame)] = frame
        ring.write_desc(i, GPA + at, HEADER + len(frame), 0)
        ring.offer(i, seen)

    def poll(self):
        """Moves what has arrived into received[]."""
        for pair in range(self.pairs):
            ring = self.rings[2 * pair]
            while (used := ring.take_used()) is not None:
                i, length = used
                at = ring.buffer(i)
                self.received.append(bytes(self.memory[at + HEADER:at + length]))
                self.queue_of.append(pair)
                ring.offer(i)
        return self.received

    def expect(self, count=1, seconds=20):
        """Waits for COUNT frames, and returns and forgets all that came."""

        def there():
            """frames to arrive"""
            return len(self.poll()) >= count

        wait_for(there, seconds)
        frames, self.received = self.received, []
        return frames

    def silenced(self, pair=0):
        """Whether weft has told the guest that it need not kick (VIRTQ_USED_F_NO_NOTIFY)."""
        ring = self.rings[2 * pair + 1]
        return ring.words[ring.used // 2] == 1

    def drained(self):
        """Whether weft has taken everything that was sent."""
        for pair in range(self.pairs):
            ring = self.rings[2 * pair + 1]
            while ring.take_used():
                pass
            if ring.next_used != ring.next_avail:
                return False
        return True

    def settle(self):
        """Waits until weft has taken everything that was sent, and a moment more for it to arrive."""
        wait_for(self.drained)
        time.sleep(0.02)

    def stop_rings(self):
        """GET_VRING_BASE on all rings, as a guest that shuts down does."""
        for index in range(2 * self.pairs):
            self.ask(GET_VRING_BASE, struct.pack("<II", index, 0))

    def disconnect(self):
        """Closes the connection without a word."""
        if self.sock:
            self.sock.close()
            self.sock = None

    def close(self):
        """Goes away, as a process that ends does."""
        self.disconnect()
        if self.listener:
            self.listener.close()
            if os.path.exists(self.path):
                os.unlink(self.path)
            self.listener = None
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        if self.fd >= 0:
            for ring in self.rings:
                ring.words.release()
            self.memory.close()
            os.close(self.fd)
            self.fd = -1
