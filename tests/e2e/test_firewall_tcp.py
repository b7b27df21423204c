# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The firewall under real TCP: kernels of two namespaces, and of two virtual machines, while rules change."""
import json
import re
import time

import pytest
from conftest import mac
from harness import qemu
from harness.proc import wait_for
from harness.weftd import Weftd
from harness.wires import Wires, iperf_server

IPERF = {"name": "iperf", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [5201]}
# What a tracker that is wrong about TCP would say.
WRONG = {"fw_state", "fw_tcp_window", "fw_tcp_flags", "fw_ingress", "fw_egress", "fw_revoked"}


def policy(kind, attach):
    """Two ports in a network with a firewall; the second one takes iperf3."""
    return {"default": {"networks": {"lan": {"firewall": True}}, "groups": {"server": {"rules": [IPERF], "on_revocation": "reject"}},
                        "ports": {f"{kind}{i}": {"network": "lan", "mac": mac(i), "ips": [f"10.0.0.{i}"], "attach": attach(i),
                                                 "groups": ["server"] if i == 2 else []} for i in (1, 2)}}}


def churn(weftd, until):
    """Changes rules of the group in use, and of others, until UNTIL is true. Returns how often."""
    n = 0
    while not until():
        n += 1
        rules = [IPERF, {"name": f"r{n}", "direction": "in", "action": "deny", "protocol": "udp", "ports": [1 + n % 1000]}]
        weftd.apply({"default": {"groups": {"server": {"rules": rules, "on_revocation": "reject"}, f"g{n % 5}": {"rules": rules}}}})
        time.sleep(0.02)
    return n


@pytest.fixture(name="wires")
def fixture_wires():
    """Two hosts in namespaces."""
    try:
        with Wires() as wires:
            yield wires
    except NotImplementedError as why:
        pytest.skip(str(why))


def test_kernels_tcp_while_rules_change(wires):
    with Weftd(netns=wires.netns) as weftd:
        weftd.apply(policy("h", lambda i: {"type": "eth", "device": f"net_af_packet{i},iface=w{i}"}))
        with iperf_server(wires.hosts[1]):
            client = wires.client("-t", "6", "-P", "4")
            changes = churn(weftd, lambda: client.poll() is not None)
            report = json.loads(client.stdout.read())
        assert "error" not in report, report["error"]
        assert report["end"]["sum_received"]["bytes"] > 1e6 and changes > 50
        assert not WRONG & (set(weftd.drops("h1")) | set(weftd.drops("h2"))), (weftd.drops("h1"), weftd.drops("h2"))
        # The other direction too, and short connections, one after the other.
        wires.send("-t", "1", "-R")
        assert not WRONG & (set(weftd.drops("h1")) | set(weftd.drops("h2"))), (weftd.drops("h1"), weftd.drops("h2"))
        # What is revoked ends at once, because it is told.
        with iperf_server(wires.hosts[1]):
            client = wires.client("-t", "60")
            wait_for(lambda: weftd.ctl("session", "count", "--state", "established")["matched"] == 2)
            weftd.apply({"default": {"groups": {"server": {"rules": [], "on_revocation": "reject"}}}})
            said = json.loads(client.communicate(timeout=20)[0])
            assert "error" in said
            assert "Connection refused" not in said["error"]
        late = wires.client("--connect-timeout", "300").communicate()[0]
        assert "unable to connect" in json.loads(late)["error"]


@pytest.mark.skipif(qemu.missing() != "", reason=f"{qemu.missing()} is missing")
def test_virtual_machines_tcp_while_rules_change(weftd):
    weftd.apply(policy("vm", lambda i: {}))
    with qemu.iperf_pair(weftd, mac) as guests:
        guests[1].start("iperf3 -c 10.0.0.2 -t 5")
        end = time.monotonic() + 6
        changes = churn(weftd, lambda: time.monotonic() > end)
        code, said = guests[1].finish()
        assert code == 0, said
        received = re.search(r"([\d.]+) ([KMG])Bytes .*receiver", said)
        assert received and float(received[1]) > 0 and changes > 50
        assert not WRONG & (set(weftd.drops("vm1")) | set(weftd.drops("vm2"))), (weftd.drops("vm1"), weftd.drops("vm2"))
        assert guests[1].sh("ping -c 1 -W 1 10.0.0.2")[0] != 0
        assert weftd.drops("vm1")["fw_ingress"] == 1
