# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Namespaces of a switch and of two hosts, with a wire to each host."""
import contextlib
import json
import subprocess
import uuid

from .overlay import mac
from .proc import run, wait_for


def iperf(netns, *args):
    """iperf3 in a namespace."""
    return subprocess.Popen(["ip", "netns", "exec", netns, "iperf3", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextlib.contextmanager
def iperf_server(netns):
    """iperf3 that takes one test: one that takes more says for a while after each that it is busy."""
    server = iperf(netns, "-s", "-1")
    try:
        wait_for(lambda: "5201" in run("ip", "netns", "exec", netns, "ss", "-ltn"))
        yield
    finally:
        server.kill()
        server.communicate()


def measure(server, client, address, *args):
    """What iperf3 says at the end of a test from the namespace CLIENT to ADDRESS in the namespace SERVER."""
    with iperf_server(server):
        report = json.loads(iperf(client, "-c", address, "--json", *args).communicate()[0])
    if "error" in report:
        raise RuntimeError(report["error"])
    return report["end"]


class Wires:
    """The switch is to run in NETNS and has the wires w1 and w2; HOSTS are 10.0.0.1 and 10.0.0.2."""

    def __init__(self):
        tag = uuid.uuid4().hex[:6]
        self.names = [f"weft-{tag}-{n}" for n in ("w", "a", "b")]
        self.netns, self.hosts = self.names[0], self.names[1:]
        self.made = []

    def __enter__(self):
        try:
            for name in self.names:
                run("ip", "netns", "add", name)
                self.made.append(name)
                if "make-rslave" in run("ip", "-n", name, "link", "set", "lo", "up", check=False):
                    raise NotImplementedError("/ is no mount point here, which 'ip netns' needs: a plain chroot")
                run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
            for i, name in enumerate(self.hosts, 1):
                run("ip", "-n", self.netns, "link", "add", f"w{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
                run("ip", "-n", self.netns, "link", "set", f"w{i}", "up")
                run("ip", "-n", name, "link", "set", "eth0", "address", mac(i), "up")
                run("ip", "-n", name, "addr", "add", f"10.0.0.{i}/24", "dev", "eth0")
                # Checksums and segments as on a wire.
                run("ip", "netns", "exec", name, "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", check=False)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.made:
            run("ip", "netns", "del", name)

    def client(self, *args):
        """iperf3 on the first host, on its way to the second."""
        return iperf(self.hosts[0], "-c", "10.0.0.2", "--json", *args)

    def send(self, *args):
        """What iperf3 says of what the first host sends to the second."""
        return measure(self.hosts[1], self.hosts[0], "10.0.0.2", *args)

    @staticmethod
    def device(i):
        """The DPDK device of wire I (1, 2)."""
        return f"net_af_packet{i},iface=w{i},framesz=2048,framecnt=1024,blocksz=65536"
