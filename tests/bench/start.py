# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench start [--turns N] [--against BUILD] [CASE...] [--json FILE]: milliseconds from the start to the first packet
forwarded, for attaching a port, for a guest to be served again after a SIGKILL of the switch or of the guest ("life"); and for
guests that connect, alone and beside front ends that lie ("connect"). OVS-DPDK and the weftd of another build take turns.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench import connect, pvp  # noqa: E402
from bench.report import finish, spread  # noqa: E402
from harness import ovs  # noqa: E402
from harness.proc import WEFTD  # noqa: E402
from harness.vhost_guest import VhostGuest  # noqa: E402
from harness.weftd import Weftd  # noqa: E402

MACS = ["52:54:00:00:00:01", "52:54:00:00:00:02"]
FRAME = bytes.fromhex("525400000002" "525400000001" "88b5") + bytes(50)
STEPS = ("start_to_first_packet_ms", "attach_ms", "reconnect_guest_ms", "reconnect_after_kill_ms", "start_after_kill_ms")


def first_packet(a, b):
    """Sends from A until B has something."""
    while not b.poll():
        a.send(FRAME)
        time.sleep(0.0005)
    b.received.clear()


def served(path, size=64):
    """A new guest on PATH, as soon as the switch serves it: (guest, milliseconds from its socket's appearing)."""
    start = time.monotonic()
    guest = VhostGuest(path, size=size)
    guest.listener.settimeout(60)
    guest.start()
    return guest, 1000 * (time.monotonic() - start)


class Weft:
    """weftd with huge pages and a spinning worker, as it would be run."""

    def __init__(self, daemon=WEFTD):
        self.weftd = Weftd(daemon=daemon, workers=[1], control_cpus="0", hugepages=True, memory_mb=256, mbufs=32768)
        self.paths = [f"{self.weftd.dir}/p{i}" for i in (0, 1)]
        self.third = f"{self.weftd.dir}/p2"

    def prepare(self):
        """The ports are configured, the process is not there."""
        self.weftd.start()
        self.weftd.apply({"default": {"networks": {"lan": {}}, "ports": {
            f"p{i}": {"network": "lan", "mac": MACS[i], "attach": {"path": self.paths[i]}} for i in (0, 1)}}})
        self.weftd.stop()

    def launch(self):
        """Starts the process, and does not wait."""
        self.weftd.start(wait=False)

    def ready(self):
        """Waits until it answers its tool."""
        self.weftd.wait_ready()

    def attach(self):
        """Adds a third port."""
        self.weftd.ctl("port", "add", "p2", "--network", "lan", "--path", self.third)

    def kill(self):
        """SIGKILL."""
        self.weftd.kill()

    def close(self):
        """Ends it."""
        self.weftd.stop()


class Peer:
    """OVS-DPDK with vhost-user client ports."""

    def __init__(self):
        self.ovs = ovs.Ovs(256)
        self.paths = [f"{self.ovs.dir}/p{i}" for i in (0, 1)]
        self.third = f"{self.ovs.dir}/p2"

    def prepare(self):
        """The ports are in the database, the switch is not there; NORMAL forwarding needs no controller."""
        self.ovs.start()
        self.ovs.add_bridge()
        for i in (0, 1):
            self.ovs.vsctl("add-port", "br0", f"p{i}", "--", "set", "interface", f"p{i}", "type=dpdkvhostuserclient",
                           f"options:vhost-server-path={self.paths[i]}")
        self.ovs.kill_switch()

    def launch(self):
        """Starts ovs-vswitchd, and does not wait."""
        self.ovs.spawn_switch()

    def ready(self):
        """Waits until it answers its tool."""
        self.ovs.wait_switch()

    def attach(self):
        """Adds a third port."""
        self.ovs.vsctl("add-port", "br0", "p2", "--", "set", "interface", "p2", "type=dpdkvhostuserclient",
                       f"options:vhost-server-path={self.third}")

    def kill(self):
        """SIGKILL."""
        self.ovs.kill_switch()

    def close(self):
        """Ends it."""
        self.ovs.stop()


def turn(switch):
    """One life of a switch: {step: milliseconds}."""
    took = {}
    switch.prepare()
    guests = [VhostGuest(p) for p in switch.paths]
    start = time.monotonic()
    switch.launch()
    for g in guests:
        g.listener.settimeout(60)
        g.start()
    first_packet(*guests)
    took["start_to_first_packet_ms"] = 1000 * (time.monotonic() - start)
    switch.ready()
    third = VhostGuest(switch.third)
    start = time.monotonic()
    switch.attach()
    third.start()
    took["attach_ms"] = 1000 * (time.monotonic() - start)
    third.close()
    guests[1].close()
    time.sleep(1.5)
    guests[1], took["reconnect_guest_ms"] = served(switch.paths[1])
    switch.kill()
    start = time.monotonic()
    switch.launch()
    switch.ready()
    back = time.monotonic()
    for g in guests:
        g.reconnect()
    took["reconnect_after_kill_ms"] = 1000 * (time.monotonic() - back)
    first_packet(*guests)
    took["start_after_kill_ms"] = 1000 * (time.monotonic() - start)
    for g in guests:
        g.close()
    switch.close()
    return took


def lives(daemons, turns):
    """The steps of a switch's life."""
    switches = {s: lambda d=d: Weft(d) for s, d in daemons.items()} | ({"ovs": Peer} if ovs.available() else {})
    taken = {s: [] for s in switches}
    for i in range(turns):
        for name, make in switches.items():
            taken[name].append(turn(make()))
            print(f"turn {i + 1} {name}: " + ", ".join(f"{k[:-3]} {v:.0f} ms" for k, v in taken[name][-1].items()), flush=True)
    return [{"name": step, **{s: spread([t[step] for t in taken[s]]) for s in switches}} for step in STEPS]


def main():
    """Takes turns."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 10
    pvp.reserve()
    daemons = {"weft": WEFTD} | ({"old": pvp.against()} if pvp.against() else {})
    kinds = {"life": lives, "connect": connect.measure}
    named = [k for k in kinds if k in sys.argv] or kinds
    finish({"bench": "start", "cases": [case for k in named for case in kinds[k](daemons, turns)]})


main()
