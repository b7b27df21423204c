# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""weftctl's options: those that have always been there make the same objects, and each field that weftd describes has one."""
import json
import os
import shlex
import socket
import subprocess
import threading

import pytest
from harness.proc import WEFTCTL, run

# A command, and the object that it makes or its exit code, recorded in November 2026 when weftctl had a table of its own.
ALWAYS = [
    ("port add a", {}),
    ("port add t/a --network n", {"network": "n"}),
    ("port add a --network n --mac 52:54:00:00:00:01 --ip 10.0.0.1 --ip fd00::/64 --vm web1",
     {"ips": ["10.0.0.1", "fd00::/64"], "mac": "52:54:00:00:00:01", "network": "n", "vm": "web1"}),
    ("port add a --network=n --vm=7", {"network": "n", "vm": "7"}),
    ("port add --network n", 1),
    ("port add a --host h1 --group g --group t2 --plan gold", {"groups": ["g", "t2"], "host": "h1", "plan": "gold"}),
    ("port add a --network n --access 10", {"network": "n", "vlan": {"access": 10}}),
    ("port add a --network n --trunk 10,20-29 --native 5 --tpid 802.1ad",
     {"network": "n", "vlan": {"native": 5, "tpid": "802.1ad", "trunk": [10, "20-29"]}}),
    ("port add a --network n --trunk 7", {"network": "n", "vlan": {"trunk": [7]}}),
    ("port add a --network n --trunk=", {"network": "n", "vlan": {"trunk": []}}),
    ("port add a --network n --qinq 100", {"network": "n", "vlan": {"qinq": 100}}),
    ("port add a --network n --access x", {"network": "n", "vlan": {"access": "x"}}),
    ("port add a --network n --path /tmp/s.sock --server --queues 4",
     {"attach": {"mode": "server", "path": "/tmp/s.sock", "queues": 4}, "network": "n"}),
    ("port add a --rings own", 1),
    ("port add a --device 0000:03:00.0 --rate 10G", {"attach": {"device": "0000:03:00.0", "type": "eth"}, "rate": "10G"}),
    ("port add a --device net_tap0,iface=tap0", {"attach": {"device": "net_tap0,iface=tap0", "type": "eth"}}),
    ("port add a --interface eth0 --rate 2.5G",
     {"attach": {"device": "net_af_xdp_eth0,iface=eth0", "share": True, "type": "eth"}, "rate": "2.5G"}),
    ("port add a --network n --vf eth0/3", {"attach": {"index": 3, "pf": "eth0", "type": "vf"}, "network": "n"}),
    ("port add a --network n --vf 0000:03:00.0/12 --passthrough --lenient",
     {"attach": {"enforce": "lenient", "index": 12, "pf": "0000:03:00.0", "type": "vf", "use": "passthrough"}, "network": "n"}),
    ("port add a --vf eth0", {"attach": {"pf": "eth0", "type": "vf"}}),
    ("port add a --network n --gateway 100", {"attach": {"type": "gateway", "vlan": 100}, "network": "n"}),
    ("port add a --network n --worker 2 --max-macs 7 --down", {"max_macs": 7, "network": "n", "state": "down", "worker": 2}),
    ("port add a --network n --worker x --max-macs -1", {"max_macs": -1, "network": "n", "worker": "x"}),
    ("port add a extra", 1),
    ("port add a --nonsense", 1),
    ("port add a --mac", 1),
    ("port add a --down=1", 1),
    ("port add a --net n --serv --pas", {"attach": {"mode": "server", "use": "passthrough"}, "network": "n"}),
    ("port add --bogus", 1),
    ("port del a", None),
    ("port del t/a", None),
    ("port add a --network n --mac a --mac b", {"mac": "b", "network": "n"}),
    ("network add n", {}),
    ("network add t/n --vlan 100", {"encap": "vlan", "vlan": 100}),
    ("network add n --vxlan 70001 --mtu 1400", {"encap": "vxlan", "mtu": 1400, "vni": 70001}),
    ("network add n --geneve 70002 --no-learning --no-snooping --no-firewall",
     {"encap": "geneve", "firewall": False, "learning": False, "snooping": False, "vni": 70002}),
    ("network add n --vlan x --mtu y", {"encap": "vlan", "mtu": "y", "vlan": "x"}),
    ("network add n --nonsense", 1),
    ("network add", 1),
    ("network del n", None),
    ("group add g", {}),
    ("group add g --default-in allow --default-out deny --on-revocation reject",
     {"default_in": "allow", "default_out": "deny", "on_revocation": "reject"}),
    ("group add t/g --default-in=reject", {"default_in": "reject"}),
    ("group add g --nonsense 1", 1),
    ("group add g extra", 1),
    ("group del t/g", None),
    ("rule add g in allow", {"action": "allow", "direction": "in"}),
    ("rule add t/g out deny --protocol tcp --ports 80,8000-8099 --priority 5 --name web",
     {"action": "deny", "direction": "out", "name": "web", "ports": [80, "8000-8099"], "priority": 5, "protocol": "tcp"}),
    ("rule add g in reject --protocol 47 --stateless --log",
     {"action": "reject", "direction": "in", "log": True, "protocol": 47, "stateless": True}),
    ("rule add g in allow --protocol icmp --icmp-type 8", {"action": "allow", "direction": "in", "icmp": {"type": 8}, "protocol": "icmp"}),
    ("rule add g in allow --remote any", {"action": "allow", "direction": "in"}),
    ("rule add g in allow --remote 10.0.0.0/8", {"action": "allow", "direction": "in", "remote": {"cidr": "10.0.0.0/8"}}),
    ("rule add g in allow --remote fd00::/8", {"action": "allow", "direction": "in", "remote": {"cidr": "fd00::/8"}}),
    ("rule add g in allow --remote group:web", {"action": "allow", "direction": "in", "remote": {"group": "web"}}),
    ("rule add g in allow --remote network:lan", {"action": "allow", "direction": "in", "remote": {"network": "lan"}}),
    ("rule add g in allow --ports 443 --name 5", {"action": "allow", "direction": "in", "name": "5", "ports": [443]}),
    ("rule add g in", 1),
    ("rule add g in allow extra", 1),
    ("rule add g in allow --nonsense", 1),
    ("rule del g there", []),
    ("rule del g nothing", 2),
    ("plan add gold", {"from_vm": {}, "to_vm": {}}),
    ("plan add t/gold --from-vm 100M --to-vm 2.5G", {"from_vm": {"rate": "100M"}, "to_vm": {"rate": "2.5G"}}),
    ("plan add gold --from-vm 1000000 --burst-from-vm 20000 --pps-from-vm 1000",
     {"from_vm": {"burst": 20000, "pps": 1000, "rate": 1000000}, "to_vm": {}}),
    ("plan add gold --to-vm 8k --burst-to-vm 30000 --pps-to-vm 2000",
     {"from_vm": {}, "to_vm": {"burst": 30000, "pps": 2000, "rate": "8k"}}),
    ("plan add gold --min-rate 5M --weight 10 --dscp 46", {"dscp": 46, "from_vm": {}, "min_rate": "5M", "to_vm": {}, "weight": 10}),
    ("plan add gold --weight heavy", {"from_vm": {}, "to_vm": {}, "weight": "heavy"}),
    ("plan add gold extra", 1),
    ("plan add gold --nonsense", 1),
    ("plan add", 1),
    ("plan del gold", None),
]


