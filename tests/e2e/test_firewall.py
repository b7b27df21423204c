# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""The firewall between guests; packets built and judged by scapy."""
import json
import time

import pytest
from conftest import mac
from harness.firewall import WEB, A, B, Net, allow, ip
from harness.proc import wait_for
from harness.weftd import Rejected, Weftd
from scapy.all import ICMP, IP, TCP, UDP, Ether, ICMPv6DestUnreach, Raw, raw


def test_nothing_comes_in_that_is_not_asked_for(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        net.send(1, 2, TCP(dport=22, flags="S"), passes=False)
        net.send(2, 1, TCP(dport=80, flags="S"), passes=False)
        net.send(1, 2, UDP(dport=80), passes=False)
        assert weftd.drops("g1") == {"fw_ingress": 2} and weftd.drops("g2") == {"fw_ingress": 1}
        net.connect(1, 2)
        # The same with the ends exchanged is no reply, and an acknowledgment of nothing opens nothing.
        net.send(1, 2, TCP(sport=1025, dport=80, flags="A"), passes=False)
        assert weftd.drops("g1")["fw_state"] == 1
        net.send(1, 2, TCP(sport=1024, dport=80, flags="PA", seq=90001001, ack=5001) / Raw(b"x"), passes=False)
        assert weftd.drops("g1")["fw_tcp_window"] == 1


def test_ipv6_is_judged_alike(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        net.send(1, 2, TCP(sport=7, dport=22, flags="S"), passes=False, v6=True)
        net.send(1, 2, TCP(sport=7, dport=80, flags="S", seq=1), v6=True)
        net.send(2, 1, TCP(sport=80, dport=7, flags="SA", seq=9, ack=2), v6=True)
        rows = weftd.ctl("session", "list", "--address", "fd00::1")["sessions"]
        assert [(r["from"]["address"], r["to"]["l4_port"], r["state"]) for r in rows] == [("fd00::1", 80, "syn_received")]


def test_change_reaches_connections_at_once(weftd):
    with Net(weftd, {**WEB, "other": {"rules": []}}, [[], ["web"]]) as net:
        seq, ack = net.connect(1, 2)
        data = TCP(sport=1024, dport=80, flags="PA", seq=seq, ack=ack) / Raw(b"data")
        net.change("groups", "other", rules=[allow(protocol="udp")])
        net.send(1, 2, data)
        net.change("groups", "web", rules=[])
        net.send(1, 2, data, passes=False)
        # The packet finds the connection revoked, or the background pass has come before it.
        assert set(weftd.drops("g1")) <= {"fw_revoked", "fw_state"}
        net.change("groups", "web", rules=WEB["web"]["rules"])
        # What was revoked does not come back to life.
        net.send(1, 2, data, passes=False)
        assert weftd.ctl("session", "count")["workers"][0]["revoked"] == 1


def test_idle_connections_go_with_the_rule(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        net.connect(1, 2)
        assert weftd.ctl("session", "count")["matched"] == 1
        net.change("groups", "web", rules=[])
        wait_for(lambda: weftd.ctl("session", "count")["matched"] == 0)


def test_revocation_can_tell_both_ends(weftd):
    groups = {"web": {**WEB["web"], "on_revocation": "reject"}}
    with Net(weftd, groups, [[], ["web"]]) as net:
        seq, ack = net.connect(1, 2)
        net.change("groups", "web", rules=[])
        net.guests[1].send(raw(Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B)
                               / TCP(sport=1024, dport=80, flags="PA", seq=seq, ack=ack) / Raw(b"data")))
        back, on = Ether(net.guests[1].expect()[0]), Ether(net.guests[2].expect()[0])
        assert back[TCP].flags == "R" and back[TCP].seq == ack and back[IP].src == B and back.dst == mac(1)
        assert on[TCP].flags == "RA" and on[TCP].seq == seq and on[IP].src == A and on.dst == mac(2)
        for packet in (back, on):
            right = Ether(raw(packet))
            del right[IP].chksum, right[TCP].chksum
            assert raw(Ether(raw(right))) == raw(packet)


def test_reject_answers_and_scapy_agrees(weftd):
    with Net(weftd, {"shut": {"default_in": "reject"}}, [[], ["shut"]]) as net:
        net.send(1, 2, TCP(sport=5, dport=80, flags="S", seq=77), passes=False)
        answer = Ether(net.guests[1].expect()[0])
        assert answer[TCP].flags == "RA" and answer[TCP].ack == 78 and (answer[TCP].sport, answer[TCP].dport) == (80, 5)
        net.send(1, 2, UDP(sport=5, dport=53) / Raw(b"question"), passes=False)
        answer = Ether(net.guests[1].expect()[0])
        assert (answer[ICMP].type, answer[ICMP].code) == (3, 13) and answer[IP].src == B and bytes(answer)[-8:] == b"question"
        right = Ether(raw(answer))
        del right[IP].chksum, right[ICMP].chksum
        assert raw(Ether(raw(right))) == raw(answer)
        net.send(1, 2, UDP(sport=5, dport=53) / Raw(b"question"), passes=False, v6=True)
        answer = Ether(net.guests[1].expect()[0])
        assert (answer[ICMPv6DestUnreach].type, answer[ICMPv6DestUnreach].code) == (1, 1)
        right = Ether(raw(answer))
        del right[ICMPv6DestUnreach].cksum
        assert raw(Ether(raw(right))) == raw(answer)


def test_members_of_groups_are_known_by_group(weftd):
    groups = {"db": {"rules": [allow(name="from-web", protocol="tcp", ports=[5432], remote={"group": "web"})]}, "web": {}}
    with Net(weftd, groups, [[], ["db"]]) as net:
        syn = TCP(sport=9, dport=5432, flags="S", seq=1)
        net.send(1, 2, syn, passes=False)
        before = weftd.ctl("status")["policy_memory_bytes"]
        net.change("ports", "g1", groups=["web"])
        net.send(1, 2, syn)
        shown = weftd.ctl("group", "show", "web")
        assert [(m["port"], m["ips"], m["here"]) for m in shown["members"]] == [("default/g1", [A, "fd00::1"], True)]
        net.change("ports", "g1", groups=[])
        net.send(1, 2, syn, passes=False)
        assert sum(weftd.drops("g1").values()) == 2
        assert weftd.ctl("status")["policy_memory_bytes"] <= before + 4096


def test_tiers_stand_above_groups(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        net.send(1, 2, TCP(sport=1, dport=80, flags="S"))
        weftd.ctl("apply", "-f", "-", stdin=json.dumps({"tenants": {"default": {"rules": {"rules": [
            {"name": "no-http", "direction": "in", "action": "deny", "protocol": "tcp", "ports": [80]}]}}}}))
        net.send(1, 2, TCP(sport=2, dport=80, flags="S"), passes=False)
        weftd.ctl("apply", "-f", "-", stdin=json.dumps({"provider-rules": {"base": {"rules": [
            {"name": "monitoring", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [80], "remote": {"cidr": A}}]}}}))
        net.send(1, 2, TCP(sport=3, dport=80, flags="S"))
        hits = {r["rule"]: r["connections"] for r in weftd.ctl("rule", "hits")}
        assert hits["provider base monitoring"] == 1


def test_hits_survive_recompilation(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        seq, ack = net.connect(1, 2)
        net.change("groups", "web", rules=[*WEB["web"]["rules"], allow(name="dns", protocol="udp", ports=[53])])
        net.send(1, 2, TCP(sport=1024, dport=80, flags="PA", seq=seq, ack=ack) / Raw(b"data"))
        net.send(1, 2, UDP(sport=4, dport=53))

        def hits():
            """{rule: (packets, connections)}, once the background pass has added up."""
            found = {r["rule"]: (r["packets"], r["connections"]) for r in weftd.ctl("rule", "hits", "default/web")}
            return found if found.get("default/web http") == (4, 1) else None

        assert wait_for(hits)["default/web dns"][1] == 1


def test_sessions_are_listed_counted_and_killed(weftd):
    with Net(weftd, {"open": {"default_in": "allow"}}, [["open"]] * 3) as net:
        seq, ack = net.connect(1, 2)
        net.send(1, 3, UDP(sport=5, dport=53))
        net.send(3, 1, UDP(sport=53, dport=5))
        assert weftd.ctl("session", "count")["states"] == {"established": 1, "udp_stream": 1}
        row, = weftd.ctl("session", "list", "--port", "g3")["sessions"]
        assert (row["from"]["port"], row["to"]["address"], row["packets"], row["network"]) == ("default/g1", ip(3), 2, "default/lan")
        assert row["to"]["rule"] == "default/open default_in"
        assert weftd.ctl("session", "list", "--state", "established", "--address", B)["matched"] == 1
        assert weftd.port("g1")["sessions"] == {"all": 2, "half_open": 0, "fragmented": 0}
        with pytest.raises(Rejected, match="to end all connections, give all: true"):
            weftd.ctl("session", "kill")
        with pytest.raises(Rejected, match='no state "open"'):
            weftd.ctl("session", "list", "--state", "open")
        assert weftd.ctl("session", "kill", "--port", "g2") == {"killed": 1}
        net.send(1, 2, TCP(sport=1024, dport=80, flags="A", seq=seq, ack=ack), passes=False)
        assert weftd.ctl("session", "kill", "--all") == {"killed": 1}
        assert weftd.ctl("session", "count")["matched"] == 0


def test_limits_of_a_port(weftd):
    limits = {"sessions": 3, "half_open_sessions": 2, "fragmented": 1}
    with Net(weftd, {"open": {"default_in": "allow"}}, [["open"]] * 3, limits=limits) as net:
        net.send(1, 2, TCP(sport=1, dport=1, flags="S"))
        net.send(1, 2, TCP(sport=2, dport=1, flags="S"))
        net.send(1, 2, TCP(sport=3, dport=1, flags="S"), passes=False)
        assert weftd.drops("g1") == {"fw_port_half_open": 1}
        # It is g1's own affair: others open what they like.
        net.connect(3, 2, sport=1)
        net.connect(3, 2, sport=2)
        net.connect(3, 2, sport=3)
        net.send(3, 2, TCP(sport=4, dport=80, flags="S"), passes=False)
        assert weftd.drops("g3") == {"fw_port_sessions": 1}
        weftd.ctl("session", "kill", "--all")
        weftd.apply({"default": {"limits": {"new_sessions_per_second": 1}}})
        sent = 100
        for i in range(sent):
            net.guests[1].send(raw(Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B) / UDP(sport=100 + i, dport=1)))
        net.guests[1].settle()
        passed = len(net.guests[2].poll())
        assert passed + weftd.drops("g1")["fw_port_rate"] == sent and 1 <= passed < 50


def test_icmp_errors_must_speak_of_something(weftd):
    with Net(weftd, WEB, [[], ["web"], []]) as net:
        net.connect(1, 2)
        inner = IP(src=A, dst=B) / TCP(sport=1024, dport=80, seq=1001)
        net.send(2, 1, ICMP(type=3, code=4) / raw(inner)[:28])
        forged = IP(src=A, dst=B) / TCP(sport=1024, dport=80, seq=99991001)
        net.send(2, 1, ICMP(type=3, code=4) / raw(forged)[:28], passes=False)
        net.send(3, 1, ICMP(type=3, code=4) / raw(inner)[:28], passes=False)
        assert weftd.drops("g2") == {"fw_icmp_error": 1} and weftd.drops("g3") == {"fw_icmp_error": 1}


def test_connections_end_when_nothing_comes():
    with Weftd(timeouts={"udp_single": 1}) as weftd, Net(weftd, {"dns": {"rules": [allow(protocol="udp")]}}, [[], ["dns"]]) as net:
        net.send(1, 2, UDP(sport=1, dport=53))
        assert weftd.ctl("session", "count")["matched"] == 1
        wait_for(lambda: weftd.ctl("session", "count")["matched"] == 0)
        assert weftd.ctl("session", "count")["workers"][0]["expired"] == 1
        net.send(2, 1, UDP(sport=53, dport=1), passes=False)


def test_both_may_ask_each_other_with_one_identifier(weftd):
    rules = [allow(protocol="icmp"), allow(protocol="icmpv6")]
    with Net(weftd, {"ping": {"rules": rules}}, [["ping"]] * 2) as net:
        for i, k in ((1, 2), (2, 1)):
            net.send(i, k, ICMP(type=8, id=7, seq=1))
            net.send(k, i, ICMP(type=0, id=7, seq=1))
        assert weftd.ctl("session", "count")["matched"] == 2
        net.send(1, 2, ICMP(type=0, id=8), passes=False)
        assert weftd.drops("g1") == {"fw_state": 1}


def test_reset_from_elsewhere_is_no_reset(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        seq, ack = net.connect(1, 2)
        net.send(2, 1, TCP(sport=80, dport=1024, flags="R", seq=ack + 10000000), passes=False)
        # Inside the window it is the receiver's to answer; the connection stands.
        net.send(2, 1, TCP(sport=80, dport=1024, flags="R", seq=ack + 1))
        net.send(1, 2, TCP(sport=1024, dport=80, flags="A", seq=seq, ack=ack))
        net.send(2, 1, TCP(sport=80, dport=1024, flags="R", seq=ack))
        assert weftd.ctl("session", "list")["sessions"][0]["state"] == "closed"


def test_frames_to_many_are_no_way_round(weftd):
    with Net(weftd, WEB, [[], ["web"], []]) as net:
        everyone = Ether(src=mac(1), dst="ff:ff:ff:ff:ff:ff")
        net.guests[1].send(raw(everyone / IP(src=A, dst=B) / UDP(dport=9)))
        net.guests[1].settle()
        assert net.guests[2].poll() == net.guests[3].poll() == []
        assert weftd.drops("g1") == {"fw_ingress": 1}
        net.guests[1].send(raw(everyone / IP(src=A, dst="10.0.0.255") / TCP(dport=80)))
        assert len(net.guests[2].expect()) == 1 and net.guests[3].poll() == []


def test_explain_names_the_rules(weftd):
    with Net(weftd, WEB, [[], ["web"]]) as net:
        frame = raw(Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B) / TCP(sport=9, dport=80, flags="S")).hex()
        before = weftd.rpc("state_hash")
        said = weftd.ctl("explain", "g1", frame)
        text = " ".join(s["decision"] for s in said["steps"] if s["stage"] == "firewall")
        assert said["verdict"] == "delivered" and "default/web http allows" in text and "no connection yet" in text
        assert weftd.rpc("state_hash") == before
        shut = raw(Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B) / TCP(sport=9, dport=81, flags="S")).hex()
        said = weftd.ctl("explain", "g1", shut)
        assert (said["verdict"], said["drop"]) == ("dropped", "fw_ingress")
        net.connect(1, 2)
        assert any("connection established" in s["decision"] for s in weftd.ctl("explain", "g1", raw(
            Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B) / TCP(sport=1024, dport=80, flags="A", seq=1001, ack=5001)).hex())["steps"])


def test_connection_across_workers_follows_its_port(two_workers):
    weftd = two_workers
    with Net(weftd, WEB, [[], ["web"]], workers=[0, 1]) as net:
        seq, ack = net.connect(1, 2)
        row, = weftd.ctl("session", "list")["sessions"]
        assert row["state"] == "established"
        for turn in range(20):
            net.change("ports", "g1", worker=1 - turn % 2)
            net.change("ports", "g2", worker=turn // 2 % 2)
            # A packet that comes while the port is on its way is dropped by name; then the connection is there again.
            for i, k, tcp in ((1, 2, TCP(sport=1024, dport=80, flags="A", seq=seq, ack=ack)),
                              (2, 1, TCP(sport=80, dport=1024, flags="A", seq=ack, ack=seq))):
                frame = raw(Ether(src=mac(i), dst=mac(k)) / IP(src=ip(i), dst=ip(k)) / tcp)

                def through(i=i, k=k, frame=frame):
                    """the connection to be there"""
                    net.guests[i].send(frame)
                    net.guests[i].settle()
                    got, net.guests[k].received = net.guests[k].poll(), []
                    return got

                assert wait_for(through)[0] == frame
            row, = weftd.ctl("session", "list")["sessions"]
            assert row["state"] == "established" and row["from"]["address"] == A
        dropped = {**weftd.drops("g1"), **weftd.drops("g2")}
        assert not {"fw_ingress", "fw_egress"} & set(dropped), dropped
        assert sum(w["moved"] for w in weftd.ctl("session", "count")["workers"]) > 5


def test_log_of_a_rule_is_bounded(weftd):
    rules = [allow(name="watched", protocol="udp", ports=["1-500"], log=True)]
    with Net(weftd, {"log": {"rules": rules}}, [[], ["log"]]) as net:
        for i in range(400):
            net.guests[1].send(raw(Ether(src=mac(1), dst=mac(2)) / IP(src=A, dst=B) / UDP(sport=7, dport=1 + i)))
        net.guests[1].settle()
        wait_for(lambda: "action=allow" in weftd.read_log())
        line = next(x for x in weftd.read_log().split("\n") if "event=rule" in x)
        assert 'rule="default/log watched"' in line and "source=10.0.0.1" in line and "from=default/g1" in line
        wait_for(lambda: weftd.ctl("session", "count")["workers"][0]["log_lost"] > 0)
        time.sleep(0.3)
        assert weftd.read_log().count("event=rule") < 350


BAD = [
    ({"rules": [{"direction": "in", "action": "allow", "protocol": "tcp", "ports": [70000]}]}, "groups.g.rules.0.ports: expected a list"),
    ({"rules": [{"direction": "in", "action": "allow", "protocol": "tcp", "ports": ["9-5"]}]}, "groups.g.rules.0.ports: expected a list"),
    ({"rules": [{"direction": "in", "action": "allow", "ports": [7]}]}, "ports: needs protocol tcp, udp or sctp"),
    ({"rules": [{"direction": "in", "action": "allow", "protocol": "icmp", "icmp": {"code": 1}}]}, "icmp.code: needs a type"),
    ({"rules": [{"direction": "in", "action": "allow", "remote": {"group": "nobody"}}]}, 'its tenant has no group "nobody"'),
    ({"rules": [{"direction": "in", "action": "allow", "remote": {"cidr": "10.0.0.1/8"}}]}, "expected a prefix without host bits, such as"),
    ({"rules": [{"direction": "in", "action": "permit"}]}, "groups.g.rules.0.action: expected"),
]


@pytest.mark.parametrize("group,error", BAD)
def test_bad_rules_are_refused_by_their_path(weftd, group, error):
    with pytest.raises(Rejected) as refused:
        weftd.ctl("apply", "-f", "-", stdin=json.dumps({"tenants": {"default": {"groups": {"g": group}}}}))
    assert error in refused.value.text
    assert weftd.ctl("get") == {"tenants": {}}


def test_odd_rules_are_warned_of(weftd):
    rules = [allow(name="all", protocol="tcp"), allow(name="one", protocol="tcp", ports=[80]), allow(name="again", protocol="tcp"),
             {"name": "not", "direction": "in", "action": "deny", "protocol": "udp", "priority": 5},
             {"name": "but", "direction": "in", "action": "allow", "protocol": "udp", "priority": 6},
             allow(name="self", protocol="icmp", remote={"group": "g"})]
    told = weftd.ctl("apply", "-f", "-", stdin=json.dumps({"tenants": {"default": {"groups": {"g": {"rules": rules}}}}}))
    assert told["warnings"] == ["default/g but: contradicts default/g not, which is judged first",
                                "default/g one: never decides, default/g all covers it and is judged first",
                                "default/g again: repeats default/g all"]
    # A group that names itself means its members among each other, and can be removed.
    weftd.ctl("group", "del", "g")


def test_too_many_rules_for_a_port(weftd):
    def group(k):
        return {"rules": [allow(protocol="tcp", ports=[1 + i], name=f"r{i}", remote={"cidr": f"10.{k}.{i >> 8}.{i & 255}"})
                          for i in range(3000)]}

    bundle = {"networks": {"lan": {"firewall": True}}, "groups": {"a": group(1), "b": group(2)}, "ports": {
        "p": {"network": "lan", "groups": ["a"]}}}
    weftd.apply({"default": bundle})
    with pytest.raises(Rejected, match="port default/p: 6000 rules would apply to it inwards, and 4096 are the most"):
        weftd.apply({"default": {"ports": {"p": {"network": "lan", "groups": ["a", "b"]}}}})


def test_command_line_makes_rules(weftd):
    weftd.ctl("group", "add", "web", "--on-revocation", "reject")
    weftd.ctl("rule", "add", "web", "in", "allow", "--protocol", "tcp", "--ports", "80,8000-8099", "--remote", "10.0.0.0/8",
              "--name", "http")
    weftd.ctl("rule", "add", "web", "in", "deny", "--remote", "group:web", "--priority", "5", "--name", "peers", "--log")
    group = weftd.ctl("get", "group", "web")
    assert [r["name"] for r in group["rules"]] == ["http", "peers"] and group["rules"][0]["ports"] == [80, "8000-8099"]
    assert group["on_revocation"] == "reject" and group["rules"][1]["remote"] == {"group": "web"}
    weftd.ctl("rule", "del", "web", "peers")
    assert [r["name"] for r in weftd.ctl("get", "group", "web")["rules"]] == ["http"]
