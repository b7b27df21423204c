# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Rooms: each uses only lower ones, no objects form a circle, and what leaves a room is called weft_*."""
import collections
import os
import re

from objects import circles

# The parts from the ground up. The rooms of a part stand in its meson.build, from the ground up too.
PARTS = ("include/weft", "pipeline", "vhost", "sriov", "dataplane", "control", "control/ctl", "control/rest")
# Parts do not use these, though they are lower.
APART = {
    "vhost": r"pipeline/(?!base/)",
    "sriov": r"pipeline/(?!base/)|vhost/",
    "control/ctl": r"(?!control/ctl/|include/weft/)",
    "control/rest": r"(?!control/rest/|include/weft/)",
}
# The control thread sees the data plane through include/weft only. main() starts both.
CONTROL_INCLUDES = r"(pipeline|vhost|sriov|dataplane)/"
MAIN = "control/daemon/main.c"
MAX_SOURCES = 20


def rooms():
    """All rooms in their order, from the ground up."""
    order = []
    for part in PARTS:
        build = os.path.join(part, "meson.build")
        text = open(build, encoding="utf-8").read() if os.path.exists(build) else ""
        order += [f"{part}/{room}" for room in re.findall(r"^  '([a-z_/]+)': \[$", text, re.M)]
        if part != "control":
            order.append(part)
    return order


def part_of(room):
    """The part that a room is in."""
    return max((p for p in PARTS if room == p or room.startswith(p + "/")), key=len)


class House:
    """The rooms, and what is wrong with them."""

    def __init__(self, problem):
        self.order = rooms()
        self.floor = {room: i for i, room in enumerate(self.order)}
        self.problem = problem
        self.up = 0
        self.uses = collections.defaultdict(set)
        for part in APART:
            if part not in PARTS:
                problem("tests/lint/rooms.py", f"keeps {part} apart, which is no part")
        for place in [*self.order, MAIN]:
            if not os.path.exists(place):
                problem("tests/lint/rooms.py, or a meson.build", f"names {place}, which is not there")

    def room_of(self, path):
        """The room of a file, or None: it is in no part."""
        room = os.path.dirname(path)
        return room if room in self.floor else None

    def arrow(self, user, used, what):
        """One file uses another: is that allowed?"""
        here, there = self.room_of(user), self.room_of(used)
        if here is None or there is None or here == there:
            return
        self.uses[here].add(there)
        part = part_of(here)
        if self.floor[there] > self.floor[here]:
            self.up += 1
            self.problem(user, f"{what} is in {there}, a room above {here}")
        elif part in APART and part_of(there) != part and re.match(APART[part], used):
            self.problem(user, f"{what} is in {there}, which {part} does not use")

    def check_includes(self, path, text):
        """Headers by their paths; a bare name is of the file's own room."""
        if self.room_of(path) is None:
            self.problem(path, "is in no room that a meson.build names")
        for header in re.findall(r'^#include "([^"]+)"', text, re.M):
            if header.startswith("weft/"):
                used = "include/" + header
            elif "/" in header:
                used = header
            else:
                used = os.path.join(os.path.dirname(path), header)
            if header.endswith(".skel.h"):
                continue
            if not os.path.exists(used):
                self.problem(path, f'includes "{header}", which is not there; name a header of another room by its path')
                continue
            self.arrow(path, used, f'"{header}"')
            if path.startswith("control/") and path != MAIN and re.match(CONTROL_INCLUDES, used):
                self.problem(path, f'includes "{header}"; control sees the data plane through include/weft only')

    def check_objects(self, objects):
        """Arrows by symbols, circles, and names."""
        arrows = objects.arrows()
        named = set()
        for (user, used), symbols in sorted(arrows.items()):
            self.arrow(user, used, ", ".join(sorted(symbols)[:4]))
            if self.room_of(user) != self.room_of(used):
                named |= {(used, s) for s in symbols if not s.startswith("weft_")}
        for used, symbol in sorted(named):
            self.problem(used, f"{symbol} is used by other rooms, and is not called weft_*")
        found = circles([a for a in arrows if a[0] != a[1]])
        for circle in found:
            inside = [f"{a} -> {b} ({', '.join(sorted(s)[:3])})" for (a, b), s in sorted(arrows.items())
                      if a != b and a in circle and b in circle]
            self.problem(circle[0], f"{len(circle)} objects use each other in a circle:\n    " + "\n    ".join(inside))
        return len(found)

    def check_sizes(self, sources):
        """How much a room holds."""
        held = collections.Counter(self.room_of(s) for s in sources if s.endswith(".c"))
        for room, n in held.items():
            if room and n > MAX_SOURCES:
                self.problem(room, f"holds {n} sources, and {MAX_SOURCES} are the most")
        return held

    def show(self, held, n_circles):
        """The rooms, from the ground up."""
        print("room                       sources  uses")
        for room in self.order:
            lower = [r for r in self.order if r in self.uses[room] and r != "include/weft"]
            print(f"{room:26} {held[room]:7}  {' '.join(lower)}".rstrip())
        print(f"rooms: {len(self.order)}, in this order; arrows up: {self.up}; circles: {n_circles}")
