# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Conversations of real front ends with weft: recorded between the two, and played again.

A line is a message: > from the front end, < from weft; request, flags, payload, and a word for each descriptor: e is an eventfd, m1:4096
the first file of memory, with its bytes. "= 2" says that two queue pairs run then.
"""
import array
import os
import select
import socket
import stat
import struct
import threading

from .proc import wait_for

GET_FEATURES, GET_VRING_BASE, GET_PROTOCOL_FEATURES = 1, 11, 15


def receive(sock):
    """The next message: (request, flags, payload, descriptors), or None at the end."""
    try:
        head, ancillary, _, _ = sock.recvmsg(12, socket.CMSG_SPACE(16 * 4))
    except ConnectionResetError:
        head = b""
    if not head:
        return None
    fds = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data)
    request, flags, size = struct.unpack("<III", head)
    return request, flags, sock.recv(size, socket.MSG_WAITALL) if size else b"", list(fds)


def send(sock, request, flags, payload, fds):
    """Sends a message, and closes its descriptors."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([struct.pack("<III", request, flags, len(payload)) + payload], rights)
    for fd in fds:
        os.close(fd)


class Recorder:
    """Stands at the socket FRONT between a front end and weft, which listens at BACK."""

    def __init__(self, front, back):
        self.lines, self.files = [], {}
        self.back = back
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(front)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _word(self, fd):
        """What a descriptor is."""
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return "e"
        number = self.files.setdefault((found.st_dev, found.st_ino), len(self.files) + 1)
        return f"m{number}:{found.st_size}"

    def _run(self):
        front, _ = self.listener.accept()
        self.listener.close()
        back = socket.socket(socket.AF_UNIX)
        back.connect(self.back)
        with front, back:
            while True:
                for sock in select.select([front, back], [], [])[0]:
                    message = receive(sock)
                    if message is None:
                        return
                    request, flags, payload, fds = message
                    words = [">" if sock is front else "<", str(request), f"{flags:x}", payload.hex() or "-", *map(self._word, fds)]
                    self.lines.append(" ".join(words))
                    try:
                        send(back if sock is front else front, *message)
                    except OSError:
                        return

    def mark(self, report):
        """Notes how many queue pairs run, by weft's REPORT of the port."""
        self.lines.append(f"= {report['queues'] if report['link'] == 'up' else 0}")

    def save(self, path, title):
        """Writes what was said."""
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join([f"# {title}", *self.lines]) + "\n")


class Player:
    """Plays a recorded conversation to weft, which listens at BACK. DIFFERENCES says where the answers are others."""

    def __init__(self, path, back, report):
        self.report, self.files, self.differences = report, {}, []
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        with socket.socket(socket.AF_UNIX) as self.sock:
            self.sock.settimeout(5)
            self.sock.connect(back)
            for number, line in enumerate(lines, 1):
                try:
                    self._line(number, line.split())
                except OSError as e:
                    self.differences.append(f"{number}: {line[:60]}: {e}")
                    break
        for fd in self.files.values():
            os.close(fd)

    def _make(self, word):
        """A descriptor like the one that was recorded."""
        if word == "e":
            return os.eventfd(0)
        number, size = word[1:].split(":")
        if number not in self.files:
            self.files[number] = os.memfd_create("guest")
        os.ftruncate(self.files[number], int(size))
        return os.dup(self.files[number])

    def _line(self, number, words):
        if words[0] == ">":
            send(self.sock, int(words[1]), int(words[2], 16), bytes.fromhex(words[3].strip("-")), [self._make(w) for w in words[4:]])
        elif words[0] == "<":
            message = receive(self.sock)
            if message is None:
                raise ConnectionError("weft has closed the connection")
            request, flags, payload, fds = message
            for fd in fds:
                os.close(fd)
            was = bytes.fromhex(words[3].strip("-"))
            # What a ring's place is depends on its contents.
            if request == GET_VRING_BASE:
                payload, was = payload[:4], was[:4]
            said = f"{request} {flags:x} {payload.hex() or '-'} {len(fds)}"
            if said != f"{words[1]} {words[2]} {was.hex() or '-'} {len(words) - 4}":
                self.differences.append(f"{number}: recorded {' '.join(words[1:])}, now {said}")
        elif words[0] == "=":
            try:
                wait_for(lambda: self._pairs() == int(words[1]), 2, step=0.01)
            except TimeoutError:
                self.differences.append(f"{number}: {words[1]} pairs ran, now {self._pairs()}: {self.report().get('error')}")

    def _pairs(self):
        report = self.report()
        return report["queues"] if report["link"] == "up" else 0
