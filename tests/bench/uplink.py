# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""./weft bench uplink [--turns N] [--json FILE]: an uplink that the kernel keeps, beside others, and beside OVS-DPDK on the same device.

Two namespaces with a veth pair between them are two hosts with a wire. From the other one dpdk-testpmd (AF_PACKET, CPU 0) sends UDP
datagrams of 114 bytes to the VXLAN port as fast as it can; what the switch's worker (CPU 1) reads in windows of a second is its rate,
taking turns: weft on the shared interface (af_xdp), on AF_PACKET and on a TAP device, whose kernel's end the sender has then; and
OVS-DPDK with the same two DPDK drivers. The datagrams are nobody's: each switch drops them after it has read them.

TCP (iperf3) to the host itself, through the same interface: without any XDP program, with one that only says XDP_PASS (veth copies
frames for any program), and with weft's. The ratios are medians over pairs of neighbouring turns. The kernel counts the time in the
programs (kernel.bpf_stats_enabled): what weft's takes beyond the other's, of the time from one packet of the TCP test to the next, is its
share.
"""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bench.report import finish, spread  # noqa: E402
from harness.ovs import Ovs  # noqa: E402
from harness.proc import run, spawn, wait_for  # noqa: E402
from harness.weftd import Weftd  # noqa: E402
from harness.wires import measure  # noqa: E402

HERE, THERE = "192.0.2.1", "192.0.2.2"
WINDOWS = 3
PASS = '#include <linux/bpf.h>\n__attribute__((section("xdp"), used)) int pass(struct xdp_md *c) { return XDP_PASS; }\n'
DEVICES = {"weft af_xdp": "net_af_xdp0,iface=nic0", "weft af_packet": "net_af_packet0,iface=nic0", "weft tap": "net_tap0,iface=wtap0",
           "ovs af_xdp": "net_af_xdp0,iface=nic0", "ovs af_packet": "net_af_packet0,iface=nic0"}


class Hosts:
    """Two namespaces with a wire."""

    def __enter__(self):
        tag = uuid.uuid4().hex[:6]
        self.here, self.there = f"weft-{tag}-a", f"weft-{tag}-b"
        for ns in (self.here, self.there):
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        run("ip", "-n", self.here, "link", "add", "nic0", "type", "veth", "peer", "name", "nic1", "netns", self.there)
        for ns, dev, address in ((self.here, "nic0", HERE), (self.there, "nic1", THERE)):
            run("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            run("ip", "-n", ns, "link", "set", dev, "up")
            run("ip", "-n", ns, "addr", "add", f"{address}/24", "dev", dev)
        return self

    def __exit__(self, *_):
        for ns in (self.here, self.there):
            run("ip", "netns", "del", ns)

    @contextlib.contextmanager
    def sending(self, tap):
        """testpmd sends, until the block is over."""
        ns, device = (self.here, "wtap0") if tap else (self.there, "nic1")
        process = spawn(["dpdk-testpmd", "--lcores=0@0,1@0", "--no-pci", "--no-huge", "-m", "128", f"--file-prefix={ns}",
                         f"--vdev=net_af_packet0,iface={device}", "--", "--total-num-mbufs=8192", "--forward-mode=txonly", "--txpkts=114",
                         f"--tx-ip={THERE},{HERE}", "--tx-udp=50000,4789"], "/dev/null", stdin=subprocess.PIPE, netns=ns)

        def sends():
            """testpmd to send"""
            assert process.poll() is None
            return json.loads(run("ip", "-n", ns, "-s", "-j", "link", "show", device))[0]["stats64"]["tx"]["packets"] > 10000

        try:
            wait_for(sends, 60, step=0.1)
            yield
        finally:
            process.kill()
            process.wait()
            process.stdin.close()


def weft_rates(hosts, device):
    """Packets per second that the worker reads, window by window, and its cycles for one."""
    hosts_object = {"a": {"tunnel": {"address": f"{HERE}/24", "bfd_interval_ms": 0}}}
    with Weftd(netns=hosts.here, host="a", workers=[1], control_cpus="0", idle="busy") as weftd:
        attach = {"type": "eth", "device": device, **({"share": True} if "af_xdp" in device else {})}
        weftd.apply({"default": {"networks": {"lan": {"encap": "vxlan", "vni": 7}}, "ports": {"up": {"host": "a", "attach": attach}}}},
                    hosts=hosts_object)
        if "tap" in device:
            run("ip", "-n", hosts.here, "link", "set", "wtap0", "up")
        wait_for(lambda: weftd.port("up")["link"] == "up")
        with hosts.sending("tap" in device):
            rates = []
            for _ in range(WINDOWS):
                before, start = weftd.rpc("workers")[0], time.monotonic()
                time.sleep(1)
                after = weftd.rpc("workers")[0]
                packets = after["packets"] - before["packets"]
                rates.append((packets / (time.monotonic() - start), (after["busy_cycles"] - before["busy_cycles"]) / max(1, packets)))
        return rates


def ovs_rates(hosts, device):
    """The same of OVS-DPDK."""
    with Ovs(netns=hosts.here, dpdk=True) as ovs:
        ovs.add_bridge("br0", "fail-mode=secure")
        ovs.vsctl("add-port", "br0", "up", "--", "set", "interface", "up", "type=dpdk", f"options:dpdk-devargs={device}")
        with hosts.sending(False):
            rates = []
            for _ in range(WINDOWS):
                ovs.appctl("dpif-netdev/pmd-stats-clear")
                start = time.monotonic()
                time.sleep(1)
                cycles, packets = ovs.cycles()
                rates.append((packets / (time.monotonic() - start), cycles))
    # Its program stays.
    run("ip", "-n", hosts.here, "link", "set", "dev", "nic0", "xdp", "off")
    return rates


def program(hosts):
    """(ns, times) that the interface's XDP program has run, as the kernel has counted; none without one."""
    xdp = json.loads(run("ip", "-n", hosts.here, "-j", "link", "show", "nic0"))[0].get("xdp")
    if xdp is None:
        return 0, 0
    told = json.loads(run("bpftool", "-j", "prog", "show", "id", str(xdp["prog"]["id"])))
    return told.get("run_time_ns", 0), told.get("run_cnt", 0)


