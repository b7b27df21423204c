# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A host with a NIC that has SR-IOV: a virtual machine with QEMU's igb, an 82576, and weftd inside it. It runs Debian's kernel, and its
programs are this machine's, which it sees read-only. What the NIC sends and receives is the test's: the wire is a socket."""
import json
import os
import re
import shlex
import socket
import tempfile

from scapy.all import Ether, raw

from .overlay import Far
from .proc import WEFTCTL, WEFTD, run, wait_for
from .qemu import Machine, initramfs
from .qemu import missing as qemu_missing
from .weftd import Rejected

MODULES = ["9p", "9pnet_virtio", "igb", "igbvf", "vfio_pci", "vfio_iommu_type1", "veth"]
PF = "0000:01:00.0"
DIR = "/run/weft"  # of the weftd inside


def missing():
    """What such a host lacks here, or an empty string."""
    if qemu_missing():
        return qemu_missing()
    devices = run("qemu-system-x86_64", "-device", "help")
    return next((f"QEMU's {d}" for d in ("igb", "virtio-9p-pci", "intel-iommu") if f'name "{d}"' not in devices), "")


class Wire(Far):
    """What the NIC is plugged into."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(path)
        self.nic = path.replace("wire", "nic")

    def send(self, frame):
        self.socket.sendto(raw(frame), self.nic)

    def receive(self):
        self.socket.settimeout(60)
        return Ether(self.socket.recv(65536))

    def poll(self):
        """All frames that wait."""
        self.socket.setblocking(False)
        frames = []
        try:
            while True:
                frames.append(Ether(self.socket.recv(65536)))
        except BlockingIOError:
            return frames


# Nothing is measured by it: an emulated machine beside a loud neighbour has taken a minute for what takes two seconds.
PATIENCE = 300  # seconds


class IgbHost(Machine):
    """The machine. ctl() is weftctl inside it."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="weft-igb-")
        self.wire = Wire(f"{folder}/wire")
        super().__init__(
            folder, initramfs(MODULES), 1024, "-smp", "2", "-M", "q35,kernel-irqchip=split",
            "-device", "intel-iommu,intremap=on,caching-mode=on", "-device", "pcie-root-port,id=rp0,slot=1",
            "-netdev", f"dgram,id=n0,local.type=unix,local.path={folder}/nic,remote.type=unix,remote.path={folder}/wire",
            "-device", "igb,id=nic,bus=rp0,netdev=n0,mac=52:54:00:aa:00:00",
            # One without SR-IOV.
            "-netdev", "user,id=n1,restrict=on", "-device", "e1000,netdev=n1,mac=52:54:00:aa:00:01,romfile=",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
            cpu="max", options="intel_iommu=on iommu=pt")

    def wait_boot(self, seconds=180):
        """Waits for the shell, and for the programs that it has from here."""
        super().wait_boot(seconds)
        self.must("mkdir -p /host && mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host && "
                  "for d in dev proc sys; do mount --bind /$d /host/$d; done && "
                  "mount -t tmpfs t /host/run && ip link set eth0 up")
        self.wait_carrier()
        return self

    def must(self, command, seconds=PATIENCE):
        """Runs a command in the machine that must not fail; returns what it says."""
        code, said = self.sh(f"echo weft-be''gins; {command}", seconds)  # the shell repeats what is typed
        said = said.split("weft-begins\r\n", 1)[-1].replace("\r", "")
        if code:
            raise RuntimeError(f"exit {code}: {command}: {said}")
        return said

    def here(self, *args, netns=None, seconds=PATIENCE):
        """Runs a program of this machine's in it."""
        inside = ["ip", "netns", "exec", netns] if netns else []
        return self.must(" ".join(["chroot /host /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                   *(shlex.quote(str(a)) for a in [*inside, *args])]), seconds)

    def wait_carrier(self):
        """Waits until the PF has a link: its rates are refused else."""
        wait_for(lambda: self.must("cat /sys/class/net/eth0/carrier").strip() == "1", PATIENCE, step=0.2)

    def python(self, text, *args, netns=None, seconds=PATIENCE):
        """Runs a Python program in it."""
        for i in range(0, len(text), 300):
            self.must(f"printf %s {shlex.quote(text[i:i + 300])} {'>>' if i else '>'}/host/run/program.py")
        return self.here("/usr/bin/python3", "/run/program.py", *args, netns=netns, seconds=seconds)

    def start_weftd(self, **config):
        """Starts weftd, and waits until it answers."""
        text = json.dumps({"memory_mb": 160, "mbufs": 8192, "host": "a", "pci": True, "workers": [1], "multicast_query_s": 0, **config})
        self.must(f"mkdir -p /host{DIR} && printf %s {shlex.quote(text)} >/host{DIR}/weftd.json; rm -f /host{DIR}/weftd.sock")
        self.must(f"chroot /host {WEFTD} --dev {DIR} >>/tmp/weftd.log 2>&1 & echo $! >/tmp/weftd.pid")
        wait_for(lambda: self.sh(f"[ -S /host{DIR}/weftd.sock ]")[0] == 0, PATIENCE, step=0.2)

    def stop_weftd(self, how="TERM"):
        """Ends it."""
        self.must(f"kill -{how} $(cat /tmp/weftd.pid)")
        wait_for(lambda: self.sh("kill -0 $(cat /tmp/weftd.pid) 2>/dev/null")[0] != 0, PATIENCE, step=0.1)

    def log(self):
        """What weftd has logged."""
        return self.must("cat /tmp/weftd.log")

    def ctl(self, *args):
        """weftctl --json inside; raises Rejected."""
        command = " ".join(shlex.quote(str(a)) for a in [WEFTCTL, "--dev", DIR, "--json", *args])
        code, said = self.sh(f"chroot /host {command} >/tmp/said 2>/tmp/why")
        if code:
            raise Rejected(code, self.must("cat /tmp/why"))
        said = self.must("cat /tmp/said")
        return json.loads(said) if said.strip() else None

    def apply(self, tenant, prune=False, **top):
        """Makes {networks: ..., ports: ...} of a tenant part of the policy, in which networks have no firewall unless they say so."""
        for network in tenant.get("networks", {}).values():
            network.setdefault("firewall", False)
        text = json.dumps({"tenants": {"default": tenant}, **top})
        self.must("rm -f /host/run/policy.json")
        for i in range(0, len(text), 300):
            self.must(f"printf %s {shlex.quote(text[i:i + 300])} >>/host/run/policy.json")
        return self.ctl("apply", "-f", "/run/policy.json", *(["--prune"] if prune else []))

    def vf(self, index):
        """What the kernel says of a VF of the PF's."""
        links = json.loads(self.here("ip", "-j", "link", "show", "eth0"))
        return links[0]["vfinfo_list"][index]

    def versions(self):
        """Of QEMU, and of the kernel inside."""
        qemu = re.search(r"version (\S+)", run("qemu-system-x86_64", "--version"))[1]
        return f"QEMU {qemu}, Linux {self.must('uname -r').strip()}"

    def close(self):
        """Ends the machine."""
        super().close()
        self.wire.socket.close()
