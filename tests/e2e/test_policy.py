# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The policy on one host: the commands, the generations, and what a crash or a full disk leaves."""
import json
import os
import random
import subprocess
import threading
import time

import pytest

from harness.proc import WEFTCTL
from harness.weftd import Rejected, Weftd


def text(weftd, *args, stdin=None):
    """What weftctl prints for people, and its exit code."""
    done = subprocess.run([WEFTCTL, "--dev", weftd.dir, *args], input=stdin, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def lan(ports=None, **more):
    """A bundle with one network."""
    return {"tenants": {"default": {"networks": {"lan": {}}, "ports": ports or {}, **more}}}


def test_every_kind_is_explained_and_its_example_is_accepted(weftd):
    for kind in ("network", "port", "group", "plan", "limits", "host", "retired"):
        code, out = text(weftd, "explain-object", kind)
        assert code == 0 and kind in out and "FIELD" not in out
    bundle = {"tenants": {"red": {
        "networks": {"n": {"encap": "vlan", "vlan": 7, "subnets": ["10.0.0.0/24"]}},
        "groups": {"web": {"rules": [{"direction": "in", "action": "allow", "protocol": "tcp", "ports": [80, "8000-8099"],
                                      "remote": {"cidr": "10.0.0.0/8"}}]}},
        "plans": {"gold": {"from_vm": {"rate": 1000000, "burst": 20000}, "weight": 10, "dscp": 46}},
        "limits": {"ports": 10, "on_isolation": "deny-all"},
        "ports": {"a": {"network": "n", "groups": ["web"], "plan": "gold", "vm": "vm1"}}}},
        "hosts": {"h1": {"tunnel": {"address": "192.0.2.1"}}}}
    answer = weftd.rpc("apply", policy=bundle)
    assert len(answer["added"]) == 6
    # The answer warns of what this host does not enforce.
    assert any("have no ips" in w for w in answer["warnings"]) and any("1 plan(s) have min_rate or weight" in w for w in answer["warnings"])
    everything = weftd.ctl("get")
    assert everything["tenants"]["red"]["ports"]["a"]["groups"] == ["web"] and everything["hosts"]["h1"]
    assert weftd.ctl("get", "plan", "red/gold")["from_vm"]["rate"] == 1000000
    assert list(weftd.ctl("get", "groups")["tenants"]["red"]) == ["groups"]
    # It reads back the same.
    assert weftd.ctl("apply", "-f", "-", stdin=json.dumps(everything))["added"] == []


def test_addresses_that_several_ports_name_are_warned_of(weftd):
    ports = {"a": {"network": "lan", "ips": ["10.0.0.1", "fd00::/64"]}, "b": {"network": "lan", "ips": ["10.0.0.2"]}}
    assert weftd.rpc("apply", policy=lan(ports))["warnings"] == []
    both = "ports default/a and default/c both name 10.0.0.1 in network lan: each may use it, and rules find it in the groups of both"
    inside = "port default/a names fd00::/64 in network lan, and port default/c names fd00::9 in it: rules find that only in the " \
        "groups of default/c"
    new = lan({"c": {"network": "lan", "ips": ["fd00::9", "10.0.0.1", "10.0.0.3"]}})
    assert sorted(weftd.rpc("apply", policy=new, dry_run=True)["warnings"]) == [inside, both]
    assert sorted(weftd.rpc("apply", policy=new)["warnings"]) == [inside, both]
    # Another network's addresses are its own; and who changes nothing of it is told nothing.
    other = {"tenants": {"default": {"networks": {"other": {}}, "ports": {"d": {"network": "other", "ips": ["10.0.0.1"]}}}}}
    assert weftd.rpc("apply", policy=other)["warnings"] == []
    assert weftd.ctl("set", "port", "b", "vm=x")["warnings"] == []


def test_diff_set_delete_and_prune(weftd):
    weftd.rpc("apply", policy=lan({"a": {"network": "lan"}, "b": {"network": "lan"}}))
    before = weftd.ctl("status")["generation"]
    code, out = text(weftd, "diff", "-f", "-", stdin=json.dumps(lan({"a": {"network": "lan", "vm": "x"}, "c": {"network": "lan"}})))
    assert code == 0 and 'vm: nothing -> "x"' in out and "+ " in out
    assert weftd.ctl("status")["generation"] == before
    weftd.ctl("set", "port", "a", "vm=web", "flood.broadcast=5", "max_macs=7")
    a = weftd.ctl("get", "port", "a")
    assert (a["vm"], a["flood"]["broadcast"], a["flood"]["unknown"], a["max_macs"]) == ("web", 5, 1000, 7)
    weftd.ctl("set", "port", "a", "vm=")
    assert "vm" not in weftd.ctl("get", "port", "a")
    with pytest.raises(Rejected) as refused:
        weftd.ctl("set", "port", "a", "max_macs=-1")
    assert refused.value.code == 2 and "tenants.default.ports.a.max_macs" in refused.value.text
    weftd.ctl("delete", "port", "a")
    weftd.ctl("delete", "port", "a")
    assert list(weftd.ctl("get", "ports")["tenants"]["default"]["ports"]) == ["b"]
    answer = weftd.ctl("apply", "-f", "-", "--prune", "--dry-run", stdin=json.dumps(lan({"c": {"network": "lan"}})))
    assert answer["removed"] == ["tenants/default/ports/b"]
    weftd.ctl("apply", "-f", "-", "--prune", stdin=json.dumps(lan({"c": {"network": "lan"}})))
    assert list(weftd.ctl("get", "ports")["tenants"]["default"]["ports"]) == ["c"]


def test_generations_tell_who_did_what_and_can_be_undone(weftd):
    first = weftd.rpc("apply", policy=lan({"a": {"network": "lan"}}))["generation"]
    weftd.ctl("set", "port", "a", "vm=one")
    weftd.ctl("set", "port", "a", "vm=two")
    log = weftd.ctl("generations")
    assert [g["generation"] for g in log] == [first + 2, first + 1, first]
    assert "uid 0" in log[0]["who"] and log[0]["changed"] == ["tenants/default/ports/a"] and log[2]["added"]
    with pytest.raises(Rejected) as refused:
        weftd.ctl("undo", first + 1)
    assert "has changed since generation" in refused.value.text
    weftd.ctl("undo")
    assert weftd.ctl("get", "port", "a")["vm"] == "one"
    assert weftd.ctl("generations")[0]["note"] == f"undo {first + 2}"
    weftd.ctl("undo", first + 3)
    assert weftd.ctl("get", "port", "a")["vm"] == "two"
    assert weftd.ctl("wait", first)["state"] == "applied"
    with pytest.raises(Rejected) as refused:
        weftd.ctl("wait", 999)
    assert "no generation 999 yet" in refused.value.text
    # The log outlives the process.
    weftd.kill()
    weftd.start()
    assert weftd.ctl("generations")[0]["generation"] == first + 4
    weftd.ctl("undo")
    assert weftd.ctl("get", "port", "a")["vm"] == "one"


def test_where_finds_by_name_vm_mac_and_address(weftd):
    weftd.rpc("apply", policy=lan({"a": {"network": "lan", "vm": "web1", "mac": "52:54:00:00:00:01", "ips": ["10.0.0.5", "fd00::5"]},
                                   "b": {"network": "lan", "ips": ["10.0.1.0/24"]}}))
    for what, port in (("a", "a"), ("default/a", "a"), ("web1", "a"), ("52:54:00:00:00:01", "a"), ("10.0.0.5", "a"),
                       ("fd00::5", "a"), ("10.0.1.77", "b")):
        found = weftd.ctl("where", what)
        assert [f["port"] for f in found] == [f"default/{port}"], what
        assert found[0]["host"] == weftd.ctl("status")["host"] and found[0]["host_state"] == "live"
    with pytest.raises(Rejected) as refused:
        weftd.ctl("where", "10.9.9.9")
    assert refused.value.code == 2


def test_retired_port_is_closed_and_its_addresses_are_barred(weftd):
    weftd.rpc("apply", policy=lan({"a": {"network": "lan", "mac": "52:54:00:00:00:01", "ips": ["10.0.0.5"]}, "b": {"network": "lan"}}))
    answer = weftd.ctl("retire", "a", "--bar", 2)
    assert "tenants/default/retired/a" in answer["added"]
    verdict = weftd.ctl("explain", "a", "to", "52:54:00:00:00:02")
    assert verdict["verdict"] == "dropped" and verdict["drop"] == "port_quarantined"
    verdict = weftd.ctl("explain", "b", "to", "52:54:00:00:00:01")
    assert verdict["verdict"] == "dropped" and verdict["drop"] == "out_port_quarantined"
    weftd.ctl("port", "del", "a")
    for claim in ({"mac": "52:54:00:00:00:01"}, {"ips": ["10.0.0.5"]}):
        with pytest.raises(Rejected) as refused:
            weftd.rpc("apply", policy=lan({"c": {"network": "lan", **claim}}))
        assert "belonged to the retired port default/a, and no other port may have it" in refused.value.text
    weftd.ctl("delete", "retired", "a")
    weftd.rpc("apply", policy=lan({"c": {"network": "lan", "mac": "52:54:00:00:00:01"}}))


def test_one_bad_object_among_ten_thousand_changes_nothing(weftd):
    ports = {f"p{i}": {"network": "lan"} for i in range(10000)}
    ports["p7777"] = {"network": "lan", "mac": "not a MAC"}
    before = weftd.ctl("get"), weftd.ctl("status")["generation"]
    with pytest.raises(Rejected) as refused:
        weftd.rpc("apply", policy=lan(ports))
    assert "tenants.default.ports.p7777.mac: expected a unicast MAC" in refused.value.text
    assert before == (weftd.ctl("get"), weftd.ctl("status")["generation"])


def test_policy_over_its_memory_is_refused_with_the_number():
    with Weftd(policy_memory_mb=1) as weftd:
        trunks = {f"p{i}": {"network": "lan", "vlan": {"trunk": ["1-4094"]}} for i in range(200)}
        with pytest.raises(Rejected) as refused:
            weftd.rpc("apply", policy=lan(trunks))
        assert "MiB, and policy_memory_mb allows 1" in refused.value.text
        assert weftd.ctl("status")["ports"] == 0
        weftd.rpc("apply", policy=lan({"a": {"network": "lan"}}))


def test_what_was_acknowledged_survives_a_kill_at_any_moment(weftd):
    """Writers apply as fast as they can; weftd is killed again and again."""
    acknowledged, rng = {}, random.Random(5)
    weftd.rpc("apply", policy=lan())
    for _ in range(6):
        end = time.monotonic() + 0.2 + rng.random() * 0.3

        def write(name, until=end):
            """Writes ever higher numbers until weftd goes away."""
            i = acknowledged.get(name, 0)
            while time.monotonic() < until + 5:
                try:
                    weftd.rpc("apply", policy=lan({name: {"network": "lan", "max_macs": i + 1}}))
                    i += 1
                    acknowledged[name] = i
                except (OSError, ValueError, Rejected):
                    return

        writers = [threading.Thread(target=write, args=(f"w{k}",)) for k in range(3)]
        for w in writers:
            w.start()
        time.sleep(max(0, end - time.monotonic()))
        weftd.kill()
        for w in writers:
            w.join()
        weftd.start()
        ports = weftd.ctl("get", "ports")["tenants"]["default"]["ports"]
        for name, i in acknowledged.items():
            # The one that was on its way may have made it, too.
            assert ports[name]["max_macs"] in (i, i + 1), name
            acknowledged[name] = ports[name]["max_macs"]
    assert sum(acknowledged.values()) > 50


def test_writes_that_come_together_become_one_generation(weftd):
    weftd.rpc("apply", policy=lan())
    before = weftd.ctl("status")["generation"]
    answers = []
    # A long apply holds the loop up, and the small ones wait together behind it.
    big = threading.Thread(target=lambda: weftd.rpc("apply", policy=lan({f"b{i}": {"network": "lan"} for i in range(4000)})))
    big.start()
    time.sleep(0.15)

    def one(i):
        """A small write; the fifth is bad."""
        try:
            answers.append(weftd.rpc("apply", policy=lan({f"p{i}": {"network": "lan" if i != 5 else "none"}}))["generation"])
        except Rejected as why:
            answers.append(why.text)

    small = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for t in small:
        t.start()
    for t in small + [big]:
        t.join()
    assert len([a for a in answers if isinstance(a, str) and 'no network "none"' in a]) == 1
    assert weftd.ctl("status")["ports"] == 4019
    assert weftd.ctl("status")["generation"] - before < 20


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_full_disk_refuses_and_nothing_is_lost():
    weftd = Weftd()
    state = os.path.join(weftd.dir, "state")
    os.makedirs(state)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", state], check=False).returncode == 0
    if not mounted:
        pytest.skip("this machine mounts no tmpfs")
    try:
        weftd.start()
        weftd.rpc("apply", policy=lan())
        kept = 0
        with pytest.raises(Rejected) as refused:
            for i in range(1000):
                weftd.rpc("apply", policy=lan({f"p{i}": {"network": "lan"}}))
                kept += 1
        assert "journal: No space left on device; nothing was changed" in refused.value.text
        assert weftd.ctl("status")["ports"] == kept > 5
        weftd.kill()
        weftd.start()
        assert weftd.ctl("status")["ports"] == kept
        weftd.stop()
    finally:
        if weftd.process:
            weftd.stop()
        subprocess.run(["umount", state], check=False)
        subprocess.run(["rm", "-r", weftd.dir], check=False)


def test_objects_come_in_pages_and_by_what_they_are_in(weftd):
    ports = {f"p{i:03}": {"network": "lan", "vm": f"v{i % 3}", "groups": ["a", "b"] if i % 2 else ["b"]} for i in range(25)}
    weftd.rpc("apply", policy={"tenants": {"default": {"networks": {"lan": {}}, "groups": {"a": {}, "b": {}}, "ports": ports},
                                           "other": {"networks": {"lan": {}}, "ports": {"x": {"network": "lan"}}}}})
    seen, after = [], None
    while after or not seen:
        page = weftd.rpc("list", kind="port", tenant="default", limit=10, **({"after": after} if after else {}))
        seen += [row["name"] for row in page["objects"]]
        after = page.get("next")
    assert seen == [f"default/{name}" for name in sorted(ports)]
    assert weftd.rpc("list", kind="port")["total"] == 26
    assert weftd.rpc("list", kind="port", where={"groups": "a"})["total"] == 12
    assert weftd.rpc("list", kind="port", where={"groups": "a", "vm": "v0"})["total"] == 4
    row, = weftd.rpc("list", kind="port", tenant="other")["objects"]
    assert row["key"] == "tenants/other/ports/x" and row["object"]["network"] == "lan"
    for params, said in (({"kind": "cow"}, "no kind of object"), ({"kind": "port", "where": {"mtu": "7"}}, "no such field"),
                         ({"kind": "port", "where": {"vm": 7}}, "no such field")):
        with pytest.raises(Rejected) as refused:
            weftd.rpc("list", **params)
        assert said in refused.value.text


def test_write_that_builds_on_what_is_gone_is_refused(weftd):
    weftd.rpc("apply", policy=lan({"a": {"network": "lan"}}))
    key = "tenants/default/ports/a"
    etag = weftd.rpc("get", kind="port", name="a", etag=True)["etag"]
    assert etag == weftd.rpc("list", kind="port")["objects"][0]["etag"]
    weftd.rpc("apply", policy=lan({"a": {"network": "lan", "vm": "x"}}), expect={key: etag})
    for expect, said in (({key: etag}, "has changed meanwhile"), ({key: None}, "already exists"),
                         ({"tenants/default/ports/b": True}, "does not exist")):
        before = weftd.ctl("status")["generation"]
        for how in ({"method": "apply", "policy": lan({"a": {"network": "lan", "vm": "y"}})},
                    {"method": "set", "kind": "port", "name": "a", "patch": {"vm": "y"}},
                    {"method": "delete", "kind": "port", "name": "a"}):
            with pytest.raises(Rejected) as refused:
                weftd.rpc(**how, expect=expect)
            assert said in refused.value.text
        assert weftd.ctl("status")["generation"] == before and weftd.ctl("get", "port", "a")["vm"] == "x"
    weftd.rpc("apply", policy=lan({"b": {"network": "lan"}}), expect={"tenants/default/ports/b": None, key: True})


def test_fields_deep_inside_are_set_and_taken_out(weftd):
    weftd.rpc("apply", policy=lan({"a": {"network": "lan"}}, plans={"p": {"from_vm": {"rate": "1M", "pps": 5}}}))
    weftd.rpc("set", kind="plan", name="p", patch={"from_vm": {"pps": None, "burst": 9000}, "to_vm": {"rate": "2M"}})
    plan = weftd.ctl("get", "plan", "p")
    assert plan["from_vm"] == {"rate": "1M", "burst": 9000} and plan["to_vm"] == {"rate": "2M"}