def tcp(hosts):
    """Bits per second of a TCP connection to the host itself, ns that the XDP program takes for a packet of it, and ns from one packet to
    the next."""
    ns, times = program(hosts)
    got = measure(hosts.here, hosts.there, HERE, "-t", "2")["sum_received"]
    after = program(hosts)
    packets = after[1] - times
    return (got["bits_per_second"], (after[0] - ns) / packets if packets else 0, got["seconds"] * 1e9 / packets if packets else 0)


def tcp_with(hosts, how, folder):
    """The same with an XDP program on the interface."""
    if how == "none":
        return tcp(hosts)
    if how == "weft":
        with Weftd(netns=hosts.here, host="a", workers=[1], control_cpus="0") as weftd:
            weftd.apply({"default": {"networks": {"lan": {"encap": "vxlan", "vni": 7}}, "ports": {
                "up": {"host": "a", "attach": {"type": "eth", "device": DEVICES["weft af_xdp"], "share": True}}}}},
                hosts={"a": {"tunnel": {"address": f"{HERE}/24", "bfd_interval_ms": 0}}})
            return tcp(hosts)
    subprocess.run(["nsenter", f"--net=/run/netns/{hosts.here}", "ip", "link", "set", "dev", "nic0", "xdp", "obj", f"{folder}/pass.o",
                    "sec", "xdp"], check=True)
    try:
        return tcp(hosts)
    finally:
        run("ip", "-n", hosts.here, "link", "set", "dev", "nic0", "xdp", "off")


def ratio(a, b):
    """The median over pairs of turns."""
    return statistics.median(x / y for x, y in zip(a, b))


def main():
    """Rates in turns, then TCP in turns."""
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 3
    rates, cycles = {name: [] for name in DEVICES}, {name: [] for name in DEVICES}
    told = {"none": [], "pass": [], "weft": []}
    counted = run("sysctl", "-n", "kernel.bpf_stats_enabled").strip()
    run("sysctl", "-qw", "kernel.bpf_stats_enabled=1")
    with Hosts() as hosts, tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/pass.c", "w", encoding="ascii") as f:
            f.write(PASS)
        subprocess.run(["clang", "-O2", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu", "-c", f"{folder}/pass.c", "-o",
                        f"{folder}/pass.o"], check=True)
        for turn in range(turns):
            for name, device in DEVICES.items():
                got = (ovs_rates if name.startswith("ovs") else weft_rates)(hosts, device)
                rates[name].append(statistics.median(r for r, _ in got))
                cycles[name].append(statistics.median(c for _, c in got))
                print(turn, name, round(rates[name][-1]), "packets/s", round(cycles[name][-1]), "cycles", flush=True)
            for how, values in told.items():
                values.append(tcp_with(hosts, how, folder))
                print(turn, "tcp", how, round(values[-1][0] / 1e6), "Mbit/s", round(values[-1][1]), "ns in the program of",
                      round(values[-1][2]), flush=True)
    run("sysctl", "-qw", f"kernel.bpf_stats_enabled={counted}")
    bits = {how: [v[0] for v in values] for how, values in told.items()}
    finish({"bench": "uplink", "af_xdp_over_af_packet": ratio(rates["weft af_xdp"], rates["weft af_packet"]),
            "af_xdp_over_tap": ratio(rates["weft af_xdp"], rates["weft tap"]),
            "af_xdp_over_ovs_af_xdp": ratio(rates["weft af_xdp"], rates["ovs af_xdp"]),
            "tcp_of_pass": ratio(bits["weft"], bits["pass"]), "tcp_of_none": ratio(bits["weft"], bits["none"]),
            "program_ns": {how: statistics.median(v[1] for v in told[how]) for how in ("pass", "weft")},
            "program_share": statistics.median((w[1] - p[1]) / w[2] for w, p in zip(told["weft"], told["pass"])),
            "rates": {name: spread(v) for name, v in rates.items()}, "cycles": {name: spread(v) for name, v in cycles.items()},
            "tcp": {name: spread(v) for name, v in bits.items()}})


main()
