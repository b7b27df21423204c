# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Two hosts with tunnels between them: their policy, and host b played by scapy."""
import socket
import struct
import subprocess

from scapy.all import ARP, IP, UDP, Ether, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6, Raw, raw
from scapy.contrib.geneve import GENEVE
from scapy.layers.vxlan import VXLAN

from .proc import WEFTCTL

HERE, THERE, STRANGER = "192.0.2.1", "192.0.2.2", "192.0.2.99"
VNI = 70001
SOL_PACKET, PACKET_AUXDATA, TAG_VALID = 263, 8, 1 << 4
HOSTS = {"a": {"tunnel": {"address": f"{HERE}/24"}}, "b": {"tunnel": {"address": f"{THERE}/24", "bfd_interval_ms": 0}}}
HERE6, THERE6 = "2001:db8::1", "2001:db8::2"
HOSTS6 = {"a": {"tunnel": {"address": f"{HERE6}/64"}}, "b": {"tunnel": {"address": f"{THERE6}/64", "bfd_interval_ms": 0}}}
MTUS = {"vxlan": 1426, "geneve": 1414}  # what is left of 1500 under the largest headers
PORTS = {"vxlan": 4789, "geneve": 6081}


def keep_apart(a, b, devices_a, devices_b):
    """Has B another pid, where DPDK's AF_PACKET driver would take one PACKET_FANOUT group for a device of A and one of B."""

    def groups(weftd, devices):
        numbers = []
        for device in devices:
            with open(f"/sys/class/net/{device}/ifindex", encoding="ascii") as f:
                numbers.append((weftd.process.pid ^ int(f.read())) & 0xffff)
        return set(numbers)

    while groups(a, devices_a) & groups(b, devices_b):
        b.stop()
        b.start()


def mac(i):
    """The MAC of guest I."""
    return f"52:54:00:00:{i >> 8:02x}:{i & 255:02x}"


def policy(encap, host, uplink, **network):
    """Guest g1 on host a, g2 on host b, of which HOST has the uplink."""
    return {"default": {"networks": {"lan": {"encap": encap, "vni": VNI, **network}},
                        "ports": {"up": {"host": host, "attach": {"type": "eth", "device": uplink}},
                                  "g1": {"host": "a", "network": "lan", "mac": mac(1)},
                                  "g2": {"host": "b", "network": "lan", "mac": mac(2)}}}}


def with_tag(data, aside):
    """The frame with the VLAN tag that the kernel has taken out of it (packet(7), PACKET_AUXDATA)."""
    for level, kind, value in aside:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, *_, tci, tpid = struct.unpack("IIIHHHH", value[:20])
            if status & TAG_VALID:
                return data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
    return data


class Far:
    """What stands for host b at the other end of host a's uplink. send() and receive() are a kind's own."""

    mac, other = mac(0xb), None

    def send(self, frame):
        """Sends a scapy packet."""
        raise NotImplementedError

    def receive(self):
        """The next frame that host a has sent."""
        raise NotImplementedError

    def next(self, wanted):
        """The next frame that WANTED says yes to; host b answers ARP meanwhile."""
        while True:
            frame = self.receive()
            if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == THERE:
                self.other = frame.src
                self.send(Ether(dst=frame.src, src=self.mac) / ARP(op=2, hwsrc=self.mac, psrc=THERE, hwdst=frame.src, pdst=HERE))
            elif ICMPv6ND_NS in frame and frame[ICMPv6ND_NS].tgt == THERE6:
                self.other = frame.src
                self.advertise(frame.src, frame[IPv6].src)
            elif wanted(frame):
                return frame

    def advertise(self, mac_there, address):
        """Host b says by neighbour discovery who it is."""
        self.send(Ether(dst=mac_there, src=self.mac) / IPv6(src=THERE6, dst=address, hlim=255)
                  / ICMPv6ND_NA(tgt=THERE6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=self.mac))


class Wire(Far):
    """Host b in a namespace: a raw socket."""

    def __init__(self, device):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((device, 0))
        self.socket.settimeout(10)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with open(f"/sys/class/net/{device}/address", encoding="ascii") as f:
            self.mac = f.read().strip()

    def send(self, frame):
        self.socket.send(raw(frame))

    def receive(self):
        while True:
            data, aside, _, address = self.socket.recvmsg(65535, 64)
            if address[2] != socket.PACKET_OUTGOING:
                return Ether(with_tag(data, aside))


def inside(frame, encap):
    """(VNI, inner frame) of a frame in a tunnel."""
    header = frame[VXLAN] if encap == "vxlan" else frame[GENEVE]
    return header.vni, Ether(raw(header.payload))


def around(wire, encap, frame, source=THERE, vni=VNI, **ip):
    """FRAME in a tunnel from host b."""
    header = VXLAN(vni=vni, flags=8) if encap == "vxlan" else GENEVE(vni=vni, proto=0x6558)
    return Ether(dst=wire.other, src=wire.mac) / IP(src=source, dst=HERE, **ip) / UDP(sport=50000, dport=PORTS[encap], chksum=0) \
        / header / frame


def udp(sport, dst=mac(2), src=mac(1), **ip):
    """A small frame of a flow."""
    return Ether(dst=dst, src=src) / IP(src="10.0.0.1", dst="10.0.0.2", **ip) / UDP(sport=sport, dport=7) / Raw(b"x" * 20)


def check(weftd):
    """(exit code, text) of network check."""
    done = subprocess.run([WEFTCTL, "--dev", weftd.dir, "network", "check", "lan"], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def checked(weftd, code):
    """What network check prints, with CODE."""
    got, text = check(weftd)
    assert got == code, text
    return text