class Recorder:
    """Stands between weftctl and weftd: keeps the objects that weftctl sends, and passes on what it asks about their fields."""

    def __init__(self, weftd):
        self.weftd, self.policy, self.path = weftd, None, os.path.join(weftd.dir, "recorder.sock")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """Answers one request on each connection."""
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rb") as lines:
                request = json.loads(lines.readline())
                connection.sendall(json.dumps({"result": self.answer(**request)}).encode() + b"\n")

    def answer(self, method, params, **_):
        """A policy with one group, which has one rule."""
        if method == "apply":
            self.policy = params["policy"]
        if method == "schema":
            return self.weftd.rpc("schema", **params)
        return {"rules": [{"name": "there"}]} if method == "get" else {}

    def run(self, *words):
        """Runs a command. Returns its exit code, the object that it made, and what it printed on stderr."""
        self.policy = None
        done = subprocess.run([WEFTCTL, "--socket", self.path, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode:
            assert self.policy is None
            return done.returncode, None, done.stderr
        tenant, name = words[2].split("/") if "/" in words[2] else ("default", words[2])
        kind = "groups" if words[0] == "rule" else words[0] + "s"
        made = self.policy["tenants"][tenant][kind][name]
        if words[0] == "rule":
            made = made["rules"][1] if words[1] == "add" else [r["name"] for r in made["rules"]]
        return 0, made, done.stderr


@pytest.fixture(name="recorder")
def fixture_recorder(weftd):
    return Recorder(weftd)


def test_commands_make_the_objects_that_they_always_made(recorder):
    for line, want in ALWAYS:
        code, made, _ = recorder.run(*shlex.split(line))
        assert (code or made) == want, line


def leaves(schema, path=()):
    """The paths of all fields that have no fields of their own, and their schemas."""
    for name, field in schema["properties"].items():
        if "properties" in field:
            yield from leaves(field, (*path, name))
        else:
            yield (*path, name), field


def value(field):
    """What a user types for a field, and what becomes of it."""
    if "anyOf" in field:
        return value(field["anyOf"][0])
    if "enum" in field:
        return field["enum"][-1], field["enum"][-1]
    if field["type"] == "integer":
        return str(field["maximum"]), field["maximum"]
    if field["type"] == "array" and field["items"].get("type") == "object":
        return '[{"name": "a"}]', [{"name": "a"}]
    if field["type"] == "array":
        typed, item = value(field["items"])
        return f"{typed},{typed}", [item, item]
    return "5", "5"


@pytest.mark.parametrize("kind", ["network", "port", "group", "plan", "rule"])
def test_each_field_that_weftd_describes_has_an_option(recorder, kind):
    schema = recorder.weftd.rpc("schema")["group" if kind == "rule" else kind]
    words = ["rule", "add", "a", "in", "allow"] if kind == "rule" else [kind, "add", "a"]
    said = run(WEFTCTL, "--dev", recorder.weftd.dir, kind, "add", "--help")
    for path, field in leaves(schema["properties"]["rules"]["items"] if kind == "rule" else schema):
        option = "-".join(path).replace("_", "-")
        cases = [([f"--{option}"], True), ([f"--no-{option}"], False)] if field.get("type") == "boolean" else \
            [([f"--{option}", value(field)[0]], value(field)[1])]
        for typed, want in cases:
            code, made, why = recorder.run(*words, *typed)
            assert code == 0, why
            assert typed[0] + " " in said.replace("\n", " ")
            for name in path:
                made = made[name]
            assert made == want, option


def test_options_that_are_wrong_are_named(recorder):
    for line, why in (("port add a --vln 3", "there is no option --vln; 'weftctl port add --help' lists the options"),
                      ("rule add g in allow --icm 3", "more than one option begins with --icm; 'weftctl rule add --help' lists"),
                      ("network add n --mtu", "--mtu needs a value"), ("port add a --down=1", "--down takes no value"),
                      ("plan add gold 5M", '"5M" is no option')):
        code, _, said = recorder.run(*line.split())
        assert code == 1 and why in said, line


def test_help_without_weftd_has_the_shortcuts_and_says_so():
    done = subprocess.run([WEFTCTL, "--socket", "/nonexistent", "port", "add", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    assert done.returncode == 4 and "cannot reach weftd" in done.stderr
    assert "--trunk VLANS" in done.stdout and "does not answer" in done.stdout and "--max-macs" not in done.stdout
